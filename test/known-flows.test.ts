// Profiles with a fast path for packets of known flows: it must come to the same result as the way around it. The same
// packets go into one core as Ethernet frames, which it reads, and into another as bare IP, which it never does.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FRAME_HEADER, LINK_ETHERNET, LINK_NULL, LINK_RAW } from '../schema/frame.ts';
import { type Entry, ownConnections } from './support/configuration-block.ts';
import { entriesOf, LAPTOP, v4 } from './support/device.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { layout } from './support/layout.ts';
import { type ByteRange, firstDifference, inputRange } from './support/memory-image.ts';
import { memoryMap } from './support/memory-map.ts';
import type { Frame } from './support/packet-model.ts';
import { DEVICE_V4, DEVICE_V6, frame, PEER_V4, packet, peerV4, rawFrame } from './support/packets.ts';
import { neighbourhood, RandomFrames, randomOwn } from './support/random-frames.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const SECOND_V4 = v4('10.0.0.77');

/** The frame without its 14 bytes of Ethernet. */
function withoutEthernet(whole: Frame): Frame {
  return { link: LINK_RAW, bytes: whole.bytes.subarray(14), original: Math.max(0, whole.original - 14) };
}

function sameMemory(one: DrivenCore, other: DrivenCore, what: string): void {
  const scratch = memoryMap(one.exports).flatMap(({ name, start, end }): ByteRange[] =>
    name === 'NOTES' ? [[start, end]] : [],
  );
  const at = firstDifference(one.memory, other.memory, [inputRange(one.exports), ...scratch]);
  if (at === undefined) return;
  assert.unreachable(
    `${what}: byte ${at} is ${one.memory[at]} on the fast path, ${other.memory[at]} around it`,
  );
}

interface Way {
  readonly name: string;
  readonly profile: 'standard' | 'gateway';
  /** Flows that a core knows beforehand: with more than 4,096 it looks ahead (known-flows-ahead.ts). */
  readonly flows: number;
}

const MANY_FLOWS: Way = { name: 'gateway, many flows', profile: 'gateway', flows: 20_000 };
const WAYS: readonly Way[] = [
  { name: 'standard', profile: 'standard', flows: 0 },
  { name: 'gateway', profile: 'gateway', flows: 0 },
  MANY_FLOWS,
];

function startedPair({ profile, flows }: Way, ...entries: readonly Entry[]): [DrivenCore, DrivenCore] {
  const started = (): DrivenCore => {
    const core = startedCore(profile, ...entries);
    for (let n = 0; n < flows; n++) putWhole(core, withoutEthernet(ofFlow(n, false, 20)), EPOCH);
    core.flush();
    return core;
  };
  return [started(), started()];
}

/** Into the batch, or the next one where that is full. */
function putWhole(core: DrivenCore, whole: Frame, time: number): void {
  if (core.put(whole, time)) return;
  core.flush();
  assert.ok(core.put(whole, time));
}

/** A packet of flow n, either way. */
function ofFlow(n: number, incoming: boolean, payload: number): Frame {
  const [from, to] = incoming ? [peerV4(n), DEVICE_V4] : [DEVICE_V4, peerV4(n)];
  const [fromPort, toPort] = incoming ? [443, 40_000] : [40_000, 443];
  return frame({ from, to, fromPort, toPort, protocol: n % 2 ? 'UDP' : 'TCP', payload });
}

for (const way of WAYS) {
  const { name: wayName, profile } = way;

  test(`${wayName}: random packets leave the same memory, known flows first or not, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < (profile === 'gateway' ? 3 : 60); round++) {
      const settings = {
        ...LAPTOP,
        unicastOnly: !random.once(3),
        locals: [DEVICE_V4, SECOND_V4].map((address) => ({ address, prefix: random.pick([0, 24]) })),
      };
      const [fast, slow] = startedPair(way, ...entriesOf(settings));
      const around = neighbourhood(
        [DEVICE_V4, SECOND_V4, v4('10.0.0.99'), DEVICE_V6],
        random.between(1, 4),
        random.between(1, 4),
        random.pick([0, 3, 10]),
        random.pick([60, 96, 200]),
      );
      const frames = new RandomFrames(random, around);
      let time = EPOCH;
      for (let batch = 0; batch < 60; batch++) {
        for (let count = 0; count < 30; ) {
          const next = plainEthernet(frames.next());
          if (!next) continue;
          time += random.below(60);
          const at = random.once(10) ? time - random.below(random.once(4) ? 200_000 : 20_000) : time;
          fast.put(next, at);
          slow.put(withoutEthernet(next), at);
          count++;
        }
        fast.flush();
        slow.flush();
        sameMemory(fast, slow, `batch ${batch} of round ${round}`);
        if (random.once(5)) {
          const own = ownConnections(randomOwn(random, 8));
          assert.is(fast.configure(own), slow.configure(own));
        }
        if (random.once(4)) assert.is(fast.drain().length, slow.drain().length);
      }
    }
  });

  test(`${wayName}: counts that run over, short and long packets leave the same memory`, () => {
    const [fast, slow] = startedPair(way);
    const both = (whole: Frame, time = EPOCH) => {
      fast.observe(whole, time);
      slow.observe(withoutEthernet(whole), time);
      sameMemory(fast, slow, `${whole.bytes.length} of ${whole.original} bytes`);
    };
    for (const protocol of ['TCP', 'UDP', 'ICMP'] as const) {
      for (let payload = 0; payload < 40; payload++) {
        for (const extra of [0, 1, 40]) {
          const whole = frame({ protocol, payload });
          const padded = new Uint8Array(whole.bytes.length + extra);
          padded.set(whole.bytes);
          both({ ...whole, bytes: padded, original: padded.length });
        }
      }
      for (let length = 34; length < 60; length++) {
        const whole = frame({ protocol, payload: 40 });
        both({ ...whole, bytes: whole.bytes.subarray(0, length) });
      }
    }
    for (const protocol of ['TCP', 'UDP'] as const) {
      for (let claimed = 0; claimed < 90; claimed++) both(frame({ protocol, payload: 40, claimed }));
    }
    // 2^32 bytes in the interval, several times.
    const large = frame({ payload: 40, claimed: 65_535 });
    const jumbo = { ...large, original: 65_549 };
    for (let count = 0; count < 70_000; count++) {
      putWhole(fast, jumbo, EPOCH);
      putWhole(slow, withoutEthernet(jumbo), EPOCH);
    }
    fast.flush();
    slow.flush();
    sameMemory(fast, slow, '4.6 GB');
  });

  for (const [name, begin] of [
    ['1970', 0],
    ['the latest time there is', 2 ** 48],
  ] as const) {
    test(`${wayName}: times before and after ${name} leave the same memory`, () => {
      const [fast, slow] = startedPair(way);
      for (const time of [begin, begin, begin - 5, begin - 5, begin + 5, begin + 5, begin]) {
        for (const protocol of ['TCP', 'UDP'] as const) {
          fast.observe(frame({ protocol, payload: 9 }), time);
          slow.observe(withoutEthernet(frame({ protocol, payload: 9 })), time);
          sameMemory(fast, slow, `time ${time}`);
        }
      }
    });
  }

  test(`${wayName}: the fast path takes no frame that is cut, and none of another link layer`, () => {
    const [core] = startedPair(way);
    const whole = frame();
    const size = FRAME_HEADER + whole.bytes.length;
    core.observe(whole, EPOCH);
    const counted = core.verdicts()[0] ?? 0;
    for (let length = size; length < 2 * size; length++) {
      for (let copies = 0; copies < 2; copies++) core.put(whole, EPOCH);
      core.discard();
      assert.is(core.exports.observe(0, length), size, `${length} bytes`);
    }
    assert.is(core.verdicts()[0], counted + size);
    for (const link of [LINK_RAW, LINK_NULL]) core.observe({ ...whole, link }, EPOCH);
    assert.is(core.verdicts()[0], counted + size);
  });

  test(`${wayName}: the fast path never takes a packet for another's: swapped, stranger, between two local addresses`, () => {
    const settings = {
      ...LAPTOP,
      locals: [DEVICE_V4, SECOND_V4].map((address) => ({ address, prefix: 24 })),
    };
    const [fast, slow] = startedPair(way, ...entriesOf(settings));
    const ends = [DEVICE_V4, SECOND_V4, PEER_V4, v4('192.0.2.2')];
    for (let round = 0; round < 3; round++) {
      for (const from of ends) {
        for (const to of ends) {
          for (const [fromPort, toPort] of [
            [40_000, 443],
            [443, 40_000],
            [7, 7],
          ] as const) {
            const whole = frame({ from, to, fromPort, toPort });
            fast.observe(whole, EPOCH);
            slow.observe(rawFrame(packet({ from, to, fromPort, toPort })), EPOCH);
            sameMemory(fast, slow, `round ${round}`);
          }
        }
      }
    }
  });
}

test(`gateway, many flows: known and new ones in any order leave the same memory, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  const [fast, slow] = startedPair(MANY_FLOWS, ...entriesOf({ ...LAPTOP, unicastOnly: false }));
  const put = (whole: Frame, time: number) => {
    putWhole(fast, whole, time);
    putWhole(slow, withoutEthernet(whole), time);
  };
  const around = neighbourhood([DEVICE_V4, v4('10.0.0.99'), DEVICE_V6], 3, 3, 3, 96);
  const others = new RandomFrames(random, around);
  let time = EPOCH;
  let newest = MANY_FLOWS.flows;
  let fasterFrames = 0;
  for (let batch = 0; batch < 120; batch++) {
    // Mostly known flows, or as many others: groups of all lengths, and what ends them at every place.
    const once = random.pick([2, 20, 100]);
    for (let count = random.pick([1, 15, 16, 17, 18, 40, 100]); count > 0; count--) {
      time += random.below(60);
      const at = random.once(10) ? time - random.below(random.once(4) ? 200_000 : 20_000) : time;
      const any = random.once(once) ? plainEthernet(others.next()) : undefined;
      if (any) put(any, at);
      else if (random.once(once)) put(ofFlow(newest++, random.once(2), 20), at);
      else {
        put(ofFlow(random.below(MANY_FLOWS.flows), random.once(2), random.between(12, 60)), at);
        fasterFrames++;
      }
    }
    if (random.once(3)) {
      // Some bytes short of 2^32, for a flow that comes next.
      const n = random.below(MANY_FLOWS.flows);
      for (const core of [fast, slow]) nearlyOver(core, n);
      for (let count = 0; count < 20; count++) put(ofFlow(n, false, 60), time);
    }
    fast.flush();
    slow.flush();
    sameMemory(fast, slow, `batch ${batch}`);
    if (random.once(8)) assert.is(fast.drain().length, slow.drain().length);
  }
  assert.ok(fasterFrames > 1_000, 'something was to be compared');
});

test('gateway, many flows: a frame sees the time of the frames before it, and of none behind it', () => {
  const known = [1, 2, 3, 4].map((n) => ofFlow(n, false, 20));
  const stranger = ofFlow(MANY_FLOWS.flows, false, 20);
  for (const [what, frames] of [
    ['60 s older than one before it', [5_000, -55_000, 5_000]],
    ['more than 60 s older than one before it', [5_000, -55_001, 5_000]],
    ['old enough only for one behind it', [0, 0, 0, -59_000, 5_000]],
  ] as const) {
    for (const other of [known[3] ?? stranger, stranger]) {
      const [fast, slow] = startedPair(MANY_FLOWS);
      for (const [index, after] of frames.entries()) {
        const whole = after < 0 ? other : (known[index] ?? other);
        fast.put(whole, EPOCH + after);
        slow.put(withoutEthernet(whole), EPOCH + after);
      }
      const stops: number[] = [];
      fast.flush((taken) => stops.push(taken));
      slow.flush((taken) => assert.is(taken, stops.shift(), what));
      assert.equal(stops, [], what);
      sameMemory(fast, slow, what);
    }
  }
});

/** Sets the bytes sent by the flow of record n to a little less than 32 bits hold, one packet being counted. */
function nearlyOver(core: DrivenCore, n: number): void {
  const record = core.exports.FLOWS_V4.value + n * layout('FLOW_V4_SIZE');
  core.view.setUint32(record + layout('FLOW_PACKETS') + 8, 1, true);
  core.view.setUint32(record + layout('FLOW_BYTES') + 8, 0xffff_ff00, true);
}

/** An untagged Ethernet frame that carries IPv4, from a frame of any link; undefined where it holds no IPv4 header. */
function plainEthernet(any: Frame): Frame | undefined {
  const skip = any.link === LINK_ETHERNET ? 14 : 0;
  const packetBytes = any.bytes.subarray(skip);
  if (packetBytes.length < 20 || (packetBytes[0] ?? 0) >> 4 !== 4) return undefined;
  if (skip && (any.bytes[12] !== 8 || any.bytes[13] !== 0)) return undefined;
  const bytes = new Uint8Array(14 + packetBytes.length);
  bytes[12] = 8;
  bytes.set(packetBytes, 14);
  return { link: LINK_ETHERNET, bytes, original: Math.min(any.original, 0x7fffffff) - skip + 14 };
}

test.run();
