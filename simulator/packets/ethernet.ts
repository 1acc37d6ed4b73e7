// Ethernet II frames without their check sequence, with VLAN tags where wanted, and the ARP messages they carry.
import { type Address, addressBytes } from './address.ts';
import { SHORTEST_FRAME } from './defaults.ts';
import { Remembered } from './remembered.ts';

/** Six bytes in hexadecimal with colons: 00:00:5e:00:53:01. */
export type MacAddress = string;

export const BROADCAST_MAC: MacAddress = 'ff:ff:ff:ff:ff:ff';
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
export const ETHERTYPE_ARP = 0x0806;
/** IEEE 802.1Q; an outer tag of two is 802.1ad. */
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_OUTER_VLAN = 0x88a8;

export interface EthernetHeader {
  readonly source: MacAddress;
  readonly destination: MacAddress;
  /** VLAN identifiers, the outermost first; default none. */
  readonly vlans?: readonly number[];
  /** Default: of the IP version that the payload begins with. */
  readonly etherType?: number;
}

/** Short frames are padded with zeros to 60 bytes. */
export function ethernetFrame(header: EthernetHeader, payload: Uint8Array): Uint8Array {
  const { vlans = [], etherType = (payload[0] ?? 0) >> 4 === 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4 } = header;
  const headerLength = 14 + 4 * vlans.length;
  const frame = new Uint8Array(Math.max(SHORTEST_FRAME, headerLength + payload.length));
  const view = new DataView(frame.buffer);
  frame.set(macBytes(header.destination));
  frame.set(macBytes(header.source), 6);
  for (const [i, vlan] of vlans.entries()) {
    view.setUint16(12 + 4 * i, i < vlans.length - 1 ? ETHERTYPE_OUTER_VLAN : ETHERTYPE_VLAN);
    view.setUint16(14 + 4 * i, vlan);
  }
  view.setUint16(headerLength - 2, etherType);
  frame.set(payload, headerLength);
  return frame;
}

const knownMacs = new Remembered((mac) =>
  Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16)),
);

/** Not to be written into: they are kept. */
export function macBytes(mac: MacAddress): Uint8Array {
  return knownMacs.get(mac);
}

/** Where a multicast IP packet goes: RFC 1112 6.4, RFC 2464 7. */
export function multicastMac(address: Address): MacAddress {
  const bytes = addressBytes(address);
  const hex = (from: number) =>
    Array.from(bytes.subarray(from), (byte) => byte.toString(16).padStart(2, '0'));
  if (bytes.length === 16) return ['33', '33', ...hex(12)].join(':');
  const [first = '', ...rest] = hex(1);
  const low7 = (Number.parseInt(first, 16) & 0x7f).toString(16).padStart(2, '0');
  return ['01', '00', '5e', low7, ...rest].join(':');
}

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

export interface ArpMessage {
  readonly operation: typeof ARP_REQUEST | typeof ARP_REPLY;
  readonly senderMac: MacAddress;
  /** IPv4, as is the target's. */
  readonly senderAddress: Address;
  /** Default unknown: zeros. */
  readonly targetMac?: MacAddress;
  readonly targetAddress: Address;
}

/** RFC 826, for IPv4 on Ethernet. */
export function arpMessage(message: ArpMessage): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 1);
  view.setUint16(2, ETHERTYPE_IPV4);
  bytes[4] = 6;
  bytes[5] = 4;
  view.setUint16(6, message.operation);
  bytes.set(macBytes(message.senderMac), 8);
  bytes.set(addressBytes(message.senderAddress), 14);
  if (message.targetMac !== undefined) bytes.set(macBytes(message.targetMac), 18);
  bytes.set(addressBytes(message.targetAddress), 24);
  return bytes;
}
