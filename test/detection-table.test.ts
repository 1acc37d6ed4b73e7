// The table of detection: its runner drives real cores, its figures are what was noticed, and nothing else.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { beaconFigures, detectorFigures, hiddenFigures, peaceFigures } from '../bench/detection/figures.ts';
import { beaconTable, detectorTable, hiddenTable, peaceTable } from '../bench/detection/tables.ts';
import { type Noticed, type Watched, watch } from '../bench/detection/watch.ts';
import { attackScenario, attackVariants, benignScenario } from '../simulator/scenarios/index.ts';
import { wasmBytes } from './support/profiles.ts';

const START_MS = 1_700_000_000_000;
const CORES = { standard: wasmBytes('standard'), gateway: wasmBytes('gateway') };

interface Case {
  readonly rate: number;
  readonly kind?: 'SYN_FLOOD' | 'BEACON';
  readonly manner?: string;
  readonly noticed?: ReadonlyArray<readonly [kind: string, atMs: number]>;
}

/** An attack at START_MS. */
function watched({ rate, kind = 'SYN_FLOOD', manner = 'made up', noticed = [] }: Case): Watched {
  const attack = {
    kind,
    direction: kind === 'BEACON' ? ('out' as const) : ('in' as const),
    family: 'IPv4' as const,
    rate,
    unit: kind === 'BEACON' ? 's' : 'packets/s',
    manner,
    startMs: START_MS,
    endMs: START_MS + 60_000,
  };
  return {
    scenario: {
      name: `${kind} ${rate}`,
      seed: 1,
      device: 'lock',
      kind,
      attackStartMs: START_MS,
      attacks: [attack],
      indicators: [],
      period: { startMs: START_MS - 60_000, endMs: START_MS + 86_340_000 },
      linkType: 1,
      localAddresses: [],
    },
    frames: 1000,
    noticed: noticed.map(
      ([raised, atMs]): Noticed => ({
        kind: raised,
        direction: attack.direction,
        raisedMs: START_MS + atMs,
      }),
    ),
  };
}

test('a real core catches a flood within seconds, a listed address at once, a new endpoint once it has learned', async () => {
  for (const kind of ['SYN_FLOOD', 'SUSPICIOUS_ADDRESS', 'FIRST_CONTACT'] as const) {
    const variant = [...attackVariants()].find((one) => one.kind === kind && one.rate <= 1000);
    if (variant === undefined) throw new RangeError(`there is no ${kind}`);
    for (const device of ['lock', 'gateway'] as const) {
      const seen = await watch(attackScenario(1, variant, device), 'standard', CORES);
      const [row] = detectorFigures([seen]);
      assert.is(row?.caught, 1, `${kind} behind ${device}: ${JSON.stringify(seen.noticed)}`);
      assert.ok((row?.seconds[0] ?? Number.NaN) <= 10, `${kind} behind ${device}: ${row?.seconds[0]} s`);
      assert.ok((row?.seconds[0] ?? Number.NaN) >= 0, `${kind} behind ${device}: ${row?.seconds[0]} s`);
    }
  }
});

test('a real core raises nothing in a day of a lock', async () => {
  const seen = await watch(benignScenario(1, 'lock', 'reboots'), 'standard', CORES);
  const [row] = peaceFigures([seen]);
  assert.equal(row, { device: 'lock', days: 1, frames: seen.frames, alarms: 0, kinds: {} });
  assert.ok(seen.frames > 5000, `${seen.frames} frames`);
});

test('times are of the caught ones, the slowest rate is the first of which enough are caught', () => {
  const [row] = detectorFigures([
    watched({ rate: 10 }),
    watched({ rate: 10, noticed: [['SYN_FLOOD', 4000]] }),
    watched({ rate: 100, noticed: [['SYN_FLOOD', 1000]] }),
    watched({ rate: 100, noticed: [['SYN_FLOOD', 2000]] }),
  ]);
  assert.is(row?.scenarios, 4);
  assert.is(row?.caught, 3);
  assert.is(row?.asAnotherKind, 0);
  assert.equal(row?.seconds, [2, 4, 4]);
  assert.equal(row?.slowest, [10, 100, 100]);
  assert.equal(row?.beside, {});
});

test('what is raised before the attack, or is of another kind, catches nothing and stands beside it', () => {
  const [row] = detectorFigures([
    watched({ rate: 10, noticed: [['SYN_FLOOD', -1]] }),
    watched({
      rate: 10,
      noticed: [
        ['BEACON', 5000],
        ['BEACON', 6000],
      ],
    }),
  ]);
  assert.is(row?.caught, 0);
  assert.is(row?.asAnotherKind, 2);
  assert.equal(row?.seconds, [undefined, undefined, undefined]);
  assert.equal(row?.slowest, [undefined, undefined, undefined]);
  assert.equal(row?.beside, { 'SYN_FLOOD in': 1, 'BEACON in': 1 });
});

test('of beacons the slowest has the longest period; they are counted by period and jitter', () => {
  const beacons = [
    watched({ kind: 'BEACON', rate: 60, manner: 'jitter 5 %, TLS', noticed: [['BEACON', 900_000]] }),
    watched({ kind: 'BEACON', rate: 3600, manner: 'jitter 5 %, TLS' }),
  ];
  assert.equal(detectorFigures(beacons)[0]?.slowest, [60, 60, 60]);
  assert.equal(beaconFigures(beacons), [
    { periodSeconds: 60, jitter: 5, scenarios: 1, caught: 1, periodsUntilRaised: 15 },
    { periodSeconds: 3600, jitter: 5, scenarios: 1, caught: 0, periodsUntilRaised: undefined },
  ]);
});

test('every table has a row for each figure, and as many cells in each', () => {
  const flood = watched({ rate: 10, noticed: [['SYN_FLOOD', 4000]] });
  const beacon = watched({ kind: 'BEACON', rate: 60, manner: 'jitter 0 %, TLS' });
  const both = {
    ...flood,
    scenario: { ...flood.scenario, attacks: [...beacon.scenario.attacks, ...flood.scenario.attacks] },
  };
  const tables = [
    [detectorTable(detectorFigures([flood, beacon])), 2],
    [beaconTable(beaconFigures([flood, beacon])), 1],
    [hiddenTable(hiddenFigures([both])), 1],
    // The last one is the sum.
    [peaceTable(peaceFigures([flood])), 2],
  ] as const;
  for (const [table, rows] of tables) {
    const lines = table.split('\n');
    assert.is(lines.length, rows + 2, table);
    assert.is(new Set(lines.map((line) => line.split('|').length)).size, 1, table);
  }
});

test.run();
