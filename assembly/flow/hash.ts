// Pair-multiply-shift hashing (Dietzfelbinger 1996) with secret odd multipliers: whoever chooses five-tuples without
// knowing them finds two that share a slot no more often than chance would have it.

import { AGENT, AGENT_MULTIPLIERS, SLOT_BITS } from '../memory';

/** A slot of the index, [0, SLOT_COUNT). */
export function hashV4(addresses: u64, transport: u64): u32 {
  const sum =
    addresses * load<u64>(AGENT, AGENT_MULTIPLIERS) + transport * load<u64>(AGENT, AGENT_MULTIPLIERS + 8);
  return <u32>(sum >> (64 - SLOT_BITS));
}

/** local, remote: where 16 bytes stand. The local network is much the same for all flows and left out. */
export function hashV6(local: usize, remote: usize, transport: u64): u32 {
  const sum =
    load<u64>(remote) * load<u64>(AGENT, AGENT_MULTIPLIERS) +
    load<u64>(remote, 8) * load<u64>(AGENT, AGENT_MULTIPLIERS + 16) +
    load<u64>(local, 8) * load<u64>(AGENT, AGENT_MULTIPLIERS + 24) +
    transport * load<u64>(AGENT, AGENT_MULTIPLIERS + 8);
  return <u32>(sum >> (64 - SLOT_BITS));
}
