// One short talk with a host, as an implant has it with its master: sizes of question and answer, and what becomes of it.
import type { HomeNetwork } from '../home-network.ts';
import { deviceAddressOf, type Family } from '../hosts.ts';
import { Noise } from '../messages/noise.ts';
import { encrypted, tlsHellos } from '../messages/tls.ts';
import { unreachable } from '../messages/unreachable.ts';
import { udpDatagram } from '../packets/index.ts';
import type { Random } from '../random.ts';
import {
  answerMs,
  attackSession,
  type Direction,
  type Fate,
  type Opposite,
  sendBack,
  sendForth,
} from './attack.ts';

export type ExchangeManner = 'tls' | 'tcp' | 'udp';

export interface Exchange {
  /** out: the device begins. */
  readonly direction: Direction;
  readonly family: Family;
  readonly manner: ExchangeManner;
  readonly opposite: Opposite;
  readonly attackerPort: number;
  readonly attackedPort: number;
  /** Bytes. */
  readonly question: number;
  readonly answer: number;
  /** Of what nobody answers: again after 1 s, 2 s, 4 s. */
  readonly repeats: number;
}

const SERVER_NAME = 'cdn.example.org';

export function haveExchange(
  network: HomeNetwork,
  random: Random,
  timeMs: number,
  exchange: Exchange,
  fate: Fate,
): void {
  if (exchange.manner === 'udp') exchangeDatagrams(network, random, timeMs, exchange, fate);
  else connect(network, random, timeMs, exchange, fate);
}

function connect(
  network: HomeNetwork,
  random: Random,
  timeMs: number,
  { direction, opposite, manner, question, answer, repeats, ...ports }: Exchange,
  fate: Fate,
): void {
  const beginner = direction === 'out' ? 'device' : 'remote';
  const other = direction === 'out' ? 'remote' : 'device';
  const session = attackSession(network, random, direction, timeMs, opposite, ports);
  if (fate === 'refuses') {
    session.synchronise().reset(other);
    return;
  }
  if (fate === 'silent') {
    session.synchronise();
    for (let i = 0; i < repeats; i++) session.retry(1000 * 2 ** i);
    return;
  }
  const noise = new Noise(random);
  session.open();
  if (manner === 'tls') {
    const hellos = tlsHellos(noise, SERVER_NAME, 'http/1.1', random.integer(900, 2800));
    session.send(beginner, hellos.client).send(other, hellos.server).send(beginner, hellos.finished);
    session.send(beginner, encrypted(noise, question)).send(other, encrypted(noise, answer));
  } else {
    session.send(beginner, noise.bytes(question)).send(other, noise.bytes(answer));
  }
  session.idle(random.between(1, 30)).close(beginner);
}

function exchangeDatagrams(
  network: HomeNetwork,
  random: Random,
  timeMs: number,
  exchange: Exchange,
  fate: Fate,
): void {
  const { direction, family, opposite, attackerPort, attackedPort, question, answer, repeats } = exchange;
  const noise = new Noise(random);
  const forth = { sourcePort: attackerPort, destinationPort: attackedPort };
  const datagram = udpDatagram({ ...forth, payload: noise.bytes(question) });
  sendForth(network, direction, timeMs, opposite, datagram);
  if (fate === 'silent') {
    for (let i = 0, atMs = timeMs; i < repeats; i++) {
      atMs += 1000 * 2 ** i;
      sendForth(network, direction, atMs, opposite, datagram);
    }
    return;
  }
  const backMs = answerMs(random, direction, timeMs, opposite);
  const device = opposite.deviceAddress ?? deviceAddressOf(family);
  const [from, to] = direction === 'out' ? [device, opposite.address] : [opposite.address, device];
  const back = { sourcePort: attackedPort, destinationPort: attackerPort, payload: noise.bytes(answer) };
  const reply = fate === 'answers' ? udpDatagram(back) : unreachable('port', from, to, datagram);
  sendBack(network, direction, backMs, opposite, reply);
}
