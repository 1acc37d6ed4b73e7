// Configuration blocks: each key's range, all or nothing, what was collected so far is sent first, and no bytes at all
// that trap.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BAD_LENGTH, BAD_VALUE, BAD_VERSION, OK, UNKNOWN_KEY, UNSUPPORTED_FORMAT } from '../schema/codes.ts';
import {
  FORMAT_2_3,
  FORMAT_3_0_FLATBUFFERS,
  FORMAT_3_0_PROTOBUF,
  INTERVAL_MAX_SECONDS,
  KEY_BATCH_DELAY,
  KEY_CACHE_SIZE,
  KEY_COLLECTORS,
  KEY_FIRST_COLLECTION,
  KEY_FORMAT,
  KEY_HARDWARE,
  KEY_INTERVALS,
  KEY_KERNEL,
  KEY_LOCAL_V4,
  KEY_LOCAL_V6,
  KEY_NETWORK_STACK,
  KEY_OS,
  KEY_OWN_CONNECTIONS,
  KEY_PENDING_TIME,
  KEY_PROTOCOLS,
  KEY_SEED,
  KEY_SEND_EMPTY,
  KEY_SPOOL,
  KEY_UNICAST_ONLY,
} from '../schema/configuration-block.ts';
import {
  STATUS_BYTES,
  STATUS_FAULT_KEY,
  STATUS_MERGED,
  STATUS_NOW,
  STATUS_REPORTED_BYTES,
} from '../schema/status.ts';
import {
  block,
  COMPACT,
  collectors,
  detectionOff,
  type Entry,
  intervals,
  localAddresses,
  numbers,
  ownConnections,
  plainFormat,
  STRICT,
  seed,
  text,
} from './support/configuration-block.ts';
import { v4 } from './support/device.ts';
import { DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { bytesInTables, checkIndex } from './support/flow-table-reader.ts';
import { firstDifference, inputRange } from './support/memory-image.ts';
import { Canaries } from './support/memory-map.ts';
import { hex } from './support/message-reader.ts';
import { DEVICE_V4, DEVICE_V6, frame, PEER_V4, peerV4, peerV6 } from './support/packets.ts';
import { PROFILES } from './support/profiles.ts';
import { neighbourhood, RandomFrames, randomOwn } from './support/random-frames.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const NUMBER_KEYS = [
  KEY_CACHE_SIZE,
  KEY_PROTOCOLS,
  KEY_UNICAST_ONLY,
  KEY_SEND_EMPTY,
  KEY_FIRST_COLLECTION,
  KEY_PENDING_TIME,
  KEY_SPOOL,
  KEY_FORMAT,
  KEY_BATCH_DELAY,
];
const TEXT_KEYS = [KEY_OS, KEY_KERNEL, KEY_NETWORK_STACK, KEY_HARDWARE];
const MONTH = INTERVAL_MAX_SECONDS;

/** A core in the middle of its work: flows, waiting messages, one taken. */
function busyCore(profile: (typeof PROFILES)[number]): DrivenCore {
  const core = startedCore(profile);
  for (let peer = 0; peer < 20; peer++) {
    core.observe(frame({ to: peer % 2 ? peerV4(peer) : peerV6(peer) }), EPOCH + peer);
    if (peer === 10) core.collect(EPOCH + peer);
  }
  core.take();
  return core;
}

/** Nothing has changed but the block itself and the key that is blamed. */
function unchanged(core: DrivenCore, before: Uint8Array, what: string): void {
  const fault = core.exports.STATUS.value + STATUS_FAULT_KEY;
  const at = firstDifference(before, core.memory, [inputRange(core.exports), [fault, fault + 4]]);
  assert.is(at, undefined, `memory after ${what}`);
}

/** Alone and behind an entry that is right: refused with `code`, the key is named, nothing has changed. */
function refused(core: DrivenCore, entry: Entry, code: number): void {
  const before = core.memory.slice();
  const told = `key ${entry[0]}: ${hex(entry[1])}`;
  for (const entries of [[entry], [intervals(5, 6, 7), entry], [entry, numbers(KEY_CACHE_SIZE, 2)]]) {
    assert.is(core.configure(...entries), code, told);
    assert.is(core.u32(STATUS_FAULT_KEY), entry[0], told);
    unchanged(core, before, told);
  }
}

function accepted(core: DrivenCore, entry: Entry): void {
  assert.is(core.configure(entry), OK, `key ${entry[0]}: ${hex(entry[1])}`);
  assert.is(core.u32(STATUS_FAULT_KEY), 0);
}

for (const profile of PROFILES) {
  const { FLOW_MAX, LOCAL_MAX, OWN_MAX, TEXT_MAX } = new DrivenCore(profile).exports;
  const ranges: ReadonlyArray<readonly [key: number, least: number, most: number]> = [
    [KEY_CACHE_SIZE, 1, FLOW_MAX.value],
    [KEY_PROTOCOLS, 0, 7],
    [KEY_UNICAST_ONLY, 0, 1],
    [KEY_SEND_EMPTY, 0, 1],
    [KEY_FIRST_COLLECTION, 0, MONTH],
    [KEY_PENDING_TIME, 1, MONTH],
    [KEY_SPOOL, 0, 1],
    [KEY_BATCH_DELAY, 0, profile === 'lean-strict' ? 0 : 3_600],
  ];

  for (const [key, least, most] of ranges) {
    test(`${profile}: key ${key} takes ${least} to ${most} and nothing else`, () => {
      const core = busyCore(profile);
      for (const value of [least - 1, most + 1, most + 256, 0x7fffffff, 0x80000000, 0xffffffff]) {
        if (value >= 0) refused(core, numbers(key, value), BAD_VALUE);
      }
      for (const length of [0, 1, 2, 3, 5, 8]) refused(core, [key, new Uint8Array(length)], BAD_VALUE);
      for (const value of [least, Math.floor((least + most) / 2), most]) accepted(core, numbers(key, value));
    });
  }

  test(`${profile}: intervals are 1 s to 30 days, high <= medium <= low`, () => {
    const core = busyCore(profile);
    for (const [high, medium, low] of [
      [0, 1, 1],
      [1, 0, 1],
      [2, 1, 3],
      [1, 3, 2],
      [1, 1, MONTH + 1],
      [MONTH + 1, MONTH + 1, MONTH + 1],
      [0xffffffff, 0xffffffff, 0xffffffff],
    ] as const) {
      refused(core, intervals(high, medium, low), BAD_VALUE);
    }
    for (const length of [0, 4, 8, 11, 13, 16]) {
      refused(core, [KEY_INTERVALS, new Uint8Array(length).fill(1)], BAD_VALUE);
    }
    for (const [high, medium, low] of [
      [1, 1, 1],
      [1, 2, 3],
      [MONTH, MONTH, MONTH],
    ] as const) {
      accepted(core, intervals(high, medium, low));
    }
  });

  test(`${profile}: collectors: number, on or off, group, zero`, () => {
    const core = busyCore(profile);
    for (const wrong of [
      [],
      [0, 1, 0],
      [3, 1, 0, 0],
      [255, 1, 0, 0],
      [0, 2, 0, 0],
      [0, 1, 3, 0],
      [0, 1, 0, 1],
      [0, 1, 0, 0, 1],
      [0, 1, 0, 0, 1, 1, 1, 1],
    ]) {
      refused(core, [KEY_COLLECTORS, Uint8Array.from(wrong)], BAD_VALUE);
    }
    accepted(core, collectors([2, 0, 2]));
    accepted(core, collectors([0, 1, 2], [1, 1, 1], [2, 1, 0], [0, 0, 0]));
  });

  test(`${profile}: local addresses: whole entries, prefix of the family, up to ${LOCAL_MAX.value}`, () => {
    const core = busyCore(profile);
    for (const [key, size, prefixMax] of [
      [KEY_LOCAL_V4, 8, 32],
      [KEY_LOCAL_V6, 20, 128],
    ] as const) {
      const entry = (prefix: number, ...reserved: number[]): Entry => [
        key,
        Uint8Array.from([...new Uint8Array(size - 4), prefix, ...reserved, 0, 0, 0].slice(0, size)),
      ];
      for (const prefix of [prefixMax + 1, 255]) refused(core, entry(prefix), BAD_VALUE);
      for (let at = 0; at < 3; at++) {
        const reserved = [0, 0, 0];
        reserved[at] = 1;
        refused(core, entry(0, ...reserved), BAD_VALUE);
      }
      for (const length of [1, 4, size - 1, size + 1, size + 4]) {
        if (length % size) refused(core, [key, new Uint8Array(length)], BAD_VALUE);
      }
      const most = size * LOCAL_MAX.value;
      if (most + size + 64 <= core.exports.INPUT_SIZE.value) {
        refused(core, [key, new Uint8Array(most + size)], BAD_VALUE);
      }
      accepted(core, [key, new Uint8Array(most)]);
      for (const prefix of [0, 1, prefixMax]) accepted(core, entry(prefix));
      accepted(core, [key, new Uint8Array(0)]);
    }
  });

  test(`${profile}: own connections: whole entries with a remote port, up to ${OWN_MAX.value}`, () => {
    const core = busyCore(profile);
    const own = (count: number, remotePort = 8883): Entry =>
      ownConnections(
        Array.from({ length: count }, (_, i) => ({
          remote: i % 2 ? PEER_V4 : peerV6(i),
          remotePort,
          localPort: i,
        })),
      );
    for (const length of [1, 4, 19, 21, 24]) {
      refused(core, [KEY_OWN_CONNECTIONS, new Uint8Array(length).fill(1)], BAD_VALUE);
    }
    for (const count of [1, OWN_MAX.value]) refused(core, own(count, 0), BAD_VALUE);
    refused(core, own(OWN_MAX.value + 1), BAD_VALUE);
    for (const count of [0, 1, OWN_MAX.value]) accepted(core, own(count));
    accepted(core, own(1, 1));
    accepted(core, own(1, 65_535));
  });

  test(`${profile}: texts are up to ${TEXT_MAX.value} bytes, the seed is 32`, () => {
    const core = busyCore(profile);
    for (const key of TEXT_KEYS) {
      refused(core, text(key, 'x'.repeat(TEXT_MAX.value + 1)), BAD_VALUE);
      for (const length of [0, 1, TEXT_MAX.value]) accepted(core, text(key, 'x'.repeat(length)));
    }
    for (const length of [0, 16, 31, 33, 64]) {
      refused(core, [KEY_SEED, new Uint8Array(length)], BAD_VALUE);
    }
    accepted(core, seed(7));
    accepted(core, [KEY_SEED, new Uint8Array(32)]);
  });

  test(`${profile}: a text is taken if it is UTF-8, and only then, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    const core = startedCore(profile);
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    // First and last of every length, surrogates, beyond U+10FFFF, overlong forms, stray and missing bytes.
    const pieces = [
      [0x00],
      [0x7f],
      [0x80],
      [0xbf],
      [0xc0, 0x80],
      [0xc1, 0xbf],
      [0xc2, 0x80],
      [0xdf, 0xbf],
      [0xe0, 0x80, 0x80],
      [0xe0, 0x9f, 0xbf],
      [0xe0, 0xa0, 0x80],
      [0xed, 0x9f, 0xbf],
      [0xed, 0xa0, 0x80],
      [0xed, 0xbf, 0xbf],
      [0xee, 0x80, 0x80],
      [0xef, 0xbb, 0xbf],
      [0xef, 0xbf, 0xbf],
      [0xf0, 0x80, 0x80, 0x80],
      [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf0, 0x90, 0x80, 0x80],
      [0xf4, 0x8f, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
      [0xfe],
      [0xff],
    ];
    const count = { taken: 0, refused: 0 };
    for (let round = 0; round < 6_000; round++) {
      const piece = pieces[round % pieces.length] ?? [];
      const cut = random.once(4) ? piece.slice(0, random.below(piece.length + 1)) : piece;
      const around = random.once(3) ? random.pick(pieces) : [];
      const bytes = Uint8Array.from([...(random.once(2) ? [0x61] : []), ...cut, ...around]);
      if (random.once(8) && bytes.length) bytes[random.below(bytes.length)] = random.u32() & 0xff;
      let isText = true;
      try {
        decoder.decode(bytes);
      } catch {
        isText = false;
      }
      assert.is(core.configure([KEY_OS, bytes]), isText ? OK : BAD_VALUE, hex(bytes));
      if (isText) count.taken++;
      else count.refused++;
    }
    assert.ok(count.taken > 500 && count.refused > 500);
  });

  test(`${profile}: texts of any length come out as they went in, kernel and network stack with a space`, () => {
    for (const [os, kernel, stack, hardware] of [
      ['', '', '', ''],
      ['Azure RTOS 6.3', '', '', ''],
      ['', 'ThreadX 6.4', '', ''],
      ['', '', 'NetX Duo 6.4', ''],
      ['ä', 'ThreadX 6.4', 'NetX Duo 6.4', 'Nucleo-144 ß 7'],
      ['o', 'k'.repeat(TEXT_MAX.value), 's'.repeat(TEXT_MAX.value), 'h'.repeat(TEXT_MAX.value)],
    ] as const) {
      const core = startedCore(
        profile,
        text(KEY_OS, os),
        text(KEY_KERNEL, kernel),
        text(KEY_NETWORK_STACK, stack),
        text(KEY_HARDWARE, hardware),
      );
      core.collect(EPOCH, 2);
      const system = core.drain()[0]?.message.events[0]?.system;
      const both = [kernel, stack].filter(Boolean).join(' ');
      assert.equal(system, {
        ...(os && { os }),
        ...(both && { kernel: both }),
        ...(hardware && { hardware }),
      });
    }
  });

  test(`${profile}: a format the profile lacks is refused as such`, () => {
    const core = busyCore(profile);
    for (const format of [0, 1, 22, 24, 300, 0xffffffff]) {
      refused(core, numbers(KEY_FORMAT, format), UNSUPPORTED_FORMAT);
    }
    const lacked = {
      lean: [FORMAT_2_3, FORMAT_3_0_FLATBUFFERS],
      'lean-strict': [FORMAT_3_0_FLATBUFFERS, FORMAT_3_0_PROTOBUF],
      standard: [],
      gateway: [],
    };
    for (const format of lacked[profile]) refused(core, numbers(KEY_FORMAT, format), UNSUPPORTED_FORMAT);
    refused(core, [KEY_FORMAT, new Uint8Array(2)], BAD_VALUE);
    for (const entry of plainFormat(profile)) accepted(core, entry);
    accepted(core, profile === 'lean-strict' ? STRICT : COMPACT);
  });

  test(`${profile}: an unknown key is refused and named`, () => {
    const core = busyCore(profile);
    for (const key of [0, KEY_BATCH_DELAY + 200, 0x7fff, 0xffff]) {
      for (const length of [0, 4, 32]) refused(core, [key, new Uint8Array(length)], UNKNOWN_KEY);
    }
  });

  test(`${profile}: blocks of another version or a length that cannot be change nothing and blame no key`, () => {
    const core = busyCore(profile);
    refused(core, numbers(KEY_SPOOL, 2), BAD_VALUE);
    const before = core.memory.slice();
    const blame = () => assert.is(core.u32(STATUS_FAULT_KEY), 0, 'no key is at fault');
    for (const version of [0, 2, 0x01000000, 0xffffffff]) {
      assert.is(core.configureBlock(block([], version)), BAD_VERSION);
      blame();
    }
    const size = core.exports.INPUT_SIZE.value;
    core.configureBlock(block([]));
    for (const length of [-2147483648, -4, -1, 0, 1, 2, 3, 5, 6, 7, size + 1, size + 4, 2147483647]) {
      assert.is(core.exports.configure(length), BAD_LENGTH, `${length}`);
      blame();
    }
    // An entry that reaches over the end of the block.
    for (const length of [1, 4, 5, 0xffff]) {
      const bytes = block([[KEY_OS, new Uint8Array(0)]]);
      new DataView(bytes.buffer).setUint16(6, length, true);
      assert.is(core.configureBlock(bytes), BAD_LENGTH);
    }
    unchanged(core, before, 'all of them');
  });

  test(`${profile}: what was collected so far is sent first, under the configuration it was counted by`, () => {
    for (const entries of [
      [numbers(KEY_CACHE_SIZE, 1)],
      [numbers(KEY_PROTOCOLS, 0)],
      [numbers(KEY_UNICAST_ONLY, 0)],
      [collectors([0, 0, 0])],
      // IPv4 and IPv6, one at a time.
      ...localAddresses([{ address: v4('172.16.0.1'), prefix: 0 }]).map((entry) => [entry]),
    ]) {
      const core = startedCore(profile);
      for (let peer = 0; peer < 10; peer++) core.observe(frame({ to: peerV4(peer) }), EPOCH + 1);
      assert.is(core.configure(...entries), OK);
      const flows = core.drain().flatMap(({ message }) => message.events.flatMap((event) => event.flows));
      assert.is(flows.length, 10, `keys ${entries.map(([key]) => key)}`);
      assert.is(core.u64(STATUS_MERGED), 0);
      assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES));
    }
  });

  test(`${profile}: without room to send it first, it goes under everything else, and nothing is lost`, () => {
    const core = startedCore(profile);
    let time = EPOCH;
    while (core.collect(time) > 0) {
      for (let peer = 0; peer < 60; peer++) core.observe(frame({ to: peerV6(peer), payload: 9 }), time);
      time++;
    }
    core.observe(frame({ to: peerV4(1) }), time);
    assert.is(core.configure(numbers(KEY_CACHE_SIZE, 5)), OK);
    assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES) + bytesInTables(core));
    assert.ok(core.u64(STATUS_MERGED) > 0);
    for (let round = 0; round < 10; round++) {
      core.drain();
      core.collect(time);
    }
    assert.is(core.u64(STATUS_REPORTED_BYTES), core.u64(STATUS_BYTES));
  });

  test(`${profile}: a collector switched off while its event waits for room stays silent`, () => {
    const core = startedCore(profile, numbers(KEY_SPOOL, 1), ...detectionOff(profile));
    let time = EPOCH;
    while (core.collect(time) > 0) {
      for (let peer = 0; peer < 60; peer++) core.observe(frame({ to: peerV6(peer), payload: 9 }), time);
      time++;
    }
    assert.is(core.tick(EPOCH + 60_000), EPOCH + 70_000, 'every collector was due and waits');
    core.drain();
    assert.is(core.configure(collectors([1, 0, 2], [2, 0, 2])), OK);
    const kinds = new Set<string>();
    for (let tens = 7; tens < 30; tens++) {
      core.tick(EPOCH + tens * 10_000);
      for (const { message } of core.drain()) for (const { kind } of message.events) kinds.add(kind);
    }
    assert.equal(kinds, new Set(['NetworkActivity']));
  });

  test(`${profile}: the last of two entries for one key wins`, () => {
    const core = startedCore(profile);
    assert.is(core.configure(numbers(KEY_PROTOCOLS, 7), numbers(KEY_PROTOCOLS, 1)), OK);
    core.observe(frame({ protocol: 'UDP' }), EPOCH);
    assert.is(core.verdicts()[9], 1);
  });

  test(`${profile}: a seed given again does not bring event ids back`, () => {
    const core = startedCore(profile);
    const ids = new Set<string>();
    for (let round = 0; round < 5; round++) {
      core.configure(seed(1));
      core.collect(EPOCH + round, 2);
      for (const { message } of core.drain()) for (const { id } of message.events) ids.add(id);
    }
    assert.is(ids.size, 5);
  });

  test(`${profile}: the broadcast of a subnet is no unicast where its prefix is known, else it is`, () => {
    for (const [local, to, counted] of [
      ['10.0.0.5/24', '10.0.0.255', 0],
      ['10.0.0.5/0', '10.0.0.255', 1],
      ['10.0.0.5/16', '10.0.0.255', 1],
      ['10.0.0.5/16', '10.0.255.255', 0],
      ['10.0.0.5/8', '10.255.255.255', 0],
      ['10.0.0.5/1', '127.255.255.255', 0],
      ['10.0.0.5/30', '10.0.0.7', 0],
      // RFC 3021: a link of two has no broadcast.
      ['10.0.0.4/31', '10.0.0.5', 1],
      ['10.0.0.5/32', '10.0.0.255', 1],
    ] as const) {
      const [address = '', prefix] = local.split('/');
      const core = startedCore(
        profile,
        ...localAddresses([{ address: v4(address), prefix: Number(prefix) }]),
      );
      core.observe(frame({ from: v4(address), to: v4(to) }), EPOCH);
      assert.is(core.verdicts()[0], counted, `${local} to ${to}`);
    }
  });

  test(`${profile}: random blocks never trap; refused, they change nothing; the books stay in order, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < (profile === 'gateway' ? 2 : 20); round++) {
      const core = new DrivenCore(profile);
      const canaries = new Canaries(core.exports);
      // The first block sets the defaults, refused or not.
      core.configure();
      const frames = new RandomFrames(random, neighbourhood([DEVICE_V4, PEER_V4, DEVICE_V6], 5, 5, 4, 96));
      let isStarted = false;
      let time = EPOCH;
      for (let step = 0; step < 400; step++) {
        const bytes = randomBlock(random, core);
        // A gateway has 10 MB: it is compared now and then.
        const before = profile !== 'gateway' || random.once(8) ? core.memory.slice() : undefined;
        const code = core.configureBlock(bytes);
        assert.ok(code === OK || (code >= UNSUPPORTED_FORMAT && code <= BAD_LENGTH), `code ${code}`);
        if (code !== OK && before) unchanged(core, before, hex(bytes));
        if (!isStarted) isStarted = core.start(time) === OK;
        if (!isStarted) continue;
        time += random.below(2_000);
        for (let count = random.below(20); count > 0; count--) core.put(frames.next(), time);
        core.flush();
        core.tick(time);
        if (random.once(3)) core.drain();
        if (random.once(10)) core.exports.connect();
        if (random.once(10)) core.disconnect(core.u64(STATUS_NOW));
        assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES) + bytesInTables(core));
        if (before) checkIndex(core, 4);
        if (before) checkIndex(core, 6);
        canaries.check();
      }
      assert.ok(isStarted);
    }
  });
}

/** Entries that are mostly right, some broken; now and then bytes without sense. */
function randomBlock(random: SeededRandom, core: DrivenCore): Uint8Array {
  const { FLOW_MAX, LOCAL_MAX, OWN_MAX, TEXT_MAX } = core.exports;
  const number = () => random.pick([0, 1, 2, 3, 7, 64, FLOW_MAX.value, 300, random.u32()]);
  const makers: Array<() => Entry> = [
    () => seed(random.below(100)),
    () => intervals(random.between(1, 3), random.between(3, 5), random.between(4, 9)),
    () => collectors([random.below(4), random.below(2), random.below(3)]),
    () =>
      localAddresses(
        Array.from({ length: random.below(LOCAL_MAX.value + 2) }, () => ({
          address: random.once(4) ? random.bytes(4) : random.pick([DEVICE_V4, PEER_V4]),
          prefix: random.below(33),
        })),
      )[0] ?? seed(1),
    () => text(random.pick(TEXT_KEYS), 'x'.repeat(random.below(TEXT_MAX.value + 2))),
    () => numbers(random.pick(NUMBER_KEYS), number()),
    () => numbers(random.pick(NUMBER_KEYS), number()),
    () => ownConnections(randomOwn(random, OWN_MAX.value + 1)),
    () => [random.below(21), random.bytes(random.below(24))],
  ];
  const entries = Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, () => random.pick(makers)());
  const bytes = block(entries, random.once(40) ? random.u32() : 1);
  if (random.once(6) && bytes.length) {
    for (let flips = random.between(1, 4); flips > 0; flips--) {
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    }
  }
  const cut = random.once(10) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
  return cut.subarray(0, core.exports.INPUT_SIZE.value);
}

test.run();
