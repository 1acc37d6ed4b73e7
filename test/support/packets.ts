// Packets by hand, for the tests that need one of a certain kind.

import { LINK_ETHERNET, LINK_RAW } from '../../schema/frame.ts';
import { v4, v6 } from './device.ts';
import type { Frame, Protocol } from './packet-model.ts';

export interface PacketOptions {
  /** The device (LAPTOP) by default. */
  readonly from?: Uint8Array;
  /** PEER_V4 by default; its family is the packet's. */
  readonly to?: Uint8Array;
  readonly protocol?: Protocol | number;
  readonly fromPort?: number;
  readonly toPort?: number;
  /** Bytes behind the transport header. */
  readonly payload?: number;
  /** IPv4: words of options. */
  readonly optionWords?: number;
  /** IPv4: flags and fragment offset. */
  readonly fragment?: number;
  /** IPv6: extension headers, each next header value and bytes behind its next-header byte. */
  readonly extensions?: ReadonlyArray<readonly [type: number, body: readonly number[]]>;
  /** IPv4 total length or IPv6 payload length, where it is to lie. */
  readonly claimed?: number;
}

export const DEVICE_V4 = v4('10.0.0.5');
export const DEVICE_V6 = v6('2001:db8::5');
export const PEER_V4 = v4('192.0.2.1');
export const PEER_V6 = v6('2001:db8:1::1');

/** Peer number n of either family, for as many five-tuples as a test needs. */
export function peerV4(number: number): Uint8Array {
  return Uint8Array.of(198, 18 + (number >> 16), (number >> 8) & 0xff, number & 0xff);
}

export function peerV6(number: number): Uint8Array {
  const address = PEER_V6.slice();
  new DataView(address.buffer).setUint32(12, number + 1);
  return address;
}

/** From the IP header on. */
export function packet(options: PacketOptions = {}): Uint8Array {
  const { to = PEER_V4, protocol = 'TCP' } = options;
  const isV4 = to.length === 4;
  const numbers = { TCP: 6, UDP: 17, ICMP: isV4 ? 1 : 58 };
  const number = typeof protocol === 'number' ? protocol : numbers[protocol];
  const transport = new Uint8Array((number === 6 ? 20 : 8) + (options.payload ?? 0));
  const view = new DataView(transport.buffer);
  if (number === 6 || number === 17) {
    view.setUint16(0, options.fromPort ?? 40_000);
    view.setUint16(2, options.toPort ?? 443);
  }
  return isV4 ? ipv4(options, to, number, transport) : ipv6(options, to, number, transport);
}

/** On Ethernet, captured whole. */
export function frame(options: PacketOptions = {}): Frame {
  const ip = packet(options);
  const bytes = new Uint8Array(14 + ip.length);
  bytes.set(options.to?.length === 16 ? [0x86, 0xdd] : [0x08, 0x00], 12);
  bytes.set(ip, 14);
  return { link: LINK_ETHERNET, bytes, original: bytes.length };
}

/** Without a link layer: any bytes that begin with an IP version. */
export function rawFrame(bytes: Uint8Array, original = bytes.length): Frame {
  return { link: LINK_RAW, bytes, original };
}

/** The same frame with only its first bytes captured. */
export function captured(whole: Frame, length: number): Frame {
  return { ...whole, bytes: whole.bytes.subarray(0, length) };
}

function ipv4(
  { from = DEVICE_V4, optionWords = 0, fragment = 0, claimed }: PacketOptions,
  to: Uint8Array,
  number: number,
  transport: Uint8Array,
): Uint8Array {
  const header = 20 + 4 * optionWords;
  const bytes = new Uint8Array(header + transport.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x45 + optionWords;
  view.setUint16(2, claimed ?? bytes.length);
  view.setUint16(6, fragment);
  bytes[9] = number;
  bytes.set(from, 12);
  bytes.set(to, 16);
  // No-operation options.
  bytes.fill(1, 20, header);
  bytes.set(transport, header);
  return bytes;
}

function ipv6(
  { from = DEVICE_V6, extensions = [], claimed }: PacketOptions,
  to: Uint8Array,
  number: number,
  transport: Uint8Array,
): Uint8Array {
  const chain = extensions.flatMap(([, body], index) => [extensions[index + 1]?.[0] ?? number, ...body]);
  const bytes = new Uint8Array(40 + chain.length + transport.length);
  bytes[0] = 0x60;
  new DataView(bytes.buffer).setUint16(4, claimed ?? chain.length + transport.length);
  bytes[6] = extensions[0]?.[0] ?? number;
  bytes.set(from, 8);
  bytes.set(to, 24);
  bytes.set(chain, 40);
  bytes.set(transport, 40 + chain.length);
  return bytes;
}
