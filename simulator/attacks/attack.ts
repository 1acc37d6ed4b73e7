// What all attacks have in common: when, which way, over which family, and what the other side makes of it.
import type { HomeNetwork } from '../home-network.ts';
import type { Family } from '../hosts.ts';
import type { Address, Transport } from '../packets/index.ts';
import { PortCounter } from '../port-counter.ts';
import type { Random } from '../random.ts';
import type { Period } from '../schedule.ts';
import { TcpSession } from '../tcp-session.ts';

/** in: somebody attacks the device. out: the device attacks. */
export type Direction = 'in' | 'out';

export interface AttackOptions {
  /** Of the first packet, since 1970. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly direction: Direction;
  /** Default IPv4. */
  readonly family?: Family;
}

export function periodOf({ startMs, durationMs }: AttackOptions): Period {
  return { startMs, endMs: startMs + durationMs };
}

/** What those who are asked do, in shares of 1; the rest is silent. */
export interface Reaction {
  readonly answers: number;
  readonly refuses: number;
}

export const ANSWERING: Reaction = { answers: 1, refuses: 0 };
export const REFUSING: Reaction = { answers: 0, refuses: 1 };
export const SILENT: Reaction = { answers: 0, refuses: 0 };
/** About what a scanner of the whole Internet meets on a port of old devices. */
export const AS_FOUND: Reaction = { answers: 0.02, refuses: 0.08 };

export type Fate = 'answers' | 'refuses' | 'silent';

export function fateOf(random: Random, { answers, refuses }: Reaction): Fate {
  const draw = random.fraction();
  if (draw < answers) return 'answers';
  return draw < answers + refuses ? 'refuses' : 'silent';
}

/** Who is attacked, or who attacks: the host at the other end, and how far away it is. */
export interface Opposite {
  readonly address: Address;
  readonly roundTripMs: number;
  /** Which of its addresses the device uses, where it has several. */
  readonly deviceAddress?: Address;
}

const ROUND_TRIP_MS = [8, 220] as const;

export function oppositeAt(random: Random, address: Address, deviceAddress?: Address): Opposite {
  const roundTripMs = random.between(...ROUND_TRIP_MS);
  return deviceAddress === undefined ? { address, roundTripMs } : { address, roundTripMs, deviceAddress };
}

/** One packet from the attacker to the attacked. */
export function sendForth(
  network: HomeNetwork,
  direction: Direction,
  timeMs: number,
  { address, deviceAddress }: Opposite,
  transport: Transport,
): void {
  const options = deviceAddress === undefined ? undefined : { deviceAddress };
  if (direction === 'out') network.fromDevice(timeMs, address, transport, options);
  else network.toDevice(timeMs, address, transport, options);
}

/** One packet from the attacked to the attacker. */
export function sendBack(
  network: HomeNetwork,
  direction: Direction,
  timeMs: number,
  opposite: Opposite,
  transport: Transport,
): void {
  sendForth(network, direction === 'out' ? 'in' : 'out', timeMs, opposite, transport);
}

/** When an answer to a packet of that time is seen at the device. */
export function answerMs(
  random: Random,
  direction: Direction,
  timeMs: number,
  { roundTripMs }: Opposite,
): number {
  return timeMs + (direction === 'out' ? roundTripMs * random.between(0.95, 1.25) : random.between(0.1, 1.5));
}

export interface AttackPorts {
  readonly attackerPort: number;
  readonly attackedPort: number;
}

/** A connection that the attacker opens; whoever opens is 'device' where the attack goes out, 'remote' where it comes in. */
export function attackSession(
  network: HomeNetwork,
  random: Random,
  direction: Direction,
  startMs: number,
  { address, ...opposite }: Opposite,
  { attackerPort, attackedPort }: AttackPorts,
): TcpSession {
  const isOut = direction === 'out';
  return new TcpSession(network, random, {
    devicePort: isOut ? attackerPort : attackedPort,
    remotePort: isOut ? attackedPort : attackerPort,
    remoteAddress: address,
    initiator: isOut ? 'device' : 'remote',
    startMs,
    ...opposite,
  });
}

/** Of what runs on Linux: the range of its ephemeral ports. */
export function attackerPorts(random: Random): PortCounter {
  return new PortCounter(random, 32_768, 60_999);
}
