// All state is in linear memory (invariants 2 and 6): a copy of it, in another instance, is the same agent.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { STATUS_NOW } from '../schema/status.ts';
import { intervals } from './support/configuration-block.ts';
import { DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { hex } from './support/message-reader.ts';
import type { Frame } from './support/packet-model.ts';
import { DEVICE_V4, DEVICE_V6 } from './support/packets.ts';
import { PROFILES } from './support/profiles.ts';
import { neighbourhood, RandomFrames } from './support/random-frames.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { writersOf } from './support/writers.ts';

const SEED = seedOfRun();

interface Step {
  readonly frames: readonly Frame[];
  readonly time: number;
  readonly call: number;
}

function steps(random: SeededRandom, count: number): Step[] {
  const frames = new RandomFrames(random, neighbourhood([DEVICE_V4, DEVICE_V6], 30, 9, 8, 120));
  let time = EPOCH;
  return Array.from({ length: count }, () => {
    time += random.below(900);
    const batch = Array.from({ length: random.below(12) }, () => {
      const next = frames.next();
      return { ...next, bytes: next.bytes.slice() };
    });
    return { frames: batch, time, call: random.below(16) };
  });
}

/** What comes out of a step. */
function play(core: DrivenCore, { frames, time, call }: Step): string {
  for (const frame of frames) {
    core.put(frame, time);
    core.flush();
  }
  const codes = [core.tick(time)];
  if (call === 0) codes.push(core.exports.connect());
  if (call === 1) codes.push(core.disconnect(core.u64(STATUS_NOW)));
  if (call === 2) codes.push(core.collect(time));
  if (call === 3) codes.push(core.configure(intervals(1, 2, 2 + (time % 5))));
  const messages = call > 8 ? core.drain().map(({ sequence, bytes }) => `${sequence} ${hex(bytes)}`) : [];
  return [...codes, ...messages, ...core.verdicts()].join('\n');
}

for (const profile of PROFILES) {
  for (const { name, entries } of writersOf(profile)) {
    test(`${profile}, ${name}: a copy of the memory goes on as the original does, from any moment, SEED=${SEED}`, () => {
      const random = new SeededRandom(SEED);
      const all = steps(random, 600);
      const original = startedCore(profile, intervals(1, 2, 3), ...entries);
      const copies: DrivenCore[] = [];
      for (const [index, step] of all.entries()) {
        if (index % 150 === 20) {
          const copy = new DrivenCore(profile);
          copy.memory.set(original.memory);
          copies.push(copy);
        }
        const expected = play(original, step);
        for (const copy of copies) assert.is(play(copy, step), expected, `step ${index}`);
      }
      assert.is(copies.length, 4);
      for (const copy of copies) assert.is(Buffer.compare(copy.memory, original.memory), 0);
    });
  }

  test(`${profile}: the same calls give the same memory, to the byte, SEED=${SEED}`, () => {
    const all = steps(new SeededRandom(SEED), 300);
    const [one, other] = [startedCore(profile), startedCore(profile)];
    for (const step of all) play(one, step);
    for (const step of all) play(other, step);
    assert.is(Buffer.compare(one.memory, other.memory), 0);
  });
}

test.run();
