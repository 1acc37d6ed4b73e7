// The flow table: records that stay where they are, and an index by five-tuple (open addressing, linear probing,
// a quarter full at most, deletion by backward shift: Knuth 6.4 R). A record is never freed: when all are in use a new flow
// takes over one that has nothing uncollected and no standing, so nothing is lost.

import { STATUS_EVICTED, STATUS_FLOWS_V4 } from '../../schema/status';
import { giveUp } from '../detect/outcomes';
import { forgetWaiting, isWaitedFor } from '../detect/waiting';
import {
  AGENT,
  AGENT_CACHE_SIZE,
  AGENT_FLOWS_HAND,
  AGENT_FLOWS_USED,
  FAMILY_V4,
  FAMILY_V6,
  FLOW_ADDRESSES,
  FLOW_PORTS,
  FLOW_STANDING,
  FLOW_V4_SIZE,
  FLOW_V6_SIZE,
  FLOWS_V4,
  FLOWS_V6,
  HAS_DETECTION,
  INDEX_V4,
  INDEX_V6,
  SLOT_COUNT,
  SLOT_SHIFT,
  STATUS,
} from '../memory';
import { mergeRecord } from './everything-else';
import { hashV4, hashV6 } from './hash';
import { clearCounts, clearHistory, isActive, transportOf } from './record';

const SLOT_MASK: u32 = SLOT_COUNT - 1;
const NONE: u32 = 0xffffffff;

/** The record of a five-tuple, or 0. transport: ports in the low half (u16 local, u16 remote), PROTOCOL_ in the high. */
export function findV4(hash: u32, addresses: u64, transport: u64): usize {
  let slot = hash;
  while (true) {
    const number = numberIn(INDEX_V4, slot);
    if (number === 0) return 0;
    const record = FLOWS_V4 + (number - 1) * <u32>FLOW_V4_SIZE;
    if (load<u64>(record, FLOW_ADDRESSES) === addresses && load<u64>(record, FLOW_PORTS) === transport) {
      return record;
    }
    slot = (slot + 1) & SLOT_MASK;
  }
}

export function findV6(hash: u32, local: usize, remote: usize, transport: u64): usize {
  let slot = hash;
  while (true) {
    const number = numberIn(INDEX_V6, slot);
    if (number === 0) return 0;
    const record = FLOWS_V6 + (number - 1) * <u32>FLOW_V6_SIZE;
    if (
      load<u64>(record, FLOW_PORTS) === transport &&
      load<u64>(record, FLOW_ADDRESSES + 24) === load<u64>(remote, 8) &&
      load<u64>(record, FLOW_ADDRESSES + 16) === load<u64>(remote) &&
      load<u64>(record, FLOW_ADDRESSES + 8) === load<u64>(local, 8) &&
      load<u64>(record, FLOW_ADDRESSES) === load<u64>(local)
    ) {
      return record;
    }
    slot = (slot + 1) & SLOT_MASK;
  }
}

/** A record for a five-tuple that is not in the table; 0 where every record is needed. */
export function insertV4(hash: u32, addresses: u64, transport: u64): usize {
  const record = claim(FAMILY_V4, hash, transport);
  if (record !== 0) store<u64>(record, addresses, FLOW_ADDRESSES);
  return record;
}

export function insertV6(hash: u32, local: usize, remote: usize, transport: u64): usize {
  const record = claim(FAMILY_V6, hash, transport);
  if (record !== 0) {
    store<u64>(record, load<u64>(local), FLOW_ADDRESSES);
    store<u64>(record, load<u64>(local, 8), FLOW_ADDRESSES + 8);
    store<u64>(record, load<u64>(remote), FLOW_ADDRESSES + 16);
    store<u64>(record, load<u64>(remote, 8), FLOW_ADDRESSES + 24);
  }
  return record;
}

export function recordAt(family: u32, number: u32): usize {
  return family === FAMILY_V4 ? FLOWS_V4 + number * <u32>FLOW_V4_SIZE : FLOWS_V6 + number * <u32>FLOW_V6_SIZE;
}

export function usedRecords(family: u32): u32 {
  return load<u32>(AGENT + (family << 2), AGENT_FLOWS_USED);
}

/** From now on every record without counts or standing may be taken over again. */
export function resetHand(): void {
  store<u64>(AGENT, 0, AGENT_FLOWS_HAND);
}

/** Empties the table; what is uncollected goes to "everything else". */
export function mergeTable(family: u32): void {
  if (HAS_DETECTION) forgetWaiting(family);
  const used = usedRecords(family);
  for (let number: u32 = 0; number < used; number++) {
    const record = recordAt(family, number);
    if (isActive(record)) mergeRecord(family, record);
  }
  memory.fill(indexOf(family), 0, SLOT_COUNT << SLOT_SHIFT);
  setUsed(family, 0);
  resetHand();
}

function claim(family: u32, hash: u32, transport: u64): usize {
  let number = usedRecords(family);
  if (number < load<u32>(AGENT, AGENT_CACHE_SIZE)) {
    setUsed(family, number + 1);
  } else {
    number = nextTakeable(family);
    if (number === NONE) return 0;
    removeFromIndex(family, number);
    if (HAS_DETECTION && isWaitedFor(recordAt(family, number))) giveUp(recordAt(family, number));
    store<u64>(STATUS, load<u64>(STATUS, STATUS_EVICTED) + 1, STATUS_EVICTED);
  }
  const index = indexOf(family);
  let slot = hash;
  while (numberIn(index, slot) !== 0) slot = (slot + 1) & SLOT_MASK;
  setNumber(index, slot, number + 1);

  const record = recordAt(family, number);
  clearCounts(record);
  clearHistory(record);
  store<u64>(record, transport, FLOW_PORTS);
  return record;
}

/**
 * The next record with nothing uncollected and no standing, or NONE. The hand only moves on: what it passed keeps its
 * counts and its standing until the next collection, so a flood costs one sweep an interval, not one a packet.
 */
function nextTakeable(family: u32): u32 {
  const hand = AGENT + AGENT_FLOWS_HAND + (family << 2);
  const used = usedRecords(family);
  for (let number = load<u32>(hand); number < used; number++) {
    const record = recordAt(family, number);
    if (!isActive(record) && load<u8>(record, FLOW_STANDING) === 0) {
      store<u32>(hand, number + 1);
      return number;
    }
  }
  store<u32>(hand, used);
  return NONE;
}

function removeFromIndex(family: u32, number: u32): void {
  const index = indexOf(family);
  let hole = homeOf(family, number);
  while (numberIn(index, hole) !== number + 1) hole = (hole + 1) & SLOT_MASK;
  for (let slot = (hole + 1) & SLOT_MASK; ; slot = (slot + 1) & SLOT_MASK) {
    const other = numberIn(index, slot);
    if (other === 0) break;
    // Move back whatever the hole would otherwise cut off from its home slot.
    if (((slot - homeOf(family, other - 1)) & SLOT_MASK) >= ((slot - hole) & SLOT_MASK)) {
      setNumber(index, hole, other);
      hole = slot;
    }
  }
  setNumber(index, hole, 0);
}

function homeOf(family: u32, number: u32): u32 {
  const record = recordAt(family, number);
  const transport = transportOf(record);
  return family === FAMILY_V4
    ? hashV4(load<u64>(record, FLOW_ADDRESSES), transport)
    : hashV6(record + FLOW_ADDRESSES, record + FLOW_ADDRESSES + 16, transport);
}

/** Record number + 1, or 0. */
function numberIn(index: usize, slot: u32): u32 {
  return SLOT_SHIFT ? load<u16>(index + (slot << 1)) : load<u8>(index + slot);
}

function setNumber(index: usize, slot: u32, number: u32): void {
  if (SLOT_SHIFT) store<u16>(index + (slot << 1), number);
  else store<u8>(index + slot, number);
}

function indexOf(family: u32): usize {
  return family === FAMILY_V4 ? INDEX_V4 : INDEX_V6;
}

function setUsed(family: u32, count: u32): void {
  store<u32>(AGENT + (family << 2), count, AGENT_FLOWS_USED);
  store<u32>(STATUS + (family << 2), count, STATUS_FLOWS_V4);
}
