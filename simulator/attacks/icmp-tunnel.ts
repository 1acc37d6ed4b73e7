// A connection inside of pings: ptunnel, hans, icmpsh. What comes back is not what went out.
import type { HomeNetwork } from '../home-network.ts';
import { anyHost } from '../hosts.ts';
import { Noise } from '../messages/noise.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { type AttackOptions, answerMs, oppositeAt, periodOf, sendBack, sendForth } from './attack.ts';
import { echo } from './echo.ts';

type Range = readonly [least: number, most: number];

/** out: the device sends the requests; in: the other end does (as a shell's master may). */
export interface IcmpTunnelOptions extends AttackOptions {
  readonly requestsPerSecond: number;
  /** Default 0.3. */
  readonly jitter?: Jitter;
  /** Bytes behind the echo header of a request; default 28 to 1,200. */
  readonly requestData?: Range;
  /** Of a reply; default 28 to 1,200. */
  readonly replyData?: Range;
}

export function* icmpTunnel(network: HomeNetwork, random: Random, options: IcmpTunnelOptions): Activity {
  const { direction, family = 'IPv4', requestData = [28, 1200], replyData = [28, 1200] } = options;
  const opposite = oppositeAt(random, anyHost(family, random));
  const noise = new Noise(random);
  const identifier = random.integer(1, 0xffff);
  let sequence = random.integer(0, 1000);
  for (const timeMs of paced(random, periodOf(options), options.requestsPerSecond, options.jitter ?? 0.3)) {
    yield timeMs;
    sequence++;
    const request = noise.bytes(random.integer(...requestData));
    sendForth(network, direction, timeMs, opposite, echo(family, 'request', identifier, sequence, request));
    const reply = noise.bytes(random.integer(...replyData));
    const backMs = answerMs(random, direction, timeMs, opposite);
    sendBack(network, direction, backMs, opposite, echo(family, 'reply', identifier, sequence, reply));
  }
}
