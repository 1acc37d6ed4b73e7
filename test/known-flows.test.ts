// Profiles with a fast path for packets of known flows: it must come to the same result as the way around it. The same
// packets go into one core as Ethernet frames, which it reads, and into another as bare IP, which it never does.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LINK_ETHERNET, LINK_RAW } from '../schema/frame.ts';
import { ownConnections } from './support/configuration-block.ts';
import { entriesOf, LAPTOP, v4 } from './support/device.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { firstDifference, inputRange } from './support/memory-image.ts';
import type { Frame } from './support/packet-model.ts';
import { DEVICE_V4, DEVICE_V6, frame, PEER_V4, packet, rawFrame } from './support/packets.ts';
import { neighbourhood, RandomFrames, randomOwn } from './support/random-frames.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const SECOND_V4 = v4('10.0.0.77');

/** The frame without its 14 bytes of Ethernet. */
function withoutEthernet(whole: Frame): Frame {
  return { link: LINK_RAW, bytes: whole.bytes.subarray(14), original: Math.max(0, whole.original - 14) };
}

function sameMemory(one: DrivenCore, other: DrivenCore, what: string): void {
  const at = firstDifference(one.memory, other.memory, [inputRange(one.exports)]);
  if (at === undefined) return;
  assert.unreachable(
    `${what}: byte ${at} is ${one.memory[at]} on the fast path, ${other.memory[at]} around it`,
  );
}

for (const profile of ['standard', 'gateway'] as const) {
  test(`${profile}: random packets leave the same memory, known flows first or not, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < (profile === 'gateway' ? 3 : 60); round++) {
      const settings = {
        ...LAPTOP,
        unicastOnly: !random.once(3),
        locals: [DEVICE_V4, SECOND_V4].map((address) => ({ address, prefix: random.pick([0, 24]) })),
      };
      const [fast, slow] = [
        startedCore(profile, ...entriesOf(settings)),
        startedCore(profile, ...entriesOf(settings)),
      ];
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

  test(`${profile}: counts that run over, short and long packets leave the same memory`, () => {
    const [fast, slow] = [startedCore(profile), startedCore(profile)];
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
    // 2^32 bytes in the interval, several times.
    const large = frame({ payload: 40, claimed: 65_535 });
    const jumbo = { ...large, original: 65_549 };
    for (let count = 0; count < 70_000; count++) {
      if (!fast.put(jumbo, EPOCH)) {
        fast.flush();
        fast.put(jumbo, EPOCH);
      }
      const bare = withoutEthernet(jumbo);
      if (!slow.put(bare, EPOCH)) {
        slow.flush();
        slow.put(bare, EPOCH);
      }
    }
    fast.flush();
    slow.flush();
    sameMemory(fast, slow, '4.6 GB');
  });

  for (const [name, begin] of [
    ['1970', 0],
    ['the latest time there is', 2 ** 48],
  ] as const) {
    test(`${profile}: times before and after ${name} leave the same memory`, () => {
      const [fast, slow] = [startedCore(profile), startedCore(profile)];
      for (const time of [begin, begin, begin - 5, begin - 5, begin + 5, begin + 5, begin]) {
        for (const protocol of ['TCP', 'UDP'] as const) {
          fast.observe(frame({ protocol, payload: 9 }), time);
          slow.observe(withoutEthernet(frame({ protocol, payload: 9 })), time);
          sameMemory(fast, slow, `time ${time}`);
        }
      }
    });
  }

  test(`${profile}: the fast path never takes a packet for another's: swapped, stranger, between two local addresses`, () => {
    const settings = {
      ...LAPTOP,
      locals: [DEVICE_V4, SECOND_V4].map((address) => ({ address, prefix: 24 })),
    };
    const [fast, slow] = [
      startedCore(profile, ...entriesOf(settings)),
      startedCore(profile, ...entriesOf(settings)),
    ];
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
