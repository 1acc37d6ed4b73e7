// When each collector speaks: priority groups, intervals, the first collection, the order of events.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  COLLECTOR_HEARTBEAT,
  COLLECTOR_NETWORK_ACTIVITY,
  COLLECTOR_SYSTEM_INFORMATION,
  GROUP_HIGH,
  GROUP_LOW,
  GROUP_MEDIUM,
  KEY_FIRST_COLLECTION,
  KEY_HARDWARE,
  KEY_KERNEL,
  KEY_NETWORK_STACK,
  KEY_OS,
  KEY_SEND_EMPTY,
  KEY_SPOOL,
} from '../schema/configuration-block.ts';
import { STATUS_DUE } from '../schema/status.ts';
import { kindsOf } from './support/compact-reader.ts';
import { collectors, intervals, numbers, seed, text } from './support/configuration-block.ts';
import { DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import type { ReadEvent } from './support/message-reader.ts';
import { frame, peerV4, peerV6 } from './support/packets.ts';
import { PROFILES } from './support/profiles.ts';

const SECOND = 1_000;
const KINDS = ['NetworkActivity', 'SystemInformation', 'Heartbeat'] as const;
const INTERVALS = [10, 30, 60] as const;

function eventsOf(core: DrivenCore): ReadEvent[] {
  return core.drain().flatMap(({ message }) => [...message.events]);
}

/** Ticks when asked to, with one packet a second; returns events by kind. */
function runFor(core: DrivenCore, from: number, seconds: number): Map<string, ReadEvent[]> {
  const events = new Map<string, ReadEvent[]>(KINDS.map((kind) => [kind, []]));
  for (let second = 0; second <= seconds; second++) {
    core.observe(frame(), from + second * SECOND);
    core.tick(from + second * SECOND);
    for (const event of eventsOf(core)) events.get(event.kind)?.push(event);
  }
  return events;
}

for (const profile of PROFILES) {
  const kindsShown = kindsOf(profile, KINDS);
  // In 3.0 system information is said once a day, and what is said is a heartbeat (shared-messages.test.ts).
  const isSpare = profile === 'lean';

  for (const group of [GROUP_HIGH, GROUP_MEDIUM, GROUP_LOW]) {
    test(`${profile}: any collector in group ${group} speaks every ${INTERVALS[group]} s`, () => {
      for (const collector of [
        COLLECTOR_NETWORK_ACTIVITY,
        COLLECTOR_SYSTEM_INFORMATION,
        COLLECTOR_HEARTBEAT,
      ].slice(0, isSpare ? 1 : 3)) {
        const core = startedCore(profile, collectors([collector, 1, group]), numbers(KEY_SPOOL, 1));
        const interval = INTERVALS[group] ?? 0;
        const events = runFor(core, EPOCH, 600).get(KINDS[collector] ?? '') ?? [];
        assert.equal(
          events.map(({ time }) => time - EPOCH / SECOND),
          Array.from({ length: 600 / interval }, (_, index) => (index + 1) * interval),
        );
        for (const event of events) assert.is(event.interval, interval);
      }
    });
  }

  test(`${profile}: a collector that is switched off says nothing, switched on again it speaks`, () => {
    for (const [collector, kind] of (isSpare ? KINDS.slice(0, 1) : KINDS).entries()) {
      const core = startedCore(profile, collectors([collector, 0, GROUP_HIGH]), numbers(KEY_SPOOL, 1));
      const others = KINDS.filter((other) => other !== kind);
      const off = runFor(core, EPOCH, 300);
      assert.is(off.get(kind)?.length, 0);
      if (!isSpare) for (const other of others) assert.ok((off.get(other)?.length ?? 0) >= 5);
      assert.is(core.configure(collectors([collector, 1, GROUP_HIGH])), 0);
      assert.is(runFor(core, EPOCH + 300 * SECOND, 300).get(kind)?.length, 30);
    }
  });

  test(`${profile}: with every collector off nothing is said, and the clock is not asked to hurry`, () => {
    const core = startedCore(
      profile,
      collectors([0, 0, GROUP_HIGH], [1, 0, GROUP_HIGH], [2, 0, GROUP_HIGH]),
      numbers(KEY_SPOOL, 1),
    );
    const events = [...runFor(core, EPOCH, 300).values()].flat();
    assert.is(events.length, 0);
    assert.is(core.verdicts()[9], 301, 'disabled');
  });

  test(`${profile}: events of one collection share a message, activity, system, heartbeat in this order`, () => {
    const core = startedCore(profile);
    core.observe(frame(), EPOCH);
    core.tick(EPOCH + 60 * SECOND);
    const messages = core.drain();
    assert.is(messages.length, 1);
    assert.equal(
      messages[0]?.message.events.map(({ kind }) => kind),
      kindsShown,
    );
    const times = messages[0]?.message.events.map(({ time }) => time);
    assert.equal(
      times,
      kindsShown.map(() => EPOCH / SECOND + 60),
    );
  });

  test(`${profile}: the order of events holds over messages, wherever a full message cuts it`, () => {
    const length = profile.startsWith('lean') ? 48 : 128;
    // Around the number that fills the first message.
    const [least, most] = profile === 'gateway' ? [1_465, 1_495] : [0, 128];
    for (let flows = least; flows <= most; flows++) {
      const core = startedCore(
        profile,
        ...[KEY_OS, KEY_KERNEL, KEY_NETWORK_STACK, KEY_HARDWARE].map((key) => text(key, 'x'.repeat(length))),
      );
      for (let peer = 0; peer < flows; peer++) {
        core.put(frame({ to: peer % 2 ? peerV4(peer) : peerV6(peer) }), EPOCH);
        core.flush();
      }
      core.tick(EPOCH + 60 * SECOND);
      const events: ReadEvent[] = [];
      for (let round = 0; round < 10; round++) {
        events.push(...eventsOf(core));
        core.tick(EPOCH + 60 * SECOND);
      }
      const kinds = events.map(({ kind }) => kind);
      const parts = kinds.filter((kind) => kind === 'NetworkActivity').length;
      assert.equal(
        kinds,
        [...Array.from({ length: parts }, () => 'NetworkActivity'), ...kindsShown.slice(1)],
        `${flows} flows`,
      );
      assert.is(
        events.reduce((sum, event) => sum + event.flows.length, 0),
        flows,
      );
    }
  });

  test(`${profile}: without traffic network activity is silent, or says so where it is asked to`, () => {
    const silent = startedCore(profile);
    for (let second = 10; second < 60; second += 10) silent.tick(EPOCH + second * SECOND);
    assert.is(eventsOf(silent).length, 0);
    const telling = startedCore(profile, numbers(KEY_SEND_EMPTY, 1));
    for (let second = 10; second < 60; second += 10) telling.tick(EPOCH + second * SECOND);
    const events = eventsOf(telling);
    assert.equal(
      events.map(({ kind, flows }) => [kind, flows.length]),
      Array.from({ length: 5 }, () => ['NetworkActivity', 0]),
    );
  });

  test(`${profile}: the first collection falls at random in [x, 3x), evenly, over 2,000 seeds`, () => {
    for (const x of [1, 30]) {
      const share = new Uint32Array(8);
      for (let number = 0; number < 2_000 / (profile === 'gateway' ? 4 : 1); number++) {
        const core = new DrivenCore(profile);
        core.configure(seed(number), numbers(KEY_FIRST_COLLECTION, x));
        core.start(EPOCH);
        const delay = core.u64(STATUS_DUE) - EPOCH;
        assert.ok(delay >= x * SECOND && delay < 3 * x * SECOND, `${delay} ms for x = ${x} s`);
        const eighth = Math.floor((delay - x * SECOND) / ((2 * x * SECOND) / 8));
        share[eighth] = (share[eighth] ?? 0) + 1;
      }
      const total = share.reduce((sum, count) => sum + count, 0);
      // Even: 1/8 each; six standard deviations are 0.3 of that (500 seeds), 0.36 at most.
      for (const count of share) assert.ok(Math.abs(count / (total / 8) - 1) < 0.72, `${share}`);
      assert.is(total, 2_000 / (profile === 'gateway' ? 4 : 1));
    }
  });

  test(`${profile}: at the first collection every collector speaks, then each in its own time`, () => {
    const core = startedCore(profile, numbers(KEY_FIRST_COLLECTION, 30), numbers(KEY_SPOOL, 1));
    const first = core.u64(STATUS_DUE);
    core.observe(frame(), EPOCH);
    core.tick(first);
    assert.equal(
      eventsOf(core).map(({ kind }) => kind),
      kindsShown,
    );
    assert.is(core.u64(STATUS_DUE), first + 10 * SECOND);
    for (let tens = 1; tens <= 6; tens++) {
      core.observe(frame(), core.u64(STATUS_DUE) - 1);
      core.tick(core.u64(STATUS_DUE));
      assert.is(eventsOf(core).length, tens === 6 && !isSpare ? 3 : 1, `${tens}0 s later`);
    }
  });

  test(`${profile}: new intervals begin now`, () => {
    const core = startedCore(profile);
    core.tick(EPOCH + 5 * SECOND);
    assert.is(core.configure(intervals(2, 3, 4)), 0);
    assert.is(core.u64(STATUS_DUE), EPOCH + 7 * SECOND);
    assert.is(core.configure(intervals(2_592_000, 2_592_000, 2_592_000)), 0);
    assert.is(core.u64(STATUS_DUE), EPOCH + 300 * SECOND, 'the end of pending comes first');
    core.exports.connect();
    assert.is(core.u64(STATUS_DUE), EPOCH + 5 * SECOND + 2_592_000 * SECOND);
  });

  test(`${profile}: an event that comes late covers the time since the one before`, () => {
    const core = startedCore(profile);
    core.observe(frame(), EPOCH);
    core.tick(EPOCH + 10 * SECOND + 33 * SECOND);
    assert.equal(
      eventsOf(core)
        .filter(({ kind }) => kind === 'NetworkActivity')
        .map(({ interval }) => interval),
      [43],
    );
  });

  test(`${profile}: an event that comes late and fills several messages covers that time in each`, () => {
    const core = startedCore(profile);
    const flows = profile === 'gateway' ? 1_600 : 64;
    for (let peer = 0; peer < flows; peer++) {
      for (const to of [peerV4(peer), peerV6(peer)]) {
        core.put(frame({ to }), EPOCH);
        core.flush();
      }
    }
    core.tick(EPOCH + 43 * SECOND);
    const events: ReadEvent[] = [];
    for (let round = 0; round < 10; round++) {
      events.push(...eventsOf(core));
      core.tick(EPOCH + 43 * SECOND);
    }
    const intervals = events.filter(({ kind }) => kind === 'NetworkActivity').map(({ interval }) => interval);
    assert.ok(intervals.length > 1);
    assert.equal(new Set(intervals), new Set([43]));
  });

  test(`${profile}: collect takes the collectors it is given, out of those that are on`, () => {
    for (let bits = 0; bits < 16; bits++) {
      const core = startedCore(profile, collectors([COLLECTOR_SYSTEM_INFORMATION, 0, GROUP_LOW]));
      core.observe(frame(), EPOCH);
      const wanted = KINDS.filter((_, collector) => collector !== 1 && ((bits || 7) >> collector) & 1);
      assert.is(core.collect(EPOCH + 1, bits), wanted.length ? 1 : 0);
      assert.equal(
        eventsOf(core).map(({ kind }) => kind),
        kindsOf(profile, wanted),
      );
    }
    const core = startedCore(profile);
    core.observe(frame(), EPOCH);
    assert.is(core.collect(EPOCH, -1), 1);
    assert.equal(
      eventsOf(core).map(({ kind }) => kind),
      kindsShown,
      'bits of no collector are ignored',
    );
  });
}

test.run();
