// A few words with one certain host: one of an indicator list, or one that the device has never met before.
import type { HomeNetwork } from '../home-network.ts';
import type { Address } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
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

export interface ContactOptions extends AttackOptions {
  readonly peer: Address;
  /** Default one an hour. */
  readonly perSecond?: number;
  /** Default 'random'. */
  readonly jitter?: Jitter;
  /** Default 'tls'. */
  readonly manner?: ExchangeManner;
  /** Default 443. */
  readonly port?: number;
  /** Default ANSWERING. */
  readonly reaction?: Reaction;
}

export function* contact(network: HomeNetwork, random: Random, options: ContactOptions): Activity {
  const { direction, family = 'IPv4', manner = 'tls', reaction = ANSWERING, port = 443 } = options;
  const opposite = oppositeAt(random, options.peer);
  const ports = attackerPorts(random);
  const perSecond = options.perSecond ?? 1 / 3600;
  for (const timeMs of paced(random, periodOf(options), perSecond, options.jitter ?? 'random')) {
    yield timeMs;
    const exchange = {
      direction,
      family,
      manner,
      opposite,
      repeats: 1,
      attackerPort: ports.next(),
      attackedPort: port,
      question: random.integer(80, 700),
      answer: random.integer(80, 1300),
    } as const;
    haveExchange(network, random, timeMs, exchange, fateOf(random, reaction));
  }
}
