// What keeps a machine on its network, whatever it is for: an address, neighbours that are found and answered, pings, names and
// services over multicast.
import { DEVICE, GATEWAY, type HomeNetwork, NEIGHBOUR, NETMASK } from './home-network.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, type DhcpKind, dhcpMessage } from './messages/dhcp.ts';
import { MDNS_PORT, mdnsAnnouncement, mdnsQuery } from './messages/dns.ts';
import {
  listenerReport,
  NEIGHBOUR_HOP_LIMIT,
  neighbourAdvertisement,
  neighbourSolicitation,
  solicitedNode,
} from './messages/neighbour-discovery.ts';
import {
  ARP_REPLY,
  ARP_REQUEST,
  BROADCAST_MAC,
  echoBody,
  icmpMessage,
  icmpv6Message,
  ROUTER_ALERT,
  type Transport,
  udpDatagram,
} from './packets/index.ts';
import type { Random } from './random.ts';
import { every, type Period } from './schedule.ts';

const MDNS_GROUP = '224.0.0.251';
const MDNS_GROUP_V6 = 'ff02::fb';
/** All MLDv2-capable routers. */
const LISTENER_ROUTERS = 'ff02::16';

export class NetworkDuties {
  readonly #network: HomeNetwork;
  readonly #random: Random;
  readonly #period: Period;

  constructor(network: HomeNetwork, random: Random, period: Period) {
    this.#network = network;
    this.#random = random;
    this.#period = period;
  }

  /** Gets an address and makes itself known. */
  join(): void {
    const random = this.#random.fork();
    let timeMs = this.#dhcp(this.#period.startMs, random);
    this.#network.arp(timeMs + 2, ARP_REQUEST, DEVICE.mac, BROADCAST_MAC, DEVICE.address, DEVICE.address);

    // Duplicate address detection: nobody answers, so the address is free. RFC 4862 5.4
    timeMs += 40;
    const own = solicitedNode(DEVICE.addressV6);
    const report = icmpv6Message(listenerReport([own, MDNS_GROUP_V6]));
    this.#network.packet(timeMs, DEVICE.mac, '::', LISTENER_ROUTERS, report, {
      hopLimit: 1,
      extensions: [ROUTER_ALERT],
    });
    const solicitation = icmpv6Message(neighbourSolicitation(DEVICE.addressV6));
    this.#network.packet(timeMs + random.between(1, 900), DEVICE.mac, '::', own, solicitation, {
      hopLimit: NEIGHBOUR_HOP_LIMIT,
    });
  }

  #dhcp(startMs: number, random: Random): number {
    const exchange = {
      transaction: random.next(),
      clientMac: DEVICE.mac,
      hostName: DEVICE.name,
      offered: DEVICE.address,
      server: GATEWAY.address,
      netmask: NETMASK,
    };
    const steps: readonly DhcpKind[] = ['discover', 'offer', 'request', 'acknowledgement'];
    let timeMs = startMs;
    for (const [i, kind] of steps.entries()) {
      const isFromDevice = i % 2 === 0;
      const transport = udpDatagram({
        sourcePort: isFromDevice ? DHCP_CLIENT_PORT : DHCP_SERVER_PORT,
        destinationPort: isFromDevice ? DHCP_SERVER_PORT : DHCP_CLIENT_PORT,
        payload: dhcpMessage(kind, exchange),
      });
      if (isFromDevice) this.#network.packet(timeMs, DEVICE.mac, '0.0.0.0', '255.255.255.255', transport);
      else this.#network.toDevice(timeMs, GATEWAY.address, transport);
      timeMs += random.between(1, 12);
    }
    return timeMs;
  }

  /** Who has which address: ARP and IPv6 neighbour discovery, asked by the device and by the gateway. */
  addressQuestions(): void {
    const random = this.#random.fork();
    for (const timeMs of every(random, this.#period, 55, 0.5)) {
      this.#network.arp(timeMs, ARP_REQUEST, DEVICE.mac, BROADCAST_MAC, DEVICE.address, GATEWAY.address);
      const reply = [GATEWAY.mac, DEVICE.mac, GATEWAY.address, DEVICE.address] as const;
      this.#network.arp(timeMs + random.between(0.3, 2), ARP_REPLY, ...reply);
    }
    for (const timeMs of every(random, this.#period, 70, 30)) {
      this.#network.arp(timeMs, ARP_REQUEST, GATEWAY.mac, DEVICE.mac, GATEWAY.address, DEVICE.address);
      const reply = [DEVICE.mac, GATEWAY.mac, DEVICE.address, GATEWAY.address] as const;
      this.#network.arp(timeMs + random.between(0.2, 1), ARP_REPLY, ...reply);
    }
    for (const timeMs of every(random, this.#period, 25, 3)) {
      const wanted = `192.0.2.${random.integer(2, 49)}`;
      this.#network.arp(timeMs, ARP_REQUEST, NEIGHBOUR.mac, BROADCAST_MAC, NEIGHBOUR.address, wanted);
    }
    const direct = { hopLimit: NEIGHBOUR_HOP_LIMIT };
    for (const timeMs of every(random, this.#period, 45, 19)) {
      const asked = icmpv6Message(neighbourSolicitation(GATEWAY.addressV6, DEVICE.mac));
      this.#network.fromDevice(timeMs, solicitedNode(GATEWAY.addressV6), asked, direct);
      const answered = icmpv6Message(neighbourAdvertisement(GATEWAY.addressV6, GATEWAY.mac));
      this.#network.toDevice(timeMs + random.between(0.3, 2), GATEWAY.addressV6, answered, direct);
    }
    for (const timeMs of every(random, this.#period, 60, 50)) {
      const asked = icmpv6Message(neighbourSolicitation(DEVICE.addressV6, GATEWAY.mac));
      this.#network.toDevice(timeMs, GATEWAY.addressV6, asked, direct);
      const answered = icmpv6Message(neighbourAdvertisement(DEVICE.addressV6, DEVICE.mac));
      this.#network.fromDevice(timeMs + random.between(0.2, 1), GATEWAY.addressV6, answered, direct);
    }
  }

  /** The gateway looks whether the device is still there. */
  pings(): void {
    const random = this.#random.fork();
    const identifier = random.integer(1, 0xffff);
    const pattern = Uint8Array.from({ length: 56 }, (_, i) => i);
    let sequence = 0;
    for (const timeMs of every(random, this.#period, 10, 7)) {
      const body = echoBody(identifier, ++sequence, pattern);
      this.#network.toDevice(timeMs, GATEWAY.address, icmpMessage({ type: 8, body }));
      this.#network.fromDevice(
        timeMs + random.between(0.1, 0.6),
        GATEWAY.address,
        icmpMessage({ type: 0, body }),
      );
    }
  }

  /** Services announced and looked for by multicast DNS. */
  multicasts(): void {
    const random = this.#random.fork();
    const service = { name: '_http._tcp.local', type: 'PTR' } as const;
    const own = mdnsAnnouncement([
      { ...service, value: `${DEVICE.name}._http._tcp.local` },
      { name: `${DEVICE.name}.local`, type: 'A', value: DEVICE.address },
      { name: `${DEVICE.name}.local`, type: 'AAAA', value: DEVICE.addressV6 },
    ]);
    const announcement = multicastDatagram(own);
    for (const timeMs of every(random, this.#period, 40, 4)) {
      this.#network.fromDevice(timeMs, MDNS_GROUP, announcement, { hopLimit: 255 });
      this.#network.fromDevice(timeMs + 0.4, MDNS_GROUP_V6, announcement, { hopLimit: 255 });
    }
    const question = multicastDatagram(mdnsQuery(service));
    for (const timeMs of every(random, this.#period, 50, 12)) {
      this.#network.packet(timeMs, NEIGHBOUR.mac, NEIGHBOUR.address, MDNS_GROUP, question, { hopLimit: 255 });
    }
  }
}

/** Multicast DNS speaks from its own port. RFC 6762 5.2 */
function multicastDatagram(payload: Uint8Array): Transport {
  return udpDatagram({ sourcePort: MDNS_PORT, destinationPort: MDNS_PORT, payload });
}
