// IPv4 (RFC 791) and IPv6 (RFC 8200) packets around a transport, whole or in fragments, every checksum filled in.
import { type Address, addressBytes } from './address.ts';
import { HOP_LIMIT, MTU } from './defaults.ts';
import { addWords, checksumOf } from './internet-checksum.ts';
import { type Transport, UDP } from './transport.ts';

export interface IpHeader {
  readonly source: Address;
  /** Of the same family as the source. */
  readonly destination: Address;
  /** Time to live in IPv4. */
  readonly hopLimit?: number;
  /** Type of service in IPv4; default 0. */
  readonly trafficClass?: number;
  /** IPv4: 16 bits. IPv6, of fragments only: 32 bits. Default 0. */
  readonly identification?: number;
  /** IPv4; default true, false for fragments. */
  readonly dontFragment?: boolean;
  /** IPv4: up to 40 bytes; padded to 32 bits with end-of-options. */
  readonly options?: Uint8Array;
  /** IPv6; default 0. */
  readonly flowLabel?: number;
  /** IPv6: in this order before the transport. */
  readonly extensions?: readonly OptionsHeader[];
}

export const HOP_BY_HOP = 0;
export const DESTINATION_OPTIONS = 60;
const FRAGMENT = 44;

/** An IPv6 extension header that carries options: RFC 8200 4.3 and 4.6. */
export interface OptionsHeader {
  readonly protocol: typeof HOP_BY_HOP | typeof DESTINATION_OPTIONS;
  /** Options; padded to 64 bits with PadN. */
  readonly options: Uint8Array;
}

/** The router alert that multicast listener reports carry (RFC 2711, RFC 3810 5). */
export const ROUTER_ALERT: OptionsHeader = { protocol: HOP_BY_HOP, options: Uint8Array.of(5, 2, 0, 0) };

const LONGEST = 65_535;

/** @throws RangeError for what is no address, addresses of two families, more than 65,535 bytes */
export function ipPacket(header: IpHeader, transport: Transport): Uint8Array {
  const addresses = addressesOf(header);
  const segment = withChecksum(transport, addresses);
  if (addresses.isV6) {
    const [body, next] = withExtensions(header.extensions ?? [], segment, transport.protocol);
    return ipv6(header, addresses, next, body);
  }
  return ipv4(header, addresses, transport.protocol, segment, header.dontFragment === false ? 0 : 0x4000);
}

/** mtu: bytes of the largest fragment with its IP header. The fragments come in order, more than one or just one. */
export function ipFragments(header: IpHeader, transport: Transport, mtu = MTU): Uint8Array[] {
  const addresses = addressesOf(header);
  const segment = withChecksum(transport, addresses);
  return addresses.isV6
    ? ipv6Fragments(header, addresses, segment, transport.protocol, mtu)
    : ipv4Fragments(header, addresses, segment, transport.protocol, mtu);
}

function ipv4Fragments(
  header: IpHeader,
  addresses: Addresses,
  segment: Uint8Array,
  protocol: number,
  mtu: number,
): Uint8Array[] {
  const headerLength = 20 + padded(header.options?.length ?? 0, 4);
  return pieces(segment, mtu - headerLength).map(({ bytes, offset, isLast }) =>
    ipv4(header, addresses, protocol, bytes, (isLast ? 0 : 0x2000) | (offset / 8)),
  );
}

/** RFC 8200 4.5: hop-by-hop options stand before the fragment header in every fragment, the rest is cut up. */
function ipv6Fragments(
  header: IpHeader,
  addresses: Addresses,
  segment: Uint8Array,
  protocol: number,
  mtu: number,
): Uint8Array[] {
  const extensions = header.extensions ?? [];
  const perFragment = extensions.filter((extension) => extension.protocol === HOP_BY_HOP);
  const cutUp = extensions.filter((extension) => extension.protocol !== HOP_BY_HOP);
  const [whole, next] = withExtensions(cutUp, segment, protocol);
  const before = perFragment.reduce((length, { options }) => length + padded(2 + options.length, 8), 0);
  return pieces(whole, mtu - 40 - before - 8).map(({ bytes, offset, isLast }) => {
    const fragment = new Uint8Array(8 + bytes.length);
    const view = new DataView(fragment.buffer);
    fragment[0] = next;
    view.setUint16(2, offset | (isLast ? 0 : 1));
    view.setUint32(4, header.identification ?? 0);
    fragment.set(bytes, 8);
    const [body, first] = withExtensions(perFragment, fragment, FRAGMENT);
    return ipv6(header, addresses, first, body);
  });
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly isLast: boolean;
}

/** All but the last are multiples of 8 bytes. */
function pieces(whole: Uint8Array, room: number): Piece[] {
  const length = room & ~7;
  if (length < 8) throw new RangeError(`${room} bytes are too few for a fragment`);
  const found: Piece[] = [];
  for (let offset = 0; offset === 0 || offset < whole.length; offset += length) {
    const isLast = whole.length - offset <= room;
    found.push({ bytes: whole.subarray(offset, isLast ? whole.length : offset + length), offset, isLast });
    if (isLast) break;
  }
  return found;
}

interface Addresses {
  readonly isV6: boolean;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

function addressesOf(header: IpHeader): Addresses {
  const source = addressBytes(header.source);
  const destination = addressBytes(header.destination);
  if (source.length !== destination.length)
    throw new RangeError('source and destination are of two families');
  return { isV6: source.length === 16, source, destination };
}

function withChecksum(transport: Transport, { source, destination }: Addresses): Uint8Array {
  const { bytes, protocol, checksumAt, hasPseudoHeader } = transport;
  // RFC 9293 3.1, RFC 8200 8.1: both pseudo-headers add up to addresses, length and protocol.
  let sum = hasPseudoHeader ? addWords(destination, addWords(source, bytes.length + protocol)) : 0;
  sum = addWords(bytes, sum);
  let checksum = checksumOf(sum);
  // RFC 768: zero would say that there is none.
  if (checksum === 0 && protocol === UDP) checksum = 0xffff;
  const segment = bytes.slice();
  segment[checksumAt] = checksum >> 8;
  segment[checksumAt + 1] = checksum;
  return segment;
}

function ipv4(
  header: IpHeader,
  { source, destination }: Addresses,
  protocol: number,
  body: Uint8Array,
  fragmentField: number,
): Uint8Array {
  const options = header.options ?? new Uint8Array(0);
  if (options.length > 40) throw new RangeError(`${options.length} bytes of IPv4 options, at most 40`);
  const headerLength = 20 + padded(options.length, 4);
  const packet = new Uint8Array(bounded(headerLength + body.length));
  const view = new DataView(packet.buffer);
  packet[0] = 0x40 | (headerLength / 4);
  packet[1] = header.trafficClass ?? 0;
  view.setUint16(2, packet.length);
  view.setUint16(4, header.identification ?? 0);
  view.setUint16(6, fragmentField);
  packet[8] = header.hopLimit ?? HOP_LIMIT;
  packet[9] = protocol;
  packet.set(source, 12);
  packet.set(destination, 16);
  packet.set(options, 20);
  view.setUint16(10, checksumOf(addWords(packet.subarray(0, headerLength))));
  packet.set(body, headerLength);
  return packet;
}

function ipv6(
  header: IpHeader,
  { source, destination }: Addresses,
  nextHeader: number,
  body: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(40 + bounded(body.length));
  const view = new DataView(packet.buffer);
  view.setUint32(0, 0x6000_0000 | ((header.trafficClass ?? 0) << 20) | (header.flowLabel ?? 0));
  view.setUint16(4, body.length);
  packet[6] = nextHeader;
  packet[7] = header.hopLimit ?? HOP_LIMIT;
  packet.set(source, 8);
  packet.set(destination, 24);
  packet.set(body, 40);
  return packet;
}

/** Returns the body with its extension headers before it, and the protocol number of the first. */
function withExtensions(
  extensions: readonly OptionsHeader[],
  body: Uint8Array,
  protocol: number,
): [body: Uint8Array, next: number] {
  return extensions.reduceRight<[Uint8Array, number]>(
    ([after, next], extension) => {
      const used = 2 + extension.options.length;
      const length = padded(used, 8);
      const whole = new Uint8Array(length + after.length);
      whole[0] = next;
      whole[1] = length / 8 - 1;
      whole.set(extension.options, 2);
      // PadN; a single byte of padding is Pad1, which is zero (RFC 8200 4.2).
      if (length - used > 1) whole.set([1, length - used - 2], used);
      whole.set(after, length);
      return [whole, extension.protocol];
    },
    [body, protocol],
  );
}

function bounded(length: number): number {
  if (length > LONGEST) throw new RangeError(`an IP packet of ${length} bytes, at most ${LONGEST}`);
  return length;
}

function padded(length: number, to: number): number {
  return Math.ceil(length / to) * to;
}
