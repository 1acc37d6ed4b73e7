// Time may stand still, jump or run backwards (invariant 3): a jump makes one collection and a new schedule, never a
// catch-up, and no byte is lost to it.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEY_PENDING_TIME, KEY_SPOOL } from '../schema/configuration-block.ts';
import { FRAME_HEADER } from '../schema/frame.ts';
import {
  STATE_PENDING,
  STATE_SUSPENDED,
  STATUS_BYTES,
  STATUS_CLOCK_JUMPS,
  STATUS_DUE,
  STATUS_MESSAGES,
  STATUS_NOW,
  STATUS_REPORTED_BYTES,
  STATUS_STATE,
} from '../schema/status.ts';
import { detectionOff, intervals, numbers, seed } from './support/configuration-block.ts';
import { DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { bytesInTables, readRecords } from './support/flow-table-reader.ts';
import { Canaries } from './support/memory-map.ts';
import { frame, peerV4, peerV6 } from './support/packets.ts';
import { PROFILES, type Profile } from './support/profiles.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const SECOND = 1_000;
const YEAR = 365.25 * 86_400 * SECOND;
/** The latest time the core tells apart. */
const TIME_MAX = 2 ** 48;

/** Collections, told by their NetworkActivity events: one flow is active all the time. */
function collections(core: DrivenCore): number {
  return core
    .drain()
    .flatMap(({ message }) => message.events)
    .filter(({ kind }) => kind === 'NetworkActivity').length;
}

function conserved(core: DrivenCore): void {
  assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES) + bytesInTables(core));
}

for (const profile of PROFILES) {
  test(`${profile}: a clock that stands still collects nothing twice and never asks to be called in the past`, () => {
    const core = startedCore(profile, ...detectionOff(profile));
    core.observe(frame(), EPOCH);
    for (let call = 0; call < 1_000; call++) assert.is(core.tick(EPOCH), EPOCH + 10 * SECOND);
    assert.is(core.u32(STATUS_MESSAGES), 0);
    assert.is(core.tick(EPOCH + 10 * SECOND), EPOCH + 20 * SECOND);
    for (let call = 0; call < 1_000; call++) {
      assert.is(core.tick(EPOCH + 10 * SECOND), EPOCH + 20 * SECOND);
    }
    assert.is(collections(core), 1);
  });

  for (const [name, by] of [
    ['2.6 years', 2.6 * YEAR],
    ['10.8 years', 10.8 * YEAR],
    ['a low interval and a millisecond past the due time', 10 * SECOND + 60 * SECOND + 1],
    ['-60.001 s', -60 * SECOND - 1],
    ['-2.6 years', -2.6 * YEAR],
    ['to 1970', -EPOCH],
  ] as const) {
    test(`${profile}: a clock that jumps by ${name} collects once and begins a new schedule there`, () => {
      const core = startedCore(profile);
      core.observe(frame(), EPOCH);
      const then = Math.round(EPOCH + by);
      assert.is(core.tick(then), then + 10 * SECOND);
      assert.is(core.u32(STATUS_CLOCK_JUMPS), 1);
      assert.is(collections(core), 1);
      // Every group starts anew: one high interval later network activity only, six later all of it.
      for (let tens = 1; tens <= 6; tens++) {
        core.observe(frame(), then + tens * 10 * SECOND - 1);
        assert.is(core.tick(then + tens * 10 * SECOND), then + (tens + 1) * 10 * SECOND);
        const kinds = core.drain().flatMap(({ message }) => message.events.map(({ kind }) => kind));
        assert.equal(
          kinds,
          // In 3.0 system information has been said at the jump.
          tens === 6 && profile !== 'lean'
            ? ['NetworkActivity', 'SystemInformation', 'Heartbeat']
            : ['NetworkActivity'],
        );
      }
      assert.is(core.u32(STATUS_CLOCK_JUMPS), 1);
      conserved(core);
    });
  }

  test(`${profile}: a jump is no time passed: the event after it covers an interval, not years`, () => {
    for (const by of [2.6 * YEAR, -2.6 * YEAR]) {
      const core = startedCore(profile);
      core.observe(frame(), EPOCH);
      core.tick(Math.round(EPOCH + by));
      for (const { interval, kind } of core.drain().flatMap(({ message }) => message.events)) {
        assert.is(interval, kind === 'NetworkActivity' ? 10 : 60, `${kind} after a jump by ${by} ms`);
      }
    }
  });

  test(`${profile}: a frame that jumps does what a tick that jumps does`, () => {
    for (const by of [2.6 * YEAR, -2.6 * YEAR, 90 * SECOND, -90 * SECOND]) {
      const core = startedCore(profile);
      core.observe(frame(), EPOCH);
      core.observe(frame(), Math.round(EPOCH + by));
      assert.is(core.u32(STATUS_CLOCK_JUMPS), 1);
      assert.is(collections(core), 1);
      assert.is(core.u64(STATUS_DUE), Math.round(EPOCH + by) + 10 * SECOND);
    }
  });

  test(`${profile}: up to a low interval late is late, not a jump: one collection, no catch-up`, () => {
    const core = startedCore(profile, intervals(1, 2, 60));
    core.observe(frame(), EPOCH);
    const late = EPOCH + 1 * SECOND + 60 * SECOND;
    assert.is(core.tick(late), late + SECOND);
    assert.is(core.u32(STATUS_CLOCK_JUMPS), 0);
    assert.is(collections(core), 1);
    // A millisecond late keeps to the schedule.
    assert.is(core.tick(late + SECOND + 1), late + 2 * SECOND);
  });

  test(`${profile}: up to a low interval back time stands still`, () => {
    const core = startedCore(profile);
    core.tick(EPOCH + 9 * SECOND);
    assert.is(core.tick(EPOCH + 9 * SECOND - 60 * SECOND), EPOCH + 10 * SECOND);
    assert.is(core.u64(STATUS_NOW), EPOCH + 9 * SECOND);
    assert.is(core.u32(STATUS_CLOCK_JUMPS), 0);
  });

  test(`${profile}: negative and huge times are clamped, and the way back to a sane clock is one jump`, () => {
    const core = startedCore(profile);
    for (const time of [
      -1n,
      -(2n ** 63n),
      2n ** 63n - 1n,
      2n ** 62n,
      -(2n ** 40n),
      2n ** 48n,
      2n ** 48n + 1n,
    ]) {
      core.observe(frame(), core.u64(STATUS_NOW));
      const due = core.tick(time);
      const now = time < 0n ? 0 : Math.min(Number(time), TIME_MAX);
      assert.is(core.u64(STATUS_NOW), now);
      assert.is(due, now + 10 * SECOND);
      conserved(core);
    }
    core.drain();
    core.observe(frame(), core.u64(STATUS_NOW));
    core.tick(EPOCH);
    assert.is(core.u64(STATUS_NOW), EPOCH);
    assert.is(collections(core), 1);
  });

  for (const time of [2n ** 48n, 2n ** 48n + 60_000n, 2n ** 63n - 1n, -(2n ** 63n), -60_001n, -1n]) {
    test(`${profile}: frames of time ${time} get through: observe, tick with their time, go on`, () => {
      const core = startedCore(profile);
      for (let count = 0; count < 5; count++) core.put(frame(), time + BigInt(count % 2));
      core.flush();
      assert.is(core.verdicts()[0], 5);
      core.tick(EPOCH);
      core.observe(frame(), EPOCH);
      assert.is(core.verdicts()[0], 6);
      conserved(core);
    });
  }

  test(`${profile}: events are told in whole seconds (tenths in 3.0), past 2106 in as many as their field holds`, () => {
    const last = 0xffffffff;
    for (const [time, seconds] of [
      [0, 0],
      [999, 0],
      [1_000, 1],
      [65_535_999, 65_535],
      [65_536_000, 65_536],
      [EPOCH + 999, EPOCH / 1_000],
      [last * 1_000 - 1, last - 1],
      [last * 1_000, last],
      [(last + 1) * 1_000, last],
      [(last + 1) * 1_000 + 77_000, last],
      [2 ** 47, last],
      [TIME_MAX - 1, last],
      [TIME_MAX, last],
    ] as const) {
      const core = startedAt(profile, BigInt(time));
      core.collect(time, profile === 'lean' ? 2 : 4);
      assert.is(
        core.drain()[0]?.message.events[0]?.time,
        profile === 'lean' ? Math.floor(time / 100) / 10 : seconds,
        `${time} ms`,
      );
    }
  });

  test(`${profile}: start at any time`, () => {
    for (const time of [0n, -5n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      const core = startedCore(profile);
      assert.is(core.start(time), -10, 'once only');
      const fresh = startedAt(profile, time);
      const due = fresh.tick(time);
      assert.ok(due > fresh.u64(STATUS_NOW));
    }
  });

  test(`${profile}: collect ahead of a late clock does not open the way for frames past the due time`, () => {
    const core = startedCore(profile);
    core.observe(frame(), EPOCH);
    const late = EPOCH + 3_600 * SECOND;
    core.collect(late);
    core.drain();
    core.put(frame(), late + 100 * SECOND);
    assert.is(core.exports.observe(0, FRAME_HEADER + frame().bytes.length), 0, 'not before a tick');
  });

  for (const [name, entry] of [
    ['a shorter pending time', numbers(KEY_PENDING_TIME, 1)],
    ['an end of the spool', numbers(KEY_SPOOL, 0)],
  ] as const) {
    test(`${profile}: ${name}, set after long pending, suspends; it is no jump of the clock`, () => {
      const core = startedCore(
        profile,
        ...(name.includes('spool') ? [numbers(KEY_SPOOL, 1)] : [numbers(KEY_PENDING_TIME, 100_000)]),
      );
      let now = EPOCH;
      while (now < EPOCH + 1_000 * SECOND) {
        now += 10 * SECOND;
        core.tick(now);
        core.drain();
      }
      assert.is(core.u32(STATUS_STATE), STATE_PENDING);
      assert.is(core.configure(entry), 0);
      assert.ok(core.u64(STATUS_DUE) >= now, 'due now, not in the past');
      core.tick(now + 1);
      assert.is(core.u32(STATUS_CLOCK_JUMPS), 0);
      assert.is(core.u32(STATUS_STATE), STATE_SUSPENDED);
    });
  }

  test(`${profile}: disconnect with a time that lags behind is no jump of the clock`, () => {
    const core = startedCore(profile);
    core.exports.connect();
    core.tick(EPOCH + 10 * SECOND);
    core.disconnect(EPOCH + 10 * SECOND - 400 * SECOND);
    assert.ok(core.u64(STATUS_DUE) >= EPOCH + 10 * SECOND, 'due now or later');
    core.tick(EPOCH + 10 * SECOND + 1);
    assert.is(core.u32(STATUS_CLOCK_JUMPS), 0);
    assert.is(core.u32(STATUS_STATE), STATE_PENDING, 'nobody waited for 300 s');
  });

  test(`${profile}: no flow is first seen after it was last seen, whatever the clock did, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    const core = startedCore(profile, numbers(KEY_PENDING_TIME, 30));
    let time = EPOCH;
    for (let step = 0; step < 3_000; step++) {
      time += random.below(3_000) - (random.once(5) ? 20_000 : 0);
      if (random.once(200)) time += random.pick([-YEAR, YEAR, -100_000, 100_000]);
      time = Math.max(0, Math.round(time));
      core.observe(frame({ to: peerV4(random.below(80)) }), time);
      core.observe(frame({ to: peerV6(random.below(80)) }), time);
      if (random.once(50)) core.exports.connect();
      if (random.once(50)) core.disconnect(time);
      if (random.once(100)) core.configure(intervals(1, random.between(1, 60), random.between(60, 600)));
      if (random.once(8)) core.drain();
      for (const record of [...readRecords(core, 4), ...readRecords(core, 6)]) {
        if (record.packetsIn + record.packetsOut === 0) continue;
        assert.ok(record.firstSeen <= record.lastSeen, `${record.name}, step ${step}`);
      }
      conserved(core);
    }
  });

  test(`${profile}: any clock at all: a due time ahead after every tick, one collection a call, no trap, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    const core = startedCore(profile, intervals(1, 2, 3));
    const canaries = new Canaries(core.exports);
    let time = BigInt(EPOCH);
    for (let step = 0; step < 20_000; step++) {
      time += BigInt(random.below(1_500));
      if (random.once(20)) time -= BigInt(random.below(6_000));
      if (random.once(50)) time = BigInt(random.u32()) * BigInt(random.u32()) * (random.once(4) ? -1n : 1n);
      if (random.once(100)) time = BigInt(EPOCH);
      core.observe(frame(), BigInt.asUintN(47, time));
      const before = core.u32(STATUS_MESSAGES);
      const due = core.tick(time);
      assert.is(due, core.u64(STATUS_DUE));
      // A collection of one flow fits one message.
      assert.ok(core.u32(STATUS_MESSAGES) - before <= 1, 'one collection');
      if (random.once(3)) core.drain();
      else assert.ok(due > core.u64(STATUS_NOW), `due ${due} is not ahead of ${core.u64(STATUS_NOW)}`);
      if (random.once(100)) core.exports.connect();
      if (random.once(300)) core.disconnect(time);
      conserved(core);
    }
    canaries.check();
  });
}

function startedAt(profile: Profile, time: bigint): DrivenCore {
  const core = new DrivenCore(profile);
  assert.is(core.configure(seed(1)), 0);
  assert.is(core.start(time), 0);
  return core;
}

test.run();
