// Events that a host hands in, and statistics, as payloads in FlatBuffers, of 2.3 and of 3.0 alike.

import { EVENT_KIND_LISTENING_PORTS, EVENT_KIND_STATISTICS } from '../../schema/event-block';
import {
  STATISTICS_CAPACITY,
  STATISTICS_COUNTERS,
  STATISTICS_FLOWS_V4,
  STATISTICS_FLOWS_V6,
} from '../../schema/message-3.0-flatbuffers';
import { usedRecords } from '../flow/table';
import { AGENT, AGENT_CACHE_SIZE, FAMILY_V4, FAMILY_V6 } from '../memory';
import { COUNTERS_MAX, writeCounters } from './counters-flatbuffers';
import {
  blockSize,
  ENUM,
  fieldAt,
  idOf,
  isList,
  isPresent,
  NO_FIELD,
  PORTS,
  skipItem,
  TEXT,
  typeOf,
  U32,
  U64,
} from './event-fields';
import { beginString, pointBack, pointTo, stringSize } from './flatbuffers';

const OFFSET: u32 = 4;
const VTABLE_HEADER: u32 = 4;
/** Baseline and Log: vtable of one field, table, length of the vector. */
const LIST: u32 = VTABLE_HEADER + 2 + 2 + 2 * OFFSET + OFFSET;
/** ListeningPorts: vtable of two fields, table with both, lengths of both vectors. */
const PORTS_HEAD: u32 = VTABLE_HEADER + 4 + 3 * OFFSET + 2 * OFFSET;
const PORTS_TABLE: u32 = VTABLE_HEADER + 4;
/** A struct: address, u16 port, u8 protocol, padding. */
const PORT_V4: u32 = 4 + 4;
const PORT_V6: u32 = 16 + 4;
/** In the block: u32 port, u16 length of the address, the address, u8 protocol. */
const BLOCK_LENGTH: usize = 4;
const BLOCK_ADDRESS: usize = 6;
const STATISTICS_VTABLE: u32 = VTABLE_HEADER + 8;
const STATISTICS_TABLE: u32 = OFFSET + 4 * 4;

/** The most that a payload takes beside its items. */
export function headSize(kind: u32): u32 {
  return kind === EVENT_KIND_LISTENING_PORTS ? PORTS_HEAD : isList(kind) ? LIST : 0;
}

/** The most that an item takes. from: an item of the block. */
export function itemRoom(kind: u32, from: usize): u32 {
  if (kind === EVENT_KIND_LISTENING_PORTS) return load<u16>(from, BLOCK_LENGTH) === 4 ? PORT_V4 : PORT_V6;
  if (kind === EVENT_KIND_STATISTICS) return STATISTICS_VTABLE + STATISTICS_TABLE + COUNTERS_MAX;
  let value = from;
  let size: u32 = vtableSize(kind, u32.MAX_VALUE) + (isWide(kind) ? 4 : 0) + tableSize(kind, u32.MAX_VALUE);
  if (isList(kind)) size += OFFSET;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    if (typeOf(field) >= TEXT) size += stringSize(load<u16>(value) << (typeOf(field) === PORTS ? 1 : 0));
    value += blockSize(field, value, usize.MAX_VALUE);
  }
  return size;
}

/**
 * The payload of `count` items at `at`, 4-aligned. pointer: the event's offset field, which is set to point to it. Returns the end.
 */
export function writePayload(kind: u32, from: usize, count: u32, pointer: usize, at: usize): usize {
  if (kind === EVENT_KIND_LISTENING_PORTS) return writePorts(from, count, pointer, at);
  if (kind === EVENT_KIND_STATISTICS) return writeStatistics(pointer, at);
  if (!isList(kind)) return writeItem(kind, from, presentIn(kind, from), 0, pointer, at);
  // Vtable: the one field at 4.
  const table = at + VTABLE_HEADER + 4;
  const vector = table + 2 * OFFSET;
  store<u64>(at, (VTABLE_HEADER + 2) | ((2 * OFFSET) << 16) | ((<u64>OFFSET) << 32));
  pointTo(pointer, table);
  pointBack(table, at);
  pointTo(table + OFFSET, vector);
  store<u32>(vector, count);
  let item = from;
  let end = vector + OFFSET + count * OFFSET;
  let known: u32 = 0;
  let vtable: usize = 0;
  for (let number: u32 = 0; number < count; number++) {
    const present = presentIn(kind, item);
    const slot = vector + OFFSET + number * OFFSET;
    const begin = end;
    if (present !== known) vtable = 0;
    end = writeItem(kind, item, present, vtable, slot, end);
    // Records in a row mostly have the same fields.
    if (vtable === 0) vtable = begin;
    known = present;
    item = skipItem(kind, item);
  }
  return end;
}

/** Bit by field: which the item has. */
function presentIn(kind: u32, from: usize): u32 {
  let present: u32 = 0;
  let value = from;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    if (isPresent(field, value)) present |= 1 << index;
    value += blockSize(field, value, usize.MAX_VALUE);
  }
  return present;
}

/** An item's table, behind a vtable of its own where `vtable` is 0; slot: points to it. Returns the end. */
function writeItem(kind: u32, from: usize, present: u32, vtable: usize, slot: usize, at: usize): usize {
  let table = at;
  if (vtable === 0) {
    table += vtableSize(kind, present);
    writeVtable(kind, present, at);
  }
  if (isWide(kind)) {
    // Its u64 at a multiple of 8, so the table 4 before one.
    const begin = table;
    table = ((table + 3) & ~7) + 4;
    memory.fill(begin, 0, table - begin);
  }
  pointTo(slot, table);
  pointBack(table, vtable === 0 ? at : vtable);
  const size = tableSize(kind, present);
  store<u32>(table + size - 4, 0);
  pointBack(table, vtable === 0 ? at : vtable);
  let field = table + OFFSET;
  let end = table + size;
  let value = from;
  for (let index: u32 = 0, what = fieldAt(kind, 0); what !== NO_FIELD; what = fieldAt(kind, ++index)) {
    if ((present >> index) & 1) {
      end = writeField(what, value, field, end);
      field += widthOf(what);
    }
    value += blockSize(what, value, usize.MAX_VALUE);
  }
  return end;
}

/** The value itself, or behind the table at `end` and an offset to it. Returns the end. */
function writeField(field: u32, value: usize, at: usize, end: usize): usize {
  switch (typeOf(field)) {
    case ENUM:
      store<u8>(at, load<u8>(value));
      return end;
    case U32:
      store<u32>(at, load<u32>(value));
      return end;
    case U64:
      store<u64>(at, load<u64>(value));
      return end;
    default: {
      pointTo(at, end);
      // A vector of numbers is a string without its terminator.
      const count: u32 = load<u16>(value);
      const bytes = count << (typeOf(field) === PORTS ? 1 : 0);
      const behind = beginString(end, bytes);
      store<u32>(end, count);
      memory.copy(end + 4, value + 2, bytes);
      return behind;
    }
  }
}

function writeVtable(kind: u32, present: u32, at: usize): void {
  memory.fill(at, 0, vtableSize(kind, present));
  store<u16>(at, vtableLength(kind, present));
  store<u16>(at, tableSize(kind, present), 2);
  let offset = OFFSET;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    if (!((present >> index) & 1)) continue;
    store<u16>(at + (idOf(field) << 1), offset, VTABLE_HEADER);
    offset += widthOf(field);
  }
}

/** Up to the last field present. */
function vtableLength(kind: u32, present: u32): u32 {
  let length: u32 = VTABLE_HEADER;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    if ((present >> index) & 1) length = max<u32>(length, VTABLE_HEADER + ((idOf(field) + 1) << 1));
  }
  return length;
}

function vtableSize(kind: u32, present: u32): u32 {
  return (vtableLength(kind, present) + 3) & ~3;
}

function tableSize(kind: u32, present: u32): u32 {
  let size = OFFSET;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    if ((present >> index) & 1) size += widthOf(field);
  }
  return (size + 3) & ~3;
}

function widthOf(field: u32): u32 {
  return typeOf(field) === ENUM ? 1 : typeOf(field) === U64 ? 8 : 4;
}

function isWide(kind: u32): bool {
  return typeOf(fieldAt(kind, 0)) === U64;
}

function writePorts(from: usize, count: u32, pointer: usize, at: usize): usize {
  const table = at + PORTS_TABLE;
  store<u64>(at, PORTS_TABLE | ((3 * OFFSET) << 16));
  pointTo(pointer, table);
  pointBack(table, at);
  store<u64>(table, 0, OFFSET);
  const v4 = writeFamily(from, count, 4, table + OFFSET, table + 3 * OFFSET);
  if (v4 !== table + 3 * OFFSET) store<u16>(at, OFFSET, VTABLE_HEADER);
  const v6 = writeFamily(from, count, 16, table + 2 * OFFSET, v4);
  if (v6 !== v4) store<u16>(at, 2 * OFFSET, VTABLE_HEADER + 2);
  return v6;
}

/** The ports of addresses of `length` bytes; nothing where there is none. */
function writeFamily(from: usize, count: u32, length: u32, pointer: usize, at: usize): usize {
  let end = at + OFFSET;
  let item = from;
  for (let number: u32 = 0; number < count; number++) {
    if (load<u16>(item, BLOCK_LENGTH) === length) {
      memory.copy(end, item + BLOCK_ADDRESS, length);
      end += length;
      store<u32>(end, load<u16>(item) | (load<u8>(item + BLOCK_ADDRESS + length) << 16));
      end += 4;
    }
    item = skipItem(EVENT_KIND_LISTENING_PORTS, item);
  }
  if (end === at + OFFSET) return at;
  pointTo(pointer, at);
  store<u32>(at, <u32>(end - at - OFFSET) / (length + 4));
  return end;
}

function writeStatistics(pointer: usize, at: usize): usize {
  const table = at + STATISTICS_VTABLE;
  store<u32>(at, STATISTICS_VTABLE | (STATISTICS_TABLE << 16));
  for (let field: u32 = 0; field < 4; field++)
    store<u16>(at + (field << 1), OFFSET + (field << 2), VTABLE_HEADER);
  pointTo(pointer, table);
  pointBack(table, at);
  const fields = table + OFFSET;
  store<u32>(fields + (STATISTICS_FLOWS_V4 << 2), usedRecords(FAMILY_V4));
  store<u32>(fields + (STATISTICS_FLOWS_V6 << 2), usedRecords(FAMILY_V6));
  store<u32>(fields + (STATISTICS_CAPACITY << 2), load<u32>(AGENT, AGENT_CACHE_SIZE));
  return writeCounters(fields + (STATISTICS_COUNTERS << 2), table + STATISTICS_TABLE, 0);
}
