// Every attack behind every kind of device: what the table of detection is made of.
import { DEVICE_KINDS, type DeviceKindName } from '../devices/index.ts';
import { Random, seedFor } from '../random.ts';
import { floodVariants, reflectionVariants } from './flood-variants.ts';
import { addressSweepVariants, horizontalScanVariants, verticalScanVariants } from './scan-variants.ts';
import { type AttackKind, type AttackVariant, type Scenario, scenario } from './scenario.ts';
import { beaconVariants, bruteForceVariants, contactVariants, tunnelVariants } from './talk-variants.ts';

export interface DetectionScenarioOptions {
  /** 32 bits count. */
  readonly seed: number;
  /** Default all. */
  readonly kinds?: readonly AttackKind[];
  /** Each variant of an attack behind each of these; default all kinds of devices, in turn: one variant, one device. */
  readonly devices?: readonly DeviceKindName[];
}

export const DEVICE_NAMES = Object.keys(DEVICE_KINDS) as DeviceKindName[];
const MINUTE = 60_000;
/** Monday 2025-06-02 00:00 UTC. */
export const MONDAY_MS = 1_748_822_400_000;
const DAY = 86_400_000;

/** All variants of all attacks, about 900. */
export function* attackVariants(): Generator<AttackVariant> {
  yield* horizontalScanVariants();
  yield* verticalScanVariants();
  yield* addressSweepVariants();
  yield* floodVariants();
  yield* reflectionVariants();
  yield* bruteForceVariants();
  yield* beaconVariants();
  yield* tunnelVariants();
  yield* contactVariants();
}

/** Scenarios cost nothing until their frames are iterated. */
export function* detectionScenarios({ seed, kinds, devices }: DetectionScenarioOptions): Generator<Scenario> {
  let turn = 0;
  for (const variant of attackVariants()) {
    if (kinds !== undefined && !kinds.includes(variant.kind)) continue;
    // Manners come in sevens as devices do: each round begins one later, so that no manner keeps to one device.
    const round = Math.floor(turn / DEVICE_NAMES.length);
    const inTurn = DEVICE_NAMES[(turn++ + round) % DEVICE_NAMES.length] ?? 'lock';
    const behind = variant.needsGateway === true ? ['gateway' as const] : (devices ?? [inTurn]);
    for (const device of behind) yield attackScenario(seed, variant, device);
  }
}

/** One attack behind one device, some time after its peace began; the name says all that distinguishes it. */
export function attackScenario(seed: number, variant: AttackVariant, device: DeviceKindName): Scenario {
  const { kind, direction, family, rate, unit, manner, durationMs } = variant;
  const words = kind.toLowerCase().replaceAll('_', ' ');
  const name = `${words} ${direction}, ${family}, ${rate} ${unit}, ${manner}; ${device}`;
  const own = seedFor(name, seed);
  const random = new Random(own);
  const beginMs = MONDAY_MS + random.integer(0, DAY - 1);
  const startMs = beginMs + (variant.leadInMs ?? random.integer(15 * MINUTE, 30 * MINUTE));
  const period = { startMs: beginMs, endMs: startMs + durationMs + 6 * MINUTE };
  return scenario({ name, seed: own, device, period, attacks: [{ variant, startMs }] });
}
