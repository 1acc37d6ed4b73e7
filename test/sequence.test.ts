// Loss, repetition, delay and reboot are told apart by boot id and sequence number.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Arrival, DeviceSequence, sequenceOf } from '../bindings/js/messages/sequence.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();

function kinds(arrivals: ReadonlyArray<readonly [boot: string, sequence: number]>): string[] {
  const device = new DeviceSequence();
  return arrivals.map(([boot, sequence]) => text(device.see(boot, sequence)));
}

function text(arrival: Arrival): string {
  return 'missing' in arrival ? `${arrival.kind} ${arrival.missing}` : arrival.kind;
}

test('what follows, what is missing, what fills it, what repeats', () => {
  const a = (sequence: number) => ['a', sequence] as const;
  assert.equal(kinds([a(0), a(1), a(4), a(3), a(3), a(2), a(4), a(5)]), [
    ...['first 0', 'next', 'gap 2', 'late', 'repeat', 'late', 'repeat', 'next'],
  ]);
});

test('a reboot is no gap, and what comes late from before it is no reboot', () => {
  const seen = kinds([
    ['a', 0],
    ['a', 2],
    ['b', 1],
    ['a', 1],
    ['b', 0],
    ['a', 3],
    ['b', 2],
  ]);
  assert.equal(seen, ['first 0', 'gap 1', 'reboot 1', 'late', 'late', 'next', 'next']);
});

test('memory is bounded: an old gap, an old boot are forgotten', () => {
  const device = new DeviceSequence({ boots: 2, gaps: 3 });
  for (let sequence = 1; sequence < 2000; sequence += 2) device.see('a', sequence);
  assert.equal(device.see('a', 0), { kind: 'repeat' });
  assert.equal(device.see('a', 1998), { kind: 'late' });
  for (const boot of ['b', 'c', 'd']) assert.is(device.see(boot, 0).kind, 'reboot');
  assert.is(device.see('a', 2000).kind, 'reboot');
});

test('the top of the numbers at once is a gap, and costs nothing', () => {
  const device = new DeviceSequence();
  assert.equal(device.see('a', 2 ** 32 - 1), { kind: 'first', missing: 2 ** 32 - 1 });
  assert.equal(device.see('a', 7), { kind: 'late' });
  assert.is(device.totals.missing, 2 ** 32 - 2);
});

test('the properties beside a message of any schema', () => {
  assert.equal(sequenceOf({ 'wl-boot': 'x', 'wl-seq': '12' }), { bootId: 'x', sequence: 12 });
  for (const seq of ['', '-1', '1.5', '1e3', null]) {
    assert.is(sequenceOf({ 'wl-boot': 'x', 'wl-seq': seq }), undefined);
  }
  assert.is(sequenceOf({}), undefined);
});

test(`devices that lose, repeat, reorder and reboot: every total is what happened, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 200; round++) {
    const device = new DeviceSequence({ gaps: 1000 });
    const arrivals: Array<readonly [boot: string, sequence: number]> = [];
    const boots = random.between(1, 4);
    let lost = 0;
    for (let boot = 0; boot < boots; boot++) {
      const count = random.between(1, 60);
      const sent = Array.from({ length: count }, (_, sequence) => sequence);
      // The last arrives: what is lost behind it nobody can know.
      const kept = sent.filter((sequence) => sequence === count - 1 || !random.once(5));
      lost += count - kept.length;
      const repeated = kept.flatMap((sequence) => (random.once(6) ? [sequence, sequence] : [sequence]));
      const late = repeated.map((sequence, place) => ({
        sequence,
        place: place + random.below(random.pick([1, 8])),
      }));
      late.sort((one, other) => one.place - other.place);
      arrivals.push(...late.map(({ sequence }) => [`boot ${boot}`, sequence] as const));
    }
    const seen = new Set<string>();
    const newest = new Map<string, number>();
    for (const [boot, sequence] of arrivals) {
      const top = newest.get(boot);
      const key = `${boot} ${sequence}`;
      const expected = seen.has(key)
        ? 'repeat'
        : top === undefined
          ? `${newest.size === 0 ? 'first' : 'reboot'} ${sequence}`
          : sequence < top
            ? 'late'
            : sequence === top + 1
              ? 'next'
              : `gap ${sequence - top - 1}`;
      assert.is(text(device.see(boot, sequence)), expected);
      seen.add(key);
      newest.set(boot, Math.max(top ?? 0, sequence));
    }
    assert.equal(device.totals, {
      received: seen.size,
      missing: lost,
      repeated: arrivals.length - seen.size,
      reboots: boots - 1,
    });
  }
});

test.run();
