// A million random and mutated frames: whatever comes, nothing traps, every frame has its verdict, every byte is
// accounted for, and nothing is written where it does not belong.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEY_FIRST_COLLECTION, KEY_SEND_EMPTY } from '../../schema/configuration-block.ts';
import {
  STATE_SUSPENDED,
  STATUS_MERGED,
  STATUS_MESSAGES,
  STATUS_NOW,
  STATUS_STATE,
  STATUS_VERDICTS,
} from '../../schema/status.ts';
import {
  detectionOff,
  intervals,
  numbers,
  ownConnections,
  plainFormat,
  seed,
} from '../support/configuration-block.ts';
import { type DeviceSettings, entriesOf, modelOf, v4, v6 } from '../support/device.ts';
import { DrivenCore, EPOCH } from '../support/driven-core.ts';
import { checkIndex } from '../support/flow-table-reader.ts';
import { batchedSize } from '../support/frame-batch.ts';
import { layout } from '../support/layout.ts';
import { Ledger } from '../support/ledger.ts';
import { firstDifference, inputRange } from '../support/memory-image.ts';
import { Canaries } from '../support/memory-map.ts';
import { hex } from '../support/message-reader.ts';
import { type Device, type Frame, type Judgement, judge } from '../support/packet-model.ts';
import { PROFILES, type Profile } from '../support/profiles.ts';
import { neighbourhood, RandomFrames, randomOwn } from '../support/random-frames.ts';
import { SeededRandom, seedOfRun } from '../support/seeded-random.ts';
import { openBytes, writersOf } from '../support/writers.ts';

const SEED = seedOfRun();
const FRAMES: Readonly<Record<Profile, number>> = {
  lean: 340_000,
  'lean-strict': 340_000,
  standard: 400_000,
  gateway: 280_000,
};
const EPISODE = 20_000;

const LOCALS = [v4('10.0.0.5'), v4('10.0.7.9'), v6('2001:db8::5'), v6('fe80::1234:5')];

/** calm: few flows, which all find a record; busy: anything; cut off: the hub takes nothing until the end. */
const MOODS = ['calm', 'busy', 'busy', 'cut off'] as const;
type Mood = (typeof MOODS)[number];

const CALM: DeviceSettings = {
  locals: LOCALS.map((address) => ({ address, prefix: 0 })),
  unicastOnly: true,
  protocols: ['TCP', 'UDP', 'ICMP'],
  networkActivity: true,
};

function randomSettings(random: SeededRandom, { FLOW_MAX, OWN_MAX }: DrivenCore['exports']): DeviceSettings {
  return {
    locals: LOCALS.map((address) => ({
      address,
      prefix: random.pick(address.length === 4 ? [0, 1, 8, 16, 24, 30, 31, 32] : [0, 64, 128]),
    })),
    unicastOnly: !random.once(3),
    protocols: (['TCP', 'UDP', 'ICMP'] as const).filter(() => !random.once(6)),
    networkActivity: !random.once(20),
    cacheSize: random.once(2) ? random.pick([1, 2, 3, 4, 5, 16, 63, FLOW_MAX.value]) : undefined,
    own: randomOwn(random, OWN_MAX.value),
  };
}

/** Few five-tuples, so that nothing is merged, or so many that most of it is. */
function randomFrames(random: SeededRandom, profile: Profile, mood: Mood): RandomFrames {
  const few = [
    [1, 1],
    [1, 2],
    [2, 1],
  ] as const;
  const many = [
    [4, 3],
    [16, 16],
    [200, 65_535],
  ] as const;
  const [remotes, ports] = random.pick(mood === 'calm' ? few : [...few, ...many]);
  const snap = random.pick(
    profile === 'lean' ? [96, 500] : profile === 'lean-strict' ? [96, 600] : [60, 96, 1500],
  );
  const mutateOnce = random.pick(mood === 'calm' ? [0, 16] : [0, 2, 4, 8]);
  return new RandomFrames(random, neighbourhood(LOCALS, remotes, ports, mutateOnce, snap));
}

class Episode {
  readonly core: DrivenCore;
  readonly ledger = new Ledger();
  readonly #random: SeededRandom;
  readonly #mood: Mood;
  readonly #canaries: Canaries;
  #time = EPOCH;
  #settings: DeviceSettings;
  #model: Device;
  #frames: RandomFrames;
  /** Model's word on each frame of the batch at hand, how many of them the ledger has, and copies to show on failure. */
  #judgements: Judgement[] = [];
  #copies: Frame[] = [];
  #taken = 0;

  constructor(random: SeededRandom, profile: Profile) {
    this.#random = random;
    this.#mood = random.pick(MOODS);
    this.core = new DrivenCore(profile);
    this.#canaries = new Canaries(this.core.exports);
    this.#settings = this.#mood === 'calm' ? CALM : randomSettings(random, this.core.exports);
    this.#model = modelOf(this.#settings);
    this.#frames = randomFrames(random, profile, this.#mood);
    const code = this.core.configure(
      seed(random.u32()),
      ...plainFormat(profile),
      ...random.pick(writersOf(profile)).entries,
      intervals(1, random.between(1, 3), random.between(3, 6)),
      numbers(KEY_FIRST_COLLECTION, random.below(2)),
      numbers(KEY_SEND_EMPTY, random.below(2)),
      ...entriesOf(this.#settings),
    );
    assert.is(code, 0);
    assert.is(this.core.start(this.#time), 0);
  }

  run(frames: number): void {
    for (let left = frames; left > 0; ) {
      left -= this.#batch(Math.min(left, this.#random.between(1, 300)));
      this.#afterBatch();
    }
    this.#close();
  }

  #batch(wanted: number): number {
    const pace = this.#random.pick([0, 1, 3, 30]);
    for (let count = 0; count < wanted; count++) {
      const frame = this.#frames.next();
      const time = this.#nextTime(pace);
      if (!this.core.put(frame, time)) break;
      this.#judgements.push(judge(frame, this.#model));
      this.#copies.push({ ...frame, bytes: frame.bytes.slice() });
    }
    const taken = this.core.flush((until) => {
      this.#takeUntil(until);
      this.#hub();
    });
    this.#takeUntil(taken);
    this.#check();
    this.#judgements = [];
    this.#copies = [];
    this.#taken = 0;
    return taken;
  }

  #nextTime(pace: number): number {
    this.#time += this.#random.below(2 * pace + 1);
    if (this.#random.once(4_000)) this.#time += this.#random.pick([7_000, 100_000, -100_000, 3e11, -3e11]);
    return this.#random.once(20) ? this.#time - this.#random.below(2_500) : this.#time;
  }

  #takeUntil(end: number): void {
    for (const judgement of this.#judgements.slice(this.#taken, end)) this.ledger.take(judgement);
    this.#taken = end;
  }

  /** The hub acknowledges what there is, or is away. */
  #hub(): void {
    this.#check();
    if (this.#mood === 'cut off' || this.#random.once(3)) return;
    for (const { message } of this.core.drain()) this.ledger.report(message);
    if (openBytes(this.core) === 0) this.ledger.checkRead(this.core);
  }

  #afterBatch(): void {
    const { core } = this;
    switch (this.#random.below(40)) {
      case 0:
        core.exports.connect();
        break;
      case 1:
        core.disconnect(this.#time);
        break;
      case 2:
        core.collect(this.#time, this.#random.below(8));
        break;
      case 3:
        core.tick(this.#time + this.#random.below(3_000));
        break;
      case 4:
        if (this.#mood === 'calm') return;
        this.#settings = randomSettings(this.#random, core.exports);
        this.#model = modelOf(this.#settings);
        assert.is(core.configure(...entriesOf(this.#settings)), 0);
        break;
      case 5: {
        // A reconnect: makes no message, and merges nothing.
        const own = randomOwn(this.#random, core.exports.OWN_MAX.value);
        this.#settings = { ...this.#settings, own };
        this.#model = modelOf(this.#settings);
        const [messages, merged] = [core.u32(STATUS_MESSAGES), core.u64(STATUS_MERGED)];
        assert.is(core.configure(ownConnections(own)), 0);
        assert.equal([core.u32(STATUS_MESSAGES), core.u64(STATUS_MERGED)], [messages, merged]);
        break;
      }
      default:
        return;
    }
    this.#hub();
  }

  #check(): void {
    try {
      this.ledger.check(this.core);
    } catch (error) {
      throw this.#culprit() ?? error;
    }
    this.#canaries.check();
    // A gateway's index is half a megabyte.
    if (this.core.profile === 'gateway' && !this.#random.once(50)) return;
    checkIndex(this.core, 4);
    checkIndex(this.core, 6);
  }

  /** The first frame of the batch that core and model judge differently. */
  #culprit(): Error | undefined {
    const alone = new DrivenCore(this.core.profile);
    alone.configure(seed(1), ...plainFormat(this.core.profile), ...entriesOf(this.#settings));
    alone.start(EPOCH);
    for (const [index, frame] of this.#copies.entries()) {
      const before = alone.verdicts();
      alone.observe(frame, EPOCH);
      const verdict = alone.verdicts().findIndex((count, number) => count !== before[number]);
      const expected = new Ledger();
      expected.take(this.#judgements[index] ?? { verdict: 'non_ip' });
      const single = new DrivenCore(this.core.profile);
      single.configure(seed(1), ...plainFormat(this.core.profile), ...entriesOf(this.#settings));
      single.start(EPOCH);
      single.observe(frame, EPOCH);
      try {
        expected.check(single);
      } catch (error) {
        const shown = `link ${frame.link}, ${frame.original} bytes on the wire: ${hex(frame.bytes)}`;
        return new Error(
          `verdict ${verdict} (${error}), model ${JSON.stringify(this.#judgements[index])}; ${shown}`,
        );
      }
    }
    return undefined;
  }

  /** The hub comes back; whatever is left comes out. */
  #close(): void {
    const { core } = this;
    core.exports.connect();
    assert.is.not(core.u32(STATUS_STATE), STATE_SUSPENDED);
    for (let round = 0; round < 200; round++) {
      for (const { message } of core.drain()) this.ledger.report(message);
      if (core.collect(core.u64(STATUS_NOW), 1) === 0 && core.exports.next() === 0) break;
      core.disconnect(core.u64(STATUS_NOW));
      core.exports.connect();
    }
    this.ledger.close(core);
    if (this.#mood === 'calm' && core.exports.FLOW_MAX.value > 64) assert.is(core.u64(STATUS_MERGED), 0);
    this.#canaries.check();
  }
}

for (const profile of PROFILES) {
  test(`${profile}: ${FRAMES[profile]} frames, each judged as the model does, every byte reported, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    let frames = 0;
    while (frames < FRAMES[profile]) {
      const episode = new Episode(random, profile);
      episode.run(EPISODE);
      frames += episode.ledger.frames;
    }
  });
}

for (const profile of PROFILES) {
  test(`${profile}: a rejected frame leaves nothing behind but its count and the time, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < (profile === 'gateway' ? 20 : 400); round++) {
      const core = new DrivenCore(profile);
      const settings = randomSettings(random, core.exports);
      // Detection looks at what waits when time moves on.
      core.configure(seed(1), ...plainFormat(profile), ...detectionOff(profile), ...entriesOf(settings));
      core.start(EPOCH);
      fillTable(core, random, settings);
      const before = core.memory.slice();
      const rejected = rejectedFrames(random, profile, settings, core);
      core.flush();
      const { STATUS, AGENT } = core.exports;
      const oldest = AGENT.value + layout('AGENT_OLDEST');
      const at = firstDifference(before, core.memory, [
        inputRange(core.exports),
        [STATUS.value + STATUS_VERDICTS + 8, STATUS.value + STATUS_VERDICTS + 8 * core.verdicts().length],
        [STATUS.value + STATUS_NOW, STATUS.value + STATUS_NOW + 8],
        [oldest, oldest + 8],
      ]);
      assert.ok(rejected > 0);
      assert.is(at, undefined, `byte ${at} of memory changed`);
    }
  });
}

function fillTable(core: DrivenCore, random: SeededRandom, settings: DeviceSettings): void {
  const frames = new RandomFrames(random, neighbourhood(LOCALS, 4, 4, 0, 96));
  const model = modelOf(settings);
  for (let count = 0; count < 100; count++) {
    const frame = frames.next();
    if (judge(frame, model).verdict === 'counted') core.observe(frame, EPOCH);
  }
}

/** Fills one batch with frames the model rejects; times move on. */
function rejectedFrames(
  random: SeededRandom,
  profile: Profile,
  settings: DeviceSettings,
  core: DrivenCore,
): number {
  const frames = randomFrames(random, profile, 'busy');
  const model = modelOf(settings);
  const room = core.exports.INPUT_SIZE.value;
  let count = 0;
  for (let size = 0, tries = 0; tries < 4_000; tries++) {
    const frame = frames.next();
    if (judge(frame, model).verdict === 'counted') continue;
    size += batchedSize(frame);
    if (size > room || !core.put(frame, EPOCH + count)) break;
    count++;
  }
  return count;
}

test.run();
