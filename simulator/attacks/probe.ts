// One look at one port of one host, as scanners of all kinds take it.
import type { HomeNetwork } from '../home-network.ts';
import { deviceAddressOf, type Family } from '../hosts.ts';
import { Noise } from '../messages/noise.ts';
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

/**
 * half-open: a SYN, and a reset to whoever accepts (nmap -sS, masscan, zmap). connect: what any program does (worms, nmap -sT);
 * the accepting side may greet. udp: a datagram; what is closed answers with ICMP.
 */
export type ProbeManner = 'half-open' | 'connect' | 'udp';

export interface Probe {
  readonly direction: Direction;
  readonly family: Family;
  readonly manner: ProbeManner;
  readonly opposite: Opposite;
  readonly attackerPort: number;
  readonly attackedPort: number;
  /** How often it is sent again while nobody answers: after 1 s, 2 s, 4 s. */
  readonly repeats: number;
}

const FIRST_REPEAT_MS = 1000;

export function sendProbe(
  network: HomeNetwork,
  random: Random,
  timeMs: number,
  probe: Probe,
  fate: Fate,
): void {
  if (probe.manner === 'udp') sendDatagram(network, random, timeMs, probe, fate);
  else sendSyn(network, random, timeMs, probe, fate);
}

function sendSyn(network: HomeNetwork, random: Random, timeMs: number, probe: Probe, fate: Fate): void {
  const session = attackSession(network, random, probe.direction, timeMs, probe.opposite, probe);
  const attacker = probe.direction === 'out' ? 'device' : 'remote';
  const attacked = probe.direction === 'out' ? 'remote' : 'device';
  session.synchronise();
  if (fate === 'refuses') {
    session.reset(attacked);
  } else if (fate === 'silent') {
    for (let i = 0; i < probe.repeats; i++) session.retry(FIRST_REPEAT_MS * 2 ** i);
  } else if (probe.manner === 'half-open') {
    // RFC 9293 3.10.7.3: the stack knows nothing of the connection, so it resets it.
    session.accept().reset(attacker);
  } else {
    session.accept().acknowledge(attacker);
    if (random.chance(0.5)) session.send(attacked, new Noise(random).bytes(random.integer(12, 90)));
    session.idle(random.between(1, 400)).close(attacker);
  }
}

function sendDatagram(network: HomeNetwork, random: Random, timeMs: number, probe: Probe, fate: Fate): void {
  const { direction, opposite, attackerPort, attackedPort } = probe;
  const noise = new Noise(random);
  const payload = noise.bytes(random.chance(0.3) ? 0 : random.integer(8, 90));
  const datagram = udpDatagram({ sourcePort: attackerPort, destinationPort: attackedPort, payload });
  sendForth(network, direction, timeMs, opposite, datagram);
  if (fate === 'silent') {
    for (let i = 0, at = timeMs; i < probe.repeats; i++) {
      at += FIRST_REPEAT_MS * 2 ** i;
      sendForth(network, direction, at, opposite, datagram);
    }
    return;
  }
  const backMs = answerMs(random, direction, timeMs, opposite);
  if (fate === 'answers') {
    const answer = { sourcePort: attackedPort, destinationPort: attackerPort };
    const body = noise.bytes(random.integer(20, 480));
    sendBack(network, direction, backMs, opposite, udpDatagram({ ...answer, payload: body }));
    return;
  }
  const device = opposite.deviceAddress ?? deviceAddressOf(probe.family);
  const [from, to] = direction === 'out' ? [device, opposite.address] : [opposite.address, device];
  sendBack(network, direction, backMs, opposite, unreachable('port', from, to, datagram));
}
