// What a small sensor with a cloud is for: readings to its hub, its vendor's interface, updates, metrics, the time of day.
import { Client } from './client.ts';
import { CLOUD, COLLECTOR, type HomeNetwork, HUB, TIME } from './home-network.ts';
import { encrypted } from './messages/tls.ts';
import type { Random } from './random.ts';
import { every, type Period } from './schedule.ts';

const SECOND = 1000;
const MQTT_TLS_PORT = 8883;
const HTTPS_PORT = 443;
/** Bytes: an MQTT PINGREQ, PINGRESP or DISCONNECT; a PUBACK. MQTT 3.1.1, 3.12 to 3.14 and 3.4. */
const PING = 2;
const DISCONNECT = 2;
const PUBACK = 4;

export class DeviceSessions {
  readonly #client: Client;
  readonly #random: Random;
  readonly #period: Period;

  constructor(network: HomeNetwork, random: Random, period: Period) {
    this.#client = new Client(network, random);
    this.#random = random;
    this.#period = period;
  }

  /** MQTT inside TLS: a reading every five seconds or so, a keep-alive every minute, one connection for all of it. */
  hubSession(): void {
    const random = this.#random.fork();
    const session = this.#client.tlsSession(
      random,
      HUB,
      MQTT_TLS_PORT,
      'mqtt',
      this.#period.startMs + 2 * SECOND,
    );
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
      const session = this.#client.tlsSession(random, CLOUD, HTTPS_PORT, 'http/1.1', startMs);
      session.send('device', encrypted(random, random.integer(300, 500)));
      session.idle(random.between(5, 40));
      session.send('remote', encrypted(random, random.integer(1_500, 9_000))).close('device');
    }
  }

  /** One larger download, towards the end. */
  softwareUpdate(): void {
    const random = this.#random.fork();
    const startMs = this.#period.startMs + (this.#period.endMs - this.#period.startMs) * 0.8;
    const session = this.#client.tlsSession(random, CLOUD, HTTPS_PORT, 'http/1.1', startMs);
    session.send('device', encrypted(random, 350)).idle(20);
    for (let part = 0; part < 20; part++) {
      session.send('remote', encrypted(random, 20_000)).idle(random.between(2, 30));
    }
    session.close('remote');
  }

  /** TLS over IPv6 to a collector of metrics. */
  collectorSession(): void {
    const random = this.#random.fork();
    const session = this.#client.tlsSession(
      random,
      COLLECTOR,
      HTTPS_PORT,
      'h2',
      this.#period.startMs + 20 * SECOND,
    );
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
      const timeMs = this.#client.lookUp(random, TIME, startMs);
      this.#client.askTime(random, TIME, timeMs);
    }
  }
}
