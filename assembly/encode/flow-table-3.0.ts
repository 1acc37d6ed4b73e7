// Flows as schema 3.0 has them: in columns, and what many flows share once, as a class (schema/message-3.0.proto). `measure` walks
// over the records for the size of each column, `write` once more, with the places of all columns known.

import { PROTOCOL_ICMP } from '../../schema/configuration-block';
import {
  CLASS_EVERYTHING_ELSE,
  CLASS_IN,
  CLASS_INITIATOR,
  CLASS_INITIATOR_SHIFT,
  CLASS_LOCAL_SHIFT,
  CLASS_OUT,
  CLASS_PROTOCOL,
  INITIATOR_REMOTE,
  TABLE_BYTES_IN,
  TABLE_BYTES_OUT,
  TABLE_CLASSES,
  TABLE_CLIENT_PORTS,
  TABLE_COUNT,
  TABLE_DURATION,
  TABLE_FLOW_CLASSES,
  TABLE_LAST_SEEN,
  TABLE_LOCAL_ADDRESSES,
  TABLE_PACKETS_IN,
  TABLE_PACKETS_OUT,
  TABLE_REMOTE_ADDRESSES,
  TABLE_SERVICE_PORTS,
} from '../../schema/message-3.0-numbers';
import { STATUS_REPORTED_BYTES } from '../../schema/status';
import { clearElse, elseEntry } from '../flow/everything-else';
import { classOf, rememberClass } from '../flow/outcome';
import { clearCounts, flowBytes } from '../flow/record';
import { recordAt, usedRecords } from '../flow/table';
import {
  AGENT,
  AGENT_SEEN_BASE,
  CLASS_MAX,
  CLASSES,
  CLASSES_SIZE,
  COLUMNS,
  COLUMNS_SIZE,
  DIRECTION_IN,
  DIRECTION_OUT,
  ELSE_BYTES,
  ELSE_FIRST_SEEN,
  ELSE_LAST_SEEN,
  ELSE_PACKETS,
  ELSE_PROTOCOLS,
  FAMILY_V4,
  FLOW_ADDRESSES,
  FLOW_FIRST_SEEN,
  FLOW_LAST_SEEN,
  FLOW_PACKETS,
  FLOW_PORTS,
  FLOW_PROTOCOL,
  LOCAL_MAX,
  LOCAL_V4_SIZE,
  LOCAL_V6_SIZE,
  LOCALS_V4,
  LOCALS_V6,
  NUMBERS,
  NUMBERS_SIZE,
  PLAN,
  PLAN_CUT,
  PLAN_ENTRIES,
  PLAN_FROM,
  RESUMES_PLAN,
  STATUS,
} from '../memory';
import { beginField, fieldSize, numberSize, putNumber, putVarint, varintSize, zigzag } from './protobuf';

/** Tags and lengths of the columns, each of up to 64 KB. */
const COLUMN_HEADERS: u32 = 13 * 4;
/** The most that one flow takes, a class of its own included. */
const FLOW_BYTES_MAX: u32 = 5 + 1 + 16 + 3 + 2 + 5 + 5 + 5 + 5 + 10 + 10;

/** Bytes of the table that fits into `room`, 0 for none; COLUMNS and PLAN say what is in it. eventSeen: as FLOW_LAST_SEEN. */
export function planFlowTable(family: u32, room: u32, eventSeen: u32): u32 {
  if (load<u32>(PLAN, PLAN_CUT)) return 0;
  measure(family, room, eventSeen);
  return tableSize(family);
}

/** Writes what was planned; returns the end. */
export function writeFlowTable(family: u32, at: usize, eventSeen: u32): usize {
  const columns = columnsOf(family);
  let end = at;
  for (let column: u32 = TABLE_LOCAL_ADDRESSES; column <= <u32>TABLE_BYTES_OUT; column++) {
    const size = columnSize(family, column);
    if (size === 0) continue;
    if (column === TABLE_COUNT) {
      end = putNumber(end, TABLE_COUNT, size);
      continue;
    }
    end = beginField(end, column, size);
    if (column === TABLE_LOCAL_ADDRESSES) copyLocals(family, end, size);
    store<u32>(columns + (column << 2), end);
    end += size;
  }
  write(family, eventSeen);
  return end;
}

/** Into COLUMNS, as many flows as fit. */
function measure(family: u32, room: u32, eventSeen: u32): void {
  const used = usedRecords(family);
  const addressSize: u32 = family === FAMILY_V4 ? 4 : 16;
  const free = room - (COLUMN_HEADERS + LOCAL_MAX * addressSize + FLOW_BYTES_MAX);
  const known = CLASSES + family * CLASSES_SIZE;
  const numbers = NUMBERS + family * NUMBERS_SIZE;
  let count: u32 = 0;
  let most: u32 = 0;
  let named: u32 = 0;
  let ported: u32 = 0;
  let classCount: u32 = 0;
  let locals: u32 = 0;
  let service: u32 = 0;
  let lateness: u32 = 0;
  let lengths: u32 = 0;
  let flowClasses: u32 = 0;
  let services: u32 = 0;
  let lastSeen: u32 = 0;
  let durations: u32 = 0;
  let packetsIns: u32 = 0;
  let packetsOuts: u32 = 0;
  let bytesIns: u32 = 0;
  let bytesOuts: u32 = 0;
  for (let position = firstPosition(family); position < used + ELSE_PROTOCOLS; position++) {
    const isNamed = position < used;
    const entry = isNamed ? recordAt(family, position) : elseEntry(family, position - used);
    const packetsIn = packetsOf(entry, isNamed, DIRECTION_IN);
    const packetsOut = packetsOf(entry, isNamed, DIRECTION_OUT);
    if ((packetsIn | packetsOut) === 0) continue;
    if (most > free) {
      const fixed = count + named * addressSize + (ported << 1);
      const varying =
        flowClasses + services + lastSeen + durations + packetsIns + packetsOuts + bytesIns + bytesOuts;
      if (fixed + varying > free) {
        store<u32>(PLAN, 1, PLAN_CUT);
        break;
      }
    }
    most += FLOW_BYTES_MAX;

    const local = isNamed ? localNumber(family, entry + FLOW_ADDRESSES) : 0;
    const flowClass = isNamed
      ? classOf(entry) | (local << CLASS_LOCAL_SHIFT)
      : elseClass(entry, position - used);
    const number = classNumber(known, flowClass, classCount);
    if (number === CLASS_MAX) {
      store<u32>(PLAN, 1, PLAN_CUT);
      break;
    }
    if (number === classCount) {
      store<u32>(known + (number << 2), flowClass);
      classCount++;
      flowClasses += varintSize(flowClass);
    }
    store<u8>(numbers + count, number);
    if (isNamed) {
      named++;
      locals = max<u32>(locals, local + 1);
      if (load<u8>(entry, FLOW_PROTOCOL) !== PROTOCOL_ICMP) {
        ported++;
        const port: u32 = bswap<u16>(
          <u16>(load<u32>(entry, FLOW_PORTS) >> (isServiceLocal(flowClass) ? 0 : 16)),
        );
        services += varintSize(zigzag(port - service));
        service = port;
      }
    }
    const late = lateOf(entry, isNamed, eventSeen);
    const length = durationOf(entry, isNamed);
    lateness |= late;
    lengths |= length;
    lastSeen += varintSize(late);
    durations += varintSize(length);
    if (packetsIn) {
      packetsIns += varintSize(packetsIn);
      bytesIns += varintSize(bytesOf(entry, isNamed, DIRECTION_IN));
    }
    if (packetsOut) {
      packetsOuts += varintSize(packetsOut);
      bytesOuts += varintSize(bytesOf(entry, isNamed, DIRECTION_OUT));
    }
    count++;
  }
  store<u32>(PLAN + (family << 2), count, PLAN_ENTRIES);
  setColumn(family, TABLE_LOCAL_ADDRESSES, locals * addressSize);
  setColumn(family, TABLE_FLOW_CLASSES, flowClasses);
  // One class for all: its number is known, and how many flows there are is said instead.
  setColumn(family, TABLE_CLASSES, classCount > 1 ? count : 0);
  setColumn(family, TABLE_COUNT, classCount > 1 ? 0 : count);
  setColumn(family, TABLE_REMOTE_ADDRESSES, named * addressSize);
  setColumn(family, TABLE_SERVICE_PORTS, services);
  setColumn(family, TABLE_CLIENT_PORTS, ported << 1);
  setColumn(family, TABLE_LAST_SEEN, lateness ? lastSeen : 0);
  setColumn(family, TABLE_DURATION, lengths ? durations : 0);
  setColumn(family, TABLE_PACKETS_IN, packetsIns);
  setColumn(family, TABLE_PACKETS_OUT, packetsOuts);
  setColumn(family, TABLE_BYTES_IN, bytesIns);
  setColumn(family, TABLE_BYTES_OUT, bytesOuts);
}

/** The flows that were measured, to where COLUMNS says; takes them off the records. */
function write(family: u32, eventSeen: u32): void {
  const used = usedRecords(family);
  const addressSize: u32 = family === FAMILY_V4 ? 4 : 16;
  let flowClasses: usize = columnSize(family, TABLE_FLOW_CLASSES);
  let classes: usize = columnSize(family, TABLE_CLASSES);
  let remotes: usize = columnSize(family, TABLE_REMOTE_ADDRESSES);
  let services: usize = columnSize(family, TABLE_SERVICE_PORTS);
  let clients: usize = columnSize(family, TABLE_CLIENT_PORTS);
  let lastSeen: usize = columnSize(family, TABLE_LAST_SEEN);
  let durations: usize = columnSize(family, TABLE_DURATION);
  let packetsIns: usize = columnSize(family, TABLE_PACKETS_IN);
  let packetsOuts: usize = columnSize(family, TABLE_PACKETS_OUT);
  let bytesIns: usize = columnSize(family, TABLE_BYTES_IN);
  let bytesOuts: usize = columnSize(family, TABLE_BYTES_OUT);
  const known = CLASSES + family * CLASSES_SIZE;
  let numbers = NUMBERS + family * NUMBERS_SIZE;
  let classCount: u32 = 0;
  let service: u32 = 0;
  let reported: u64 = 0;
  let position = firstPosition(family);
  for (let left = load<u32>(PLAN + (family << 2), PLAN_ENTRIES); left !== 0; position++) {
    const isNamed = position < used;
    const entry = isNamed ? recordAt(family, position) : elseEntry(family, position - used);
    const packetsIn = packetsOf(entry, isNamed, DIRECTION_IN);
    const packetsOut = packetsOf(entry, isNamed, DIRECTION_OUT);
    if ((packetsIn | packetsOut) === 0) continue;
    left--;
    const number: u32 = load<u8>(numbers++);
    const flowClass = load<u32>(known + (number << 2));
    // Below 128: one byte each.
    if (classes) store<u8>(classes++, number);
    if (number === classCount) {
      classCount++;
      flowClasses = putVarint(flowClasses, flowClass);
    }
    if (isNamed) {
      copyAddress(addressSize, remotes, entry + FLOW_ADDRESSES + addressSize);
      remotes += addressSize;
      if ((flowClass & CLASS_PROTOCOL) !== PROTOCOL_ICMP) {
        // The service's in the low half, network order.
        const ports = rotl<u32>(load<u32>(entry, FLOW_PORTS), isServiceLocal(flowClass) ? 0 : 16);
        const port: u32 = bswap<u16>(<u16>ports);
        services = putVarint(services, zigzag(port - service));
        service = port;
        store<u16>(clients, ports >> 16);
        clients += 2;
      }
    }
    if (lastSeen) lastSeen = putVarint(lastSeen, lateOf(entry, isNamed, eventSeen));
    if (durations) durations = putVarint(durations, durationOf(entry, isNamed));
    if (packetsIn) {
      const bytes = bytesOf(entry, isNamed, DIRECTION_IN);
      packetsIns = putVarint(packetsIns, packetsIn);
      bytesIns = putVarint(bytesIns, bytes);
      reported += bytes;
    }
    if (packetsOut) {
      const bytes = bytesOf(entry, isNamed, DIRECTION_OUT);
      packetsOuts = putVarint(packetsOuts, packetsOut);
      bytesOuts = putVarint(bytesOuts, bytes);
      reported += bytes;
    }
    if (isNamed) {
      rememberClass(entry, flowClass);
      clearCounts(entry);
    } else {
      clearElse(entry);
    }
  }
  if (RESUMES_PLAN) store<u32>(PLAN + (family << 2), position, PLAN_FROM);
  store<u64>(STATUS, load<u64>(STATUS, STATUS_REPORTED_BYTES) + reported, STATUS_REPORTED_BYTES);
}

function firstPosition(family: u32): u32 {
  return RESUMES_PLAN ? load<u32>(PLAN + (family << 2), PLAN_FROM) : 0;
}

function packetsOf(entry: usize, isNamed: bool, direction: u32): u64 {
  const at = entry + (direction << 3);
  return isNamed ? <u64>load<u32>(at, FLOW_PACKETS) : load<u64>(at, ELSE_PACKETS);
}

function bytesOf(entry: usize, isNamed: bool, direction: u32): u64 {
  return isNamed ? flowBytes(entry, direction) : load<u64>(entry + (direction << 3), ELSE_BYTES);
}

/** Tenths of a second from the last packet to the event; none where the clock was set back between them. */
function lateOf(entry: usize, isNamed: bool, eventSeen: u32): u32 {
  const last = isNamed ? load<u32>(entry, FLOW_LAST_SEEN) : load<u32>(entry, ELSE_LAST_SEEN);
  return (eventSeen - min<u32>(last, eventSeen)) / 100;
}

function durationOf(entry: usize, isNamed: bool): u32 {
  const last = isNamed ? load<u32>(entry, FLOW_LAST_SEEN) : load<u32>(entry, ELSE_LAST_SEEN);
  const first = isNamed ? load<u32>(entry, FLOW_FIRST_SEEN) : load<u32>(entry, ELSE_FIRST_SEEN);
  return (last - min<u32>(first, last)) / 100;
}

/** The service is where the initiator is not; where nobody knows, on the remote side. */
function isServiceLocal(flowClass: u32): bool {
  return ((flowClass >> CLASS_INITIATOR_SHIFT) & CLASS_INITIATOR) === INITIATOR_REMOTE;
}

function elseClass(entry: usize, protocol: u32): u32 {
  return (
    protocol |
    CLASS_EVERYTHING_ELSE |
    (load<u64>(entry, ELSE_PACKETS) ? CLASS_IN : 0) |
    (load<u64>(entry, ELSE_PACKETS + 8) ? CLASS_OUT : 0)
  );
}

/** Its number; `count` for one that is new. */
function classNumber(known: usize, flowClass: u32, count: u32): u32 {
  for (let number: u32 = 0; number < count; number++) {
    if (load<u32>(known + (number << 2)) === flowClass) return number;
  }
  return count;
}

/** Which of the local addresses stands at `at`: a flow's always is one of them. */
function localNumber(family: u32, at: usize): u32 {
  const last: u32 = LOCAL_MAX - 1;
  let number: u32 = 0;
  if (family === FAMILY_V4) {
    while (number < last && load<u32>(LOCALS_V4 + number * <u32>LOCAL_V4_SIZE) !== load<u32>(at)) number++;
    return number;
  }
  for (; number < last; number++) {
    const local = LOCALS_V6 + number * <u32>LOCAL_V6_SIZE;
    if (load<u64>(local) === load<u64>(at) && load<u64>(local, 8) === load<u64>(at, 8)) break;
  }
  return number;
}

function copyLocals(family: u32, at: usize, size: u32): void {
  if (family === FAMILY_V4) {
    for (let done: u32 = 0; done < size; done += 4) {
      store<u32>(at + done, load<u32>(LOCALS_V4 + (done >> 2) * <u32>LOCAL_V4_SIZE));
    }
  } else {
    memory.copy(at, LOCALS_V6, size);
  }
}

function copyAddress(size: u32, to: usize, from: usize): void {
  if (size === 4) {
    store<u32>(to, load<u32>(from));
    return;
  }
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
}

/** As FLOW_LAST_SEEN counts. */
export function seenAt(time: i64): u32 {
  return <u32>min<i64>(max<i64>(0, time - load<i64>(AGENT, AGENT_SEEN_BASE)), u32.MAX_VALUE);
}

function tableSize(family: u32): u32 {
  if (load<u32>(PLAN + (family << 2), PLAN_ENTRIES) === 0) return 0;
  let size: u32 = 0;
  for (let column: u32 = TABLE_LOCAL_ADDRESSES; column <= <u32>TABLE_BYTES_OUT; column++) {
    const bytes = columnSize(family, column);
    size += column === TABLE_COUNT ? numberSize(bytes) : fieldSize(bytes);
  }
  return size;
}

function columnSize(family: u32, column: u32): u32 {
  return load<u32>(columnsOf(family) + (column << 2));
}

function setColumn(family: u32, column: u32, size: u32): void {
  store<u32>(columnsOf(family) + (column << 2), size);
}

function columnsOf(family: u32): usize {
  return COLUMNS + family * <u32>COLUMNS_SIZE;
}
