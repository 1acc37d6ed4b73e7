// Port after port of one host.
import type { HomeNetwork } from '../home-network.ts';
import { anyHost } from '../hosts.ts';
import type { Address } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import {
  type AttackOptions,
  attackerPorts,
  fateOf,
  oppositeAt,
  periodOf,
  REFUSING,
  type Reaction,
} from './attack.ts';
import { type ProbeManner, sendProbe } from './probe.ts';

export interface VerticalScanOptions extends AttackOptions {
  readonly portsPerSecond: number;
  /** Default 'random'. */
  readonly jitter?: Jitter;
  /** The scan ends when it has seen them all; default 1,024. */
  readonly portCount?: number;
  /** sequential: from firstPort up. shuffled: as nmap takes them; default. */
  readonly order?: 'sequential' | 'shuffled';
  /** Default 1. */
  readonly firstPort?: number;
  /** Default 'half-open'. */
  readonly manner?: ProbeManner;
  /** Default 0. */
  readonly repeats?: number;
  /** Default REFUSING. */
  readonly reaction?: Reaction;
  /** The host at the other end; default any. */
  readonly peer?: Address;
}

export function* verticalScan(network: HomeNetwork, random: Random, options: VerticalScanOptions): Activity {
  const { direction, family = 'IPv4', manner = 'half-open', repeats = 0, reaction = REFUSING } = options;
  const opposite = oppositeAt(random, options.peer ?? anyHost(family, random));
  const ports = portsOf(random, options);
  const portCounter = attackerPorts(random);
  const ownPort = portCounter.next();
  let count = 0;
  for (const timeMs of paced(random, periodOf(options), options.portsPerSecond, options.jitter ?? 'random')) {
    yield timeMs;
    const attackedPort = ports[count++];
    if (attackedPort === undefined) return;
    const attackerPort = manner === 'half-open' ? ownPort : portCounter.next();
    const probe = { direction, family, manner, repeats, opposite, attackerPort, attackedPort };
    sendProbe(network, random, timeMs, probe, fateOf(random, reaction));
  }
}

function portsOf(
  random: Random,
  { portCount = 1024, firstPort = 1, order = 'shuffled' }: VerticalScanOptions,
): number[] {
  const ports = Array.from({ length: portCount }, (_, i) => ((firstPort - 1 + i) % 65_535) + 1);
  return order === 'shuffled' ? random.shuffle(ports) : ports;
}
