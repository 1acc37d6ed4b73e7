// An implant calls home: at a steady period it asks its master whether there is anything to do, and mostly there is not.
import { Client } from '../client.ts';
import type { HomeNetwork } from '../home-network.ts';
import { anyHost } from '../hosts.ts';
import type { Address } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import {
  ANSWERING,
  type AttackOptions,
  attackerPorts,
  fateOf,
  oppositeAt,
  periodOf,
  type Reaction,
} from './attack.ts';
import { type ExchangeManner, haveExchange } from './exchange.ts';

export interface BeaconOptions extends Omit<AttackOptions, 'direction'> {
  /** Seconds from one attempt to the next. */
  readonly periodSeconds: number;
  /** Share of the period; 0 is exact. Default 0.1. */
  readonly jitter?: number;
  /** Default 'tls'. */
  readonly manner?: ExchangeManner;
  /** Default 443. */
  readonly port?: number;
  /** Default ANSWERING. */
  readonly reaction?: Reaction;
  /** Of an attempt that nobody answers; default 1. */
  readonly repeats?: number;
  /** UDP: all attempts from one port; default another for each. */
  readonly onePort?: boolean;
  /** Whether the name of the master is looked up before each attempt; default not: the address is built in. */
  readonly looksUp?: boolean;
  readonly peer?: Address;
  /** Bytes of question and of most answers; default 180 and 60. */
  readonly sizes?: readonly [question: number, answer: number];
}

/** Now and then there is something to do. */
const ORDER_SHARE = 0.03;
const ORDER_LENGTH = [300, 1300] as const;
const NAME = 'cdn.example.org';

export function* beacon(network: HomeNetwork, random: Random, options: BeaconOptions): Activity {
  const { family = 'IPv4', manner = 'tls', port = 443, reaction = ANSWERING, repeats = 1 } = options;
  const { jitter = 0.1, sizes = [180, 60] } = options;
  const opposite = oppositeAt(random, options.peer ?? anyHost(family, random));
  const client = new Client(network, random);
  const ports = attackerPorts(random);
  const ownPort = ports.next();
  const period = periodOf({ ...options, direction: 'out' });
  for (const timeMs of paced(random, period, 1 / options.periodSeconds, jitter)) {
    yield timeMs;
    const server = { ...opposite, name: NAME };
    const startMs = options.looksUp === true ? client.lookUp(random, server, timeMs) : timeMs;
    const isOrder = random.chance(ORDER_SHARE);
    const exchange = {
      direction: 'out',
      family,
      manner,
      opposite,
      repeats,
      attackerPort: options.onePort === true ? ownPort : ports.next(),
      attackedPort: port,
      question: sizes[0] + random.integer(0, 6),
      answer: isOrder ? random.integer(...ORDER_LENGTH) : sizes[1],
    } as const;
    haveExchange(network, random, startMs, exchange, fateOf(random, reaction));
  }
}
