// Bytes that mean nothing: what stands in for ciphertext, pictures and sound.
import { Random } from '../random.ts';

export interface ByteSource {
  bytes(length: number): Uint8Array;
}

/** As random as it needs to be, and twenty times as quick as drawing each byte: pieces of one pool, from a random place. */
export class Noise implements ByteSource {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** At most 65,536; not to be written into. */
  bytes(length: number): Uint8Array {
    if (length > LONGEST) throw new RangeError(`${length} bytes of noise, at most ${LONGEST}`);
    const at = this.#random.next() % (POOL_SIZE - length);
    return pool().subarray(at, at + length);
  }
}

const LONGEST = 65_536;
const POOL_SIZE = 4 * LONGEST;
const POOL_SEED = 0x6e6f_6973;
let made: Uint8Array | undefined;

function pool(): Uint8Array {
  made ??= new Random(POOL_SEED).bytes(POOL_SIZE);
  return made;
}
