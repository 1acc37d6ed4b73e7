// What keeps a device on its network for days, whatever it is for: its address, its neighbours, who listens to which group.
import { DEVICE, GATEWAY, type HomeNetwork, localMachine, NEIGHBOUR, NETMASK } from '../home-network.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, type DhcpKind, dhcpMessage } from '../messages/dhcp.ts';
import { MDNS_PORT, mdnsAnnouncement, mdnsQuery } from '../messages/dns.ts';
import { IPV4_ROUTER_ALERT, membershipQuery, membershipReport } from '../messages/igmp.ts';
import {
  listenerReport,
  NEIGHBOUR_HOP_LIMIT,
  neighbourAdvertisement,
  neighbourSolicitation,
  solicitedNode,
} from '../messages/neighbour-discovery.ts';
import { SSDP_GROUP, SSDP_PORT, ssdpNotify } from '../messages/ssdp.ts';
import {
  ARP_REPLY,
  ARP_REQUEST,
  BROADCAST_MAC,
  icmpv6Message,
  ROUTER_ALERT,
  udpDatagram,
} from '../packets/index.ts';
import type { Random } from '../random.ts';
import { every, type Period } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { type DeviceSetting, SECOND } from './setting.ts';

export interface HousekeepingOptions {
  /** The device renews at half of it (RFC 2131 4.4.5); default a day. */
  readonly leaseSeconds?: number;
  /** Multicast groups it listens to; default that of multicast DNS. */
  readonly groups?: readonly string[];
  /** Whether it says its own name over multicast DNS when others ask; default true. */
  readonly announces?: boolean;
  /** Whether it speaks IPv6; default true. */
  readonly hasV6?: boolean;
}

const MDNS_GROUP = '224.0.0.251';
const LISTENER_ROUTERS = 'ff02::16';
const ALL_HOSTS = '224.0.0.1';
const ALL_NODES = 'ff02::1';
const GATEWAY_LINK_LOCAL = 'fe80::1';
const ROUTER_ADVERTISEMENT = 134;
const LISTENER_QUERY = 130;
/** Seconds between a querier's questions. RFC 2236 8.2, RFC 3810 9.2 */
const QUERY_SECONDS = 125;

export function housekeeping(setting: DeviceSetting, options: HousekeepingOptions = {}): Activity[] {
  const { leaseSeconds = 86_400, groups = [MDNS_GROUP], announces = true, hasV6 = true } = options;
  const { network, period, random } = setting;
  const activities = [
    leases(network, random.fork(), period, leaseSeconds),
    gatewayQuestions(network, random.fork(), period),
    neighbourQuestions(network, random.fork(), period),
    groupMembership(network, random.fork(), period, groups),
    serviceQuestions(network, random.fork(), period, announces),
    serviceNotices(network, random.fork(), period),
  ];
  if (hasV6) activities.push(neighbourDiscovery(network, random.fork(), period));
  if (setting.boots) activities.push(joining(network, random.fork(), period.startMs, hasV6));
  return activities;
}

/** Gets an address, and looks whether it is free. */
function* joining(network: HomeNetwork, random: Random, startMs: number, hasV6: boolean): Activity {
  yield startMs;
  const timeMs = dhcp(network, random, startMs, ['discover', 'offer', 'request', 'acknowledgement']);
  network.arp(timeMs + 2, ARP_REQUEST, DEVICE.mac, BROADCAST_MAC, DEVICE.address, DEVICE.address);
  if (!hasV6) return;
  const own = solicitedNode(DEVICE.addressV6);
  network.packet(timeMs + 40, DEVICE.mac, '::', LISTENER_ROUTERS, icmpv6Message(listenerReport([own])), {
    hopLimit: 1,
    extensions: [ROUTER_ALERT],
  });
  const solicitation = icmpv6Message(neighbourSolicitation(DEVICE.addressV6));
  network.packet(timeMs + random.between(50, 900), DEVICE.mac, '::', own, solicitation, {
    hopLimit: NEIGHBOUR_HOP_LIMIT,
  });
}

function* leases(network: HomeNetwork, random: Random, period: Period, leaseSeconds: number): Activity {
  const firstSeconds = (random.fraction() * leaseSeconds) / 2;
  for (const timeMs of every(random, period, leaseSeconds / 2, firstSeconds, 0.02)) {
    yield timeMs;
    dhcp(network, random, timeMs, ['request', 'acknowledgement']);
  }
}

function dhcp(network: HomeNetwork, random: Random, startMs: number, kinds: readonly DhcpKind[]): number {
  const exchange = {
    transaction: random.next(),
    clientMac: DEVICE.mac,
    hostName: DEVICE.name,
    offered: DEVICE.address,
    server: GATEWAY.address,
    netmask: NETMASK,
  };
  const isFirst = kinds[0] === 'discover';
  let timeMs = startMs;
  for (const kind of kinds) {
    const isFromDevice = kind === 'discover' || kind === 'request';
    const transport = udpDatagram({
      sourcePort: isFromDevice ? DHCP_CLIENT_PORT : DHCP_SERVER_PORT,
      destinationPort: isFromDevice ? DHCP_SERVER_PORT : DHCP_CLIENT_PORT,
      payload: dhcpMessage(kind, exchange),
    });
    if (!isFromDevice) network.toDevice(timeMs, GATEWAY.address, transport);
    // RFC 2131 4.3.2: a renewal goes to the server alone.
    else if (isFirst) network.packet(timeMs, DEVICE.mac, '0.0.0.0', '255.255.255.255', transport);
    else network.fromDevice(timeMs, GATEWAY.address, transport);
    timeMs += random.between(1, 12);
  }
  return timeMs;
}

/** Device and gateway make sure of each other's Ethernet addresses. */
function* gatewayQuestions(network: HomeNetwork, random: Random, period: Period): Activity {
  for (const timeMs of every(random, period, 240, random.between(1, 240), 0.3)) {
    yield timeMs;
    const isOut = random.chance(0.6);
    const [asker, asked] = isOut ? [DEVICE, GATEWAY] : [GATEWAY, DEVICE];
    network.arp(timeMs, ARP_REQUEST, asker.mac, asked.mac, asker.address, asked.address);
    const backMs = timeMs + random.between(0.3, 2);
    network.arp(backMs, ARP_REPLY, asked.mac, asker.mac, asked.address, asker.address);
  }
}

/** Others look for each other by broadcast. */
function* neighbourQuestions(network: HomeNetwork, random: Random, period: Period): Activity {
  for (const timeMs of every(random, period, 45, random.between(1, 45), 0.9)) {
    yield timeMs;
    const machine = localMachine(random.integer(2, 40));
    const wanted = random.chance(0.4) ? GATEWAY.address : `192.0.2.${random.integer(2, 49)}`;
    network.arp(timeMs, ARP_REQUEST, machine.mac, BROADCAST_MAC, machine.address, wanted);
  }
}

function* groupMembership(
  network: HomeNetwork,
  random: Random,
  period: Period,
  groups: readonly string[],
): Activity {
  const alert = { hopLimit: 1, options: IPV4_ROUTER_ALERT };
  const alertV6 = { hopLimit: 1, extensions: [ROUTER_ALERT] };
  for (const timeMs of every(random, period, QUERY_SECONDS, random.between(1, QUERY_SECONDS), 0)) {
    yield timeMs;
    network.packet(timeMs, GATEWAY.mac, GATEWAY.address, ALL_HOSTS, membershipQuery(), alert);
    const query = icmpv6Message({ type: LISTENER_QUERY, body: new Uint8Array(24) });
    network.packet(timeMs + 1, GATEWAY.mac, GATEWAY_LINK_LOCAL, ALL_NODES, query, alertV6);
    for (const group of groups) {
      const reportMs = timeMs + random.between(0.1, 9.9) * SECOND;
      network.fromDevice(reportMs, group, membershipReport(group), alert);
    }
  }
}

/** Over multicast DNS: others look for services, and the device says what it has. */
function* serviceQuestions(
  network: HomeNetwork,
  random: Random,
  period: Period,
  announces: boolean,
): Activity {
  const service = { name: '_http._tcp.local', type: 'PTR' } as const;
  const ports = { sourcePort: MDNS_PORT, destinationPort: MDNS_PORT };
  const question = udpDatagram({ ...ports, payload: mdnsQuery(service) });
  const payload = mdnsAnnouncement([
    { ...service, value: `${DEVICE.name}._http._tcp.local` },
    { name: `${DEVICE.name}.local`, type: 'A', value: DEVICE.address },
  ]);
  const answer = udpDatagram({ ...ports, payload });
  const hop = { hopLimit: 255 };
  for (const timeMs of every(random, period, 150, random.between(1, 150), 0.8)) {
    yield timeMs;
    network.packet(timeMs, NEIGHBOUR.mac, NEIGHBOUR.address, MDNS_GROUP, question, hop);
    if (announces) network.fromDevice(timeMs + random.between(20, 120), MDNS_GROUP, answer, hop);
  }
}

/** Over SSDP: media players and routers say that they are still there, three times each. */
function* serviceNotices(network: HomeNetwork, random: Random, period: Period): Activity {
  for (const timeMs of every(random, period, 600, random.between(1, 600), 0.3)) {
    yield timeMs;
    const machine = localMachine(random.integer(2, 40));
    const location = `http://${machine.address}:49152/description.xml`;
    const ports = { sourcePort: random.integer(32_768, 60_999), destinationPort: SSDP_PORT };
    for (let i = 0; i < 3; i++) {
      const notice = udpDatagram({ ...ports, payload: ssdpNotify('upnp:rootdevice', location) });
      network.packet(timeMs + 100 * i, machine.mac, machine.address, SSDP_GROUP, notice, { hopLimit: 4 });
    }
  }
}

function* neighbourDiscovery(network: HomeNetwork, random: Random, period: Period): Activity {
  const direct = { hopLimit: NEIGHBOUR_HOP_LIMIT };
  const advertisement = icmpv6Message({ type: ROUTER_ADVERTISEMENT, body: new Uint8Array(28) });
  for (const timeMs of every(random, period, 200, random.between(1, 200), 0.5)) {
    yield timeMs;
    if (random.chance(0.5)) {
      network.packet(timeMs, GATEWAY.mac, GATEWAY_LINK_LOCAL, ALL_NODES, advertisement, direct);
      continue;
    }
    const asked = icmpv6Message(neighbourSolicitation(GATEWAY.addressV6, DEVICE.mac));
    network.fromDevice(timeMs, solicitedNode(GATEWAY.addressV6), asked, direct);
    const answered = icmpv6Message(neighbourAdvertisement(GATEWAY.addressV6, GATEWAY.mac));
    network.toDevice(timeMs + random.between(0.3, 2), GATEWAY.addressV6, answered, direct);
    const back = icmpv6Message(neighbourSolicitation(DEVICE.addressV6, GATEWAY.mac));
    network.toDevice(timeMs + 5000, GATEWAY.addressV6, back, direct);
    const own = icmpv6Message(neighbourAdvertisement(DEVICE.addressV6, DEVICE.mac));
    network.fromDevice(timeMs + 5000 + random.between(0.2, 1), GATEWAY.addressV6, own, direct);
  }
}
