// From what was noticed to figures: what of each kind is caught, from which rate on, how soon; and what is raised for nothing.

import type { Direction } from '../../simulator/attacks/attack.ts';
import type { AttackKind, ScenarioAttack } from '../../simulator/scenarios/index.ts';
import type { Noticed, Watched } from './watch.ts';

/** Shares of scenarios that a figure holds for. */
export const SHARES = [0.5, 0.95, 1] as const;

/** By SHARES; undefined where it holds for none. */
export type ByShare = ReadonlyArray<number | undefined>;

export interface DetectorFigures {
  readonly kind: AttackKind;
  readonly direction: Direction;
  readonly scenarios: number;
  readonly caught: number;
  /** Of those missed, how many raised something else. */
  readonly asAnotherKind: number;
  /** From the attack's first packet on: within so many of the caught ones are raised. */
  readonly seconds: ByShare;
  readonly unit: string;
  /** The slowest rate of which such a share is caught: the least, of beacons the longest period. */
  readonly slowest: ByShare;
  /** Of other kinds or before the attack, by kind and direction: in how many scenarios. */
  readonly beside: Readonly<Record<string, number>>;
}

export interface HiddenFigures {
  readonly hidden: string;
  readonly behind: string;
  readonly scenarios: number;
  readonly caught: number;
  readonly loudCaught: number;
  /** Of the caught ones, the latest. */
  readonly seconds: number | undefined;
  readonly beside: Readonly<Record<string, number>>;
}

export interface PeaceFigures {
  readonly device: string;
  readonly days: number;
  readonly frames: number;
  readonly alarms: number;
  readonly kinds: Readonly<Record<string, number>>;
}

export interface BeaconFigures {
  readonly periodSeconds: number;
  /** Percent. */
  readonly jitter: number;
  readonly scenarios: number;
  readonly caught: number;
  /** Median of the caught ones. */
  readonly periodsUntilRaised: number | undefined;
}

const DAY_MS = 86_400_000;

/** Of scenarios of one attack each: a row for each kind and direction. */
export function detectorFigures(watched: readonly Watched[]): DetectorFigures[] {
  return [...groupBy(watched, (one) => labelOf(attackOf(one))).values()].map((group) => {
    const [first] = group;
    const { kind, direction, unit } = attackOf(first);
    const delays = group.map(secondsUntilRaised);
    const caught = delays.filter((delay) => delay !== undefined);
    const missed = group.filter((_, index) => delays[index] === undefined);
    return {
      kind,
      direction,
      scenarios: group.length,
      caught: caught.length,
      asAnotherKind: missed.filter(({ noticed }) => noticed.length > 0).length,
      seconds: SHARES.map((share) => quantile(caught, share)),
      unit,
      slowest: slowestRates(group, unit),
      beside: besideIn(group),
    };
  });
}

/** Of scenarios in which a loud attack hides a quiet one, which comes first in the list: a row for each pair. */
export function hiddenFigures(watched: readonly Watched[]): HiddenFigures[] {
  const pairs = watched.map((one) => {
    const [quiet, loud] = one.scenario.attacks;
    if (quiet === undefined || loud === undefined)
      throw new RangeError(`${one.scenario.name}: nothing hides`);
    return { one, loud, hidden: wordsOf(quiet), behind: wordsOf(loud) };
  });
  return [...groupBy(pairs, ({ hidden, behind }) => `${hidden}; ${behind}`).values()].map((group) => {
    const [{ hidden, behind }] = group;
    const caught = group.map(({ one }) => secondsUntilRaised(one)).filter((delay) => delay !== undefined);
    return {
      hidden,
      behind,
      scenarios: group.length,
      caught: caught.length,
      loudCaught: group.filter(({ one, loud }) => one.noticed.some((noticed) => isOf(noticed, loud))).length,
      seconds: quantile(caught, 1),
      beside: besideIn(group.map(({ one }) => one)),
    };
  });
}

/** Of scenarios at peace: all that was noticed is false. */
export function peaceFigures(watched: readonly Watched[]): PeaceFigures[] {
  return [...groupBy(watched, ({ scenario }) => scenario.device)].map(([device, group]) => {
    const noticed = group.flatMap((one) => one.noticed);
    return {
      device,
      days: sum(group.map(({ scenario: { period } }) => (period.endMs - period.startMs) / DAY_MS)),
      frames: sum(group.map(({ frames }) => frames)),
      alarms: noticed.length,
      kinds: countOf(noticed.map(labelOf)),
    };
  });
}

/** Of the beacons among them, by period and jitter. */
export function beaconFigures(watched: readonly Watched[]): BeaconFigures[] {
  const beacons = watched.filter(({ scenario }) => scenario.kind === 'BEACON');
  const cellOf = (one: Watched) => `${attackOf(one).rate} ${jitterOf(one)}`;
  return [...groupBy(beacons, cellOf).values()].map((group) => {
    const { rate } = attackOf(group[0]);
    const caught = group.map(secondsUntilRaised).filter((seconds) => seconds !== undefined);
    const seconds = quantile(caught, 0.5);
    return {
      periodSeconds: rate,
      jitter: jitterOf(group[0]),
      scenarios: group.length,
      caught: caught.length,
      periodsUntilRaised: seconds === undefined ? undefined : seconds / rate,
    };
  });
}

/** Of a scenario's first attack; undefined: missed. */
export function secondsUntilRaised(watched: Watched): number | undefined {
  const attack = attackOf(watched);
  const raised = watched.noticed.filter((noticed) => isOf(noticed, attack)).map(({ raisedMs }) => raisedMs);
  return raised.length === 0 ? undefined : (Math.min(...raised) - attack.startMs) / 1000;
}

/** A kind and a direction as text: `SYN_FLOOD in`. */
export function labelOf({
  kind,
  direction,
}: {
  readonly kind: string;
  readonly direction: Direction;
}): string {
  return `${kind} ${direction}`;
}

/** In how many scenarios, by kind and direction. */
function besideIn(group: readonly Watched[]): Record<string, number> {
  return countOf(group.flatMap((one) => [...new Set(besides(one).map(labelOf))]));
}

/** What was noticed and is of none of the attacks. */
function besides({ scenario: { attacks }, noticed }: Watched): Noticed[] {
  return noticed.filter((one) => !attacks.some((attack) => isOf(one, attack)));
}

/** By when it was raised: first evidence is kept in whole seconds by some. Times in frames are whole milliseconds. */
function isOf(noticed: Noticed, attack: ScenarioAttack): boolean {
  return labelOf(noticed) === labelOf(attack) && noticed.raisedMs >= Math.floor(attack.startMs);
}

function slowestRates(group: readonly Watched[], unit: string): ByShare {
  const rates = [...groupBy(group, (one) => attackOf(one).rate)]
    .map(([rate, all]) => ({
      rate,
      share: all.filter((one) => secondsUntilRaised(one) !== undefined).length / all.length,
    }))
    .sort((one, other) => (unit === 's' ? other.rate - one.rate : one.rate - other.rate));
  return SHARES.map((share) => rates.find((one) => one.share >= share)?.rate);
}

/** The least value that such a share of all does not exceed. */
function quantile(values: readonly number[], share: number): number | undefined {
  return [...values].sort((one, other) => one - other)[Math.ceil(values.length * share) - 1];
}

function attackOf({ scenario }: Watched): ScenarioAttack {
  const [attack] = scenario.attacks;
  if (attack === undefined) throw new RangeError(`${scenario.name}: nothing attacks`);
  return attack;
}

function wordsOf({ kind, direction, family, rate, unit }: ScenarioAttack): string {
  return `${kind} ${direction}, ${family}, ${unit === 's' ? `every ${rate} s` : `${rate} ${unit}`}`;
}

/** The manner of a beacon begins with it: `jitter 5 %, TLS, answered`. */
function jitterOf(one: Watched): number {
  return Number(/^jitter ([\d.]+) %/.exec(attackOf(one).manner)?.[1]);
}

/** How often each word is there. */
export function countOf(words: readonly string[]): Record<string, number> {
  return Object.fromEntries([...groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]));
}

function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, [T, ...T[]]> {
  const groups = new Map<K, [T, ...T[]]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
