// Datagrams, more than the line or the device can take.
import type { HomeNetwork } from '../home-network.ts';
import { deviceAddressOf } from '../hosts.ts';
import { Noise } from '../messages/noise.ts';
import { unreachable } from '../messages/unreachable.ts';
import { type Address, udpDatagram } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { type AttackOptions, answerMs, attackerPorts, periodOf, sendBack, sendForth } from './attack.ts';
import { type FloodPeers, floodPeers } from './flood-sources.ts';

export interface UdpFloodOptions extends AttackOptions {
  readonly packetsPerSecond: number;
  /** Default 'random'. */
  readonly jitter?: Jitter;
  /** Default: 'spoofed' in, one target out. */
  readonly peers?: FloodPeers;
  readonly peer?: Address;
  /** One port, or another with every packet; default random. */
  readonly port?: number | 'random';
  /** Bytes of payload, from and to; default 512 to 1,024. */
  readonly payloadLength?: readonly [least: number, most: number];
  /** ICMP errors a second that come back, as stacks limit them; default 10, 0 is silence. */
  readonly unreachablesPerSecond?: number;
}

export function* udpFlood(network: HomeNetwork, random: Random, options: UdpFloodOptions): Activity {
  const { direction, family = 'IPv4', port = 'random', payloadLength = [512, 1024] } = options;
  const peers = options.peers ?? (direction === 'in' ? 'spoofed' : 1);
  const nextPeer = floodPeers(random, family, peers, options.peer);
  const noise = new Noise(random);
  const sourcePort = attackerPorts(random).next();
  const errorEveryMs = 1000 / (options.unreachablesPerSecond ?? 10);
  let errorMs = options.startMs;
  for (const timeMs of paced(
    random,
    periodOf(options),
    options.packetsPerSecond,
    options.jitter ?? 'random',
  )) {
    yield timeMs;
    const opposite = nextPeer();
    const datagram = udpDatagram({
      sourcePort: peers === 'spoofed' ? random.integer(1024, 65_535) : sourcePort,
      destinationPort: port === 'random' ? random.integer(1, 65_535) : port,
      payload: noise.bytes(random.integer(...payloadLength)),
    });
    sendForth(network, direction, timeMs, opposite, datagram);
    if (timeMs < errorMs || errorEveryMs === Number.POSITIVE_INFINITY) continue;
    errorMs = timeMs + errorEveryMs;
    const device = deviceAddressOf(family);
    const [from, to] = direction === 'out' ? [device, opposite.address] : [opposite.address, device];
    const backMs = answerMs(random, direction, timeMs, opposite);
    sendBack(network, direction, backMs, opposite, unreachable('port', from, to, datagram));
  }
}
