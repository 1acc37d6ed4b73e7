// What a small sensor with a cloud is for: readings to its hub, its vendor's interface, updates, metrics, the time of day.
import { CLOUD, COLLECTOR, GATEWAY, type HomeNetwork, HUB, type Server, TIME } from './home-network.ts';
import { DNS_PORT, dnsQuery, dnsResponse, type RecordType } from './messages/dns.ts';
import { NTP_PORT, ntpAnswer, ntpQuery } from './messages/ntp.ts';
import { encrypted, tlsHellos } from './messages/tls.ts';
import { udpDatagram } from './packets/index.ts';
import type { Random } from './random.ts';
import { every, type Period } from './schedule.ts';
import { TcpSession } from './tcp-session.ts';

const SECOND = 1000;
const MQTT_TLS_PORT = 8883;
const HTTPS_PORT = 443;
/** RFC 6335: clients choose from 49,152 up. */
const FIRST_PORT = 49_152;
const LAST_PORT = 65_535;
/** Bytes: an MQTT PINGREQ, PINGRESP or DISCONNECT; a PUBACK. MQTT 3.1.1, 3.12 to 3.14 and 3.4. */
const PING = 2;
const DISCONNECT = 2;
const PUBACK = 4;

export class DeviceSessions {
  readonly #network: HomeNetwork;
  readonly #random: Random;
  readonly #period: Period;
  #port: number;

  constructor(network: HomeNetwork, random: Random, period: Period) {
    this.#network = network;
    this.#random = random;
    this.#period = period;
    this.#port = random.integer(FIRST_PORT, LAST_PORT);
  }

  /** MQTT inside TLS: a reading every five seconds or so, a keep-alive every minute, one connection for all of it. */
  hubSession(): void {
    const random = this.#random.fork();
    const session = this.#tlsSession(random, HUB, MQTT_TLS_PORT, 'mqtt', this.#period.startMs + 2 * SECOND);
    // CONNECT and CONNACK, SUBSCRIBE and SUBACK.
    session.send('device', encrypted(random, 140)).send('remote', encrypted(random, 4));
    session.send('device', encrypted(random, 60)).send('remote', encrypted(random, 5));
    const untilMs = this.#period.endMs - 5 * SECOND;
    let pingMs = session.timeMs + 60 * SECOND;
    while (session.idle(random.between(4, 6) * SECOND).timeMs < untilMs) {
      session.send('device', encrypted(random, random.integer(120, 260)));
      session.send('remote', encrypted(random, PUBACK));
      if (session.timeMs < pingMs) continue;
      pingMs += 60 * SECOND;
      session.idle(random.between(0.5, 1.5) * SECOND);
      session.send('device', encrypted(random, PING)).send('remote', encrypted(random, PING));
    }
    session.send('device', encrypted(random, DISCONNECT)).close('device');
  }

  /** The vendor's interface over HTTPS: a short connection every two minutes, more or less: people press buttons. */
  cloudRequests(): void {
    const random = this.#random.fork();
    for (const startMs of every(random, this.#period, 120, 9, 0.5)) {
      const session = this.#tlsSession(random, CLOUD, HTTPS_PORT, 'http/1.1', startMs);
      session.send('device', encrypted(random, random.integer(300, 500)));
      session.idle(random.between(5, 40));
      session.send('remote', encrypted(random, random.integer(1_500, 9_000))).close('device');
    }
  }

  /** One larger download, towards the end. */
  softwareUpdate(): void {
    const random = this.#random.fork();
    const startMs = this.#period.startMs + (this.#period.endMs - this.#period.startMs) * 0.8;
    const session = this.#tlsSession(random, CLOUD, HTTPS_PORT, 'http/1.1', startMs);
    session.send('device', encrypted(random, 350)).idle(20);
    for (let part = 0; part < 20; part++) {
      session.send('remote', encrypted(random, 20_000)).idle(random.between(2, 30));
    }
    session.close('remote');
  }

  /** TLS over IPv6 to a collector of metrics. */
  collectorSession(): void {
    const random = this.#random.fork();
    const session = this.#tlsSession(random, COLLECTOR, HTTPS_PORT, 'h2', this.#period.startMs + 20 * SECOND);
    // The longest pause still ends within the period.
    const untilMs = this.#period.endMs - 30 * SECOND;
    while (session.idle(random.between(15, 25) * SECOND).timeMs < untilMs) {
      session.send('device', encrypted(random, random.integer(400, 900)));
      session.send('remote', encrypted(random, 40));
    }
    session.close('device');
  }

  timeQueries(): void {
    const random = this.#random.fork();
    for (const startMs of every(random, this.#period, 64, 1)) {
      const timeMs = this.#lookUp(random, TIME, startMs);
      const arrivalMs = timeMs + TIME.roundTripMs * random.between(0.95, 1.25);
      const query = ntpQuery(timeMs);
      const port = this.#nextPort();
      this.#ask(timeMs, TIME.address, port, NTP_PORT, query);
      this.#answer(arrivalMs, TIME.address, port, NTP_PORT, ntpAnswer(query, arrivalMs - 9));
    }
  }

  /** Looks the server up, connects and shakes hands: all that a TLS session does before its first data. */
  #tlsSession(
    random: Random,
    server: Server,
    remotePort: number,
    protocolName: string,
    startMs: number,
  ): TcpSession {
    const session = new TcpSession(this.#network, random, {
      devicePort: this.#nextPort(),
      remoteAddress: server.address,
      remotePort,
      startMs: this.#lookUp(random, server, startMs),
      roundTripMs: server.roundTripMs,
    });
    const hellos = tlsHellos(random, server.name, protocolName, random.integer(2_200, 3_400));
    session.open().send('device', hellos.client).send('remote', hellos.server);
    return session.idle(random.between(8, 30)).send('device', hellos.finished);
  }

  /** Asks the gateway for the address of a server; returns when the answer is there. */
  #lookUp(random: Random, server: Server, startMs: number): number {
    const isV6 = server.address.includes(':');
    let timeMs = startMs;
    const types: readonly RecordType[] = ['A', 'AAAA'];
    for (const type of types) {
      const question = { name: server.name, type };
      const answers = isV6 === (type === 'AAAA') ? [{ ...question, value: server.address }] : [];
      const id = random.integer(0, 0xffff);
      const port = this.#nextPort();
      this.#ask(timeMs, GATEWAY.address, port, DNS_PORT, dnsQuery(id, question));
      timeMs += random.between(1, 30);
      this.#answer(timeMs, GATEWAY.address, port, DNS_PORT, dnsResponse(id, question, answers));
      timeMs += random.between(0.3, 2);
    }
    return timeMs;
  }

  #ask(timeMs: number, to: string, sourcePort: number, destinationPort: number, payload: Uint8Array): void {
    this.#network.fromDevice(timeMs, to, udpDatagram({ sourcePort, destinationPort, payload }));
  }

  #answer(
    timeMs: number,
    from: string,
    destinationPort: number,
    sourcePort: number,
    payload: Uint8Array,
  ): void {
    this.#network.toDevice(timeMs, from, udpDatagram({ sourcePort, destinationPort, payload }));
  }

  #nextPort(): number {
    this.#port = this.#port === LAST_PORT ? FIRST_PORT : this.#port + 1;
    return this.#port;
  }
}
