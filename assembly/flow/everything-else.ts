// "Everything else": one entry per family and protocol for what a full flow table cannot name (invariant 4).

import { STATUS_MERGED } from '../../schema/status';
import {
  AGENT,
  AGENT_EARLY,
  COLLECTS_EARLY,
  DIRECTION_IN,
  DIRECTION_OUT,
  ELSE_BYTES,
  ELSE_FIRST_SEEN,
  ELSE_LAST_SEEN,
  ELSE_PACKETS,
  ELSE_PROTOCOLS,
  ELSE_SIZE,
  EVERYTHING_ELSE,
  FLOW_FIRST_SEEN,
  FLOW_LAST_SEEN,
  FLOW_PACKETS,
  FLOW_PROTOCOL,
  NEVER_SEEN,
  STATUS,
} from '../memory';
import { outboxHasRoom } from '../outbox';
import { isCollecting } from '../state';
import { flowBytes } from './record';

/** The packet was not counted: collect first, then observe it again (profile gateway). No reason has this value. */
export const WOULD_MERGE: i32 = -100;

/** One packet. Returns its bytes, or WOULD_MERGE. */
export function merge(family: u32, protocol: u32, direction: u32, length: u32, seen: u32): i32 {
  if (COLLECTS_EARLY && isCollecting() && outboxHasRoom()) {
    store<u32>(AGENT, 1, AGENT_EARLY);
    return WOULD_MERGE;
  }
  const entry = elseEntry(family, protocol);
  addElse(entry, direction, length, 1);
  seeElse(entry, seen, seen);
  store<u64>(STATUS, load<u64>(STATUS, STATUS_MERGED) + 1, STATUS_MERGED);
  return length;
}

/** All that is uncollected of a record, which then may go. */
export function mergeRecord(family: u32, record: usize): void {
  const entry = elseEntry(family, load<u8>(record, FLOW_PROTOCOL));
  const packetsIn = load<u32>(record, FLOW_PACKETS);
  const packetsOut = load<u32>(record, FLOW_PACKETS + 8);
  addElse(entry, DIRECTION_IN, flowBytes(record, DIRECTION_IN), packetsIn);
  addElse(entry, DIRECTION_OUT, flowBytes(record, DIRECTION_OUT), packetsOut);
  seeElse(entry, load<u32>(record, FLOW_FIRST_SEEN), load<u32>(record, FLOW_LAST_SEEN));
  store<u64>(STATUS, load<u64>(STATUS, STATUS_MERGED) + packetsIn + packetsOut, STATUS_MERGED);
}

export function elseEntry(family: u32, protocol: u32): usize {
  return EVERYTHING_ELSE + (family * ELSE_PROTOCOLS + protocol) * ELSE_SIZE;
}

export function clearElse(entry: usize): void {
  memory.fill(entry, 0, ELSE_SIZE);
  store<u32>(entry, NEVER_SEEN, ELSE_FIRST_SEEN);
}

/** What a message left uncollected. */
export function leaveElseBytes(entry: usize, bytesIn: u64, bytesOut: u64): void {
  if ((bytesIn | bytesOut) === 0) {
    clearElse(entry);
    return;
  }
  store<u64>(entry, bytesIn, ELSE_BYTES);
  store<u64>(entry, bytesOut, ELSE_BYTES + 8);
}

function addElse(entry: usize, direction: u32, bytes: u64, packets: u64): void {
  const at = entry + (direction << 3);
  store<u64>(at, load<u64>(at, ELSE_BYTES) + bytes, ELSE_BYTES);
  store<u64>(at, load<u64>(at, ELSE_PACKETS) + packets, ELSE_PACKETS);
}

function seeElse(entry: usize, first: u32, last: u32): void {
  store<u32>(entry, min<u32>(load<u32>(entry, ELSE_FIRST_SEEN), first), ELSE_FIRST_SEEN);
  store<u32>(entry, max<u32>(load<u32>(entry, ELSE_LAST_SEEN), last), ELSE_LAST_SEEN);
}
