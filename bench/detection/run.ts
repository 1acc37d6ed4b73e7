// `npm run bench:detection`: what the detectors catch, how soon and from which rate on, and what they raise for nothing; `-- --seed 1 --rounds 3
// --days 196 --kinds BEACON,SYN_FLOOD --profile gateway --json`. Several minutes; the same seed gives the same figures on every machine.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AttackKind, attackVariants } from '../../simulator/scenarios/index.ts';
import { measureDetection } from './measure.ts';
import { beaconTable, detectorTable, hiddenTable, peaceTable } from './tables.ts';
import type { NoticingProfile } from './watch.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1' },
    days: { type: 'string', default: '196' },
    kinds: { type: 'string' },
    profile: { type: 'string', default: 'standard' },
    json: { type: 'boolean', default: false },
  },
});

const kinds = values.kinds?.split(',').map(kindOf);
const profile = profileOf(values.profile);
const figures = await measureDetection({
  profile,
  seed: wholeNumber('--seed', values.seed),
  rounds: wholeNumber('--rounds', values.rounds),
  days: wholeNumber('--days', values.days),
  ...(kinds === undefined ? {} : { kinds }),
  cores: { standard: readCore('standard'), gateway: readCore('gateway') },
  onScenario: showProgress,
});
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

if (values.json) {
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
} else {
  const { seed, rounds, detectors, beacons, hidden, peace, missed } = figures;
  process.stdout.write(
    `profile ${profile} (the device "gateway": gateway), seed ${seed}, ${rounds} rounds of attacks\n`,
  );
  show('Attacks', detectors, detectorTable);
  show('Beacons: caught, median of the periods until raised', beacons, beaconTable);
  show('An attack behind another', hidden, hiddenTable);
  show('Peace', peace, peaceTable);
  const names = Object.entries(missed).map(([name, count]) => `${count} x ${name}`);
  if (names.length > 0) process.stdout.write(`\nMissed\n${names.join('\n')}\n`);
}

function show<T>(title: string, rows: readonly T[], table: (rows: readonly T[]) => string): void {
  if (rows.length > 0) process.stdout.write(`\n${title}\n${table(rows)}\n`);
}

/** A line that is written over in a terminal, else one in fifty. */
function showProgress(done: number, total: number, name: string): void {
  const line = `${done} of ${total}: ${name}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line.slice(0, 100)}`);
  else if (done % 50 === 0) process.stderr.write(`${line}\n`);
}

function readCore(name: NoticingProfile): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../build/core.${name}.wasm`, import.meta.url)));
}

function profileOf(text: string): NoticingProfile {
  if (text === 'standard' || text === 'gateway') return text;
  throw new RangeError(`--profile ${text}: standard or gateway notice attacks`);
}

function kindOf(text: string): AttackKind {
  const known = new Set([...attackVariants()].map(({ kind }) => kind));
  const found = [...known].find((kind) => kind === text);
  if (found === undefined) throw new RangeError(`--kinds ${text}: one of ${[...known].join(', ')}`);
  return found;
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new RangeError(`${option} ${text}: a whole number`);
}
