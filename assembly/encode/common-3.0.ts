// NetworkActivityCommon of schema 3.0 as FlatBuffers: the fields of 2.3 and what 3.0 adds. More of them are always there than 2.3
// leaves in, zero or not: a vtable takes 40 bytes, so a message should need few.

import { PROTOCOL_TCP } from '../../schema/configuration-block';
import {
  COMMON_BYTES_IN,
  COMMON_BYTES_OUT,
  COMMON_LOCAL_PORT,
  COMMON_PROTOCOL,
  COMMON_REMOTE_PORT,
} from '../../schema/message-2.3';
import {
  COMMON_DURATION,
  COMMON_INITIATOR,
  COMMON_LAST_SEEN,
  COMMON_OUTCOME,
  COMMON_PACKETS_IN,
  COMMON_PACKETS_OUT,
  COMMON_TCP_FLAGS_IN,
  COMMON_TCP_FLAGS_OUT,
} from '../../schema/message-3.0-flatbuffers';
import {
  CLASS_FLAGS_IN_SHIFT,
  CLASS_FLAGS_OUT_SHIFT,
  CLASS_INITIATOR,
  CLASS_INITIATOR_SHIFT,
  CLASS_OUTCOME,
  CLASS_OUTCOME_SHIFT,
} from '../../schema/message-3.0-numbers';
import { ELSE_FIRST_SEEN, ELSE_LAST_SEEN, FLOW_FIRST_SEEN, FLOW_LAST_SEEN } from '../memory';
import { durationOf, lateOf } from './flow-table-3.0';

// What an entry has beside what all have: a direction is bytes and packets, ports are both, flags are those of TCP.
const HAS_PORTS: u32 = 1;
const HAS_IN: u32 = 2;
const HAS_OUT: u32 = 4;
const HAS_FLAGS: u32 = 8;

const VTABLE_HEADER: u32 = 4;
const OFFSET: u32 = 4;
/** Last and first seen; protocol, initiator, outcome. */
const ALWAYS: u32 = 8 + 3;

/** in, out: not 0 where the direction has anything. */
export function fieldsOf30(ports: u32, protocol: u32, countsIn: u64, countsOut: u64): u32 {
  return (
    (ports ? HAS_PORTS : 0) |
    (countsIn ? HAS_IN : 0) |
    (countsOut ? HAS_OUT : 0) |
    (protocol === PROTOCOL_TCP ? HAS_FLAGS : 0)
  );
}

export function commonSize30(mask: u32): u32 {
  const directions = popcnt<u32>(mask & (HAS_IN | HAS_OUT)) << 3;
  const size = OFFSET + directions + ALWAYS + (mask & HAS_PORTS ? 4 : 0) + (mask & HAS_FLAGS ? 2 : 0);
  return (size + 3) & ~3;
}

export function vtableSize30(mask: u32): u32 {
  return (vtableLength(mask) + 3) & ~3;
}

/** counts: bytes, and packets in the high half; flowClass: as classOf gives it. common: points to its vtable already. */
export function writeCommon30(
  common: usize,
  mask: u32,
  entry: usize,
  isNamed: bool,
  ports: u32,
  protocol: u32,
  countsIn: u64,
  countsOut: u64,
  flowClass: u32,
  eventSeen: u32,
): void {
  const first = isNamed ? load<u32>(entry, FLOW_FIRST_SEEN) : load<u32>(entry, ELSE_FIRST_SEEN);
  const last = isNamed ? load<u32>(entry, FLOW_LAST_SEEN) : load<u32>(entry, ELSE_LAST_SEEN);
  // The padding.
  store<u32>(common + commonSize30(mask) - 4, 0);
  let end = common + OFFSET;
  if (mask & HAS_IN) {
    store<u64>(end, countsIn);
    end += 8;
  }
  if (mask & HAS_OUT) {
    store<u64>(end, countsOut);
    end += 8;
  }
  store<u32>(end, lateOf(last, eventSeen));
  store<u32>(end, durationOf(first, last), 4);
  end += 8;
  if (mask & HAS_PORTS) {
    store<u16>(end, bswap<u16>(<u16>ports));
    store<u16>(end, bswap<u16>(<u16>(ports >> 16)), 2);
    end += 4;
  }
  store<u8>(end, protocol);
  store<u8>(end, (flowClass >> CLASS_INITIATOR_SHIFT) & CLASS_INITIATOR, 1);
  store<u8>(end, (flowClass >> CLASS_OUTCOME_SHIFT) & CLASS_OUTCOME, 2);
  if (mask & HAS_FLAGS) {
    store<u8>(end, flowClass >> CLASS_FLAGS_IN_SHIFT, 3);
    store<u8>(end, flowClass >> CLASS_FLAGS_OUT_SHIFT, 4);
  }
}

/** Fields in the order that writeCommon30 has them in. */
export function writeCommonVtable30(mask: u32, at: usize): void {
  memory.fill(at, 0, vtableSize30(mask));
  store<u16>(at, vtableLength(mask));
  store<u16>(at, commonSize30(mask), 2);
  let offset = OFFSET;
  if (mask & HAS_IN) {
    offset = place(at, COMMON_BYTES_IN, 4, offset);
    offset = place(at, COMMON_PACKETS_IN, 4, offset);
  }
  if (mask & HAS_OUT) {
    offset = place(at, COMMON_BYTES_OUT, 4, offset);
    offset = place(at, COMMON_PACKETS_OUT, 4, offset);
  }
  offset = place(at, COMMON_LAST_SEEN, 4, offset);
  offset = place(at, COMMON_DURATION, 4, offset);
  if (mask & HAS_PORTS) {
    offset = place(at, COMMON_LOCAL_PORT, 2, offset);
    offset = place(at, COMMON_REMOTE_PORT, 2, offset);
  }
  offset = place(at, COMMON_PROTOCOL, 1, offset);
  offset = place(at, COMMON_INITIATOR, 1, offset);
  offset = place(at, COMMON_OUTCOME, 1, offset);
  if (mask & HAS_FLAGS) {
    offset = place(at, COMMON_TCP_FLAGS_IN, 1, offset);
    place(at, COMMON_TCP_FLAGS_OUT, 1, offset);
  }
}

/** Up to the last field present. */
function vtableLength(mask: u32): u32 {
  const fields: u32 = (mask & HAS_FLAGS ? COMMON_TCP_FLAGS_OUT : COMMON_OUTCOME) + 1;
  return VTABLE_HEADER + (fields << 1);
}

function place(vtable: usize, field: u32, width: u32, offset: u32): u32 {
  store<u16>(vtable + (field << 1), offset, VTABLE_HEADER);
  return offset + width;
}
