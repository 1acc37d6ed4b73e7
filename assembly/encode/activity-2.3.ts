// The NetworkActivity payload of schema 2.3. First `planActivity` counts what fits into the room, to the byte; then
// `writeActivity` writes just that and takes it off the records.

import { STATUS_REPORTED_BYTES } from '../../schema/status';
import { elseEntry, leaveElseBytes } from '../flow/everything-else';
import { flowBytes, leaveFlowBytes } from '../flow/record';
import { recordAt, usedRecords } from '../flow/table';
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  ELSE_BYTES,
  ELSE_PROTOCOLS,
  FAMILY_V4,
  FAMILY_V6,
  FLOW_ADDRESSES,
  FLOW_PORTS,
  FLOW_PROTOCOL,
  PLAN,
  PLAN_CUT,
  PLAN_ENTRIES,
  PLAN_FROM,
  PLAN_MASKS,
  RESUMES_PLAN,
  STATUS,
  VTABLE_MASKS,
  VTABLES,
} from '../memory';
import { pointBack, pointTo } from './flatbuffers';

/** The schema's counters are u32; more is written as several entries of the same five-tuple. */
const COUNT_MAX: u64 = 0xffffffff;

// Which fields of NetworkActivityCommon are present, bit by field id; zeros are left out.
const HAS_LOCAL_PORT: u32 = 1;
const HAS_REMOTE_PORT: u32 = 2;
const HAS_BYTES_IN: u32 = 4;
const HAS_BYTES_OUT: u32 = 8;
const HAS_PROTOCOL: u32 = 16;

const VTABLE_HEADER: u32 = 4;
const OFFSET: u32 = 4;
/** NetworkActivity: vtable of two fields, table with both. */
export const ACTIVITY_VTABLE: u32 = VTABLE_HEADER + 4;
const ACTIVITY_TABLE: u32 = OFFSET + 2 * OFFSET;
/** NetworkActivityV4 and V6: vtable of two fields; table: vtable offset, addresses, offset of common. */
const FLOW_VTABLE: u32 = VTABLE_HEADER + 4;
const ADDRESSES_V4: u32 = 8;
const ADDRESSES_V6: u32 = 32;

/** Before the first message of a collection. */
export function beginActivity(): void {
  if (RESUMES_PLAN) store<u64>(PLAN, 0, PLAN_FROM);
}

/** Bytes the payload will take of `room`. PLAN says what is in it; nothing planned: an event without flows. */
export function planActivity(room: u32): u32 {
  store<u32>(PLAN, 0, PLAN_MASKS);
  store<u32>(PLAN, 0, PLAN_CUT);
  store<u64>(PLAN, 0, PLAN_ENTRIES);
  const size = planFamily(FAMILY_V4, ACTIVITY_VTABLE + ACTIVITY_TABLE, room);
  return planFamily(FAMILY_V6, size, room);
}

/** Writes what was planned. message: where the message begins; at: 4-aligned. Returns the end. */
export function writeActivity(message: usize, at: usize): usize {
  memory.fill(VTABLES, 0, VTABLE_MASKS * 2);
  const table = at + ACTIVITY_VTABLE;
  const entriesV4 = load<u32>(PLAN, PLAN_ENTRIES);
  const entriesV6 = load<u32>(PLAN, PLAN_ENTRIES + 4);
  store<u16>(at, ACTIVITY_VTABLE);
  store<u16>(at, ACTIVITY_TABLE, 2);
  store<u16>(at, entriesV4 ? OFFSET : 0, 4);
  store<u16>(at, entriesV6 ? 2 * OFFSET : 0, 6);
  pointBack(table, at);
  store<u64>(table, 0, OFFSET);
  const end = writeFamily(FAMILY_V4, message, table + OFFSET, entriesV4, table + ACTIVITY_TABLE);
  return writeFamily(FAMILY_V6, message, table + 2 * OFFSET, entriesV6, end);
}

function planFamily(family: u32, size: u32, room: u32): u32 {
  if (load<u32>(PLAN, PLAN_CUT)) return size;
  const used = usedRecords(family);
  const flowSize = flowTableSize(family);
  let masks = load<u32>(PLAN, PLAN_MASKS);
  let entries: u32 = 0;
  let total = size + OFFSET + FLOW_VTABLE;
  for (let position = firstPosition(family); position < used + ELSE_PROTOCOLS; position++) {
    const named = position < used;
    const entry = named ? recordAt(family, position) : elseEntry(family, position - used);
    let bytesIn = named ? flowBytes(entry, DIRECTION_IN) : load<u64>(entry, ELSE_BYTES);
    let bytesOut = named ? flowBytes(entry, DIRECTION_OUT) : load<u64>(entry, ELSE_BYTES + 8);
    if ((bytesIn | bytesOut) === 0) continue;
    const ports = named ? load<u32>(entry, FLOW_PORTS) : 0;
    const protocol = named ? <u32>load<u8>(entry, FLOW_PROTOCOL) : position - used;
    do {
      const mask = presentFields(ports, protocol, bytesIn, bytesOut);
      const isNew = ((masks >> mask) & 1) === 0;
      const need = OFFSET + flowSize + commonSize(mask) + (isNew ? vtableSize(mask) : 0);
      if (total + need > room) {
        store<u32>(PLAN, 1, PLAN_CUT);
        return entries === 0 ? size : planned(family, entries, masks, total);
      }
      total += need;
      masks |= 1 << mask;
      entries++;
      bytesIn -= min<u64>(bytesIn, COUNT_MAX);
      bytesOut -= min<u64>(bytesOut, COUNT_MAX);
    } while ((bytesIn | bytesOut) !== 0);
  }
  return entries === 0 ? size : planned(family, entries, masks, total);
}

function firstPosition(family: u32): u32 {
  return RESUMES_PLAN ? load<u32>(PLAN + (family << 2), PLAN_FROM) : 0;
}

function planned(family: u32, entries: u32, masks: u32, total: u32): u32 {
  store<u32>(PLAN + (family << 2), entries, PLAN_ENTRIES);
  store<u32>(PLAN, masks, PLAN_MASKS);
  return total;
}

function writeFamily(family: u32, message: usize, field: usize, entries: u32, at: usize): usize {
  if (entries === 0) return at;
  pointTo(field, at);
  store<u32>(at, entries);
  let slot = at + OFFSET;
  const vtable = slot + entries * OFFSET;
  const flowSize = flowTableSize(family);
  store<u16>(vtable, FLOW_VTABLE);
  store<u16>(vtable, flowSize, 2);
  store<u16>(vtable, OFFSET, 4);
  store<u16>(vtable, flowSize - OFFSET, 6);

  const used = usedRecords(family);
  let end = vtable + FLOW_VTABLE;
  let reported: u64 = 0;
  let position = firstPosition(family);
  for (; entries !== 0; position++) {
    const named = position < used;
    const entry = named ? recordAt(family, position) : elseEntry(family, position - used);
    let bytesIn = named ? flowBytes(entry, DIRECTION_IN) : load<u64>(entry, ELSE_BYTES);
    let bytesOut = named ? flowBytes(entry, DIRECTION_OUT) : load<u64>(entry, ELSE_BYTES + 8);
    if ((bytesIn | bytesOut) === 0) continue;
    const ports = named ? load<u32>(entry, FLOW_PORTS) : 0;
    const protocol = named ? <u32>load<u8>(entry, FLOW_PROTOCOL) : position - used;
    do {
      const chunkIn = min<u64>(bytesIn, COUNT_MAX);
      const chunkOut = min<u64>(bytesOut, COUNT_MAX);
      pointTo(slot, end);
      slot += OFFSET;
      pointBack(end, vtable);
      writeAddresses(family, named ? entry + FLOW_ADDRESSES : 0, end + OFFSET);
      end = writeCommon(message, end + flowSize - OFFSET, ports, protocol, <u32>chunkIn, <u32>chunkOut);
      bytesIn -= chunkIn;
      bytesOut -= chunkOut;
      reported += chunkIn + chunkOut;
      entries--;
    } while ((bytesIn | bytesOut) !== 0 && entries !== 0);
    if (named) leaveFlowBytes(entry, bytesIn, bytesOut);
    else leaveElseBytes(entry, bytesIn, bytesOut);
  }
  // The last one may have been cut.
  if (RESUMES_PLAN) store<u32>(PLAN + (family << 2), position - 1, PLAN_FROM);
  store<u64>(STATUS, load<u64>(STATUS, STATUS_REPORTED_BYTES) + reported, STATUS_REPORTED_BYTES);
  return end;
}

/** from: local and remote in network order, or 0 for all zero. */
function writeAddresses(family: u32, from: usize, at: usize): void {
  if (family === FAMILY_V4) {
    store<u64>(at, from ? load<u64>(from) : 0);
  } else if (from) {
    for (let word: usize = 0; word < ADDRESSES_V6; word += 8) store<u64>(at + word, load<u64>(from + word));
  } else {
    memory.fill(at, 0, ADDRESSES_V6);
  }
}

/** A NetworkActivityCommon behind the offset field that points to it; its vtable too where it is the first of its kind. */
function writeCommon(
  message: usize,
  field: usize,
  ports: u32,
  protocol: u32,
  bytesIn: u32,
  bytesOut: u32,
): usize {
  const mask = presentFields(ports, protocol, bytesIn, bytesOut);
  let common = field + OFFSET;
  let vtable: usize = load<u16>(VTABLES + (mask << 1));
  if (vtable === 0) {
    vtable = common - message;
    store<u16>(VTABLES + (mask << 1), vtable);
    common = writeCommonVtable(mask, common);
  }
  pointTo(field, common);
  pointBack(common, message + vtable);
  const size = commonSize(mask);
  // Clears the padding; a table has a byte count, so this is not its offset to the vtable.
  store<u32>(common + size - 4, 0);
  let end = common + OFFSET;
  if (mask & HAS_BYTES_IN) {
    store<u32>(end, bytesIn);
    end += 4;
  }
  if (mask & HAS_BYTES_OUT) {
    store<u32>(end, bytesOut);
    end += 4;
  }
  if (mask & HAS_LOCAL_PORT) {
    store<u16>(end, bswap<u16>(<u16>ports));
    end += 2;
  }
  if (mask & HAS_REMOTE_PORT) {
    store<u16>(end, bswap<u16>(<u16>(ports >> 16)));
    end += 2;
  }
  if (mask & HAS_PROTOCOL) store<u8>(end, protocol);
  return common + size;
}

function writeCommonVtable(mask: u32, at: usize): usize {
  const size = vtableSize(mask);
  memory.fill(at, 0, size);
  // The last field present ends the vtable; the padding behind it is not part of it.
  store<u16>(at, VTABLE_HEADER + ((32 - clz<u32>(mask)) << 1));
  store<u16>(at, commonSize(mask), 2);
  let offset = OFFSET;
  offset = placeField(at, mask, HAS_BYTES_IN, 4, offset);
  offset = placeField(at, mask, HAS_BYTES_OUT, 4, offset);
  offset = placeField(at, mask, HAS_LOCAL_PORT, 2, offset);
  offset = placeField(at, mask, HAS_REMOTE_PORT, 2, offset);
  placeField(at, mask, HAS_PROTOCOL, 1, offset);
  return at + size;
}

function placeField(vtable: usize, mask: u32, field: u32, width: u32, offset: u32): u32 {
  if (!(mask & field)) return offset;
  store<u16>(vtable + (ctz<u32>(field) << 1), offset, 4);
  return offset + width;
}

function presentFields(ports: u32, protocol: u32, bytesIn: u64, bytesOut: u64): u32 {
  return (
    (ports & 0xffff ? HAS_LOCAL_PORT : 0) |
    (ports >> 16 ? HAS_REMOTE_PORT : 0) |
    (bytesIn ? HAS_BYTES_IN : 0) |
    (bytesOut ? HAS_BYTES_OUT : 0) |
    (protocol ? HAS_PROTOCOL : 0)
  );
}

function flowTableSize(family: u32): u32 {
  return OFFSET + (family === FAMILY_V4 ? ADDRESSES_V4 : ADDRESSES_V6) + OFFSET;
}

function commonSize(mask: u32): u32 {
  const counters = popcnt<u32>(mask & (HAS_BYTES_IN | HAS_BYTES_OUT)) << 2;
  const ports = popcnt<u32>(mask & (HAS_LOCAL_PORT | HAS_REMOTE_PORT)) << 1;
  return (OFFSET + counters + ports + (mask & HAS_PROTOCOL ? 1 : 0) + 3) & ~3;
}

function vtableSize(mask: u32): u32 {
  return (VTABLE_HEADER + ((32 - clz<u32>(mask)) << 1) + 3) & ~3;
}
