// What a frame is worth, slow and plain: written from the RFCs, docs and papers, never from assembly/. It judges one
// frame at a time and knows no flow table, no time and no memory limit.

import type { IgnoredReason } from '../../bindings/js/status.ts';
import {
  LINK_ETHERNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_LOOP,
  LINK_NULL,
  LINK_RAW,
  LINK_RAW_DLT,
  LINK_RAW_OPENBSD,
} from '../../schema/frame.ts';
import { flowName, hex } from './message-reader.ts';

export type Protocol = 'TCP' | 'UDP' | 'ICMP';

/** What of the configuration decides about a frame. Addresses are hex digits in network order. */
export interface Device {
  readonly locals: ReadonlySet<string>;
  /** Of the subnets whose prefix is known. */
  readonly broadcasts: ReadonlySet<string>;
  readonly unicastOnly: boolean;
  readonly protocols: ReadonlySet<Protocol>;
  readonly networkActivity: boolean;
  /** TCP connections of the agent to its hubs. */
  readonly own: readonly OwnEndpoint[];
}

export interface OwnEndpoint {
  readonly remote: string;
  readonly remotePort: number;
  /** Undefined: any. */
  readonly localPort: number | undefined;
}

export interface Frame {
  readonly link: number;
  /** What was captured. */
  readonly bytes: Uint8Array;
  /** Length on the wire; a value below what was captured cannot be. */
  readonly original: number;
}

export interface Counted {
  readonly verdict: 'counted';
  /** flowName of its five-tuple. */
  readonly flow: string;
  /** Protocol, family and direction: what is left of it in "everything else". */
  readonly group: string;
  readonly direction: 'in' | 'out';
  /** Transport header and payload. */
  readonly bytes: number;
}

export type Judgement = Counted | { readonly verdict: IgnoredReason };

/** From the IP header on: what was captured, and how much there was on the wire. */
interface Packet {
  readonly view: DataView;
  readonly onWire: number;
}

export function judge(frame: Frame, device: Device): Judgement {
  const onWire = Math.max(frame.original, frame.bytes.length);
  const found = findPacket({ view: viewOf(frame.bytes), onWire }, frame.link);
  if (typeof found === 'string') return { verdict: found };
  const judgement = found.family === 4 ? judgeIpv4(found, device) : judgeIpv6(found, device);
  return typeof judgement === 'string' ? { verdict: judgement } : judgement;
}

// --- link layers ---------------------------------------------------------------------------------------------------

type Found = (Packet & { readonly family: 4 | 6 }) | IgnoredReason;

function findPacket(frame: Packet, link: number): Found {
  switch (link) {
    case LINK_ETHERNET:
      // Two addresses of six bytes, then the EtherType.
      return behindEtherType(frame, 12, 14);
    case LINK_LINUX_SLL:
      return behindEtherType(frame, 14, 16);
    case LINK_LINUX_SLL2: {
      // The protocol comes first, the payload after 20 bytes.
      const cut = cutBefore(frame, 20);
      return cut ?? behindEtherType(frame, 0, 20);
    }
    case LINK_RAW:
    case LINK_RAW_DLT:
    case LINK_RAW_OPENBSD: {
      const cut = cutBefore(frame, 1);
      if (cut) return cut;
      const version = frame.view.getUint8(0) >> 4;
      return version === 4 || version === 6 ? packetAt(frame, 0, version) : 'malformed';
    }
    case LINK_IPV4:
      return packetAt(frame, 0, 4);
    case LINK_IPV6:
      return packetAt(frame, 0, 6);
    case LINK_NULL:
    case LINK_LOOP: {
      const cut = cutBefore(frame, 4);
      if (cut) return cut;
      // The address family in the byte order of the machine that captured: whichever gives a small number.
      const family = Math.min(frame.view.getUint32(0, false), frame.view.getUint32(0, true));
      if (family === 2) return packetAt(frame, 4, 4);
      return [10, 24, 28, 30].includes(family) ? packetAt(frame, 4, 6) : 'non_ip';
    }
    default:
      return 'non_ip';
  }
}

const VLAN_TYPES = [0x8100, 0x88a8, 0x9100];
const VLAN_MAX = 8;

/** The EtherType stands at `typeAt`; its payload, or a VLAN tag, at `payloadAt`. */
function behindEtherType(frame: Packet, typeAt: number, payloadAt: number): Found {
  for (let tags = 0; ; tags++) {
    const cut = cutBefore(frame, typeAt + 2);
    if (cut) return cut;
    const type = frame.view.getUint16(typeAt);
    if (type === 0x0800) return packetAt(frame, payloadAt, 4);
    if (type === 0x86dd) return packetAt(frame, payloadAt, 6);
    if (!VLAN_TYPES.includes(type)) return 'non_ip';
    if (tags === VLAN_MAX) return 'malformed';
    // A tag is two bytes of control information, then the next EtherType.
    typeAt = payloadAt + 2;
    payloadAt += 4;
  }
}

function packetAt(frame: Packet, at: number, family: 4 | 6): Found {
  const { buffer, byteOffset, byteLength } = frame.view;
  return { view: new DataView(buffer, byteOffset + at, byteLength - at), onWire: frame.onWire - at, family };
}

// --- IPv4 (RFC 791) ------------------------------------------------------------------------------------------------

function judgeIpv4(packet: Packet, device: Device): Counted | IgnoredReason {
  const cut = cutBefore(packet, 20);
  if (cut) return cut;
  const { view } = packet;
  const header = (view.getUint8(0) & 15) * 4;
  const total = view.getUint16(2);
  if (view.getUint8(0) >> 4 !== 4 || header < 20 || total < header || total > packet.onWire)
    return 'malformed';

  const way = wayOf(bytesAt(view, 12, 4), bytesAt(view, 16, 4), device);
  if (typeof way === 'string') return way;

  const protocol = ({ 1: 'ICMP', 6: 'TCP', 17: 'UDP' } as const)[view.getUint8(9)];
  if (!protocol) return 'unsupported_protocol';
  const isLater = (view.getUint16(6) & 0x1fff) !== 0;
  return judgeTransport(packet, device, way, { protocol, isLater, header, length: total - header });
}

// --- IPv6 (RFC 8200) -----------------------------------------------------------------------------------------------

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const EXTENSIONS = [HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS];
const EXTENSION_MAX = 8;

function judgeIpv6(packet: Packet, device: Device): Counted | IgnoredReason {
  const cut = cutBefore(packet, 40);
  if (cut) return cut;
  const { view } = packet;
  const total = 40 + view.getUint16(4);
  if (view.getUint8(0) >> 4 !== 6 || total > packet.onWire) return 'malformed';

  const way = wayOf(bytesAt(view, 8, 16), bytesAt(view, 24, 16), device);
  if (typeof way === 'string') return way;

  let next = view.getUint8(6);
  let header = 40;
  let isLater = false;
  for (let count = 0; EXTENSIONS.includes(next) && !isLater; count++) {
    if (count === EXTENSION_MAX || header + 8 > total) return 'malformed';
    const short = cutBefore(packet, header + 8);
    if (short) return short;
    const field = view.getUint8(header + 1);
    // RFC 4302 2.2: AH counts in units of 4, less 2.
    const size = next === FRAGMENT ? 8 : next === AUTHENTICATION ? (field + 2) * 4 : (field + 1) * 8;
    if (next === FRAGMENT) isLater = view.getUint16(header + 2) >> 3 !== 0;
    if (header + size > total) return 'malformed';
    const hasOptions = next === HOP_BY_HOP || next === DESTINATION_OPTIONS;
    if (hasOptions && view.byteLength >= header + size && !optionsFit(view, header + 2, header + size)) {
      return 'malformed';
    }
    next = view.getUint8(header);
    header += size;
  }

  const protocol = ({ 6: 'TCP', 17: 'UDP', 58: 'ICMP' } as const)[next];
  if (!protocol) return 'unsupported_protocol';
  return judgeTransport(packet, device, way, { protocol, isLater, header, length: total - header });
}

/** RFC 8200 4.2: options one after the other; type 0 is a byte alone, the others carry a length. At most 64 of them. */
function optionsFit(view: DataView, first: number, end: number): boolean {
  const starts: number[] = [];
  let at = first;
  while (at < end - 1) {
    starts.push(at);
    at = view.getUint8(at) === 0 ? at + 1 : at + 2 + view.getUint8(at + 1);
  }
  return at <= end && starts.length <= 64;
}

// --- what both families share --------------------------------------------------------------------------------------

interface Way {
  readonly direction: 'in' | 'out';
  readonly local: string;
  readonly remote: string;
}

function wayOf(source: string, destination: string, device: Device): Way | IgnoredReason {
  const fromHere = device.locals.has(source);
  const toHere = device.locals.has(destination);
  if (fromHere && toHere) return 'local_to_local';
  if (fromHere) return { direction: 'out', local: source, remote: destination };
  if (toHere) return { direction: 'in', local: destination, remote: source };
  return device.unicastOnly && !isUnicast(destination, device) ? 'non_unicast' : 'non_local';
}

interface Transport {
  readonly protocol: Protocol;
  /** A fragment after the first: its bytes are nobody's header. */
  readonly isLater: boolean;
  /** Bytes before the transport header. */
  readonly header: number;
  /** Transport header and payload. */
  readonly length: number;
}

function judgeTransport(
  packet: Packet,
  device: Device,
  { direction, local, remote }: Way,
  { protocol, isLater, header, length }: Transport,
): Counted | IgnoredReason {
  if (!device.networkActivity || !device.protocols.has(protocol)) return 'disabled';
  if (length < (isLater ? 1 : 4)) return 'malformed';
  const cut = isLater ? undefined : cutBefore(packet, header + 4);
  if (cut) return cut;
  if (device.unicastOnly && !isUnicast(remote, device)) return 'non_unicast';

  const hasPorts = protocol !== 'ICMP' && !isLater;
  const sourcePort = hasPorts ? packet.view.getUint16(header) : 0;
  const destinationPort = hasPorts ? packet.view.getUint16(header + 2) : 0;
  const localPort = direction === 'out' ? sourcePort : destinationPort;
  const remotePort = direction === 'out' ? destinationPort : sourcePort;
  if (protocol === 'TCP' && hasPorts && isOwn(device, remote, remotePort, localPort)) return 'own';
  const family = local.length === 8 ? 4 : 6;
  return {
    verdict: 'counted',
    flow: flowName({
      protocol,
      family,
      local,
      remote,
      localPort,
      remotePort,
    }),
    group: `${protocol}${family} ${direction}`,
    direction,
    bytes: length,
  };
}

function isOwn(device: Device, remote: string, remotePort: number, localPort: number): boolean {
  return device.own.some(
    (own) =>
      asIpv6(own.remote) === asIpv6(remote) &&
      own.remotePort === remotePort &&
      (own.localPort ?? localPort) === localPort,
  );
}

/** RFC 4291 2.5.5.2: ::ffff:a.b.c.d. */
function asIpv6(address: string): string {
  return address.length === 8 ? `${'0'.repeat(20)}ffff${address}` : address;
}

/** Not unicast: 224.0.0.0/4, 255.255.255.255, the broadcast of a subnet whose prefix is known; ff00::/8. */
function isUnicast(address: string, device: Device): boolean {
  if (address.length === 32) return !address.startsWith('ff');
  return !address.startsWith('e') && address !== 'ffffffff' && !device.broadcasts.has(address);
}

/** Why bytes [0, end) cannot be read: the frame went on but the capture did not, or the frame itself ends before. */
function cutBefore(packet: Packet, end: number): 'truncated' | 'malformed' | undefined {
  if (packet.view.byteLength >= end) return undefined;
  return packet.onWire >= end ? 'truncated' : 'malformed';
}

function bytesAt(view: DataView, at: number, length: number): string {
  return hex(new Uint8Array(view.buffer, view.byteOffset + at, length));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
