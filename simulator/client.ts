// What a device does before it can talk to a server, again and again: a port of its own, a name looked up, a connection, a handshake.
import { outageEnd } from './conditions.ts';
import { GATEWAY, type HomeNetwork, type Server } from './home-network.ts';
import { overV4, overV6 } from './hosts.ts';
import { DNS_PORT, dnsQuery, dnsResponse, type RecordType } from './messages/dns.ts';
import type { ByteSource } from './messages/noise.ts';
import { NTP_PORT, ntpAnswer, ntpQuery } from './messages/ntp.ts';
import { tlsHellos } from './messages/tls.ts';
import { type Address, addressBytes, udpDatagram } from './packets/index.ts';
import { PortCounter } from './port-counter.ts';
import type { Random } from './random.ts';
import { TcpSession } from './tcp-session.ts';

/** Of a resolver outside, after a change of resolvers. */
const OTHER_RESOLVER = '198.51.100.53';
/** RFC 8305 5: before the next address is tried, too. */
const CONNECTION_ATTEMPT_DELAY_MS = 250;
const ADDRESS_TYPES: readonly RecordType[] = ['A', 'AAAA'];

export class Client {
  readonly network: HomeNetwork;
  readonly #ports: PortCounter;
  readonly #own: { readonly deviceAddress?: Address };

  /** deviceAddress: of IPv4, where it is not the device's only one. */
  constructor(network: HomeNetwork, random: Random, deviceAddress?: Address) {
    this.network = network;
    this.#ports = new PortCounter(random);
    this.#own = deviceAddress === undefined ? {} : { deviceAddress };
  }

  nextPort(): number {
    return this.#ports.next();
  }

  /** Asks the resolver for both kinds of addresses of a server; returns when the answers are there, or waited for in vain. */
  lookUp(random: Random, server: Server, startMs: number): number {
    const isV6 = addressBytes(server.address).length === 16;
    const resolver = this.#resolverAt(startMs);
    const isHere = resolver === GATEWAY.address;
    let timeMs = startMs;
    for (const type of ADDRESS_TYPES) {
      const question = { name: server.name, type };
      const answers = isV6 === (type === 'AAAA') ? [{ ...question, value: server.address }] : [];
      const id = random.integer(0, 0xffff);
      const port = this.nextPort();
      this.ask(timeMs, resolver, port, DNS_PORT, dnsQuery(id, question));
      if (!isHere && outageEnd(this.network.conditions, timeMs) !== undefined) return timeMs + 5000;
      timeMs += random.between(1, 30);
      this.answer(timeMs, resolver, port, DNS_PORT, dnsResponse(id, question, answers));
      timeMs += random.between(0.3, 2);
    }
    return timeMs;
  }

  /**
   * The three-way handshake, and that of TLS: all that a session does before its first data. The name is looked up first.
   * bytes: where what is encrypted comes from.
   */
  tlsSession(
    random: Random,
    server: Server,
    remotePort: number,
    protocolName: string,
    startMs: number,
    bytes: ByteSource = random,
  ): TcpSession {
    const port = this.nextPort();
    let timeMs = this.lookUp(random, server, startMs);
    let reached = server;
    if (this.network.conditions.isV6Broken === true) {
      this.session(random, overV6(server), remotePort, timeMs).synchronise();
      timeMs += CONNECTION_ATTEMPT_DELAY_MS;
      reached = overV4(server);
    }
    const session = this.session(random, reached, remotePort, timeMs, port);
    const hellos = tlsHellos(bytes, server.name, protocolName, random.integer(2_200, 3_400));
    session.open().send('device', hellos.client).send('remote', hellos.server);
    return session.idle(random.between(8, 30)).send('device', hellos.finished);
  }

  /** From a port of its own; nothing is said yet. */
  session(
    random: Random,
    server: Server,
    remotePort: number,
    startMs: number,
    devicePort: number = this.nextPort(),
  ): TcpSession {
    return new TcpSession(this.network, random, {
      devicePort,
      remoteAddress: server.address,
      remotePort,
      startMs,
      roundTripMs: server.roundTripMs,
      ...this.#ownFor(server.address),
    });
  }

  /** One question about the time and, unless the line is down or the server dead, its answer. */
  askTime(random: Random, server: Server, timeMs: number, { isDead = false } = {}): void {
    const arrivalMs = timeMs + server.roundTripMs * random.between(0.95, 1.25);
    const query = ntpQuery(timeMs);
    const port = this.nextPort();
    this.ask(timeMs, server.address, port, NTP_PORT, query);
    if (isDead || outageEnd(this.network.conditions, timeMs) !== undefined) return;
    this.answer(arrivalMs, server.address, port, NTP_PORT, ntpAnswer(query, arrivalMs - 9));
  }

  /** A datagram to that port of theirs. */
  ask(timeMs: number, to: Address, sourcePort: number, destinationPort: number, payload: Uint8Array): void {
    this.network.fromDevice(
      timeMs,
      to,
      udpDatagram({ sourcePort, destinationPort, payload }),
      this.#ownFor(to),
    );
  }

  /** A datagram from that port of theirs. */
  answer(
    timeMs: number,
    from: Address,
    destinationPort: number,
    sourcePort: number,
    payload: Uint8Array,
  ): void {
    this.network.toDevice(
      timeMs,
      from,
      udpDatagram({ sourcePort, destinationPort, payload }),
      this.#ownFor(from),
    );
  }

  #ownFor(peer: Address): { readonly deviceAddress?: Address } {
    return addressBytes(peer).length === 4 ? this.#own : {};
  }

  #resolverAt(timeMs: number): string {
    const { resolverChangeMs = Number.POSITIVE_INFINITY } = this.network.conditions;
    return timeMs < resolverChangeMs ? GATEWAY.address : OTHER_RESOLVER;
  }
}
