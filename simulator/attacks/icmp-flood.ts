// Pings without end.
import type { HomeNetwork } from '../home-network.ts';
import { Noise } from '../messages/noise.ts';
import type { Address } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import {
  ANSWERING,
  type AttackOptions,
  answerMs,
  fateOf,
  periodOf,
  type Reaction,
  sendBack,
  sendForth,
} from './attack.ts';
import { echo } from './echo.ts';
import { type FloodPeers, floodPeers } from './flood-sources.ts';

export interface IcmpFloodOptions extends AttackOptions {
  readonly packetsPerSecond: number;
  /** Default 'random'. */
  readonly jitter?: Jitter;
  /** Default one. */
  readonly peers?: FloodPeers;
  readonly peer?: Address;
  /** Bytes behind the echo header; default 56 to 1,400. */
  readonly payloadLength?: readonly [least: number, most: number];
  /** Default ANSWERING. */
  readonly reaction?: Reaction;
}

export function* icmpFlood(network: HomeNetwork, random: Random, options: IcmpFloodOptions): Activity {
  const { direction, family = 'IPv4', reaction = ANSWERING, payloadLength = [56, 1400] } = options;
  const nextPeer = floodPeers(random, family, options.peers ?? 1, options.peer);
  const noise = new Noise(random);
  const identifier = random.integer(1, 0xffff);
  let sequence = 0;
  for (const timeMs of paced(
    random,
    periodOf(options),
    options.packetsPerSecond,
    options.jitter ?? 'random',
  )) {
    yield timeMs;
    const opposite = nextPeer();
    const payload = noise.bytes(random.integer(...payloadLength));
    const request = echo(family, 'request', identifier, ++sequence, payload);
    sendForth(network, direction, timeMs, opposite, request);
    if (fateOf(random, reaction) !== 'answers') continue;
    const backMs = answerMs(random, direction, timeMs, opposite);
    sendBack(network, direction, backMs, opposite, echo(family, 'reply', identifier, sequence, payload));
  }
}
