// Answers without questions. Somebody has asked servers that amplify, in the name of the one who is to drown in their answers.
import type { HomeNetwork } from '../home-network.ts';
import { deviceAddressOf, HostSequence, hostAt } from '../hosts.ts';
import { Noise } from '../messages/noise.ts';
import { unreachable } from '../messages/unreachable.ts';
import { udpDatagram } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Jitter, paced } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { type AttackOptions, answerMs, oppositeAt, periodOf, sendBack, sendForth } from './attack.ts';

/** Amplifiers as CISA alert TA14-017A lists them, with the sizes of question and answer in bytes of UDP payload. */
export const REFLECTORS: Readonly<Record<ReflectorKind, Reflector>> = {
  dns: { port: 53, question: [36, 64], answer: [900, 1460], answers: [1, 3] },
  ntp: { port: 123, question: [8, 8], answer: [440, 440], answers: [2, 60] },
  ssdp: { port: 1900, question: [90, 120], answer: [280, 420], answers: [4, 12] },
  memcached: { port: 11_211, question: [15, 30], answer: [1400, 1400], answers: [10, 80] },
  coap: { port: 5683, question: [10, 21], answer: [500, 1100], answers: [1, 2] },
};
export type ReflectorKind = 'dns' | 'ntp' | 'ssdp' | 'memcached' | 'coap';
type Range = readonly [least: number, most: number];

interface Reflector {
  readonly port: number;
  readonly question: Range;
  readonly answer: Range;
  /** Datagrams that answer one question. */
  readonly answers: Range;
}

export interface ReflectionOptions extends AttackOptions {
  /**
   * In: the device is the victim, answers come from so many hosts. Out: the device is one of the servers, and answers questions of
   * so many victims, who never asked.
   */
  readonly hosts: number;
  readonly kind: ReflectorKind;
  /** In: answering bursts of hosts; out: questions. */
  readonly perSecond: number;
  /** Default 'random'. */
  readonly jitter?: Jitter;
  /** In: of the device, that the answers go to; default another with every one. */
  readonly victimPort?: number;
  /** In: ICMP errors a second with which the device says that it waits for nothing; default 10. */
  readonly unreachablesPerSecond?: number;
}

/** Between the datagrams of one answer, ms. */
const BACK_TO_BACK = [0.05, 0.4] as const;

export function* reflection(network: HomeNetwork, random: Random, options: ReflectionOptions): Activity {
  const { direction, family = 'IPv4', kind, jitter = 'random', perSecond } = options;
  const reflector = REFLECTORS[kind];
  const sequence = new HostSequence(random, family);
  const hosts = Array.from({ length: options.hosts }, () =>
    oppositeAt(random, sequence.next() ?? hostAt(family, random.next())),
  );
  const noise = new Noise(random);
  const errorEveryMs = 1000 / (options.unreachablesPerSecond ?? 10);
  let errorMs = options.startMs;
  for (const timeMs of paced(random, periodOf(options), perSecond, jitter)) {
    yield timeMs;
    const host = hosts[random.integer(0, hosts.length - 1)];
    if (host === undefined) return;
    const victimPort = options.victimPort ?? random.integer(1024, 65_535);
    const back = { sourcePort: reflector.port, destinationPort: victimPort };
    let atMs = timeMs;
    if (direction === 'out') {
      const question = noise.bytes(random.integer(...reflector.question));
      const datagram = { sourcePort: victimPort, destinationPort: reflector.port, payload: question };
      sendForth(network, 'in', timeMs, host, udpDatagram(datagram));
      atMs = answerMs(random, 'in', timeMs, host);
    }
    for (let i = random.integer(...reflector.answers); i > 0; i--) {
      const answer = udpDatagram({ ...back, payload: noise.bytes(random.integer(...reflector.answer)) });
      sendForth(network, direction, atMs, host, answer);
      if (direction === 'in' && atMs >= errorMs && errorEveryMs !== Number.POSITIVE_INFINITY) {
        errorMs = atMs + errorEveryMs;
        const error = unreachable('port', host.address, deviceAddressOf(family), answer);
        sendBack(network, direction, answerMs(random, direction, atMs, host), host, error);
      }
      atMs += random.between(...BACK_TO_BACK);
    }
  }
}
