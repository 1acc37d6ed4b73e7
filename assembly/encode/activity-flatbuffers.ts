// The NetworkActivity payload as FlatBuffers: schema 2.3, and 3.0, which has more fields in each flow. A family's entries are
// counted first, for the places of their vector; then each is written and taken off its record, as long as there is room.

import { STATUS_REPORTED_BYTES } from '../../schema/status';
import { familyHasActivity } from '../collectors/network-activity';
import { bytesOf, leaveEntry, packetsOf } from '../flow/entry';
import { elseEntry, leaveElseBytes } from '../flow/everything-else';
import { classKey, classOf, memoryOf, remember } from '../flow/outcome';
import { isActive, leaveFlowBytes } from '../flow/record';
import { recordAt, usedRecords } from '../flow/table';
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  ELSE_BYTES,
  ELSE_PROTOCOLS,
  FAMILY_V4,
  FAMILY_V6,
  FLOW_ADDRESSES,
  FLOW_BYTES_HIGH,
  FLOW_PORTS,
  FLOW_PROTOCOL,
  HAS_FLATBUFFERS_3_0,
  PLAN,
  PLAN_CUT,
  PLAN_FROM,
  RESUMES_PLAN,
  STATUS,
  VTABLE_MASKS,
  VTABLES,
} from '../memory';
import { commonSize, fieldsOf, vtableSize, writeCommon, writeCommonVtable } from './common-2.3';
import { commonSize30, fieldsOf30, vtableSize30, writeCommon30, writeCommonVtable30 } from './common-3.0';
import { isSuperset, pointBack, pointTo } from './flatbuffers';

/** The schema's counters are u32; more is written as several entries of the same five-tuple. */
const COUNT_MAX: u64 = 0xffffffff;

const VTABLE_HEADER: u32 = 4;
const OFFSET: u32 = 4;
/** NetworkActivity: vtable of two fields, table with both. */
export const ACTIVITY_VTABLE: u32 = VTABLE_HEADER + 4;
export const ACTIVITY_TABLE: u32 = OFFSET + 2 * OFFSET;
/** NetworkActivityV4 and V6: vtable of two fields; table: vtable offset, addresses, offset of common. */
const FLOW_VTABLE: u32 = VTABLE_HEADER + 4;
const ADDRESSES_V4: u32 = 8;
const ADDRESSES_V6: u32 = 32;
/** The least that an entry takes beside its table: its place, and a common with one number. */
const ENTRY_MIN: u32 = OFFSET + 2 * OFFSET;

/** Before the first message of a collection. */
export function beginActivity(): void {
  if (RESUMES_PLAN) store<u64>(PLAN, 0, PLAN_FROM);
}

/** Before the first payload of a message: it has no vtables of flows yet. */
export function beginFlowVtables(): void {
  memory.fill(VTABLES, 0, VTABLE_MASKS * 2);
}

/**
 * Writes as many flows as end before `limit`; PLAN_CUT: some are left. message: where the message begins; at: 4-aligned, with room for
 * a payload without flows; eventSeen: as FLOW_LAST_SEEN. Returns the end; at + ACTIVITY_VTABLE + ACTIVITY_TABLE: no flow.
 */
export function writeActivity(message: usize, at: usize, limit: usize, eventSeen: u32): usize {
  const table = at + ACTIVITY_VTABLE;
  const flows = table + ACTIVITY_TABLE;
  store<u32>(PLAN, 0, PLAN_CUT);
  store<u16>(at, ACTIVITY_VTABLE);
  store<u16>(at, ACTIVITY_TABLE, 2);
  pointBack(table, at);
  store<u64>(table, 0, OFFSET);
  const v4 = writeFamily(FAMILY_V4, message, table + OFFSET, flows, limit, eventSeen);
  const v6 = writeFamily(FAMILY_V6, message, table + 2 * OFFSET, v4, limit, eventSeen);
  store<u16>(at, v4 === flows ? 0 : OFFSET, 4);
  store<u16>(at, v6 === v4 ? 0 : 2 * OFFSET, 6);
  return v6;
}

/** Places for the family's entries, but no more than can end within `room`. */
function countEntries(family: u32, room: u32): u32 {
  const most = room / (flowTableSize(family) + ENTRY_MIN);
  const used = usedRecords(family);
  let entries: u32 = 0;
  for (let position = firstPosition(family); position < used && entries < most; position++) {
    const record = recordAt(family, position);
    if (!isActive(record)) continue;
    // More than 32 bits of bytes take more than one entry.
    const high: u32 = load<u16>(record, FLOW_BYTES_HIGH);
    entries += 1 + max<u32>(high & 0xff, high >> 8);
  }
  for (let protocol: u32 = 0; protocol < ELSE_PROTOCOLS; protocol++) {
    const entry = elseEntry(family, protocol);
    const bytes = max<u64>(load<u64>(entry, ELSE_BYTES), load<u64>(entry, ELSE_BYTES + 8));
    if (bytes) entries += 1 + <u32>(bytes >> 32);
  }
  return min<u32>(entries, most);
}

function firstPosition(family: u32): u32 {
  return RESUMES_PLAN ? load<u32>(PLAN + (family << 2), PLAN_FROM) : 0;
}

function writeFamily(
  family: u32,
  message: usize,
  field: usize,
  at: usize,
  limit: usize,
  eventSeen: u32,
): usize {
  if (load<u32>(PLAN, PLAN_CUT)) return at;
  const places = countEntries(family, <u32>max<i32>(0, <i32>(limit - at - OFFSET - FLOW_VTABLE)));
  if (places === 0) {
    // The family before, or the events before, have taken the room.
    store<u32>(PLAN, <u32>familyHasActivity(family), PLAN_CUT);
    return at;
  }
  const is30 = isSuperset();
  const used = usedRecords(family);
  const flowSize = flowTableSize(family);
  const slots = at + OFFSET;
  const vtable = slots + places * OFFSET;
  let slot = slots;
  let end = vtable + FLOW_VTABLE;
  let isCut = false;
  let reported: u64 = 0;
  let lastKey: u64 = 0;
  let flowClass: u32 = 0;
  let kept: u32 = 0;
  let position = firstPosition(family);
  for (; position < used + ELSE_PROTOCOLS; position++) {
    const isNamed = position < used;
    const entry = isNamed ? recordAt(family, position) : elseEntry(family, position - used);
    let bytesIn = bytesOf(entry, isNamed, DIRECTION_IN);
    let bytesOut = bytesOf(entry, isNamed, DIRECTION_OUT);
    let packetsIn: u64 = 0;
    let packetsOut: u64 = 0;
    if (HAS_FLATBUFFERS_3_0 && is30) {
      packetsIn = packetsOf(entry, isNamed, DIRECTION_IN);
      packetsOut = packetsOf(entry, isNamed, DIRECTION_OUT);
    }
    if ((bytesIn | bytesOut | packetsIn | packetsOut) === 0) continue;
    if (HAS_FLATBUFFERS_3_0 && is30) {
      // Flows in a row are often alike.
      const key = isNamed ? classKey(entry) : 0;
      if (key !== lastKey) {
        flowClass = isNamed ? classOf(entry) : 0;
        kept = memoryOf(flowClass);
      }
      lastKey = key;
    }
    const ports = isNamed ? load<u32>(entry, FLOW_PORTS) : 0;
    const protocol = isNamed ? <u32>load<u8>(entry, FLOW_PROTOCOL) : position - used;
    do {
      const mask =
        HAS_FLATBUFFERS_3_0 && is30
          ? fieldsOf30(ports, protocol, bytesIn | packetsIn, bytesOut | packetsOut)
          : fieldsOf(ports, protocol, bytesIn, bytesOut);
      const known: u32 = load<u16>(VTABLES + (mask << 1));
      let size: u32 = 0;
      let commonVtable: u32 = 0;
      if (HAS_FLATBUFFERS_3_0 && is30) {
        size = commonSize30(mask);
        commonVtable = known ? 0 : vtableSize30(mask);
      } else {
        size = commonSize(mask);
        commonVtable = known ? 0 : vtableSize(mask);
      }
      const common = end + flowSize + commonVtable;
      if (common + size > limit || slot === vtable) {
        isCut = true;
        break;
      }
      pointTo(slot, end);
      slot += OFFSET;
      pointBack(end, vtable);
      writeAddresses(family, isNamed ? entry + FLOW_ADDRESSES : 0, end + OFFSET);
      pointTo(end + flowSize - OFFSET, common);
      if (known) {
        pointBack(common, message + known);
      } else {
        store<u16>(VTABLES + (mask << 1), common - commonVtable - message);
        pointBack(common, common - commonVtable);
        if (HAS_FLATBUFFERS_3_0 && is30) writeCommonVtable30(mask, common - commonVtable);
        else writeCommonVtable(mask, common - commonVtable);
      }
      const chunkIn = min<u64>(bytesIn, COUNT_MAX);
      const chunkOut = min<u64>(bytesOut, COUNT_MAX);
      if (HAS_FLATBUFFERS_3_0 && is30) {
        const besideIn = packetsBeside(bytesIn, packetsIn);
        const besideOut = packetsBeside(bytesOut, packetsOut);
        const countsIn = chunkIn | (besideIn << 32);
        const countsOut = chunkOut | (besideOut << 32);
        writeCommon30(
          common,
          mask,
          entry,
          isNamed,
          ports,
          protocol,
          countsIn,
          countsOut,
          flowClass,
          eventSeen,
        );
        packetsIn -= besideIn;
        packetsOut -= besideOut;
      } else {
        writeCommon(common, mask, ports, protocol, <u32>chunkIn, <u32>chunkOut);
      }
      end = common + size;
      bytesIn -= chunkIn;
      bytesOut -= chunkOut;
      reported += chunkIn + chunkOut;
    } while ((bytesIn | bytesOut | packetsIn | packetsOut) !== 0);
    if (HAS_FLATBUFFERS_3_0 && is30) {
      if (isNamed) remember(entry, kept);
      leaveEntry(entry, isNamed, bytesIn, bytesOut, packetsIn, packetsOut);
    } else if (isNamed) leaveFlowBytes(entry, bytesIn, bytesOut);
    else leaveElseBytes(entry, bytesIn, bytesOut);
    if (isCut) break;
  }
  if (isCut) store<u32>(PLAN, 1, PLAN_CUT);
  if (RESUMES_PLAN) store<u32>(PLAN + (family << 2), position, PLAN_FROM);
  if (slot === slots) return at;
  store<u64>(STATUS, load<u64>(STATUS, STATUS_REPORTED_BYTES) + reported, STATUS_REPORTED_BYTES);
  pointTo(field, at);
  store<u32>(at, <u32>(slot - slots) / OFFSET);
  // Places without an entry, where the family was cut.
  memory.fill(slot, 0, vtable - slot);
  store<u16>(vtable, FLOW_VTABLE);
  store<u16>(vtable, flowSize, 2);
  store<u16>(vtable, OFFSET, 4);
  store<u16>(vtable, flowSize - OFFSET, 6);
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

function flowTableSize(family: u32): u32 {
  return OFFSET + (family === FAMILY_V4 ? ADDRESSES_V4 : ADDRESSES_V6) + OFFSET;
}

/** Packets of an entry: all in the last one of a five-tuple, so that what a message leaves behind is never without. */
function packetsBeside(bytes: u64, packets: u64): u64 {
  return bytes > COUNT_MAX ? 0 : min<u64>(packets, COUNT_MAX);
}
