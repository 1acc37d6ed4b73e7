// Every attack of the simulator, alone and hidden behind another, and days of peace, through the core: all figures of detection.

import {
  type AttackKind,
  benignScenarios,
  detectionScenarios,
  mixedScenarios,
  type Scenario,
} from '../../simulator/scenarios/index.ts';
import type { CoreBytes } from '../workload.ts';
import {
  type BeaconFigures,
  beaconFigures,
  countOf,
  type DetectorFigures,
  detectorFigures,
  type HiddenFigures,
  hiddenFigures,
  type PeaceFigures,
  peaceFigures,
  secondsUntilRaised,
} from './figures.ts';
import { type NoticingProfile, type Watched, watch } from './watch.ts';

export interface DetectionOptions {
  readonly profile: NoticingProfile;
  /** Of the first round, and of the first 98 days of peace; then come those after it. */
  readonly seed: number;
  /** How many times all attacks, each time of another seed. */
  readonly rounds: number;
  /** Device-days of peace; 0: none. */
  readonly days: number;
  /** Default all; then hidden ones as well. */
  readonly kinds?: readonly AttackKind[];
  readonly cores: Pick<CoreBytes, NoticingProfile>;
  /** Before each scenario: how many are done, of how many, and its name. */
  readonly onScenario?: (done: number, total: number, name: string) => void;
}

export interface DetectionFigures {
  readonly profile: NoticingProfile;
  readonly seed: number;
  readonly rounds: number;
  readonly detectors: readonly DetectorFigures[];
  readonly beacons: readonly BeaconFigures[];
  readonly hidden: readonly HiddenFigures[];
  readonly peace: readonly PeaceFigures[];
  /** Names of the scenarios whose attack was not seen, and in how many rounds. */
  readonly missed: Readonly<Record<string, number>>;
}

export async function measureDetection(options: DetectionOptions): Promise<DetectionFigures> {
  const { profile, seed, rounds, days, kinds, cores, onScenario = () => {} } = options;
  const seeds = Array.from({ length: rounds }, (_, round) => seed + round);
  const attacks = seeds.flatMap((one) => [
    ...detectionScenarios({ seed: one, ...(kinds === undefined ? {} : { kinds }) }),
  ]);
  const mixed = kinds === undefined ? seeds.flatMap((one) => [...mixedScenarios(one)]) : [];
  const peace = daysOfPeace(seed, days);
  const total = attacks.length + mixed.length + peace.length;
  let done = 0;
  const watchAll = async (scenarios: readonly Scenario[]): Promise<Watched[]> => {
    const watched: Watched[] = [];
    for (const scenario of scenarios) {
      onScenario(done++, total, scenario.name);
      watched.push(await watch(scenario, profile, cores));
    }
    return watched;
  };
  const alone = await watchAll(attacks);
  const missed = alone.filter((one) => secondsUntilRaised(one) === undefined);
  return {
    profile,
    seed,
    rounds,
    detectors: detectorFigures(alone),
    beacons: beaconFigures(alone),
    hidden: hiddenFigures(await watchAll(mixed)),
    peace: peaceFigures(await watchAll(peace)),
    missed: countOf(missed.map(({ scenario }) => scenario.name)),
  };
}

/** Every device with every mishap for a day, with one seed after another. */
function daysOfPeace(seed: number, days: number): Scenario[] {
  const found: Scenario[] = [];
  for (let next = seed; found.length < days; next++) found.push(...benignScenarios(next));
  return found.slice(0, days);
}
