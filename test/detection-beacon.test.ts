// Beacons, and what is as steady and none; addresses of a list; endpoints never met before.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIndicators } from '../bindings/js/indicators.ts';
import { BAD_LENGTH, BAD_VALUE, BAD_VERSION, LIST_FULL, OK } from '../schema/codes.ts';
import { DETECT_LEARN, KEY_DETECTION } from '../schema/configuration-block.ts';
import { INDICATOR_SIZE, PIECE_FIRST, PIECE_LAST } from '../schema/indicator-block.ts';
import { LEARN_BEGIN, LEARN_END } from '../schema/learned.ts';
import { numbers } from './support/configuration-block.ts';
import { type Attempt, DetectionRun, NOTICING } from './support/detection-run.ts';
import { peerV4, peerV6 } from './support/packets.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const WHOLE = PIECE_FIRST | PIECE_LAST;

/** Calls at a period, off by up to `jitter` of it either way, in a fixed order that looks like chance. */
function call(run: DetectionRun, attempt: Attempt, periodMs: number, calls: number, jitter = 0): void {
  for (let i = 0; i < calls; i++) {
    const off = (((i * 7919) % 101) / 50 - 1) * jitter;
    run.attempt({ port: 443, ...attempt }).wait(Math.round(periodMs * (1 + off)));
  }
}

/** A device that is answered elsewhere, and has been looked at for so long. */
function settled(profile: (typeof NOTICING)[number], ms: number): DetectionRun {
  const run = new DetectionRun(profile);
  for (let passed = 0; passed < ms; passed += ms / 4) {
    run.attempt({ peer: Uint8Array.of(198, 51, 100, 9), port: 8883, fate: 'answers' }).wait(ms / 4);
  }
  return run;
}

for (const profile of NOTICING) {
  for (const [family, peer] of [
    ['IPv4', Uint8Array.of(203, 0, 113, 77)],
    ['IPv6', Uint8Array.of(0x20, 1, 0xd, 0xb8, 0xba, 0xd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7)],
  ] as const) {
    for (const fate of ['answers', 'refuses', 'silent'] as const) {
      for (const [seconds, jitter] of [
        [10, 0],
        [40, 0.2],
        [900, 0.1],
        [3600, 0.2],
      ] as const) {
        test(`${profile}: beacon, ${family}, every ${seconds} s, jitter ${jitter}, ${fate}`, () => {
          // Not on a whole second: the first call is not told before it was made.
          const run = settled(profile, HOUR).wait(917);
          const firstCallMs = run.time;
          call(run, { peer, fate }, seconds * SECOND, 40, jitter);
          const beacons = run.detections().filter(({ detection }) => detection === 'BEACON');
          assert.is(beacons.length, 1);
          const [beacon] = beacons;
          assert.is(beacon?.direction, 'OUTBOUND');
          assert.equal(beacon?.ports, [443]);
          assert.is(beacon?.limit, 14);
          assert.is(beacon?.peerCount, 1);
          assert.ok((beacon?.firstMs ?? 0) >= firstCallMs, `${beacon?.firstMs} before ${firstCallMs}`);
        });
      }
    }
  }

  const peer = Uint8Array.of(203, 0, 113, 77);
  const peace = (name: string, run: () => DetectionRun) =>
    test(`${profile}: no beacon: ${name}`, () => {
      assert.equal(
        run()
          .detections()
          .filter(({ detection }) => detection === 'BEACON'),
        [],
      );
    });

  peace('thirteen calls', () => {
    const run = settled(profile, HOUR);
    call(run, { peer, fate: 'answers' }, 30 * SECOND, 13);
    return run;
  });
  peace('a report every five minutes since the device was new', () => {
    const run = new DetectionRun(profile);
    call(run, { peer, fate: 'answers' }, 5 * MINUTE, 100);
    return run;
  });
  peace('the same report goes to another address after hours', () => {
    const run = new DetectionRun(profile);
    call(run, { peer, fate: 'answers' }, 5 * MINUTE, 50);
    run.wait(10 * MINUTE);
    call(run, { peer: Uint8Array.of(203, 0, 113, 200), fate: 'answers' }, 5 * MINUTE, 50);
    return run;
  });
  peace('a service that answered is gone for a day', () => {
    const run = settled(profile, HOUR);
    run.attempt({ peer, port: 443, fate: 'answers' }).wait(MINUTE);
    call(run, { peer, fate: 'silent' }, MINUTE, 24 * 60);
    return run;
  });
  peace('a new address is silent while all that is known is, too', () => {
    const run = settled(profile, HOUR);
    for (let i = 0; i < 60; i++) {
      run.attempt({ peer: Uint8Array.of(198, 51, 100, 9), port: 8883, fate: 'silent' }).wait(4 * SECOND);
      run.attempt({ peer, port: 443, fate: 'silent' }).wait(26 * SECOND);
    }
    return run;
  });
  peace('back-off', () => {
    const run = settled(profile, HOUR);
    for (let pause = 2; pause < 40_000; pause *= 2) {
      run.attempt({ peer, port: 443, fate: 'silent' }).wait(pause * SECOND);
    }
    return run;
  });
  peace('calls that know nothing of each other', () => {
    const run = settled(profile, HOUR);
    let state = 99;
    for (let i = 0; i < 1_000; i++) {
      state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
      run
        .attempt({ peer, port: 443, fate: 'answers' })
        .wait(Math.round(-Math.log((state + 1) / 0x8000_0001) * MINUTE) + 1);
    }
    return run;
  });
  for (const port of [53, 67, 123]) {
    peace(`UDP ${port}, answered or not`, () => {
      const run = settled(profile, HOUR);
      call(run, { peer, port, protocol: 'UDP', fate: 'silent' }, 64 * SECOND, 200);
      return run;
    });
  }
  peace('datagrams of one socket', () => {
    const run = settled(profile, HOUR);
    call(run, { peer, port: 8125, from: 40_001, protocol: 'UDP', fate: 'silent' }, 10 * SECOND, 200);
    return run;
  });

  test(`${profile}: beacon: one detection over hours, ended three periods after the last call`, () => {
    const run = settled(profile, HOUR);
    call(run, { peer, fate: 'answers' }, 10 * MINUTE, 60);
    for (let minute = 0; minute < 40; minute++) run.wait(MINUTE).tick();
    const beacons = run.detections().filter(({ detection }) => detection === 'BEACON');
    assert.is(beacons.length, 1);
    assert.is(beacons[0]?.state, 'ENDED');
    assert.is(beacons[0]?.count, 60);
  });

  test(`${profile}: suspicious address: new flows either way, by the prefix that holds it`, () => {
    const run = new DetectionRun(profile);
    load(run, '203.0.113.64/27 # botnet\n2001:db8:bad::/48\n198.51.100.99\n');
    run.attempt({ peer: Uint8Array.of(203, 0, 113, 63), port: 443, fate: 'answers' });
    assert.equal(run.kinds(), []);
    run.attempt({ peer: Uint8Array.of(203, 0, 113, 77), port: 443, fate: 'silent' }).wait(SECOND);
    run.attempt({ peer: Uint8Array.of(203, 0, 113, 77), port: 443, fate: 'answers' }).wait(SECOND);
    run.attempt({ way: 'in', peer: Uint8Array.of(198, 51, 100, 99), port: 22 }).wait(SECOND);
    run.attempt({ peer: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0xb, 0xad, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0x66) });
    const found = run.detections();
    assert.equal(
      found.map(({ detection, direction, peers, limit, count }) => [
        detection,
        direction,
        peers[0],
        limit,
        count,
      ]),
      [
        ['SUSPICIOUS_ADDRESS', 'OUTBOUND', '203.0.113.77', 27, 2],
        ['SUSPICIOUS_ADDRESS', 'INBOUND', '198.51.100.99', 32, 1],
        ['SUSPICIOUS_ADDRESS', 'OUTBOUND', '2001:db8:bad:7::66', 48, 1],
      ],
    );
  });

  test(`${profile}: indicators: the core has places for INDICATOR_MAX, and a list replaces the one before whole`, () => {
    const run = new DetectionRun(profile);
    const most = profile === 'standard' ? 256 : 100_000;
    assert.is(run.core.exports.INDICATOR_MAX?.value, most);
    const lines = Array.from(
      { length: most },
      (_, i) => `${11 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.${(i % 2) * 128}/25`,
    );
    assert.is(load(run, lines.join('\n')), most);
    assert.is(load(run, `${lines.join('\n')}\n9.9.9.9`), LIST_FULL);
    assert.is(load(run, `2001:db8::/32\n${lines.slice(0, most - 3).join('\n')}`), LIST_FULL);
    // The list before is in force.
    const last = most - 1;
    const peerLast = Uint8Array.of(11 + (last >> 16), (last >> 8) & 255, last & 255, 128);
    run.attempt({ peer: peerLast, port: 443 });
    assert.equal(run.kinds(), ['out SUSPICIOUS_ADDRESS']);
    assert.is(load(run, ''), 0);
    run.attempt({ peer: Uint8Array.of(11, 0, 0, 1), port: 443 });
    assert.equal(run.kinds().length, 1);
  });

  test(`${profile}: indicators: what is not in order, or half loaded, changes nothing`, () => {
    const run = new DetectionRun(profile);
    load(run, '203.0.113.64/27');
    const { entries } = parseIndicators('10.0.0.0/8\n11.0.0.0/8');
    const swapped = Uint8Array.from([
      ...entries.subarray(INDICATOR_SIZE),
      ...entries.subarray(0, INDICATOR_SIZE),
    ]);
    const within = Uint8Array.from([
      ...entries.subarray(0, INDICATOR_SIZE),
      ...parseIndicators('10.1.0.0/16').entries,
    ]);
    const hostBits = entries.slice();
    hostBits[15] = 1;
    const noBits = entries.slice();
    noBits[16] = 0;
    const tooMany = entries.slice();
    tooMany[16] = 33;
    for (const bad of [swapped, within, hostBits, noBits, tooMany]) {
      assert.is(piece(run, bad, WHOLE), BAD_VALUE);
    }
    assert.is(piece(run, entries.subarray(1), WHOLE), BAD_LENGTH);
    assert.is(piece(run, entries, 4), BAD_VALUE);
    assert.is(piece(run, entries, PIECE_LAST), BAD_VALUE);
    assert.is(piece(run, entries, PIECE_FIRST), profile === 'standard' ? BAD_VALUE : 2);
    run.attempt({ peer: Uint8Array.of(10, 2, 3, 4), port: 443 });
    run.attempt({ peer: Uint8Array.of(203, 0, 113, 77), port: 443 });
    const found = run.detections();
    assert.equal(
      found.map(({ peers }) => peers[0]),
      ['203.0.113.77'],
    );
  });

  test(`${profile}: first contact: off until something was learned; then what is new, once`, () => {
    const run = new DetectionRun(profile, numbers(KEY_DETECTION, DETECT_LEARN, 3_600));
    const known = [Uint8Array.of(203, 0, 113, 77), peerV4(3), peerV6(4)];
    for (let hour = 0; hour < 3; hour++) {
      for (const each of known) run.attempt({ peer: each, port: 443, fate: 'answers' }).wait(20 * MINUTE);
    }
    assert.equal(run.kinds(), []);
    run.attempt({ peer: Uint8Array.of(8, 8, 4, 4), port: 443, fate: 'answers' }).wait(MINUTE);
    run.attempt({ peer: Uint8Array.of(8, 8, 4, 9), port: 443, fate: 'answers' }).wait(HOUR);
    run.attempt({ peer: Uint8Array.of(8, 8, 4, 4), port: 443, fate: 'answers' });
    run.attempt({ way: 'in', peer: Uint8Array.of(203, 0, 113, 77), port: 8443, fate: 'answers' });
    assert.equal(run.kinds(), ['out FIRST_CONTACT', 'in FIRST_CONTACT']);
  });

  test(`${profile}: first contact: learning by command; what was learned is saved and restored`, () => {
    const run = new DetectionRun(profile);
    const { exports } = run.core;
    assert.is(exports.learn?.(2), BAD_VALUE);
    assert.is(exports.learn?.(LEARN_BEGIN), OK);
    run.attempt({ peer, port: 443, fate: 'answers' }).wait(MINUTE);
    assert.is(exports.learn?.(LEARN_END), OK);
    const at = exports.LEARNED?.value ?? 0;
    const length = exports.LEARNED_SIZE?.value ?? 0;
    const saved = new Uint8Array(exports.memory.buffer, at, length).slice();

    const next = new DetectionRun(profile);
    assert.is(restore(next, saved.subarray(1)), BAD_LENGTH);
    assert.is(restore(next, saved.with(0, 2)), BAD_VERSION);
    assert.is(restore(next, saved.with(4, 3)), BAD_VALUE);
    assert.is(restore(next, saved), OK);
    next.attempt({ peer, port: 443, fate: 'answers' }).wait(MINUTE);
    assert.equal(next.kinds(), []);
    next.attempt({ peer: Uint8Array.of(8, 8, 4, 4), port: 443, fate: 'answers' });
    assert.equal(next.kinds(), ['out FIRST_CONTACT']);
  });
}

test('indicators as text: comments, prefixes within others, IPv4 as IPv6, and the line of what is wrong', () => {
  const list = parseIndicators(
    '# a list\n\n10.1.2.3 10.1.2.3 is bad\r\n10.0.0.0/8\n::ffff:192.0.2.1\n192.0.2.1/32\n2001:db8::1/32\n',
  );
  assert.is(list.count, 3);
  assert.is(list.places, 6);
  for (const [text, line] of [
    ['10.0.0.0/8\nnobody', 2],
    ['10.0.0.0/33', 1],
    ['0.0.0.0/0', 1],
    ['\n\n::ffff:0:0/96', 3],
  ] as const) {
    assert.throws(
      () => parseIndicators(text),
      (thrown: { code?: string; message?: string }) =>
        thrown.code === 'WL_BAD_INDICATORS' && thrown.message?.startsWith(`line ${line}: `),
    );
  }
});

/** All of it, in pieces as large as the core's input. */
function load(run: DetectionRun, text: string): number {
  const { entries } = parseIndicators(text);
  const most = Math.floor((run.core.exports.INPUT_SIZE.value ?? 0) / INDICATOR_SIZE) * INDICATOR_SIZE;
  let taken = 0;
  let at = 0;
  if (entries.length > most && run.core.exports.PROFILE.value === 2) return LIST_FULL;
  do {
    const part = entries.subarray(at, at + most);
    const isFirst = at === 0 ? PIECE_FIRST : 0;
    at += part.length;
    taken = piece(run, part, isFirst | (at === entries.length ? PIECE_LAST : 0));
  } while (taken >= 0 && at < entries.length);
  return taken;
}

function piece(run: DetectionRun, entries: Uint8Array, which: number): number {
  put(run, entries);
  return run.core.exports.loadIndicators?.(entries.length, which) ?? BAD_LENGTH;
}

function restore(run: DetectionRun, learned: Uint8Array): number | undefined {
  put(run, learned);
  return run.core.exports.restoreLearned?.(learned.length);
}

function put(run: DetectionRun, bytes: Uint8Array): void {
  const { memory, INPUT } = run.core.exports;
  new Uint8Array(memory.buffer).set(bytes, INPUT.value);
}

test.run();
