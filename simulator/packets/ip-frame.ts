// ethernetFrame(ipPacket(...)) in one go: the frame is allocated once and written once, for traffic that is made by the million.
// It may only be quicker, never different: test/simulator-packets.test.ts compares the two.
import { addressBytes } from './address.ts';
import { allocate, copyInto, set16 } from './bytes.ts';
import { HOP_LIMIT, SHORTEST_FRAME } from './defaults.ts';
import { ethernetFrame, type MacAddress, macBytes } from './ethernet.ts';
import { addWords, checksumOf } from './internet-checksum.ts';
import { type IpHeader, ipPacket } from './ip.ts';
import { type Transport, UDP } from './transport.ts';

export interface FrameEnds {
  readonly source: MacAddress;
  readonly destination: MacAddress;
}

const ETHERNET = 14;
const LONGEST = 65_535;

/** @throws RangeError as ipPacket does */
export function ipFrame(ends: FrameEnds, header: IpHeader, transport: Transport): Uint8Array {
  const source = addressBytes(header.source);
  const destination = addressBytes(header.destination);
  const isV6 = source.length === 16;
  const headerLength = isV6 ? 40 : 20;
  const { bytes, protocol } = transport;
  const isPlain =
    header.options === undefined &&
    header.extensions === undefined &&
    source.length === destination.length &&
    headerLength + bytes.length <= LONGEST;
  if (!isPlain) return ethernetFrame(ends, ipPacket(header, transport));

  const frame = allocate(Math.max(SHORTEST_FRAME, ETHERNET + headerLength + bytes.length));
  copyInto(frame, 0, macBytes(ends.destination));
  copyInto(frame, 6, macBytes(ends.source));
  const body = ETHERNET + headerLength;
  copyInto(frame, body, bytes);
  const addressSum = addWords(destination, addWords(source));
  const sum = transport.hasPseudoHeader ? addressSum + bytes.length + protocol : 0;
  // RFC 768: zero would say that there is none.
  const checksum = checksumOf(addWords(bytes, sum)) || (protocol === UDP ? 0xffff : 0);
  set16(frame, body + transport.checksumAt, checksum);
  if (isV6) writeV6(frame, header, protocol, bytes.length);
  else writeV4(frame, header, protocol, bytes.length, addressSum);
  const addresses = isV6 ? 22 : 26;
  copyInto(frame, addresses, source);
  copyInto(frame, addresses + source.length, destination);
  return frame;
}

function writeV4(
  frame: Uint8Array,
  header: IpHeader,
  protocol: number,
  length: number,
  addressSum: number,
): void {
  const { trafficClass = 0, identification = 0, hopLimit = HOP_LIMIT } = header;
  const versionAndClass = 0x4500 | trafficClass;
  const fragment = header.dontFragment === false ? 0 : 0x4000;
  const hopsAndProtocol = (hopLimit << 8) | protocol;
  set16(frame, 12, 0x0800);
  set16(frame, 14, versionAndClass);
  set16(frame, 16, 20 + length);
  set16(frame, 18, identification);
  set16(frame, 20, fragment);
  set16(frame, 22, hopsAndProtocol);
  const sum = versionAndClass + 20 + length + identification + fragment + hopsAndProtocol + addressSum;
  set16(frame, 24, checksumOf(sum));
}

function writeV6(frame: Uint8Array, header: IpHeader, protocol: number, length: number): void {
  const { trafficClass = 0, flowLabel = 0, hopLimit = HOP_LIMIT } = header;
  const first = 0x6000_0000 | (trafficClass << 20) | flowLabel;
  set16(frame, 12, 0x86dd);
  set16(frame, 14, first >>> 16);
  set16(frame, 16, first);
  set16(frame, 18, length);
  frame[20] = protocol;
  frame[21] = hopLimit;
}
