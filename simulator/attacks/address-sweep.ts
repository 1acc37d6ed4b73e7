// Who is there? ICMP or ICMPv6 echo to host after host.
import type { HomeNetwork } from '../home-network.ts';
import { deviceAddressOf, gatewayAddressOf, type Neighbourhood } from '../hosts.ts';
import { unreachable } from '../messages/unreachable.ts';
import type { Address } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import {
  type AttackOptions,
  answerMs,
  fateOf,
  periodOf,
  type Reaction,
  sendBack,
  sendForth,
} from './attack.ts';
import { echo } from './echo.ts';
import { opposites } from './horizontal-scan.ts';

export interface AddressSweepOptions extends AttackOptions {
  readonly hostsPerSecond: number;
  /** Default 'random'. */
  readonly jitter?: Jitter;
  /** Refuses: a router says that there is no such host. Default one in five answers. */
  readonly reaction?: Reaction;
  /** Out; default 'network'. */
  readonly where?: Neighbourhood;
  /** In: one host asks for all these addresses; without, many hosts ask for the device's one. */
  readonly deviceAddresses?: readonly Address[];
  /** Bytes behind the echo header; default 56, as ping sends. */
  readonly payloadLength?: number;
}

const AS_IN_A_NETWORK: Reaction = { answers: 0.2, refuses: 0.1 };

export function* addressSweep(network: HomeNetwork, random: Random, options: AddressSweepOptions): Activity {
  const { direction, family = 'IPv4', reaction = AS_IN_A_NETWORK, payloadLength = 56 } = options;
  const nextHost = opposites(random, { where: 'network', ...options });
  const identifier = random.integer(1, 0xffff);
  const payload = Uint8Array.from({ length: payloadLength }, (_, i) => i);
  let sequence = 0;
  for (const timeMs of paced(random, periodOf(options), options.hostsPerSecond, options.jitter ?? 'random')) {
    yield timeMs;
    const opposite = nextHost();
    if (opposite === undefined) return;
    const request = echo(family, 'request', identifier, ++sequence, payload);
    sendForth(network, direction, timeMs, opposite, request);
    const fate = fateOf(random, reaction);
    const backMs = answerMs(random, direction, timeMs, opposite);
    if (fate === 'answers') {
      sendBack(network, direction, backMs, opposite, echo(family, 'reply', identifier, sequence, payload));
    } else if (fate === 'refuses' && direction === 'out') {
      const router = { ...opposite, address: gatewayAddressOf(family) };
      const error = unreachable('host', deviceAddressOf(family), opposite.address, request);
      sendBack(network, direction, backMs, router, error);
    }
  }
}
