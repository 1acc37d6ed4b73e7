// A whole conversation with a service outside: connect, ask, move so many bytes, close. Yields between its pieces.
import type { Client } from '../client.ts';
import { outageEnd } from '../conditions.ts';
import type { Server } from '../home-network.ts';
import { Noise } from '../messages/noise.ts';
import { encrypted } from '../messages/tls.ts';
import type { Random } from '../random.ts';
import type { Activity } from '../timeline.ts';

export interface TransferOptions {
  readonly server: Server;
  readonly startMs: number;
  /** Bytes from the device, and to it. */
  readonly up: number;
  readonly down: number;
  /** Default 443. */
  readonly port?: number;
  /** Bytes a second of the larger direction; default 1,000,000. */
  readonly rate?: number;
}

const PIECE = 16_000;

/** One for which the line is down is given up after three SYNs. */
export function* transfer(client: Client, random: Random, options: TransferOptions): Activity {
  const { server, startMs, port = 443, rate = 1_000_000 } = options;
  const noise = new Noise(random);
  yield startMs;
  if (outageEnd(client.network.conditions, startMs) !== undefined) {
    const attempt = client.session(random, server, port, client.lookUp(random, server, startMs));
    attempt.synchronise().retry(1000).retry(2000);
    return;
  }
  const session = client.tlsSession(random, server, port, 'http/1.1', startMs, noise);
  session.send('device', encrypted(noise, random.integer(200, 600)));
  for (const [side, bytes] of [
    ['device', options.up],
    ['remote', options.down],
  ] as const) {
    for (let left = bytes; left > 0; left -= PIECE) {
      session.send(side, encrypted(noise, Math.min(left, PIECE)));
      session.idle(random.between(0.7, 1.3) * ((Math.min(left, PIECE) / rate) * 1000));
      yield session.timeMs;
      if (outageEnd(client.network.conditions, session.timeMs) === undefined) continue;
      session.sendInVain('device', encrypted(noise, 60), [300, 600, 1200, 2400, 4800]);
      return;
    }
  }
  session.send('remote', encrypted(noise, random.integer(60, 300))).close('device');
}
