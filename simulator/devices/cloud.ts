// Services outside: a name, and the addresses behind it, which change from one look-up to the next.
import type { Server } from '../home-network.ts';
import { cloudAt, type Family } from '../hosts.ts';
import { Random, seedFor } from '../random.ts';

export interface CloudOptions {
  /** Default 8. */
  readonly addresses?: number;
  /** Networks of 256 addresses that they are spread over; default 3. */
  readonly networks?: number;
  /** Default IPv4. */
  readonly family?: Family;
  /** ms; default 12 to 120, one for the whole service. */
  readonly roundTripMs?: readonly [least: number, most: number];
}

export class Cloud {
  readonly #servers: readonly Server[];

  /** world: the same one makes the same addresses for a name. */
  constructor(world: number, name: string, options: CloudOptions = {}) {
    const random = new Random(seedFor(name, world));
    const { addresses = 8, networks = 3, family = 'IPv4', roundTripMs = [12, 120] } = options;
    const bases = Array.from({ length: networks }, () => random.integer(0, 511) << 8);
    const away = random.between(...roundTripMs);
    this.#servers = Array.from({ length: addresses }, (_, i) => ({
      name,
      address: cloudAt(family, (bases[i % networks] ?? 0) + random.integer(1, 254)),
      roundTripMs: away,
    }));
  }

  /** Whatever address the resolver names this time. */
  server(random: Random): Server {
    return this.at(random.integer(0, this.#servers.length - 1));
  }

  /** One of its servers, always the same for a number. */
  at(number: number): Server {
    const server = this.#servers[number % this.#servers.length];
    if (server === undefined) throw new RangeError('a cloud without addresses');
    return server;
  }
}
