// Detection under whatever comes: random packets in any order, clocks that stand, jump and run back, settings changed on the way. No trap,
// nothing written outside its memory, no detection that makes no sense, and the same whatever way frames were batched.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DetectionRecord, readDetections } from '../bindings/js/detections.ts';
import {
  DETECT_ENABLED,
  DETECT_WINDOW,
  KEY_CACHE_SIZE,
  KEY_DETECTION,
  KEY_UNICAST_ONLY,
} from '../schema/configuration-block.ts';
import { type Entry, numbers } from './support/configuration-block.ts';
import { NOTICING } from './support/detection-run.ts';
import { v4, v6 } from './support/device.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { Canaries } from './support/memory-map.ts';
import type { Frame } from './support/packet-model.ts';
import type { Profile } from './support/profiles.ts';
import { neighbourhood, RandomFrames } from './support/random-frames.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const LOCALS = [v4('10.0.0.5'), v6('2001:db8::5')];
/** ms: to the next frame, mostly. */
const STEPS = [0, 0, 1, 5, 40, 300, 1_500];
/** ms: a sleep, a set clock, either way. */
const JUMPS = [-59_000, 59_000, 70_000, -70_000, 3_600_000, -3_600_000, 4e10, -4e10];

interface Step {
  readonly frame: Frame;
  readonly time: number;
}

/** Frames copied, for they stand in a buffer that the next one overwrites. */
function* steps(random: SeededRandom, count: number): Generator<Step> {
  const around = neighbourhood(LOCALS, random.pick([3, 40, 400]), random.pick([3, 60, 60_000]), 9, 200);
  const frames = new RandomFrames(random, around);
  let time = EPOCH;
  for (let left = count; left > 0; left--) {
    time += random.pick(STEPS);
    if (random.once(400)) time += random.pick(JUMPS);
    if (time < 0) time = EPOCH;
    const { link, bytes, original } = frames.next();
    yield { frame: { link, bytes: bytes.slice(), original }, time };
  }
}

function detectionsOf({ exports, view }: DrivenCore): DetectionRecord[] {
  return exports.DETECT ? readDetections(view, exports.DETECT.value) : [];
}

function checkSense(core: DrivenCore, now: number): void {
  for (const detection of detectionsOf(core)) {
    const text = JSON.stringify(detection);
    assert.not.match(text, /Unknown/);
    assert.ok(detection.firstMs <= detection.lastMs, text);
    if (detection.state !== 'ENDED') assert.ok(detection.lastMs <= now + 60_000, text);
    assert.ok(detection.count >= detection.limit || detection.number > 0, text);
    assert.ok(
      detection.peers.length <= detection.peerCount && detection.ports.length <= detection.portCount,
      text,
    );
  }
}

/** Several episodes, each a core of its own. */
function episodes(
  profile: Profile,
  count: number,
  check: (random: SeededRandom, entries: Entry[]) => void,
): void {
  for (let episode = 0; episode < count; episode++) {
    const random = new SeededRandom(SEED + episode * 7919);
    const entries = [numbers(KEY_UNICAST_ONLY, random.below(2))];
    if (profile === 'standard') entries.push(numbers(KEY_CACHE_SIZE, random.pick([1, 8, 64])));
    check(random, entries);
  }
}

for (const profile of NOTICING) {
  test(`${profile}: random frames and clocks: no trap, no byte elsewhere, sense in all that is noticed, SEED=${SEED}`, () => {
    let noticed = 0;
    episodes(profile, 12, (random, entries) => {
      const core = startedCore(profile, ...entries);
      const canaries = new Canaries(core.exports);
      for (const { frame, time } of steps(random, 3_000)) {
        core.observe(frame, time);
        if (random.once(500)) core.configure(numbers(KEY_DETECTION, DETECT_ENABLED, random.below(2)));
        if (random.once(500))
          core.configure(numbers(KEY_DETECTION, DETECT_WINDOW, random.between(10, 3_600)));
        if (random.once(900)) core.configure(numbers(KEY_CACHE_SIZE, random.between(1, 64)));
        if (random.once(300)) core.tick(time + random.pick(JUMPS) > 0 ? time + random.pick(STEPS) : 0);
        if (random.once(50)) core.drain();
        if (random.once(100)) checkSense(core, time);
      }
      canaries.check();
      noticed += detectionsOf(core).length;
    });
    assert.ok(noticed > 0, 'random frames look like scans, too');
  });

  test(`${profile}: what is noticed does not depend on how frames were batched, SEED=${SEED}`, () => {
    episodes(profile, 6, (random, entries) => {
      const one = startedCore(profile, ...entries);
      const many = startedCore(profile, ...entries);
      one.exports.connect();
      many.exports.connect();
      for (const { frame, time } of steps(random, 2_000)) {
        one.observe(frame, time);
        if (!many.put(frame, time)) {
          many.flush();
          many.put(frame, time);
        }
        if (random.once(40)) many.flush();
      }
      many.flush();
      assert.equal(detectionsOf(many), detectionsOf(one));
      const { DETECT, DETECT_SIZE } = one.exports;
      const block = ({ memory }: DrivenCore) =>
        memory.slice(DETECT?.value ?? 0, (DETECT?.value ?? 0) + (DETECT_SIZE?.value ?? 0));
      assert.equal(block(many), block(one));
    });
  });
}

test.run();
