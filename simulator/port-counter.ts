import type { Random } from './random.ts';

/** Ports as a stack gives them out: one after the other from a random one, and round again. */
export class PortCounter {
  readonly #first: number;
  readonly #last: number;
  #port: number;

  /** Default: 49,152 up, which RFC 6335 leaves to clients. */
  constructor(random: Random, first = 49_152, last = 65_535) {
    this.#first = first;
    this.#last = last;
    this.#port = random.integer(first, last);
  }

  next(): number {
    this.#port = this.#port === this.#last ? this.#first : this.#port + 1;
    return this.#port;
  }
}
