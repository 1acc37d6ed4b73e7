// The small network around the simulated device, and who it talks to outside. Documentation addresses only: RFC 5737, RFC 3849,
// RFC 9542 2.1.2 for Ethernet, RFC 2606 for names. Frames are seen at the device's own interface.
import {
  type Address,
  addressBytes,
  BROADCAST_MAC,
  ethernetFrame,
  type IpHeader,
  ipPacket,
  type MacAddress,
  multicastMac,
  type Transport,
} from './packets/index.ts';
import type { Timeline } from './timeline.ts';

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
export const NETMASK = '255.255.255.0';

export interface Server {
  readonly name: string;
  readonly address: string;
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
export type HeaderOptions = Pick<IpHeader, 'hopLimit' | 'extensions' | 'options'>;

/** Puts packets on the device's wire, with the right Ethernet addresses around them. */
export class HomeNetwork {
  readonly timeline: Timeline;
  #sent = 0;
  #received = 0;

  constructor(timeline: Timeline) {
    this.timeline = timeline;
  }

  fromDevice(timeMs: number, to: Address, transport: Transport, options: HeaderOptions = {}): void {
    this.packet(timeMs, DEVICE.mac, deviceAddress(to), to, transport, {
      identification: this.#sent++ & 0xffff,
      ...options,
    });
  }

  toDevice(timeMs: number, from: Address, transport: Transport, options: HeaderOptions = {}): void {
    const local = localHost(from);
    this.packet(timeMs, (local ?? GATEWAY).mac, from, deviceAddress(from), transport, {
      identification: this.#received++ & 0xffff,
      ...(local ? {} : { hopLimit: HOPS_LEFT }),
      ...options,
    });
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
    const packet = ipPacket({ ...options, source, destination }, transport);
    this.timeline.add(
      timeMs,
      ethernetFrame({ source: senderMac, destination: nextHop(destination) }, packet),
    );
  }
}

function deviceAddress(peer: Address): string {
  return addressBytes(peer).length === 16 ? DEVICE.addressV6 : DEVICE.address;
}

function localHost(address: Address): LocalHost | undefined {
  return [DEVICE, GATEWAY, NEIGHBOUR].find((host) => host.address === address || host.addressV6 === address);
}

function nextHop(destination: Address): MacAddress {
  const bytes = addressBytes(destination);
  const first = bytes[0] ?? 0;
  if (bytes.length === 16) {
    return first === 0xff ? multicastMac(bytes) : (localHost(destination) ?? GATEWAY).mac;
  }
  if (first === 255) return BROADCAST_MAC;
  // 224.0.0.0/4
  return first >> 4 === 14 ? multicastMac(bytes) : (localHost(destination) ?? GATEWAY).mac;
}
