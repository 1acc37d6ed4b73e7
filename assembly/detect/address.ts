// An address as detection has it: 16 bytes in two halves, IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2); and keyed hashes of it.

import { AGENT, AGENT_MULTIPLIERS } from '../memory';

const MAPPED: u64 = 0xffff_0000;

/** The low half of an IPv4 address; the high one is 0. */
export function lowOfV4(address: u32): u64 {
  return MAPPED | ((<u64>address) << 32);
}

export function isV4(high: u64, low: u64): bool {
  return high === 0 && <u32>low === <u32>MAPPED;
}

/**
 * Keyed by the secret multipliers of the flow hash: nobody can choose addresses or ports that share a mark. Mixed further than the flow
 * hash, because how many of the marks are set has to look like chance even for addresses in a row.
 */
export function hashOf(high: u64, low: u64, extra: u64): u32 {
  let sum = low * load<u64>(AGENT, AGENT_MULTIPLIERS);
  sum += high * load<u64>(AGENT, AGENT_MULTIPLIERS + 16);
  sum ^= sum >> 32;
  sum = (sum + extra) * load<u64>(AGENT, AGENT_MULTIPLIERS + 8);
  sum ^= sum >> 29;
  sum *= load<u64>(AGENT, AGENT_MULTIPLIERS + 24);
  return <u32>(sum >> 32);
}
