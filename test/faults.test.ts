// The reference agent's faults, one test each (docs: why each matters): every test here would fail on that agent.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEY_CACHE_SIZE, KEY_KERNEL, KEY_NETWORK_STACK, KEY_OS } from '../schema/configuration-block.ts';
import { MALFORMED, NON_LOCAL, TRUNCATED } from '../schema/reasons.ts';
import {
  STATUS_BOOT_ID,
  STATUS_BYTES,
  STATUS_DUE,
  STATUS_MERGED,
  STATUS_REPORTED_BYTES,
} from '../schema/status.ts';
import { intervals, numbers, plainFormat, seed, text } from './support/configuration-block.ts';
import { entriesOf, LAPTOP } from './support/device.ts';
import { DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { readRecords } from './support/flow-table-reader.ts';
import { layout } from './support/layout.ts';
import { hex, isEverythingElse, type ReadFlow, type ReadMessage } from './support/message-reader.ts';
import {
  captured,
  DEVICE_V4,
  DEVICE_V6,
  frame,
  PEER_V4,
  PEER_V6,
  packet,
  peerV4,
  peerV6,
  rawFrame,
} from './support/packets.ts';
import { PROFILES, type Profile } from './support/profiles.ts';

const SECOND = 1_000;

function messagesOf(core: DrivenCore): ReadMessage[] {
  return core.drain().map(({ message }) => message);
}

function flowsOf(messages: readonly ReadMessage[]): ReadFlow[] {
  return messages.flatMap(({ events }) => events.flatMap(({ flows }) => flows));
}

/** Collects until nothing is left: a lean outbox may take several turns. */
function everything(core: DrivenCore): ReadMessage[] {
  const messages = messagesOf(core);
  for (let turn = 0; turn < 10; turn++) {
    core.collect(0, 1);
    messages.push(...messagesOf(core));
  }
  return messages;
}

/** The verdict on one frame, by number of schema/reasons.ts. */
function verdictOn(core: DrivenCore, ...observed: Parameters<DrivenCore['observe']>): number {
  const before = core.verdicts();
  core.observe(...observed);
  return core.verdicts().findIndex((count, number) => count !== before[number]);
}

/** Only flow of a core that observed one frame. */
function onlyFlow(profile: Profile, ...observed: Parameters<DrivenCore['observe']>): ReadFlow | undefined {
  const core = startedCore(profile);
  core.observe(...observed);
  const flows = flowsOf(everything(core));
  assert.is(flows.length, 1);
  return flows[0];
}

for (const profile of PROFILES) {
  test(`${profile}: fault 1: a scan of 65 ports hides nothing: known flows go on, the rest is told as everything else`, () => {
    const core = startedCore(profile, numbers(KEY_CACHE_SIZE, 64));
    for (let port = 1; port <= 65; port++) core.observe(frame({ toPort: port }), EPOCH);
    for (let port = 1; port <= 64; port++) core.observe(frame({ toPort: port, payload: 80 }), EPOCH + 1);
    const flows = flowsOf(everything(core));
    const named = flows.filter((flow) => !isEverythingElse(flow));
    for (let port = 1; port <= 64; port++) {
      const bytes = named.filter(({ remotePort }) => remotePort === port).map(({ bytesOut }) => bytesOut);
      assert.is(
        bytes.reduce((sum, each) => sum + each, 0),
        120,
        `port ${port}`,
      );
    }
    const rest = flows.filter(isEverythingElse).reduce((sum, { bytesOut }) => sum + bytesOut, 0);
    const last = named
      .filter(({ remotePort }) => remotePort === 65)
      .reduce((sum, { bytesOut }) => sum + bytesOut, 0);
    assert.is(rest + last, 20);
    assert.is(core.u64(STATUS_MERGED), rest / 20);
    assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES));
  });

  test(`${profile}: fault 2: 64 + 64 flows of UDP both ways in one interval come out, interval after interval`, () => {
    const core = startedCore(profile);
    core.exports.connect();
    for (let interval = 1; interval <= 20; interval++) {
      // What is due before is detection's.
      const due = EPOCH + interval * 10 * SECOND;
      const now = due - 1;
      for (let number = 0; number < 64; number++) {
        for (const [from, to] of [
          [DEVICE_V4, peerV4(number)],
          [DEVICE_V6, peerV6(number)],
        ] as const) {
          core.observe(frame({ from, to, protocol: 'UDP', fromPort: 5_000, toPort: 6_000 }), now);
          core.observe(frame({ from: to, to: from, protocol: 'UDP', fromPort: 6_000, toPort: 5_000 }), now);
        }
      }
      core.tick(due);
      const messages = messagesOf(core);
      for (let turn = 0; turn < 3; turn++) {
        core.tick(now + 1);
        messages.push(...messagesOf(core));
      }
      const flows = flowsOf(messages);
      assert.is(flows.length, 128);
      assert.is(new Set(flows.map(({ remote }) => remote)).size, 128);
      for (const { bytesIn, bytesOut } of flows) assert.equal([bytesIn, bytesOut], [8, 8]);
    }
  });

  test(`${profile}: fault 3: no traffic, no message announced, and none in the outbox`, () => {
    const core = startedCore(profile);
    for (let tens = 1; tens < 6; tens++) {
      assert.is(core.tick(EPOCH + tens * 10 * SECOND), EPOCH + (tens + 1) * 10 * SECOND);
      assert.is(core.exports.next(), 0);
    }
  });

  test(`${profile}: fault 4: an hour without a hub, again and again, and network activity is reported as ever`, () => {
    const core = startedCore(profile);
    let now = EPOCH;
    for (let outage = 0; outage < 5; outage++) {
      for (const end = now + 3_600 * SECOND; now < end; now = core.u64(STATUS_DUE)) {
        for (let number = 0; number < 70; number++) {
          core.observe(frame({ to: number % 2 ? peerV4(number) : peerV6(number) }), now);
        }
        core.tick(now);
      }
      core.exports.connect();
      core.tick(now);
      everything(core);
      core.observe(frame({ to: peerV4(1) }), now);
      core.observe(frame({ to: peerV6(1) }), now);
      now = core.u64(STATUS_DUE);
      core.tick(now);
      assert.equal(
        flowsOf(everything(core)).map(({ family }) => family),
        [4, 6],
      );
      core.disconnect(now);
    }
  });

  test(`${profile}: fault 5: incoming IPv6 behind extension headers, and ICMPv6, is read as what it is`, () => {
    const incoming = { from: PEER_V6, to: DEVICE_V6, fromPort: 5_683, toPort: 40_001, payload: 10 } as const;
    const padding = [0, 1, 4, 0, 0, 0, 0];
    const chains: ReadonlyArray<ReadonlyArray<readonly [number, readonly number[]]>> = [
      [],
      [[0, padding]],
      [[43, padding]],
      [[60, padding]],
      // First fragment; AH of 24 bytes.
      [[44, [0, 0, 1, 0, 0, 0, 7]]],
      [[51, [4, ...new Uint8Array(22)]]],
      [
        [0, padding],
        [60, padding],
        [43, padding],
        [44, [0, 0, 1, 0, 0, 0, 7]],
        [51, [4, ...new Uint8Array(22)]],
        [60, padding],
      ],
    ];
    for (const extensions of chains) {
      for (const [protocol, header] of [
        ['TCP', 20],
        ['UDP', 8],
        ['ICMP', 8],
      ] as const) {
        const flow = onlyFlow(profile, frame({ ...incoming, protocol, extensions }), EPOCH);
        const ports = protocol === 'ICMP' ? [0, 0] : [40_001, 5_683];
        assert.equal(
          [flow?.family, flow?.protocol, flow?.localPort, flow?.remotePort, flow?.bytesIn, flow?.bytesOut],
          [6, protocol, ...ports, header + 10, 0],
          `${extensions.length} extension headers`,
        );
        assert.equal([flow?.local, flow?.remote], [hex(DEVICE_V6), hex(PEER_V6)]);
      }
    }
  });

  test(`${profile}: fault 6: IPv4 options are no payload, and payload is no port`, () => {
    const incoming = { from: PEER_V4, to: DEVICE_V4, fromPort: 53, toPort: 40_001, payload: 20 } as const;
    for (let optionWords = 0; optionWords <= 10; optionWords++) {
      for (const options of [incoming, { payload: 20 }]) {
        const flow = onlyFlow(profile, frame({ ...options, protocol: 'UDP', optionWords }), EPOCH);
        assert.is((flow?.bytesIn ?? 0) + (flow?.bytesOut ?? 0), 28, `${optionWords} words of options`);
      }
    }
    for (const [options, body] of [
      [{ fragment: 1 }, 28],
      [{ fragment: 0x2000 | 185 }, 28],
    ] as const) {
      const flow = onlyFlow(profile, frame({ ...incoming, ...options, protocol: 'UDP' }), EPOCH);
      assert.equal([flow?.localPort, flow?.remotePort, flow?.bytesIn], [0, 0, body]);
    }
    const first = onlyFlow(profile, frame({ ...incoming, fragment: 0x2000, protocol: 'UDP' }), EPOCH);
    assert.equal([first?.localPort, first?.remotePort], [40_001, 53]);
    const later = frame({
      from: PEER_V6,
      to: DEVICE_V6,
      protocol: 'UDP',
      extensions: [[44, [0, 0x05, 0xa8, 0, 0, 0, 7]]],
      payload: 20,
    });
    const flow = onlyFlow(profile, later, EPOCH);
    assert.equal([flow?.localPort, flow?.remotePort, flow?.bytesIn], [0, 0, 28]);
  });

  test(`${profile}: fault 7: packets of 0 to 3 bytes of TCP or UDP are malformed, cut captures truncated`, () => {
    for (const protocol of ['TCP', 'UDP', 'ICMP'] as const) {
      for (const [ends, header] of [
        [{ from: PEER_V4, to: DEVICE_V4 }, 20],
        [{ from: PEER_V6, to: DEVICE_V6 }, 40],
      ] as const) {
        const whole = packet({ ...ends, protocol, fromPort: 53, toPort: 40_001 });
        const core = startedCore(profile);
        // Stale bytes of a longer frame stand behind each short one.
        core.memory.fill(
          0xee,
          core.exports.INPUT.value,
          core.exports.INPUT.value + core.exports.INPUT_SIZE.value,
        );
        for (let length = 0; length < 4; length++) {
          const short = packet({ ...ends, protocol, claimed: header === 20 ? header + length : length });
          assert.is(verdictOn(core, rawFrame(short.subarray(0, header + length)), EPOCH), MALFORMED);
          assert.is(verdictOn(core, rawFrame(short), EPOCH), MALFORMED, 'with a trailer');
          assert.is(
            verdictOn(core, rawFrame(whole.subarray(0, header + length), whole.length), EPOCH),
            TRUNCATED,
          );
        }
        assert.is(core.u64(STATUS_BYTES), 0);
        assert.is(verdictOn(core, rawFrame(whole.subarray(0, header + 4), whole.length), EPOCH), 0);
        const [flow] = flowsOf(everything(core));
        assert.is(flow?.localPort, protocol === 'ICMP' ? 0 : 40_001);
      }
    }
  });

  test(`${profile}: fault 7: a length that lies is malformed: over the frame, under the header, zero`, () => {
    const core = startedCore(profile);
    const whole = packet({ payload: 30 });
    for (const claimed of [0, 1, 19, whole.length + 1, 1_500, 65_535]) {
      assert.is(verdictOn(core, rawFrame(packet({ payload: 30, claimed })), EPOCH), MALFORMED, `${claimed}`);
    }
    const over = packet({ to: PEER_V6, payload: 30 });
    for (const claimed of [over.length - 40 + 1, 65_535]) {
      assert.is(verdictOn(core, rawFrame(packet({ to: PEER_V6, payload: 30, claimed })), EPOCH), MALFORMED);
    }
    // Header length under five words, and over the packet.
    for (const first of [0x40, 0x44, 0x4f]) {
      const bytes = packet({});
      bytes[0] = first;
      assert.is(verdictOn(core, rawFrame(bytes), EPOCH), MALFORMED);
    }
    for (const bytes of [whole, over]) {
      for (const version of [0x00, 0x10, 0x50, 0x70, 0xf0]) {
        const wrong = bytes.slice();
        wrong[0] = version | ((bytes[0] ?? 0) & 0x0f);
        assert.is(verdictOn(core, rawFrame(wrong), EPOCH), MALFORMED);
      }
    }
    assert.is(core.u64(STATUS_BYTES), 0);
    // A length shorter than the frame is padding.
    assert.is(verdictOn(core, rawFrame(packet({ payload: 30, claimed: 24 })), EPOCH), 0);
    assert.is(core.u64(STATUS_BYTES), 4);
  });

  test(`${profile}: fault 8: eight extension headers are walked, a ninth makes the packet malformed`, () => {
    const padding = [0, 1, 4, 0, 0, 0, 0] as const;
    for (let count = 0; count <= 12; count++) {
      const extensions = Array.from({ length: count }, () => [60, padding] as const);
      const core = startedCore(profile);
      const options = { from: PEER_V6, to: DEVICE_V6, extensions };
      assert.is(verdictOn(core, frame(options), EPOCH), count <= 8 ? 0 : MALFORMED, `${count} headers`);
      const stranger = { ...options, from: peerV6(1), to: peerV6(2) };
      assert.is(verdictOn(core, frame(stranger), EPOCH), NON_LOCAL, 'nobody walks what is not for us');
    }
    if (profile === 'gateway') {
      const extensions = Array.from({ length: 8_000 }, () => [60, padding] as const);
      assert.is(verdictOn(startedCore(profile), frame({ to: PEER_V6, extensions }), EPOCH), MALFORMED);
    }
  });

  test(`${profile}: fault 8: of one extension header 64 options are walked, a 65th makes the packet malformed`, () => {
    // Hop-by-hop and destination options; padding of one byte each, and a length that fills a multiple of 8.
    for (const [header, options] of [
      [0, 62],
      [0, 70],
      [60, 62],
      [60, 70],
    ] as const) {
      const extensions = [[header, [(options + 2) / 8 - 1, ...new Array<number>(options).fill(0)]]] as const;
      const expected = options <= 64 ? 0 : MALFORMED;
      const core = startedCore(profile);
      assert.is(
        verdictOn(core, frame({ to: PEER_V6, extensions }), EPOCH),
        expected,
        `${options} in ${header}`,
      );
    }
  });

  test(`${profile}: fault 9: a collection overwrites no message, and a gap in sequence numbers would show`, () => {
    const core = startedCore(profile);
    const count = profile === 'lean' ? 8 : 12;
    const kept: Array<{ sequence: number; bytes: Uint8Array; at: number }> = [];
    for (let second = 0; second < count; second++) {
      core.observe(frame({ to: peerV4(second), payload: second }), EPOCH + second);
      core.collect(EPOCH + second, 1);
      const taken = core.take();
      assert.ok(taken);
      if (taken) kept.push(taken);
    }
    assert.equal(
      kept.map(({ sequence }) => sequence),
      kept.map((_, index) => index),
    );
    for (const { bytes, at } of kept) {
      assert.is(Buffer.compare(bytes, core.memory.subarray(at, at + bytes.length)), 0);
    }
    assert.is(new Set(kept.map(({ bytes }) => hex(bytes))).size, count);
  });

  test(`${profile}: fault 10: event ids and boot ids are version 4 UUIDs, and no two devices share one`, () => {
    const ids = new Set<string>();
    const boots = new Set<string>();
    let events = 0;
    for (let device = 0; device < 40; device++) {
      const core = new DrivenCore(profile);
      core.configure(seed(device), ...plainFormat(profile), intervals(1, 1, 1), ...entriesOf(LAPTOP));
      core.start(EPOCH);
      const boot = core.exports.STATUS.value + STATUS_BOOT_ID;
      ids.add(hex(core.memory.subarray(boot, boot + 16)));
      boots.add(hex(core.memory.subarray(boot, boot + 16)));
      events++;
      for (let round = 0; round < 60; round++) {
        core.observe(frame(), EPOCH);
        core.collect(EPOCH);
        for (const { id } of messagesOf(core).flatMap((message) => message.events)) {
          ids.add(id);
          events++;
        }
      }
    }
    assert.is(events, 40 * (1 + 60 * (profile === 'lean' ? 2 : 3)));
    // In 3.0 they come from the boot id, by adding: the first event of a boot has the boot's own.
    assert.is(ids.size, profile === 'lean' ? events - boots.size : events);
    const drawn = profile === 'lean' ? boots : ids;
    const ones = new Uint32Array(128);
    for (const id of ids) assert.match(id, /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    for (const id of drawn) {
      [...Buffer.from(id, 'hex')].forEach((byte, at) => {
        for (let bit = 0; bit < 8; bit++)
          ones[at * 8 + bit] = (ones[at * 8 + bit] ?? 0) + ((byte >> bit) & 1);
      });
    }
    // 122 bits are random: each is set about half the time (six standard deviations).
    const random = [...ones].filter(
      (count) => Math.abs(count / drawn.size - 0.5) < 3 / Math.sqrt(drawn.size),
    );
    assert.is(random.length, 122);
  });

  test(`${profile}: fault 10: the same seed gives the same ids, one bit more gives others`, () => {
    const idsOf = (entropy: Uint8Array) => {
      const core = new DrivenCore(profile);
      core.configure([1, entropy]);
      core.start(EPOCH);
      core.collect(EPOCH, 4);
      return core.drain().map(({ bytes }) => hex(bytes));
    };
    const entropy = Uint8Array.from({ length: 32 }, (_, index) => index);
    assert.equal(idsOf(entropy), idsOf(entropy));
    for (let bit = 0; bit < 128; bit++) {
      const other = entropy.slice();
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.not.equal(idsOf(entropy), idsOf(other), `bit ${bit}`);
    }
    assert.ok(idsOf(new Uint8Array(32)).length === 1, 'even without entropy there is an id');
  });

  test(`${profile}: fault 11: configuration changes at run time`, () => {
    const core = startedCore(profile);
    core.observe(frame(), EPOCH);
    assert.is(core.configure(intervals(1, 2, 3), numbers(KEY_CACHE_SIZE, 9)), 0);
    assert.is(core.u64(STATUS_DUE), EPOCH + SECOND);
  });

  test(`${profile}: fault 12: packets, directions and TCP flags are on record for the formats that carry them`, () => {
    const core = startedCore(profile);
    const segment = (flags: number, options: Parameters<typeof frame>[0]) => {
      const whole = frame(options);
      whole.bytes[14 + 20 + 13] = flags;
      core.observe(whole, EPOCH);
    };
    const back = { from: PEER_V4, to: DEVICE_V4, fromPort: 443, toPort: 40_000 };
    segment(0x02, {});
    segment(0x12, back);
    segment(0x10, { payload: 100 });
    segment(0x11, back);
    const [record] = readRecords(core, 4);
    assert.equal([record?.packetsOut, record?.packetsIn, record?.bytesOut, record?.bytesIn], [2, 2, 140, 40]);
    const flags = (record?.at ?? 0) + layout('FLOW_TCP_FLAGS');
    assert.equal([core.memory[flags], core.memory[flags + 1]], [0x13, 0x12], 'in, out');
  });

  test(`${profile}: fault 13: system information says kernel and network stack, each with its version`, () => {
    const core = startedCore(
      profile,
      text(KEY_OS, 'Azure RTOS 6.4'),
      text(KEY_KERNEL, 'ThreadX 6.4.1'),
      text(KEY_NETWORK_STACK, 'NetX Duo 6.4.1'),
    );
    core.collect(EPOCH, 2);
    assert.equal(messagesOf(core)[0]?.events[0]?.system, {
      os: 'Azure RTOS 6.4',
      kernel: 'ThreadX 6.4.1 NetX Duo 6.4.1',
    });
  });

  test(`${profile}: fault 13: 4.3 GB in one interval are 4.3 GB`, () => {
    const core = startedCore(profile);
    const jumbo = rawFrame(
      captured(frame({ protocol: 'UDP', claimed: 65_535 }), 38).bytes.subarray(14),
      65_535,
    );
    for (let count = 0; count < 66_000; count++) {
      if (core.put(jumbo, EPOCH)) continue;
      core.flush();
      core.put(jumbo, EPOCH);
    }
    core.flush();
    const bytes = flowsOf(everything(core)).map(({ bytesOut }) => bytesOut);
    assert.is(
      bytes.reduce((sum, each) => sum + each, 0),
      66_000 * 65_515,
    );
  });
}

test.run();
