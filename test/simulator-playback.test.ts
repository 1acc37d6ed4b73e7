import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Activity, Playback, Random } from '../simulator/index.ts';
import { TimeHeap } from '../simulator/time-heap.ts';

const seed = Number(process.env.SEED ?? Date.now()) >>> 0;

/** Lays out sessions of many frames, each from its start on, as activities do. */
function* sessions(playback: Playback, random: Random, from: number, name: number): Activity {
  let startMs = from;
  for (let i = 0; i < 200; i++) {
    yield startMs;
    const length = random.integer(0, 9);
    for (let at = 0, timeMs = startMs; at < length; at++) {
      playback.add(timeMs, Uint8Array.of(name, i, at));
      timeMs += random.between(0, 40);
    }
    startMs += random.between(0, 25);
  }
}

test(`frames of several activities come in order of time, none is lost, SEED=${seed}`, () => {
  const random = new Random(seed);
  const playback = new Playback();
  const alone: string[] = [];
  for (let name = 0; name < 5; name++) {
    const own = random.next();
    const from = random.between(0, 500);
    playback.start(sessions(playback, new Random(own), from, name));
    const single = new Playback();
    single.start(sessions(single, new Random(own), from, name));
    for (const { timeMs, bytes } of single.frames()) alone.push(`${timeMs} ${bytes.join('.')}`);
  }
  let latestMs = Number.NEGATIVE_INFINITY;
  const together: string[] = [];
  for (const { timeMs, bytes } of playback.frames()) {
    assert.ok(timeMs >= latestMs);
    latestMs = timeMs;
    together.push(`${timeMs} ${bytes.join('.')}`);
    assert.ok(playback.waiting < 500);
  }
  assert.equal(together.sort(), alone.sort());
  assert.ok(together.length > 2000);
});

test('an activity may start another, and may not go back on its promise', () => {
  const playback = new Playback();
  const added = (timeMs: number) => playback.add(timeMs, Uint8Array.of(0));
  function* child(): Activity {
    yield 12;
    added(12);
  }
  function* parent(): Activity {
    yield 10;
    added(10);
    playback.start(child());
    yield 20;
    added(20);
    yield 30;
    added(19);
  }
  playback.start(parent());
  const times: number[] = [];
  assert.throws(() => {
    for (const { timeMs } of playback.frames()) times.push(timeMs);
  }, /a frame of 19 after frames up to 30/);
  assert.equal(times, [10, 12, 20]);
});

test('a promise that is no time is refused', () => {
  const playback = new Playback();
  function* lost(): Activity {
    yield Number.NaN;
  }
  assert.throws(() => playback.start(lost()), /no time/);
});

test(`a heap of times gives what sorting gives, SEED=${seed}`, () => {
  const random = new Random(seed);
  const heap = new TimeHeap<number>();
  let expected: Array<{ timeMs: number; order: number }> = [];
  for (let order = 0; order < 5000; order++) {
    if (random.chance(0.4) && expected.length > 0) {
      expected = expected.sort((a, b) => a.timeMs - b.timeMs || a.order - b.order);
      assert.is(heap.firstMs, expected[0]?.timeMs);
      assert.is(heap.pop(), expected.shift()?.order);
    }
    const timeMs = random.integer(0, 50);
    heap.push(timeMs, order);
    expected.push({ timeMs, order });
  }
  assert.is(heap.size, expected.length);
});

test.run();
