// Password after password, one short connection after the other, on whatever port the service is.
import type { HomeNetwork } from '../home-network.ts';
import { anyHost } from '../hosts.ts';
import { LOGIN_PORTS, type LoginService, loginTurns } from '../messages/logins.ts';
import type { Address } from '../packets/index.ts';
import type { PortCounter } from '../port-counter.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import {
  type AttackOptions,
  attackerPorts,
  attackSession,
  type Direction,
  fateOf,
  type Opposite,
  oppositeAt,
  periodOf,
  type Reaction,
} from './attack.ts';

export interface BruteForceOptions extends AttackOptions {
  readonly connectionsPerMinute: number;
  /** Default 0.3. */
  readonly jitter?: Jitter;
  readonly service: LoginService;
  /** Default the service's own. */
  readonly port?: number;
  /** Guesses of one connection, from and to; default 1 to 3. */
  readonly guesses?: readonly [least: number, most: number];
  /** In: so many attackers take turns. Out: so many targets. Default 1. */
  readonly hosts?: number;
  /** The one at the other end, where it is known. */
  readonly peer?: Address;
  /** What becomes of a SYN; default one in fifty is refused: all sessions are taken. */
  readonly reaction?: Reaction;
}

const MOSTLY_ANSWERING: Reaction = { answers: 0.98, refuses: 0.02 };

export function* bruteForce(network: HomeNetwork, random: Random, options: BruteForceOptions): Activity {
  const { direction, family = 'IPv4', service, reaction = MOSTLY_ANSWERING, guesses = [1, 3] } = options;
  const hosts =
    options.peer === undefined
      ? Array.from({ length: options.hosts ?? 1 }, () => oppositeAt(random, anyHost(family, random)))
      : [oppositeAt(random, options.peer)];
  const attempt = { direction, service, port: options.port ?? LOGIN_PORTS[service] };
  const ports = attackerPorts(random);
  let count = 0;
  const perSecond = options.connectionsPerMinute / 60;
  for (const timeMs of paced(random, periodOf(options), perSecond, options.jitter ?? 0.3)) {
    yield timeMs;
    const host = hosts[count++ % hosts.length];
    if (host === undefined) return;
    const isAnswered = fateOf(random, reaction) === 'answers';
    connect(network, random, timeMs, host, ports, attempt, isAnswered ? random.integer(...guesses) : 0);
  }
}

interface Attempt {
  readonly direction: Direction;
  readonly service: LoginService;
  readonly port: number;
}

/** guesses: 0 where the SYN is refused. */
function connect(
  network: HomeNetwork,
  random: Random,
  timeMs: number,
  host: Opposite,
  ports: PortCounter,
  { direction, service, port }: Attempt,
  guesses: number,
): void {
  const attacker = direction === 'out' ? 'device' : 'remote';
  const attacked = direction === 'out' ? 'remote' : 'device';
  const session = attackSession(network, random, direction, timeMs, host, {
    attackerPort: ports.next(),
    attackedPort: port,
  });
  if (guesses === 0) {
    session.synchronise().reset(attacked);
    return;
  }
  session.open();
  for (const turn of loginTurns(random, service, guesses)) {
    if (turn.pauseMs > 40) session.idle(turn.pauseMs);
    else session.timeMs += turn.pauseMs;
    session.send(turn.by === 'client' ? attacker : attacked, turn.bytes);
  }
  // Servers throw out, clients give up; some just reset.
  if (random.chance(0.2)) session.reset(attacker);
  else session.close(random.chance(0.5) ? attacker : attacked);
}
