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

/** Of a network of one's own: RFC 1918, link-local, loopback; RFC 4193. */
export function isPrivate(high: u64, low: u64): bool {
  if (!isV4(high, low)) return (high & 0xfe) === 0xfc || (high & 0xc0ff) === 0x80fe;
  const first = <u32>(low >> 32) & 0xff;
  const second = <u32>(low >> 40) & 0xff;
  return (
    first === 10 ||
    first === 127 ||
    (first === 172 && (second & 0xf0) === 16) ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254)
  );
}
