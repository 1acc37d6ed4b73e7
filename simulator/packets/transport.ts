// TCP segments, UDP datagrams, ICMP and ICMPv6 messages, as ip.ts takes them: whole but for the checksum, which needs addresses.
import { allocate, copyInto, set16, set32 } from './bytes.ts';
import { WINDOW } from './defaults.ts';

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMPV6 = 58;

export interface Transport {
  /** IP protocol number. */
  readonly protocol: number;
  readonly bytes: Uint8Array;
  /** Where the 16-bit checksum goes; it is zero so far. */
  readonly checksumAt: number;
  /** ICMP alone sums no addresses. */
  readonly hasPseudoHeader: boolean;
}

const NOTHING = new Uint8Array(0);

// RFC 9293 3.1
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Taken modulo 2^32, as is the acknowledgement; both default to 0. */
  readonly sequence?: number;
  readonly acknowledgement?: number;
  /** FIN, SYN, RST, PSH, ACK added up; default ACK. */
  readonly flags?: number;
  readonly window?: number;
  /** Up to 40 bytes; padded to 32 bits with end-of-options. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

/** RFC 9293. */
export function tcpSegment(segment: TcpSegment): Transport {
  const { sequence = 0, acknowledgement = 0, flags = ACK, window = WINDOW } = segment;
  const { options = NOTHING, payload = NOTHING } = segment;
  if (options.length > 40) throw new RangeError(`${options.length} bytes of TCP options, at most 40`);
  const headerLength = 20 + ((options.length + 3) & ~3);
  const bytes = allocate(headerLength + payload.length);
  // Byte by byte: a DataView for each packet costs more than the packet.
  set16(bytes, 0, segment.sourcePort);
  set16(bytes, 2, segment.destinationPort);
  set32(bytes, 4, sequence);
  set32(bytes, 8, acknowledgement);
  bytes[12] = (headerLength / 4) << 4;
  bytes[13] = flags;
  set16(bytes, 14, window);
  copyInto(bytes, 20, options);
  copyInto(bytes, headerLength, payload);
  return { protocol: TCP, bytes, checksumAt: 16, hasPseudoHeader: true };
}

/** The maximum segment size option of a SYN: bytes of payload. RFC 9293 3.2. */
export function maximumSegmentSize(size: number): Uint8Array {
  return Uint8Array.of(2, 4, size >> 8, size);
}

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload?: Uint8Array;
}

/** RFC 768. */
export function udpDatagram({ sourcePort, destinationPort, payload = NOTHING }: UdpDatagram): Transport {
  const bytes = allocate(8 + payload.length);
  set16(bytes, 0, sourcePort);
  set16(bytes, 2, destinationPort);
  set16(bytes, 4, bytes.length);
  copyInto(bytes, 8, payload);
  return { protocol: UDP, bytes, checksumAt: 6, hasPseudoHeader: true };
}

export interface IcmpMessage {
  readonly type: number;
  readonly code?: number;
  /** What follows the checksum. */
  readonly body: Uint8Array;
}

/** RFC 792. */
export function icmpMessage(message: IcmpMessage): Transport {
  return { protocol: ICMP, bytes: icmpBytes(message), checksumAt: 2, hasPseudoHeader: false };
}

/** RFC 4443. */
export function icmpv6Message(message: IcmpMessage): Transport {
  return { protocol: ICMPV6, bytes: icmpBytes(message), checksumAt: 2, hasPseudoHeader: true };
}

function icmpBytes({ type, code = 0, body }: IcmpMessage): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  bytes[0] = type;
  bytes[1] = code;
  bytes.set(body, 4);
  return bytes;
}

/** The body of an echo request or reply of either family. */
export function echoBody(identifier: number, sequence: number, payload: Uint8Array): Uint8Array {
  const body = new Uint8Array(4 + payload.length);
  set16(body, 0, identifier);
  set16(body, 2, sequence);
  copyInto(body, 4, payload);
  return body;
}
