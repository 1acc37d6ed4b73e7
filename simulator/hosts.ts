// The hosts outside, as many as a scan can reach or a flood can claim to come from. IPv4: 100.64.0.0/10, which RFC 6598 keeps out of
// the Internet, because the 762 documentation addresses do not last a second; cloud services are in 198.18.0.0/15 (RFC 2544).
// IPv6: 2001:db8:4000::/34.
import { DEVICE, GATEWAY, type Server } from './home-network.ts';
import { addressBytes } from './packets/index.ts';
import type { Random } from './random.ts';

export type Family = 'IPv4' | 'IPv6';

/** There are 2^22 of each family. */
const HOST_BITS = 22;
const HOST_MASK = (1 << HOST_BITS) - 1;
const FIRST_HOST = 0x6440_0000;
const FIRST_CLOUD = 0xc612_0000;
const CLOUD_MASK = 0x1ffff;

/** number: 22 bits count. Another number is another host. */
export function hostAt(family: Family, number: number): Uint8Array {
  const low = number & HOST_MASK;
  if (family === 'IPv4') return ipv4(FIRST_HOST + low);
  const bytes = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  // As found in the field: many networks, and in each of them hosts of low numbers.
  bytes[4] = 0x40 | (low >> 18);
  bytes[5] = low >> 10;
  bytes[6] = low >> 2;
  bytes[7] = (low & 3) << 6;
  bytes[15] = 1 + (low % 7);
  return bytes;
}

/** A host of a cloud; number: 17 bits count, the lower 8 of them within a network. */
export function cloudAt(family: Family, number: number): Uint8Array {
  const low = number & CLOUD_MASK;
  if (family === 'IPv4') return ipv4(FIRST_CLOUD + low);
  return Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0x20, low >> 16, low >> 8, 0, 0, 0, 0, 0, 0, 0, 0, low);
}

/** The same service at its address of IPv6. */
export function overV6(server: Server): Server {
  return overFamily(server, 'IPv6');
}

/** The same service at its address of IPv4. */
export function overV4(server: Server): Server {
  return overFamily(server, 'IPv4');
}

function overFamily(server: Server, family: Family): Server {
  const bytes = addressBytes(server.address);
  const isV6 = bytes.length === 16;
  if (isV6 === (family === 'IPv6')) return server;
  const number = isV6 ? numberOf(bytes[5], bytes[6], bytes[15]) : numberOf(bytes[1], bytes[2], bytes[3]);
  return { ...server, address: cloudAt(family, number) };
}

function numberOf(high = 0, middle = 0, low = 0): number {
  return (high << 16) | (middle << 8) | low;
}

/** Any host, perhaps one that was drawn before. */
export function anyHost(family: Family, random: Random): Uint8Array {
  return hostAt(family, random.next());
}

/** anywhere: in no order. network: one after the other. home: the machines around the device. */
export type Neighbourhood = 'anywhere' | 'network' | 'home';

/** Hosts without repeating one; undefined when there are no more: 4,194,304, at home 252. */
export class HostSequence {
  readonly #family: Family;
  readonly #where: Neighbourhood;
  readonly #first: number;
  readonly #machines: readonly number[];
  #count = 0;

  constructor(random: Random, family: Family, where: Neighbourhood = 'anywhere') {
    this.#family = family;
    this.#where = where;
    this.#first = random.next();
    this.#machines = where === 'home' ? random.shuffle([...MACHINES]) : [];
  }

  next(): Uint8Array | undefined {
    const count = this.#count++;
    if (this.#where === 'home') {
      const machine = this.#machines[count];
      return machine === undefined ? undefined : machineAt(this.#family, machine);
    }
    if (count > HOST_MASK) return undefined;
    return hostAt(this.#family, this.#first + (this.#where === 'network' ? count : scattered(count)));
  }
}

/** 2 to 254 without the device. */
const MACHINES = Array.from({ length: 253 }, (_, i) => i + 2).filter((number) => number !== 50);

/** One to one over 22 bits: odd multipliers and shifts to the right can be undone. */
function scattered(count: number): number {
  let mixed = Math.imul(count, 0x2c1b3c6d) & HOST_MASK;
  mixed ^= mixed >>> 11;
  mixed = Math.imul(mixed, 0x297a2d39) & HOST_MASK;
  return mixed ^ (mixed >>> 13);
}

function machineAt(family: Family, number: number): Uint8Array {
  if (family === 'IPv4') return Uint8Array.of(192, 0, 2, number);
  const bytes = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  bytes[14] = Math.floor(number / 100);
  bytes[15] = ((Math.floor(number / 10) % 10) << 4) | (number % 10);
  return bytes;
}

function ipv4(number: number): Uint8Array {
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

export function deviceAddressOf(family: Family): string {
  return family === 'IPv4' ? DEVICE.address : DEVICE.addressV6;
}

export function gatewayAddressOf(family: Family): string {
  return family === 'IPv4' ? GATEWAY.address : GATEWAY.addressV6;
}
