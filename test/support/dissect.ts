// Takes a frame apart and checks every length and checksum on the way, with nothing of the simulator's own code.

export interface Dissected {
  /** VLAN identifiers, the outermost first. */
  readonly vlans: readonly number[];
  readonly etherType: number;
  /** Hexadecimal; '' where there is no IP. */
  readonly source: string;
  readonly destination: string;
  /** The transport's number, behind extension headers; -1 without IP. */
  readonly protocol: number;
  /** Extension headers met, by their numbers. */
  readonly extensions: readonly number[];
  readonly identification: number;
  /** Bytes before this fragment, and whether others follow. */
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;
  /** Transport header and payload, of this fragment. */
  readonly body: Uint8Array;
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;

/** frame: Ethernet. Throws an Error that says what is wrong. */
export function dissect(frame: Uint8Array): Dissected {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const vlans: number[] = [];
  let at = 12;
  while (view.getUint16(at) === 0x8100 || view.getUint16(at) === 0x88a8) {
    vlans.push(view.getUint16(at + 2));
    at += 4;
  }
  const etherType = view.getUint16(at);
  const payload = frame.subarray(at + 2);
  if (etherType === IPV4) return { ...dissectIpv4(payload), vlans, etherType };
  if (etherType === IPV6) return { ...dissectIpv6(payload), vlans, etherType };
  return { ...NO_IP, vlans, etherType };
}

const NO_IP = {
  source: '',
  destination: '',
  protocol: -1,
  extensions: [],
  identification: 0,
  fragmentOffset: 0,
  moreFragments: false,
  body: new Uint8Array(0),
};

type DissectedIp = Omit<Dissected, 'vlans' | 'etherType'>;

export function dissectIpv4(packet: Uint8Array): DissectedIp {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const headerLength = (view.getUint8(0) & 15) * 4;
  const totalLength = view.getUint16(2);
  must(view.getUint8(0) >> 4 === 4, 'the version is not 4');
  must(headerLength >= 20 && totalLength >= headerLength && totalLength <= packet.length, 'IPv4 lengths');
  must(isZeroSum([packet.subarray(0, headerLength)]), 'IPv4 header checksum');
  const fragment = view.getUint16(6);
  const ip = {
    source: hex(packet.subarray(12, 16)),
    destination: hex(packet.subarray(16, 20)),
    protocol: view.getUint8(9),
    extensions: [],
    identification: view.getUint16(4),
    fragmentOffset: (fragment & 0x1fff) * 8,
    moreFragments: (fragment & 0x2000) !== 0,
    body: packet.subarray(headerLength, totalLength),
  };
  if (!isFragment(ip)) checkTransport(ip);
  return ip;
}

export function dissectIpv6(packet: Uint8Array): DissectedIp {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  must(view.getUint8(0) >> 4 === 6, 'the version is not 6');
  const end = 40 + view.getUint16(4);
  must(end <= packet.length, 'IPv6 length');
  const extensions: number[] = [];
  let protocol = view.getUint8(6);
  let at = 40;
  let identification = 0;
  let fragment = 0;
  while (protocol === 0 || protocol === 60 || protocol === 44) {
    extensions.push(protocol);
    if (protocol === 44) {
      fragment = view.getUint16(at + 2);
      identification = view.getUint32(at + 4);
    } else {
      checkOptions(packet.subarray(at + 2, at + 8 + view.getUint8(at + 1) * 8));
    }
    const length = protocol === 44 ? 8 : 8 + view.getUint8(at + 1) * 8;
    protocol = view.getUint8(at);
    at += length;
    must(at <= end, 'IPv6 extension headers');
    // What follows in a later fragment is the middle of something.
    if ((fragment & 0xfff8) !== 0) break;
  }
  const ip = {
    source: hex(packet.subarray(8, 24)),
    destination: hex(packet.subarray(24, 40)),
    protocol,
    extensions,
    identification,
    fragmentOffset: fragment & 0xfff8,
    moreFragments: (fragment & 1) !== 0,
    body: packet.subarray(at, end),
  };
  if (!isFragment(ip)) checkTransport(ip);
  return ip;
}

/** Options of 8-bit type and length follow each other to the very end; type 0 is one byte. */
function checkOptions(options: Uint8Array): void {
  let at = 0;
  while (at < options.length) at += options[at] === 0 ? 1 : 2 + (options[at + 1] ?? 0);
  must(at === options.length, 'IPv6 options run past their header');
}

function isFragment(ip: DissectedIp): boolean {
  return ip.fragmentOffset > 0 || ip.moreFragments;
}

/** Of a whole datagram. */
export function checkTransport({ source, destination, protocol, body }: DissectedIp): void {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const pseudoHeader = Buffer.alloc(8);
  pseudoHeader.writeUInt32BE(body.length, 0);
  pseudoHeader.writeUInt32BE(protocol, 4);
  const withAddresses = [Buffer.from(source + destination, 'hex'), pseudoHeader, body];
  switch (protocol) {
    case 1:
    case 2:
      must(isZeroSum([body]), 'ICMP or IGMP checksum');
      break;
    case 6:
      must(body.length >= (view.getUint8(12) >> 4) * 4, 'TCP header length');
      must(isZeroSum(withAddresses), 'TCP checksum');
      break;
    case 17:
      must(view.getUint16(4) === body.length, 'UDP length');
      must(view.getUint16(6) !== 0 && isZeroSum(withAddresses), 'UDP checksum');
      break;
    case 58:
      must(isZeroSum(withAddresses), 'ICMPv6 checksum');
      break;
    default:
      throw new Error(`protocol ${protocol}`);
  }
}

/** RFC 1071: with the checksum in its place all words add up to zero, which in ones' complement is all ones. */
function isZeroSum(parts: readonly Uint8Array[]): boolean {
  let sum = 0;
  let isUpper = true;
  for (const part of parts) {
    for (const byte of part) {
      sum += isUpper ? byte * 256 : byte;
      isUpper = !isUpper;
    }
  }
  // Modulo 2^16 - 1 is the end-around carry.
  return sum % 0xffff === 0;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
