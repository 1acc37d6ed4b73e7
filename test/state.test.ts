// not initialised -> pending -> active -> pending; pending for too long -> suspended; a connection always leads to active.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ALREADY_STARTED, NO_SEED, NOT_STARTED, UNKNOWN_SEQUENCE } from '../schema/codes.ts';
import {
  COLLECTOR_NETWORK_ACTIVITY,
  GROUP_HIGH,
  KEY_PENDING_TIME,
  KEY_SPOOL,
} from '../schema/configuration-block.ts';
import {
  STATE_ACTIVE,
  STATE_NOT_INITIALISED,
  STATE_PENDING,
  STATE_SUSPENDED,
  STATUS_BYTES,
  STATUS_DUE,
  STATUS_MESSAGES,
  STATUS_STATE,
} from '../schema/status.ts';
import { kindsOf } from './support/compact-reader.ts';
import { collectors, intervals, numbers, seed } from './support/configuration-block.ts';
import { LAPTOP, modelOf } from './support/device.ts';
import { DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { Ledger } from './support/ledger.ts';
import { judge } from './support/packet-model.ts';
import { frame, peerV4, peerV6 } from './support/packets.ts';
import { PROFILES } from './support/profiles.ts';

const SECOND = 1_000;

/** Ticks whenever the core asks for it, until `end`. Returns the states seen. */
function runUntil(core: DrivenCore, end: number): Set<number> {
  const states = new Set<number>();
  for (let due = core.u64(STATUS_DUE); due <= end; due = core.u64(STATUS_DUE)) {
    core.tick(due);
    core.drain();
    states.add(core.u32(STATUS_STATE));
  }
  return states;
}

for (const profile of PROFILES) {
  test(`${profile}: before start every call says so and changes nothing`, () => {
    const core = new DrivenCore(profile);
    const before = core.memory.slice();
    const { exports } = core;
    assert.is(core.u32(STATUS_STATE), STATE_NOT_INITIALISED);
    assert.is(core.start(EPOCH), NO_SEED);
    assert.is(core.tick(EPOCH), NOT_STARTED);
    assert.is(exports.observe(0, 64), NOT_STARTED);
    assert.is(exports.observe(-1, -1), NOT_STARTED);
    assert.is(core.collect(EPOCH), NOT_STARTED);
    assert.is(exports.connect(), NOT_STARTED);
    assert.is(core.disconnect(EPOCH), NOT_STARTED);
    assert.is(exports.next(), 0);
    assert.is(exports.acknowledge(0), UNKNOWN_SEQUENCE);
    assert.is(Buffer.compare(before, core.memory), 0);
    assert.is(core.configure(intervals(1, 2, 3)), 0);
    assert.is(core.start(EPOCH), NO_SEED);
    assert.is(core.configure(seed(1)), 0);
    assert.is(core.start(EPOCH), 0);
    assert.is(core.u32(STATUS_STATE), STATE_PENDING);
  });

  test(`${profile}: start works once`, () => {
    const core = startedCore(profile);
    core.observe(frame(), EPOCH);
    const before = core.memory.slice();
    assert.is(core.start(EPOCH + 1), ALREADY_STARTED);
    assert.is(Buffer.compare(before, core.memory), 0);
  });

  test(`${profile}: pending collects without a hub`, () => {
    const core = startedCore(profile);
    core.observe(frame(), EPOCH);
    core.tick(EPOCH + 10 * SECOND);
    assert.is(core.u32(STATUS_STATE), STATE_PENDING);
    assert.is(core.drain().length, 1);
  });

  test(`${profile}: pending turns suspended when its time is over, to the millisecond`, () => {
    for (const pendingTime of [1, 7, 300]) {
      const core = startedCore(profile, numbers(KEY_PENDING_TIME, pendingTime));
      const end = EPOCH + pendingTime * SECOND;
      runUntil(core, end - 1);
      assert.is(core.u64(STATUS_DUE), end, 'the core asks to be called then');
      core.tick(end - 1);
      assert.is(core.u32(STATUS_STATE), STATE_PENDING);
      core.tick(end);
      assert.is(core.u32(STATUS_STATE), STATE_SUSPENDED);
    }
  });

  test(`${profile}: the last hub gone, pending begins anew; said twice, it does not`, () => {
    const core = startedCore(profile);
    runUntil(core, EPOCH + 200 * SECOND);
    assert.is(core.exports.connect(), STATE_ACTIVE);
    assert.is(core.exports.connect(), STATE_ACTIVE);
    assert.equal(runUntil(core, EPOCH + 2_000 * SECOND), new Set([STATE_ACTIVE]));
    assert.is(core.disconnect(EPOCH + 2_000 * SECOND), STATE_PENDING);
    runUntil(core, EPOCH + 2_200 * SECOND);
    assert.is(core.disconnect(EPOCH + 2_200 * SECOND), STATE_PENDING);
    runUntil(core, EPOCH + 2_299 * SECOND);
    assert.is(core.u32(STATUS_STATE), STATE_PENDING);
    runUntil(core, EPOCH + 2_300 * SECOND);
    assert.is(core.u32(STATUS_STATE), STATE_SUSPENDED);
  });

  test(`${profile}: suspended finishes no message in a day, counts on, and a hub brings all of it at once`, () => {
    const core = startedCore(profile);
    const ledger = new Ledger();
    const model = modelOf(LAPTOP);
    const traffic = (now: number) => {
      for (let peer = 0; peer < 100; peer++) {
        const next = frame({ to: peer % 2 ? peerV4(peer) : peerV6(peer), payload: peer });
        ledger.take(judge(next, model));
        core.observe(next, now);
      }
      for (const { message } of core.drain()) ledger.report(message);
    };
    traffic(EPOCH);
    for (let due = core.u64(STATUS_DUE); due <= EPOCH + 300 * SECOND; due = core.u64(STATUS_DUE))
      core.tick(due);
    assert.is(core.u32(STATUS_STATE), STATE_SUSPENDED);
    traffic(EPOCH + 300 * SECOND);
    const finished = core.u32(STATUS_MESSAGES);
    let now = EPOCH + 300 * SECOND;
    for (let hour = 0; hour < 24; hour++) {
      for (let call = 0; call < 100; call++) {
        now = core.u64(STATUS_DUE);
        assert.ok(core.tick(now) > now);
      }
      traffic(now);
      ledger.check(core);
    }
    assert.is(core.u32(STATUS_MESSAGES), finished);
    assert.is(core.u32(STATUS_STATE), STATE_SUSPENDED);

    assert.is(core.exports.connect(), STATE_ACTIVE);
    assert.is(core.u64(STATUS_DUE), now, 'due at once');
    const kinds = new Set<string>();
    for (let round = 0; round < 10; round++) {
      core.tick(now);
      for (const { message } of core.drain()) {
        ledger.report(message);
        for (const { kind } of message.events) kinds.add(kind);
      }
    }
    assert.equal(kinds, new Set(kindsOf(profile, ['NetworkActivity', 'SystemInformation', 'Heartbeat'])));
    ledger.close(core);
    // And then as ever.
    traffic(now);
    core.tick(core.u64(STATUS_DUE));
    for (const { message } of core.drain()) ledger.report(message);
    core.collect(core.u64(STATUS_DUE), 1);
    for (const { message } of core.drain()) ledger.report(message);
    ledger.close(core);
  });

  test(`${profile}: suspended, a lost connection changes nothing but that messages are handed out again`, () => {
    const core = startedCore(profile);
    core.collect(EPOCH, 4);
    assert.is(core.take()?.sequence, 0);
    core.tick(EPOCH + 10 * SECOND);
    for (let due = core.u64(STATUS_DUE); due <= EPOCH + 300 * SECOND; due = core.u64(STATUS_DUE))
      core.tick(due);
    assert.is(core.disconnect(EPOCH + 400 * SECOND), STATE_SUSPENDED);
    assert.is(core.take()?.sequence, 0);
  });

  test(`${profile}: a collection asked for by name is made, suspended or not`, () => {
    const core = startedCore(profile, numbers(KEY_PENDING_TIME, 1));
    core.tick(EPOCH + 1 * SECOND);
    assert.is(core.u32(STATUS_STATE), STATE_SUSPENDED);
    core.observe(frame(), EPOCH + 2 * SECOND);
    assert.is(core.collect(EPOCH + 2 * SECOND), 1);
    assert.is(core.u32(STATUS_STATE), STATE_SUSPENDED);
  });

  test(`${profile}: with a spool the agent is never suspended`, () => {
    const core = startedCore(profile, numbers(KEY_SPOOL, 1), numbers(KEY_PENDING_TIME, 1));
    assert.equal(runUntil(core, EPOCH + 86_400 * SECOND), new Set([STATE_PENDING]));
  });

  test(`${profile}: suspended, network activity switched off: what was counted before still comes out`, () => {
    const core = startedCore(profile, numbers(KEY_PENDING_TIME, 1));
    core.tick(EPOCH + 1 * SECOND);
    core.observe(frame(), EPOCH + 2 * SECOND);
    assert.is(core.configure(collectors([COLLECTOR_NETWORK_ACTIVITY, 0, GROUP_HIGH])), 0);
    core.exports.connect();
    core.tick(EPOCH + 20 * SECOND);
    const reported = core
      .drain()
      .flatMap(({ message }) => message.events.flatMap(({ flows }) => flows))
      .reduce((sum, { bytesIn, bytesOut }) => sum + bytesIn + bytesOut, 0);
    assert.is(reported, core.u64(STATUS_BYTES));
  });
}

test.run();
