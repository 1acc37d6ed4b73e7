// How frames are cut into batches is the host's affair: the messages are the same to the byte.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BAD_FRAME, BAD_LENGTH } from '../schema/codes.ts';
import {
  FORMAT_2_3,
  FORMAT_3_0_FLATBUFFERS,
  FORMAT_3_0_PROTOBUF,
  KEY_BATCH_DELAY,
  KEY_CACHE_SIZE,
  KEY_FORMAT,
} from '../schema/configuration-block.ts';
import { FRAME_HEADER } from '../schema/frame.ts';
import { STATUS_DUE, STATUS_NOW } from '../schema/status.ts';
import { detectionOff, type Entry, intervals, numbers } from './support/configuration-block.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { writeFrameAt } from './support/frame-batch.ts';
import { hex } from './support/message-reader.ts';
import type { Frame } from './support/packet-model.ts';
import { DEVICE_V4, DEVICE_V6, frame, peerV4 } from './support/packets.ts';
import { PROFILES, type Profile } from './support/profiles.ts';
import { neighbourhood, RandomFrames } from './support/random-frames.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const ALL_FORMATS = [FORMAT_2_3, FORMAT_3_0_PROTOBUF, FORMAT_3_0_FLATBUFFERS];
const FORMATS: Readonly<Record<Profile, readonly number[]>> = {
  lean: [FORMAT_3_0_PROTOBUF],
  'lean-strict': [FORMAT_2_3],
  standard: ALL_FORMATS,
  gateway: ALL_FORMATS,
};

interface Timed {
  readonly frame: Frame;
  readonly time: number;
}

function recording(random: SeededRandom, count: number): Timed[] {
  const [remotes, ports] = random.pick([
    [2, 2],
    [40, 5],
    [200, 500],
  ] as const);
  const frames = new RandomFrames(
    random,
    neighbourhood([DEVICE_V4, DEVICE_V6], remotes, ports, random.pick([0, 4]), 120),
  );
  let time = EPOCH;
  return Array.from({ length: count }, () => {
    time += random.below(20);
    if (random.once(1_000)) time += random.pick([90_000, -90_000, 4e10]);
    const next = frames.next();
    return {
      frame: { ...next, bytes: next.bytes.slice() },
      time: random.once(20) ? time - random.below(1_000) : time,
    };
  });
}

interface Cut {
  readonly name: string;
  /** Frames of the next batch; what does not fit the input goes into the one after. */
  readonly next: () => number;
  /** Also ticks before every batch, due or not. */
  readonly ticks?: boolean;
}

/** What comes out, to the byte; acknowledged where the core asked for a tick, or at the very end. */
function play(profile: Profile, entries: readonly Entry[], frames: readonly Timed[], cut: Cut): string[] {
  const core = startedCore(profile, intervals(1, 1, 2), ...entries);
  const messages: string[] = [];
  const take = () => messages.push(...core.drain().map(({ sequence, bytes }) => `${sequence} ${hex(bytes)}`));
  for (let at = 0; at < frames.length; ) {
    if (cut.ticks) core.tick(frames[at]?.time ?? 0);
    if (cut.ticks) take();
    for (let left = cut.next(); left > 0 && at < frames.length; left--, at++) {
      const { frame, time } = frames[at] ?? fail();
      if (!core.put(frame, time)) break;
    }
    core.flush(take);
  }
  core.collect(core.u64(STATUS_NOW));
  take();
  return messages;
}

for (const profile of PROFILES) {
  for (const cacheSize of [64, 3]) {
    test(`${profile}, ${cacheSize} flows: batches of any size give the same messages, SEED=${SEED}`, () => {
      const random = new SeededRandom(SEED);
      for (let round = 0; round < (profile === 'gateway' ? 4 : 8); round++) {
        const frames = recording(random, 3_000);
        const formats = FORMATS[profile];
        const format = formats[round % formats.length] ?? FORMAT_2_3;
        const delay = numbers(KEY_BATCH_DELAY, format === FORMAT_2_3 ? 0 : random.pick([0, 1, 3, 5]));
        const entries = [numbers(KEY_CACHE_SIZE, cacheSize), numbers(KEY_FORMAT, format), delay];
        const whole = play(profile, entries, frames, { name: 'as many as fit', next: () => frames.length });
        assert.ok(whole.length > 3, 'something was to be compared');
        const cuts: Cut[] = [
          { name: 'one', next: () => 1 },
          { name: 'two', next: () => 2 },
          { name: 'seven', next: () => 7 },
          { name: 'random', next: () => random.between(1, 60) },
          { name: 'one, a tick before each', next: () => 1, ticks: true },
          { name: 'random, a tick before each', next: () => random.between(1, 60), ticks: true },
        ];
        for (const cut of cuts) {
          const messages = play(profile, entries, frames, cut);
          const first = messages.findIndex((message, index) => message !== whole[index]);
          assert.is(first, -1, `round ${round}, ${cut.name}: message ${first} differs`);
          assert.is(messages.length, whole.length, `round ${round}, ${cut.name}: number of messages`);
        }
      }
    });
  }

  test(`${profile}: a batch may be cut anywhere, in the middle of a frame or its header too, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    const frames = recording(random, 400).map(({ frame, time }) => ({ frame, time: EPOCH + (time % 500) }));
    const whole = startedCore(profile);
    const cut = startedCore(profile);
    for (const { frame, time } of frames) whole.observe(frame, time);
    // Bytes arrive in pieces; what observe did not take stays, and the next piece is appended to it.
    const stream = new Uint8Array(
      frames.reduce((sum, { frame }) => sum + FRAME_HEADER + frame.bytes.length, 0),
    );
    let end = 0;
    const view = new DataView(stream.buffer);
    for (const { frame, time } of frames) end = writeFrameAt(view, end, frame, BigInt(time));
    const { INPUT, INPUT_SIZE } = cut.exports;
    for (let taken = 0, piece = 0; taken < end; ) {
      piece = Math.min(INPUT_SIZE.value, end - taken, piece + random.between(1, 200));
      cut.memory.set(stream.subarray(taken, taken + piece), INPUT.value);
      const next = cut.exports.observe(0, piece);
      if (next === BAD_FRAME) continue;
      assert.ok(next > 0);
      taken += next;
      piece -= next;
    }
    assert.equal(cut.verdicts(), whole.verdicts());
    assert.is(cut.collect(EPOCH + 600), whole.collect(EPOCH + 600));
    assert.equal(messagesOf(cut), messagesOf(whole));
  });

  // A flow that is known takes another way through the core than a new one.
  for (const known of [false, true]) {
    const kind = known ? 'known' : 'new';

    test(`${profile}: observe stops before a frame of a ${kind} flow that crosses a due time, and takes nothing of it`, () => {
      const core = startedCore(profile, ...detectionOff(profile));
      if (known) core.observe(frame(), EPOCH);
      const before = core.verdicts()[0] ?? 0;
      const due = core.u64(STATUS_DUE);
      assert.is(due, EPOCH + 10_000);
      const size = FRAME_HEADER + frame().bytes.length;
      core.put(frame(), due - 1);
      core.put(frame(), due);
      core.put(frame(), due - 1);
      assert.is(core.exports.observe(0, 3 * size), size);
      assert.is(core.verdicts()[0], before + 1);
      assert.is(core.exports.observe(size, 2 * size), size, 'again and again');
      assert.is(core.verdicts()[0], before + 1);
      core.tick(due);
      assert.is(core.exports.observe(size, 2 * size), 3 * size);
      assert.is(core.verdicts()[0], before + 3);
    });

    test(`${profile}: observe stops before a frame of a ${kind} flow more than a low interval old, not a younger one`, () => {
      const core = startedCore(profile, ...detectionOff(profile));
      if (known) core.observe(frame(), EPOCH);
      const size = FRAME_HEADER + frame().bytes.length;
      core.put(frame(), EPOCH + 5_000);
      core.put(frame(), EPOCH + 5_000 - 60_000);
      core.put(frame(), EPOCH + 5_000 - 60_001);
      assert.is(core.exports.observe(0, 3 * size), 2 * size);
      assert.is(core.exports.observe(2 * size, size), 2 * size, 'alone as well');
      assert.is(core.u64(STATUS_NOW), EPOCH + 5_000, 'an older frame does not turn time back');
    });
  }

  test(`${profile}: a batch outside the input buffer is refused, whatever its numbers`, () => {
    const core = startedCore(profile);
    const size = core.exports.INPUT_SIZE.value;
    const before = core.memory.slice();
    const extremes = [-1, -2147483648, 2147483647, 1, size - 1, size, size + 1];
    for (const offset of [0, ...extremes]) {
      for (const length of extremes) {
        if (offset >= 0 && offset <= size && length >= 0 && length <= size - offset) continue;
        assert.is(core.exports.observe(offset, length), BAD_LENGTH, `observe(${offset}, ${length})`);
      }
    }
    assert.is(core.exports.observe(0, 0), 0);
    assert.is(core.exports.observe(size, 0), size);
    assert.is(Buffer.compare(before, core.memory), 0);
  });

  test(`${profile}: a frame cut by the end of its batch is an error only where it stands alone`, () => {
    const core = startedCore(profile);
    const size = FRAME_HEADER + frame().bytes.length;
    core.put(frame(), EPOCH);
    core.put(frame(), EPOCH);
    for (let length = 1; length < size; length++) {
      assert.is(core.exports.observe(0, length), BAD_FRAME);
      assert.is(core.exports.observe(size, length), BAD_FRAME);
    }
    assert.is(core.verdicts()[0], 0);
    for (let length = 1; length < size; length++) {
      assert.is(core.exports.observe(0, size + length), size);
    }
    assert.is(core.verdicts()[0], size - 1);
    // At the very end of the buffer there is no room for a header's last bytes.
    for (let length = 1; length < FRAME_HEADER; length++) {
      assert.is(core.exports.observe(core.exports.INPUT_SIZE.value - length, length), BAD_FRAME);
    }
  });
}

test('gateway: observe stops before a frame that would be merged, and one tick makes room for it', () => {
  const core = startedCore('gateway', numbers(KEY_CACHE_SIZE, 4));
  const size = FRAME_HEADER + frame().bytes.length;
  for (let peer = 0; peer < 5; peer++) core.put(frame({ to: peerV4(peer) }), EPOCH + 1);
  assert.is(core.exports.observe(0, 5 * size), 4 * size);
  assert.is(core.exports.observe(4 * size, size), 4 * size);
  assert.is(core.exports.next(), 0, 'nothing is collected before the tick');
  core.tick(EPOCH + 1);
  assert.is(core.exports.observe(4 * size, size), 5 * size);
  const flows = core.drain().flatMap(({ message }) => message.events.flatMap((event) => event.flows));
  assert.is(flows.length, 4);
});

function messagesOf(core: DrivenCore): string[] {
  return core.drain().map(({ bytes }) => hex(bytes));
}

function fail(): never {
  throw new Error('no such frame');
}

test.run();
