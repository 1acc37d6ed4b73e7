// xoroshiro128++ (Blackman and Vigna 2019): 128 bits of state, period 2^128 - 1. Good enough that ids do not repeat;
// not a source of secrets. Seeded by the host's entropy (invariant 7).

import { AGENT, AGENT_MULTIPLIERS, AGENT_RANDOM, AGENT_SEEDED } from './memory';

export function random(): u64 {
  const s0 = load<u64>(AGENT, AGENT_RANDOM);
  let s1 = load<u64>(AGENT, AGENT_RANDOM + 8);
  const result = rotl<u64>(s0 + s1, 17) + s0;
  s1 ^= s0;
  store<u64>(AGENT, rotl<u64>(s0, 49) ^ s1 ^ (s1 << 21), AGENT_RANDOM);
  store<u64>(AGENT, rotl<u64>(s1, 28), AGENT_RANDOM + 8);
  return result;
}

/** Uniform in [0, bound), bound below 2^33; the bias of at most bound / 2^31 does not matter to a schedule. */
export function randomBelow(bound: u64): u64 {
  return ((random() >> 33) * bound) >> 31;
}

/**
 * Takes 32 bytes of entropy. The generator gets the first half; the flow hash mixes in the second, which no event id
 * ever shows. The multipliers change only with `rehash`, while the flow index is empty.
 */
export function seed(entropy: usize, rehash: bool): void {
  // Mixed into what was there: the same seed given again must not bring the same ids again.
  const seeded = load<u32>(AGENT, AGENT_SEEDED) !== 0;
  const s0 = load<u64>(entropy) ^ (seeded ? random() : 0);
  const s1 = load<u64>(entropy, 8) ^ (seeded ? random() : 0);
  store<u64>(AGENT, s0, AGENT_RANDOM);
  // An all-zero state would only ever give zero.
  store<u64>(AGENT, (s0 | s1) === 0 ? 1 : s1, AGENT_RANDOM + 8);
  store<u32>(AGENT, 1, AGENT_SEEDED);
  if (!rehash) return;
  for (let i: usize = 0; i < 4; i++) {
    store<u64>(AGENT + (i << 3), (random() ^ load<u64>(entropy + ((i & 1) << 3), 16)) | 1, AGENT_MULTIPLIERS);
  }
}

/** Writes 16 bytes: an RFC 4122 version 4 UUID. */
export function writeUuid(at: usize): void {
  // Bytes 6 and 8 hold version (4) and variant (10).
  store<u64>(at, (random() & 0xff0fffffffffffff) | 0x0040000000000000);
  store<u64>(at, (random() & 0xffffffffffffff3f) | 0x0000000000000080, 8);
}
