// The counters of schema 3.0 (Counters of message-3.0.proto), by their number there less one: all since start.

import { VERDICT_COUNT } from '../../schema/reasons';
import {
  STATUS_CLOCK_JUMPS,
  STATUS_EVICTED,
  STATUS_MERGED,
  STATUS_OUTBOX_WAITS,
  STATUS_VERDICTS,
} from '../../schema/status';
import { AGENT, AGENT_LOST, HAS_REPORTS, STATUS } from '../memory';

/** Packets counted: no news beside events, and in no message but in Statistics. */
export const COUNTER_COUNTED: u32 = 0;
const MERGED: u32 = VERDICT_COUNT;
const EVICTED: u32 = MERGED + 1;
const OUTBOX_WAITS: u32 = MERGED + 2;
const CLOCK_JUMPS: u32 = MERGED + 3;
/** The last one is messages given up, which a host that reports tells. */
export const COUNTERS: u32 = HAS_REPORTS ? MERGED + 5 : MERGED + 4;

export function counter(number: u32): u64 {
  if (number < MERGED) return load<u64>(STATUS + (number << 3), STATUS_VERDICTS);
  if (number === MERGED) return load<u64>(STATUS, STATUS_MERGED);
  if (number === EVICTED) return load<u64>(STATUS, STATUS_EVICTED);
  if (number === OUTBOX_WAITS) return load<u32>(STATUS, STATUS_OUTBOX_WAITS);
  if (!HAS_REPORTS || number === CLOCK_JUMPS) return load<u32>(STATUS, STATUS_CLOCK_JUMPS);
  return load<u32>(AGENT, AGENT_LOST);
}

/** They only grow, so their sum tells whether one has changed. */
export function counterSum(): u64 {
  let sum: u64 = 0;
  for (let number: u32 = COUNTER_COUNTED + 1; number < COUNTERS; number++) sum += counter(number);
  return sum;
}
