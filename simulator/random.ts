// Random numbers that a seed repeats on every machine.

/**
 * sfc32, the "small fast chaotic" generator of Chris Doty-Humphrey (PractRand, public domain): four words of state, one
 * of them a counter, so no cycle is shorter than 2^32. The seed is spread over the state by splitmix32, whose multipliers are of
 * Chris Wellons' hash prospector. Not for secrets.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** seed: 32 bits of it count. */
  constructor(seed: number) {
    let state = seed | 0;
    const splitmix32 = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = state ^ (state >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      return mixed ^ (mixed >>> 15);
    };
    this.#a = splitmix32();
    this.#b = splitmix32();
    this.#c = splitmix32();
    // A poor state, such as zeros, takes about seven steps to spread.
    for (let i = 0; i < 12; i++) this.next();
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** 0 to 1, without 1. */
  fraction(): number {
    return this.next() / 0x1_0000_0000;
  }

  /** Both ends included; at most 2^32 values. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** A real number, without `most`. */
  between(least: number, most: number): number {
    return least + this.fraction() * (most - least);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Times between events that know nothing of each other. */
  exponential(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.integer(0, from.length - 1)] ?? from[0];
  }

  shuffle<T>(list: T[]): T[] {
    // Fisher and Yates, from the end.
    for (let last = list.length - 1; last > 0; last--) {
      const other = this.integer(0, last);
      const moved = list[other] as T;
      list[other] = list[last] as T;
      list[last] = moved;
    }
    return list;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.next() >>> 24;
    return bytes;
  }

  /** A generator of its own, so that what one activity draws does not shift what another gets. */
  fork(): Random {
    return new Random(this.next());
  }
}

/** A seed of its own for each name: FNV-1a, 32 bits. */
export function seedFor(name: string, seed: number): number {
  let hash = 0x811c_9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}
