// The small network around the simulated device, and who it talks to outside. Documentation addresses only: RFC 5737, RFC 3849,
// RFC 9542 2.1.2 for Ethernet, RFC 2606 for names. Frames are seen at the device's own interface.
import { CALM, type Conditions } from './conditions.ts';
import {
  type Address,
  type ARP_REPLY,
  type ARP_REQUEST,
  addressBytes,
  arpMessage,
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ethernetFrame,
  HOP_LIMIT,
  type IpHeader,
  ipFrame,
  type MacAddress,
  multicastMac,
  type Transport,
} from './packets/index.ts';
import type { FrameSink } from './timeline.ts';

export interface LocalHost {
  readonly mac: MacAddress;
  readonly address: string;
  readonly addressV6: string;
  readonly name: string;
}

export const DEVICE: LocalHost = {
  mac: '00:00:5e:00:53:32',
  address: '192.0.2.50',
  addressV6: '2001:db8::50',
  name: 'sensor-50',
};
/** Router, resolver and DHCP server in one box. */
export const GATEWAY: LocalHost = {
  mac: '00:00:5e:00:53:01',
  address: '192.0.2.1',
  addressV6: '2001:db8::1',
  name: 'gateway',
};
/** Another machine on the same network, heard by multicast and broadcast only. */
export const NEIGHBOUR: LocalHost = {
  mac: '00:00:5e:00:53:3c',
  address: '192.0.2.60',
  addressV6: '2001:db8::60',
  name: 'laptop-60',
};

/** Any other machine of the network by its last byte, 1 to 254. */
export function localMachine(number: number, name = `machine-${number}`): LocalHost {
  return {
    mac: localMac(number),
    address: `192.0.2.${number}`,
    addressV6: `2001:db8::${number}`,
    name,
  };
}
export const NETMASK = '255.255.255.0';

export interface Server {
  readonly name: string;
  readonly address: Address;
  /** There and back, as the device sees it. */
  readonly roundTripMs: number;
}

export const HUB: Server = { name: 'hub.example.net', address: '198.51.100.20', roundTripMs: 28 };
export const CLOUD: Server = { name: 'api.example.com', address: '203.0.113.80', roundTripMs: 45 };
export const TIME: Server = { name: 'time.example.org', address: '198.51.100.123', roundTripMs: 18 };
export const COLLECTOR: Server = {
  name: 'collector.example.net',
  address: '2001:db8:1::443',
  roundTripMs: 33,
};
export const SERVERS: readonly Server[] = [HUB, CLOUD, TIME, COLLECTOR];

/** What a packet from beyond the gateway has left of 64 hops. */
const HOPS_LEFT = 52;

/** Header fields that an activity may want to set itself. */
export interface HeaderOptions extends Pick<IpHeader, 'hopLimit' | 'extensions' | 'options'> {
  /** Which of its addresses the device uses, where it has several. */
  readonly deviceAddress?: Address;
}

const NO_OPTIONS: HeaderOptions = {};

/** Puts packets on the device's wire, with the right Ethernet addresses around them. */
export class HomeNetwork {
  readonly timeline: FrameSink;
  /** What goes wrong outside the device, and when. */
  readonly conditions: Conditions;
  #sent = 0;
  #received = 0;

  constructor(timeline: FrameSink, conditions: Conditions = CALM) {
    this.timeline = timeline;
    this.conditions = conditions;
  }

  fromDevice(timeMs: number, to: Address, transport: Transport, options: HeaderOptions = NO_OPTIONS): void {
    const source = options.deviceAddress ?? deviceAddress(to);
    this.#send(timeMs, source, to, transport, this.#sent++, options.hopLimit, options);
  }

  toDevice(timeMs: number, from: Address, transport: Transport, options: HeaderOptions = NO_OPTIONS): void {
    const destination = options.deviceAddress ?? deviceAddress(from);
    const hopLimit = options.hopLimit ?? (isLocal(from) ? HOP_LIMIT : HOPS_LEFT);
    this.#send(timeMs, from, destination, transport, this.#received++, hopLimit, options);
  }

  /** source, destination: hardware addresses. A request to all machines leaves the target's hardware address open. */
  arp(
    timeMs: number,
    operation: typeof ARP_REQUEST | typeof ARP_REPLY,
    source: string,
    destination: string,
    senderAddress: string,
    targetAddress: string,
  ): void {
    const target = destination === BROADCAST_MAC ? {} : { targetMac: destination };
    const message = arpMessage({ operation, senderMac: source, senderAddress, targetAddress, ...target });
    this.timeline.add(timeMs, ethernetFrame({ source, destination, etherType: ETHERTYPE_ARP }, message));
  }

  /** Any packet from any local machine. */
  packet(
    timeMs: number,
    senderMac: MacAddress,
    source: Address,
    destination: Address,
    transport: Transport,
    options: Omit<IpHeader, 'source' | 'destination'> = {},
  ): void {
    const ends = { source: senderMac, destination: nextHop(destination) };
    this.timeline.add(timeMs, ipFrame(ends, { ...options, source, destination }, transport));
  }

  #send(
    timeMs: number,
    source: Address,
    destination: Address,
    transport: Transport,
    count: number,
    hopLimit: number | undefined,
    options: HeaderOptions,
  ): void {
    const ends = { source: machineAt(source), destination: nextHop(destination) };
    const header: Mutable<IpHeader> = {
      source,
      destination,
      identification: count & 0xffff,
      hopLimit: hopLimit ?? HOP_LIMIT,
    };
    if (options.options !== undefined) header.options = options.options;
    if (options.extensions !== undefined) header.extensions = options.extensions;
    this.timeline.add(timeMs, ipFrame(ends, header, transport));
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function deviceAddress(peer: Address): string {
  return addressBytes(peer).length === 16 ? DEVICE.addressV6 : DEVICE.address;
}

/** 192.0.2.0/24 and 2001:db8::/64. */
export function isLocal(address: Address): boolean {
  const bytes = addressBytes(address);
  if (bytes.length === 4) return bytes[0] === 192 && bytes[1] === 0 && bytes[2] === 2;
  return (
    bytes[0] === 0x20 &&
    bytes[1] === 0x01 &&
    bytes[2] === 0x0d &&
    bytes[3] === 0xb8 &&
    bytes[4] === 0 &&
    bytes[5] === 0 &&
    bytes[6] === 0 &&
    bytes[7] === 0
  );
}

/** Whose Ethernet address a packet of this source or destination carries: its own, or the gateway's. */
function machineAt(address: Address): MacAddress {
  const bytes = addressBytes(address);
  return isLocal(bytes) ? localMac(machineNumber(bytes)) : GATEWAY.mac;
}

/** 50 of 192.0.2.50 and of 2001:db8::50, whose digits are hexadecimal to others. */
function machineNumber(bytes: Uint8Array): number {
  const last = bytes[bytes.length - 1] ?? 0;
  return bytes.length === 4 ? last : (bytes[14] ?? 0) * 100 + (last >> 4) * 10 + (last & 15);
}

function localMac(number: number): MacAddress {
  return LOCAL_MACS[number] ?? GATEWAY.mac;
}

const LOCAL_MACS = Array.from(
  { length: 256 },
  (_, number) => `00:00:5e:00:53:${number.toString(16).padStart(2, '0')}`,
);

function nextHop(destination: Address): MacAddress {
  const bytes = addressBytes(destination);
  const first = bytes[0] ?? 0;
  if (first === 0xff) return bytes.length === 16 ? multicastMac(bytes) : BROADCAST_MAC;
  // 224.0.0.0/4
  if (bytes.length === 4 && first >> 4 === 14) return multicastMac(bytes);
  return machineAt(bytes);
}
