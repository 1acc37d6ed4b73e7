// A network inside of questions about names: iodine, dnscat2 and the like. To the device's own resolver, or straight to the server.
import { GATEWAY, type HomeNetwork } from '../home-network.ts';
import { anyHost } from '../hosts.ts';
import { type DataRecord, dataAnswer, dataQuery } from '../messages/dns-data.ts';
import { Noise } from '../messages/noise.ts';
import { udpDatagram } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { type AttackOptions, attackerPorts, oppositeAt, periodOf } from './attack.ts';

type Range = readonly [least: number, most: number];

export interface DnsTunnelOptions extends Omit<AttackOptions, 'direction'> {
  readonly questionsPerSecond: number;
  /** Default 0.3. */
  readonly jitter?: Jitter;
  /** iodine: NULL; dnscat2: TXT, CNAME, MX in turn. Default NULL. */
  readonly record?: DataRecord;
  /** Characters of data in a question; default 30 to 190. */
  readonly questionData?: Range;
  /** Bytes of data in an answer; default 40 to 1,100. */
  readonly answerData?: Range;
  /** resolver: the gateway passes it on; direct: to a server outside. Default resolver. */
  readonly way?: 'resolver' | 'direct';
  /** one: all questions from one port, as the tools do; each: from another one. Default one. */
  readonly ports?: 'one' | 'each';
}

const DOMAIN = 't.example.org';
const DNS_PORT = 53;
/** A tunnel's server is behind the resolver. */
const WAY_MS = [20, 90] as const;

export function* dnsTunnel(network: HomeNetwork, random: Random, options: DnsTunnelOptions): Activity {
  const { family = 'IPv4', record = 'NULL', questionData = [30, 190], answerData = [40, 1100] } = options;
  const ownResolver = family === 'IPv4' ? GATEWAY.address : GATEWAY.addressV6;
  const isDirect = options.way === 'direct';
  const server = oppositeAt(random, isDirect ? anyHost(family, random) : ownResolver);
  const noise = new Noise(random);
  const ports = attackerPorts(random);
  const ownPort = ports.next();
  const period = periodOf({ ...options, direction: 'out' });
  let id = random.integer(0, 0xffff);
  for (const timeMs of paced(random, period, options.questionsPerSecond, options.jitter ?? 0.3)) {
    yield timeMs;
    const port = options.ports === 'each' ? ports.next() : ownPort;
    id = (id + 7727) & 0xffff;
    const dataLength = random.integer(...questionData);
    const query = dataQuery(noise, { id, record, dataLength, domain: DOMAIN });
    network.fromDevice(
      timeMs,
      server.address,
      udpDatagram({ sourcePort: port, destinationPort: DNS_PORT, payload: query }),
    );
    const payload = dataAnswer(noise, query, record, random.integer(...answerData));
    network.toDevice(
      timeMs + random.between(...WAY_MS),
      server.address,
      udpDatagram({ sourcePort: DNS_PORT, destinationPort: port, payload }),
    );
  }
}
