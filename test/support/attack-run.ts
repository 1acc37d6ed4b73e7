// What activities of the simulator put on the wire, read back packet by packet with a dissector of the tests' own.
import * as assert from 'uvu/assert';
import { HomeNetwork } from '../../simulator/home-network.ts';
import { type Activity, Playback, Random } from '../../simulator/index.ts';
import { dissect } from './dissect.ts';

/** TCP and UDP: ports and payload. ICMP and ICMPv6: type, code, and the body behind the checksum. */
export interface Seen {
  readonly timeMs: number;
  readonly isOut: boolean;
  /** Hexadecimal. */
  readonly local: string;
  readonly remote: string;
  readonly protocol: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** TCP. */
  readonly flags: number;
  /** ICMP. */
  readonly type: number;
  readonly code: number;
  readonly payload: Uint8Array;
}

export const START_MS = 1_748_851_200_000;

/** Every frame is taken apart, its lengths and checksums checked; they must be in order of time. */
export function seen(
  seed: number,
  make: (network: HomeNetwork, random: Random) => Activity | readonly Activity[],
): Seen[] {
  const playback = new Playback();
  const made = make(new HomeNetwork(playback), new Random(seed));
  playback.start(...(Array.isArray(made) ? (made as readonly Activity[]) : [made as Activity]));
  const found: Seen[] = [];
  let latestMs = 0;
  for (const { timeMs, bytes } of playback.frames()) {
    assert.ok(timeMs >= latestMs, `${timeMs} after ${latestMs}`);
    latestMs = timeMs;
    const packet = seenIn(timeMs, bytes);
    if (packet !== undefined) found.push(packet);
  }
  return found;
}

/** Undefined for what is not to or from the local network's unicast addresses, or no TCP, UDP, ICMP, ICMPv6. */
export function seenIn(timeMs: number, bytes: Uint8Array): Seen | undefined {
  const { source, destination, protocol, body } = dissect(bytes);
  const isOut = isDevice(source);
  if (isOut === isDevice(destination) || ![1, 6, 17, 58].includes(protocol)) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const isIcmp = protocol === 1 || protocol === 58;
  const headerLength = protocol === 6 ? (view.getUint8(12) >> 4) * 4 : isIcmp ? 4 : 8;
  return {
    timeMs,
    isOut,
    local: isOut ? source : destination,
    remote: isOut ? destination : source,
    protocol,
    localPort: isIcmp ? 0 : view.getUint16(isOut ? 0 : 2),
    remotePort: isIcmp ? 0 : view.getUint16(isOut ? 2 : 0),
    flags: protocol === 6 ? view.getUint8(13) : 0,
    type: isIcmp ? view.getUint8(0) : 0,
    code: isIcmp ? view.getUint8(1) : 0,
    payload: body.subarray(headerLength),
  };
}

/** 192.0.2.50, or one of 192.0.2.100 to 131, which a gateway serves; 2001:db8::50. */
function isDevice(address: string): boolean {
  if (address === '20010db8000000000000000000000050') return true;
  if (!address.startsWith('c00002')) return false;
  const last = Number.parseInt(address.slice(6), 16);
  return last === 50 || (last >= 100 && last < 132);
}

/** How many different values there are. */
export function distinct<T>(packets: readonly Seen[], of: (packet: Seen) => T): number {
  return new Set(packets.map(of)).size;
}

/** From the first to the last. */
export function seconds(packets: readonly Seen[]): number {
  return ((packets.at(-1)?.timeMs ?? 0) - (packets[0]?.timeMs ?? 0)) / 1000;
}

export function isNear(actual: number, expected: number, share: number, what: string): void {
  const isWithin = actual >= expected * (1 - share) && actual <= expected * (1 + share);
  assert.ok(isWithin, `${what}: ${actual}, expected ${expected} +- ${share * 100} %`);
}

const NOTHING = new Uint8Array(0);

/** As seenIn, of the simulator's usual frames, without checking them: for days of traffic. No payloads. */
export function glance(timeMs: number, bytes: Uint8Array): Seen | undefined {
  const type = ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0);
  if (type !== 0x0800 && type !== 0x86dd) return undefined;
  const isV4 = type === 0x0800;
  const [from, length] = isV4 ? [26, 4] : [22, 16];
  const source = hexOf(bytes.subarray(from, from + length));
  const destination = hexOf(bytes.subarray(from + length, from + 2 * length));
  const isOut = isDevice(source);
  const protocol = bytes[isV4 ? 23 : 20] ?? 0;
  if (isOut === isDevice(destination) || ![1, 6, 17, 58].includes(protocol)) return undefined;
  const at = isV4 ? 34 : 54;
  const isIcmp = protocol === 1 || protocol === 58;
  const port = (offset: number) =>
    isIcmp ? 0 : ((bytes[at + offset] ?? 0) << 8) | (bytes[at + offset + 1] ?? 0);
  return {
    timeMs,
    isOut,
    local: isOut ? source : destination,
    remote: isOut ? destination : source,
    protocol,
    localPort: port(isOut ? 0 : 2),
    remotePort: port(isOut ? 2 : 0),
    flags: protocol === 6 ? (bytes[at + 13] ?? 0) : 0,
    type: isIcmp ? (bytes[at] ?? 0) : 0,
    code: isIcmp ? (bytes[at + 1] ?? 0) : 0,
    payload: NOTHING,
  };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
