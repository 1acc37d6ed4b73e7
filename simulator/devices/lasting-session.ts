// A connection that is meant to last: kept alive for days, renewed when the other side wants it, sought again through outages.
import type { Client } from '../client.ts';
import { outageEnd } from '../conditions.ts';
import type { Server } from '../home-network.ts';
import { Noise } from '../messages/noise.ts';
import { encrypted } from '../messages/tls.ts';
import type { Random } from '../random.ts';
import type { TcpSession } from '../tcp-session.ts';
import type { Activity } from '../timeline.ts';
import { type DeviceSetting, MINUTE, SECOND } from './setting.ts';

export interface LastingSessionOptions {
  /** Asked for each connection. */
  readonly server: () => Server;
  readonly port: number;
  /** Of TLS; default 'mqtt'. */
  readonly protocolName?: string;
  /** When the device first wants it, since 1970. */
  readonly firstMs: number;
  /** The time of the next talk after this one. */
  readonly next: (afterMs: number) => number;
  /** What is said each time. */
  readonly talk: (session: TcpSession, noise: Noise) => void;
  /** Seconds after which the server ends a connection, from and to; default never. */
  readonly life?: readonly [least: number, most: number];
  /** Between attempts that fail: ever longer, up to five minutes, or a second or two; default backs off. */
  readonly persistence?: Persistence;
}

export type Persistence = 'backs off' | 'hammers';

const FIRST_PAUSE_MS = 5 * SECOND;
const LONGEST_PAUSE_MS = 5 * MINUTE;
/** Of a segment that nobody acknowledges. RFC 6298 5.5 */
const IN_VAIN_MS = [300, 600, 1200, 2400, 4800, 9600] as const;

export function* lastingSession(
  setting: DeviceSetting,
  client: Client,
  options: LastingSessionOptions,
): Activity {
  const random = setting.random.fork();
  const noise = new Noise(random);
  const { conditions } = setting.network;
  const { endMs } = setting.period;
  const {
    port,
    protocolName = 'mqtt',
    life = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  } = options;
  let timeMs = options.firstMs;
  let isUnderWay = !setting.boots;
  while (timeMs < endMs) {
    yield timeMs;
    const server = options.server();
    if (outageEnd(conditions, timeMs) !== undefined) {
      timeMs = yield* seek(client, random, server, port, timeMs, options.persistence ?? 'backs off');
      continue;
    }
    const session = isUnderWay
      ? client.session(random, server, port, timeMs)
      : client.tlsSession(random, server, port, protocolName, timeMs, noise);
    const age = isUnderWay ? random.fraction() : 0;
    const lifeEndMs =
      timeMs +
      (life[0] === Number.POSITIVE_INFINITY ? life[0] : random.between(...life) * SECOND * (1 - age));
    isUnderWay = false;
    let nextMs = timeMs;
    for (;;) {
      options.talk(session, noise);
      nextMs = options.next(nextMs);
      session.idle(0);
      yield session.timeMs;
      if (nextMs >= endMs) return;
      yield nextMs;
      session.until(nextMs);
      if (outageEnd(conditions, session.timeMs) !== undefined) {
        session.sendInVain('device', encrypted(noise, 60), IN_VAIN_MS);
        yield session.timeMs;
        break;
      }
      if (session.timeMs >= lifeEndMs) {
        session.close('remote');
        break;
      }
    }
    timeMs = session.timeMs + random.between(0.5, 4) * SECOND;
  }
}

/** SYNs that nobody answers, until the line is back; returns when the device tries next. */
export function* seek(
  client: Client,
  random: Random,
  server: Server,
  port: number,
  startMs: number,
  persistence: Persistence,
): Generator<number, number, void> {
  let timeMs = startMs;
  let pauseMs = FIRST_PAUSE_MS;
  while (outageEnd(client.network.conditions, timeMs) !== undefined) {
    yield timeMs;
    const session = client.session(random, server, port, client.lookUp(random, server, timeMs));
    session.synchronise().retry(1000).retry(2000).retry(4000);
    const wait =
      persistence === 'hammers' ? random.between(1, 2) * SECOND : pauseMs * random.between(0.8, 1.2);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    timeMs = session.timeMs + wait;
  }
  return timeMs;
}
