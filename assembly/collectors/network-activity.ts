// Network activity: what flows have counted since the collection before. Walks records and "everything else" entries of
// a family as one sequence, [0, positions): flows first.

import { COLLECTOR_NETWORK_ACTIVITY } from '../../schema/configuration-block';
import { clearElse, elseEntry } from '../flow/everything-else';
import { clearCounts, flowBytes, isActive, setFlowBytes } from '../flow/record';
import { recordAt, resetHand, usedRecords } from '../flow/table';
import {
  AGENT,
  AGENT_COLLECTED,
  AGENT_SEEN_BASE,
  DIRECTION_IN,
  DIRECTION_OUT,
  ELSE_BYTES,
  ELSE_PROTOCOLS,
  FAMILY_V4,
  FAMILY_V6,
  FLOW_PROTOCOL,
} from '../memory';
import { groupOf, intervalSeconds, lowIntervalMs } from '../schedule';

export function positions(family: u32): u32 {
  return usedRecords(family) + ELSE_PROTOCOLS;
}

export function isElse(family: u32, position: u32): bool {
  return position >= usedRecords(family);
}

/** A flow record or an "everything else" entry: ask isElse which. */
export function entryAt(family: u32, position: u32): usize {
  const used = usedRecords(family);
  return position < used ? recordAt(family, position) : elseEntry(family, position - used);
}

export function entryProtocol(family: u32, position: u32): u32 {
  const used = usedRecords(family);
  return position < used ? load<u32>(recordAt(family, position), FLOW_PROTOCOL) : position - used;
}

/** Uncollected bytes of one direction. */
export function entryBytes(family: u32, position: u32, direction: u32): u64 {
  const entry = entryAt(family, position);
  return isElse(family, position)
    ? load<u64>(entry + (direction << 3), ELSE_BYTES)
    : flowBytes(entry, direction);
}

/** Some bytes of an entry have been written; when it has none left its counts start anew. */
export function reportBytes(family: u32, position: u32, bytesIn: u64, bytesOut: u64): void {
  const entry = entryAt(family, position);
  const leftIn = entryBytes(family, position, DIRECTION_IN) - bytesIn;
  const leftOut = entryBytes(family, position, DIRECTION_OUT) - bytesOut;
  if (isElse(family, position)) {
    store<u64>(entry, leftIn, ELSE_BYTES);
    store<u64>(entry, leftOut, ELSE_BYTES + 8);
    if ((leftIn | leftOut) === 0) clearElse(entry);
  } else if ((leftIn | leftOut) === 0) {
    clearCounts(entry);
  } else {
    setFlowBytes(entry, DIRECTION_IN, leftIn);
    setFlowBytes(entry, DIRECTION_OUT, leftOut);
  }
}

export function hasActivity(): bool {
  return familyHasActivity(FAMILY_V4) || familyHasActivity(FAMILY_V6);
}

function familyHasActivity(family: u32): bool {
  const end = positions(family);
  for (let position: u32 = 0; position < end; position++) {
    const entry = entryAt(family, position);
    if (
      isElse(family, position)
        ? (load<u64>(entry, ELSE_BYTES) | load<u64>(entry, ELSE_BYTES + 8)) !== 0
        : isActive(entry)
    )
      return true;
  }
  return false;
}

/** Seconds an event at `time` covers: the interval, or longer where collections were late. */
export function coveredSeconds(time: i64): u32 {
  const interval = intervalSeconds(groupOf(COLLECTOR_NETWORK_ACTIVITY));
  const elapsed = (time - load<i64>(AGENT, AGENT_COLLECTED)) / 1000;
  return <u32>min<i64>(max<i64>(elapsed, <i64>interval), u32.MAX_VALUE);
}

/** All of it is written: the next interval begins at `time`. */
export function beginInterval(time: i64): void {
  store<i64>(AGENT, time, AGENT_COLLECTED);
  // Frames may still come that are older by up to a low interval; older ones are a jump of the clock.
  store<i64>(AGENT, time - lowIntervalMs(), AGENT_SEEN_BASE);
  resetHand();
}
