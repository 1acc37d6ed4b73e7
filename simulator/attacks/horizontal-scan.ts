// One port (or a few), host after host: Mirai and its kin, masscan, zmap, a worm that goes through the home.
import type { HomeNetwork } from '../home-network.ts';
import { HostSequence, hostAt, type Neighbourhood } from '../hosts.ts';
import type { Address } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import {
  AS_FOUND,
  type AttackOptions,
  attackerPorts,
  fateOf,
  type Opposite,
  oppositeAt,
  periodOf,
  type Reaction,
} from './attack.ts';
import { type ProbeManner, sendProbe } from './probe.ts';

export interface HorizontalScanOptions extends AttackOptions {
  readonly hostsPerSecond: number;
  /** Default 'random'. */
  readonly jitter?: Jitter;
  readonly ports: readonly [number, ...number[]];
  /** one: of each host another, the first of the list most of the time, as Mirai does; all: default one. */
  readonly portsOfEach?: 'one' | 'all';
  /** Default 'half-open'. */
  readonly manner?: ProbeManner;
  /** Of a probe that nobody answers; default 0, of a whole connection 1. */
  readonly repeats?: number;
  /** Default AS_FOUND. */
  readonly reaction?: Reaction;
  /** Out: which hosts; default 'anywhere'. */
  readonly where?: Neighbourhood;
  /**
   * In: many hosts each look at the one device ('spread', default), or one of them looks at all these addresses of the device,
   * over and over.
   */
  readonly deviceAddresses?: readonly Address[];
}

/** Mirai tries its second port with every tenth host (Antonakakis et al., USENIX Security 2017). */
const OTHER_PORT_SHARE = 0.1;

export function* horizontalScan(
  network: HomeNetwork,
  random: Random,
  options: HorizontalScanOptions,
): Activity {
  const { direction, family = 'IPv4', manner = 'half-open', ports, reaction = AS_FOUND } = options;
  const repeats = options.repeats ?? (manner === 'connect' ? 1 : 0);
  const nextHost = opposites(random, options);
  const portCounter = attackerPorts(random);
  // Tools that make their own packets speak from one port; many hosts have one each.
  const isOneTool = manner === 'half-open' && (direction === 'out' || options.deviceAddresses !== undefined);
  const ownPort = portCounter.next();
  for (const timeMs of paced(random, periodOf(options), options.hostsPerSecond, options.jitter ?? 'random')) {
    yield timeMs;
    const opposite = nextHost();
    if (opposite === undefined) return;
    const wanted = options.portsOfEach === 'all' ? ports : [onePort(random, ports)];
    for (const [i, attackedPort] of wanted.entries()) {
      const attackerPort = isOneTool ? ownPort : direction === 'out' ? portCounter.next() : anyPort(random);
      const probe = { direction, family, manner, repeats, opposite, attackerPort, attackedPort };
      sendProbe(network, random, timeMs + 0.05 * i, probe, fateOf(random, reaction));
    }
  }
}

function anyPort(random: Random): number {
  return random.integer(1024, 65_535);
}

function onePort(random: Random, ports: readonly [number, ...number[]]): number {
  const [first, ...others] = ports;
  if (others.length === 0 || !random.chance(OTHER_PORT_SHARE)) return first;
  return others[random.integer(0, others.length - 1)] ?? first;
}

/** A function that gives the next host; undefined at the end of them. */
export function opposites(
  random: Random,
  {
    direction,
    family = 'IPv4',
    where = 'anywhere',
    deviceAddresses,
  }: Pick<HorizontalScanOptions, 'direction' | 'family' | 'where' | 'deviceAddresses'>,
): () => Opposite | undefined {
  if (direction === 'in' && deviceAddresses !== undefined) {
    const attacker = oppositeAt(random, hostAt(family, random.next()));
    let count = 0;
    return () => {
      const deviceAddress = deviceAddresses[count++ % deviceAddresses.length];
      return deviceAddress === undefined ? undefined : { ...attacker, deviceAddress };
    };
  }
  const sequence = new HostSequence(random, family, direction === 'in' ? 'anywhere' : where);
  return () => {
    const address = sequence.next();
    return address === undefined ? undefined : oppositeAt(random, address);
  };
}
