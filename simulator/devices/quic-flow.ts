// QUIC (RFC 9000) as it looks from outside: datagrams from one port to port 443, full ones at the beginning and for content.
import type { Client } from '../client.ts';
import type { Server } from '../home-network.ts';
import { overV4 } from '../hosts.ts';
import { Noise } from '../messages/noise.ts';
import type { Random } from '../random.ts';

const PORT = 443;
/** Bytes of payload; an initial datagram has at least 1,200. RFC 9000 14.1 */
const FULL = 1250;
const ACKNOWLEDGEMENT = 38;

export class QuicFlow {
  /** Of the latest datagram. */
  timeMs: number;
  readonly #client: Client;
  readonly #random: Random;
  readonly #noise: Noise;
  readonly #server: Server;
  readonly #port: number;

  constructor(client: Client, random: Random, server: Server, startMs: number) {
    this.#client = client;
    this.#random = random;
    this.#noise = new Noise(random);
    this.#server = client.network.conditions.isV6Broken === true ? overV4(server) : server;
    this.#port = client.nextPort();
    this.timeMs = startMs;
  }

  /** Hellos and certificates. */
  open(): this {
    this.ask(0, FULL).#wait();
    for (let i = 0; i < 3; i++) this.#answer(0.2, FULL);
    return this.ask(1, this.#random.integer(100, 1200));
  }

  /** One datagram of the device, so much later. */
  ask(afterMs: number, length: number): this {
    this.timeMs += afterMs;
    this.#client.ask(this.timeMs, this.#server.address, this.#port, PORT, this.#noise.bytes(length));
    return this;
  }

  /** What was asked for comes after a round trip, in so many bytes; each eighth datagram is acknowledged. */
  receive(bytes: number): this {
    this.#wait();
    for (let left = bytes, count = 1; left > 0; left -= FULL, count++) {
      this.#answer(this.#random.between(0.15, 2.5), Math.min(left + ACKNOWLEDGEMENT, FULL));
      if (count % 8 === 0) this.ask(0.2, ACKNOWLEDGEMENT);
    }
    return this;
  }

  #answer(afterMs: number, length: number): void {
    this.timeMs += afterMs;
    this.#client.answer(this.timeMs, this.#server.address, this.#port, PORT, this.#noise.bytes(length));
  }

  #wait(): void {
    this.timeMs += this.#server.roundTripMs * this.#random.between(0.95, 1.25);
  }
}
