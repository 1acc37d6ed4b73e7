// Flows as schema 3.0 has them: in the order of their classes, which say once what many flows share, and in columns
// (schema/message-3.0.proto). `measure` walks over the records for the classes and the size of each column, `write` over the flows of
// each class, with the places of all columns known.

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
  TABLE_DURATION,
  TABLE_LAST_SEEN,
  TABLE_LOCAL_ADDRESSES,
  TABLE_PACKETS_IN,
  TABLE_PACKETS_OUT,
  TABLE_REMOTE_ADDRESSES,
  TABLE_SERVICE_PORTS,
} from '../../schema/message-3.0-numbers';
import { STATUS_REPORTED_BYTES } from '../../schema/status';
import { familyHasActivity } from '../collectors/network-activity';
import { clearElse, elseEntry } from '../flow/everything-else';
import { classOf, memoryOf, remember } from '../flow/outcome';
import { clearCounts, flowBytes } from '../flow/record';
import { recordAt, usedRecords } from '../flow/table';
import {
  AGENT,
  AGENT_SEEN_BASE,
  CLASS_BITS,
  CLASS_COUNT,
  CLASS_FIRST,
  CLASS_LAST,
  CLASS_LAST_PORT,
  CLASS_SIZE,
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
  FLOW_V4_SIZE,
  FLOW_V6_SIZE,
  FOLLOWERS,
  FOLLOWERS_SIZE,
  LOCAL_MAX,
  LOCAL_V4_SIZE,
  LOCAL_V6_SIZE,
  LOCALS_V4,
  LOCALS_V6,
  PLAN,
  PLAN_CUT,
  PLAN_ENTRIES,
  PLAN_FROM,
  RESUMES_PLAN,
  SLOT_SHIFT,
  STATUS,
} from '../memory';
import { beginField, fieldSize, putVarint, varintSize, zigzag } from './protobuf';

/** Tags and lengths of the columns, each of up to 64 KB. */
const COLUMN_HEADERS: u32 = 11 * 4;
/** The most that a class takes: its bits, its count, and the way from one service port to the next. */
const CLASS_BYTES_MAX: u32 = 5 + 3 + 3;
/** The most that one flow takes, a class of its own included. */
const FLOW_BYTES_MAX: u32 = CLASS_BYTES_MAX + 16 + 3 + 2 + 5 + 5 + 10 + 10 + 10 + 10;

/** The most that one entry of everything else takes. */
const ELSE_BYTES_MAX: u32 = 5 + 1 + 5 + 5 + 4 * 10;

/** Bytes of the table that fits into `room`, 0 for none; COLUMNS and PLAN say what is in it. eventSeen: as FLOW_LAST_SEEN. */
export function planFlowTable(family: u32, room: u32, eventSeen: u32): u32 {
  if (load<u32>(PLAN, PLAN_CUT)) return 0;
  const fixed = COLUMN_HEADERS + LOCAL_MAX * addressSizeOf(family) + FLOW_BYTES_MAX;
  if (room < fixed + ELSE_PROTOCOLS * ELSE_BYTES_MAX) {
    // The family before has taken the room.
    if (familyHasActivity(family)) store<u32>(PLAN, 1, PLAN_CUT);
    return 0;
  }
  measure(family, room - fixed, eventSeen);
  return tableSize(family);
}

/** Writes what was planned; returns the end. */
export function writeFlowTable(family: u32, at: usize, eventSeen: u32): usize {
  const columns = columnsOf(family);
  let end = at;
  for (let column: u32 = TABLE_LOCAL_ADDRESSES; column <= <u32>TABLE_BYTES_OUT; column++) {
    const size = columnSize(family, column);
    if (size === 0) continue;
    end = beginField(end, column, size);
    if (column === TABLE_LOCAL_ADDRESSES) copyLocals(family, end, size);
    store<u32>(columns + (column << 2), end);
    end += size;
  }
  write(family, eventSeen);
  return end;
}

/** Into CLASSES and COLUMNS: everything else, and as many flows as take `free` bytes and one flow more. */
function measure(family: u32, free: u32, eventSeen: u32): void {
  const used = usedRecords(family);
  const addressSize = addressSizeOf(family);
  const recordSize: u32 = family === FAMILY_V4 ? FLOW_V4_SIZE : FLOW_V6_SIZE;
  const classes = classesOf(family);
  const followers = followersOf(family);
  let classesEnd = classes;
  let lateness: u32 = 0;
  let lengths: u32 = 0;
  let lastSeen: u32 = 0;
  let durations: u32 = 0;
  let packetsIns: u32 = 0;
  let packetsOuts: u32 = 0;
  let bytesIns: u32 = 0;
  let bytesOuts: u32 = 0;
  let most: u32 = 0;
  for (let protocol: u32 = 0; protocol < ELSE_PROTOCOLS; protocol++) {
    const entry = elseEntry(family, protocol);
    const packetsIn = load<u64>(entry, ELSE_PACKETS);
    const packetsOut = load<u64>(entry, ELSE_PACKETS + 8);
    if ((packetsIn | packetsOut) === 0) continue;
    most += ELSE_BYTES_MAX;
    const received = packetsIn ? CLASS_IN : 0;
    const sent = packetsOut ? CLASS_OUT : 0;
    beginClass(classesEnd, protocol | CLASS_EVERYTHING_ELSE | received | sent, 0);
    classesEnd += CLASS_SIZE;
    const last = load<u32>(entry, ELSE_LAST_SEEN);
    const late = lateOf(last, eventSeen);
    const length = durationOf(load<u32>(entry, ELSE_FIRST_SEEN), last);
    lateness |= late;
    lengths |= length;
    lastSeen += varintSize(late);
    durations += varintSize(length);
    if (packetsIn) {
      packetsIns += varintSize(packetsIn);
      bytesIns += varintSize(load<u64>(entry, ELSE_BYTES));
    }
    if (packetsOut) {
      packetsOuts += varintSize(packetsOut);
      bytesOuts += varintSize(load<u64>(entry, ELSE_BYTES + 8));
    }
  }

  let count: u32 = 0;
  let ported: u32 = 0;
  let locals: u32 = 0;
  let services: u32 = 0;
  let position: u32 = RESUMES_PLAN ? load<u32>(PLAN + (family << 2), PLAN_FROM) : 0;
  for (let next = recordAt(family, position); position < used; position++) {
    const record = next;
    next += recordSize;
    const packetsIn = load<u32>(record, FLOW_PACKETS);
    const packetsOut = load<u32>(record, FLOW_PACKETS + 8);
    if ((packetsIn | packetsOut) === 0) continue;
    if (most > free) {
      const shared = (<u32>(classesEnd - classes) / CLASS_SIZE) * CLASS_BYTES_MAX;
      const fixed = shared + count * addressSize + (ported << 1) + services + lastSeen + durations;
      if (fixed + packetsIns + packetsOuts + bytesIns + bytesOuts > free) break;
    }
    most += FLOW_BYTES_MAX;

    const local = localNumber(family, record + FLOW_ADDRESSES);
    const bits = classOf(record) | (local << CLASS_LOCAL_SHIFT);
    const place = findClass(classes, classesEnd, bits);
    const isNew = place === classesEnd;
    if (isNew) {
      if (place === classes + CLASSES_SIZE) break;
      beginClass(place, bits, position);
      classesEnd += CLASS_SIZE;
    } else {
      store<u16>(place, load<u16>(place, CLASS_COUNT) + 1, CLASS_COUNT);
      setFollower(followers, load<u32>(place, CLASS_LAST), position);
      store<u32>(place, position, CLASS_LAST);
    }
    locals = max<u32>(locals, local + 1);
    if (hasPorts(bits)) {
      const port: u32 = bswap<u16>(<u16>servicePorts(record, isServiceLocal(bits)));
      if (!isNew) services += varintSize(zigzag(port - load<u16>(place, CLASS_LAST_PORT)));
      store<u16>(place, port, CLASS_LAST_PORT);
      ported++;
    }
    const last = load<u32>(record, FLOW_LAST_SEEN);
    const late = lateOf(last, eventSeen);
    const length = durationOf(load<u32>(record, FLOW_FIRST_SEEN), last);
    lateness |= late;
    lengths |= length;
    lastSeen += varintSize(late);
    durations += varintSize(length);
    if (packetsIn) {
      packetsIns += varintSize(packetsIn);
      bytesIns += varintSize(flowBytes(record, DIRECTION_IN));
    }
    if (packetsOut) {
      packetsOuts += varintSize(packetsOut);
      bytesOuts += varintSize(flowBytes(record, DIRECTION_OUT));
    }
    count++;
  }
  if (position < used) store<u32>(PLAN, 1, PLAN_CUT);
  if (RESUMES_PLAN) store<u32>(PLAN + (family << 2), position, PLAN_FROM);
  store<u32>(PLAN + (family << 2), <u32>(classesEnd - classes) / CLASS_SIZE, PLAN_ENTRIES);
  setColumn(family, TABLE_LOCAL_ADDRESSES, locals * addressSize);
  setColumn(family, TABLE_REMOTE_ADDRESSES, count * addressSize);
  setColumn(family, TABLE_CLIENT_PORTS, ported << 1);
  setColumn(family, TABLE_LAST_SEEN, lateness ? lastSeen : 0);
  setColumn(family, TABLE_DURATION, lengths ? durations : 0);
  setColumn(family, TABLE_PACKETS_IN, packetsIns);
  setColumn(family, TABLE_PACKETS_OUT, packetsOuts);
  setColumn(family, TABLE_BYTES_IN, bytesIns);
  setColumn(family, TABLE_BYTES_OUT, bytesOuts);
  measureClasses(family, classesEnd, services);
}

/** What classes take, and the way from one's last service port to the next one's first. services: bytes inside the classes. */
function measureClasses(family: u32, end: usize, services: u32): void {
  let size: u32 = 0;
  let port: u32 = 0;
  for (let place = classesOf(family); place < end; place += CLASS_SIZE) {
    const bits = load<u32>(place, CLASS_BITS);
    size += varintSize(bits) + varintSize(load<u16>(place, CLASS_COUNT));
    if (!hasPorts(bits)) continue;
    const first = recordAt(family, load<u32>(place, CLASS_FIRST));
    services += varintSize(zigzag(bswap<u16>(<u16>servicePorts(first, isServiceLocal(bits))) - port));
    port = load<u16>(place, CLASS_LAST_PORT);
  }
  setColumn(family, TABLE_CLASSES, size);
  setColumn(family, TABLE_SERVICE_PORTS, services);
}

/** The flows that were measured, to where COLUMNS says; takes them off the records. */
function write(family: u32, eventSeen: u32): void {
  const addressSize = addressSizeOf(family);
  const followers = followersOf(family);
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
  let place = classesOf(family);
  let service: u32 = 0;
  let reported: u64 = 0;
  for (let left = load<u32>(PLAN + (family << 2), PLAN_ENTRIES); left !== 0; left--) {
    const bits = load<u32>(place, CLASS_BITS);
    const count: u32 = load<u16>(place, CLASS_COUNT);
    let position = load<u32>(place, CLASS_FIRST);
    place += CLASS_SIZE;
    classes = putVarint(putVarint(classes, bits), count);
    if (bits & CLASS_EVERYTHING_ELSE) {
      const entry = elseEntry(family, bits & CLASS_PROTOCOL);
      const last = load<u32>(entry, ELSE_LAST_SEEN);
      if (lastSeen) lastSeen = putVarint(lastSeen, lateOf(last, eventSeen));
      if (durations) durations = putVarint(durations, durationOf(load<u32>(entry, ELSE_FIRST_SEEN), last));
      if (bits & CLASS_IN) {
        packetsIns = putVarint(packetsIns, load<u64>(entry, ELSE_PACKETS));
        bytesIns = putVarint(bytesIns, load<u64>(entry, ELSE_BYTES));
      }
      if (bits & CLASS_OUT) {
        packetsOuts = putVarint(packetsOuts, load<u64>(entry, ELSE_PACKETS + 8));
        bytesOuts = putVarint(bytesOuts, load<u64>(entry, ELSE_BYTES + 8));
      }
      reported += load<u64>(entry, ELSE_BYTES) + load<u64>(entry, ELSE_BYTES + 8);
      clearElse(entry);
      continue;
    }
    const isPorted = hasPorts(bits);
    const isLocal = isServiceLocal(bits);
    const known = memoryOf(bits);
    for (let flows = count; flows !== 0; flows--) {
      const record = recordAt(family, position);
      position = followerOf(followers, position);
      copyAddress(addressSize, remotes, record + FLOW_ADDRESSES + addressSize);
      remotes += addressSize;
      if (isPorted) {
        const ports = servicePorts(record, isLocal);
        const port: u32 = bswap<u16>(<u16>ports);
        services = putVarint(services, zigzag(port - service));
        service = port;
        store<u16>(clients, ports >> 16);
        clients += 2;
      }
      const last = load<u32>(record, FLOW_LAST_SEEN);
      if (lastSeen) lastSeen = putVarint(lastSeen, lateOf(last, eventSeen));
      if (durations) durations = putVarint(durations, durationOf(load<u32>(record, FLOW_FIRST_SEEN), last));
      if (bits & CLASS_IN) {
        const bytes = flowBytes(record, DIRECTION_IN);
        packetsIns = putVarint(packetsIns, load<u32>(record, FLOW_PACKETS));
        bytesIns = putVarint(bytesIns, bytes);
        reported += bytes;
      }
      if (bits & CLASS_OUT) {
        const bytes = flowBytes(record, DIRECTION_OUT);
        packetsOuts = putVarint(packetsOuts, load<u32>(record, FLOW_PACKETS + 8));
        bytesOuts = putVarint(bytesOuts, bytes);
        reported += bytes;
      }
      remember(record, known);
      clearCounts(record);
    }
  }
  store<u64>(STATUS, load<u64>(STATUS, STATUS_REPORTED_BYTES) + reported, STATUS_REPORTED_BYTES);
}

/** Tenths of a second from the last packet to the event; none where the clock was set back between them. */
export function lateOf(last: u32, eventSeen: u32): u32 {
  return eventSeen / 100 - min<u32>(last, eventSeen) / 100;
}

/** Tenths of a second from the first packet to the last. */
export function durationOf(first: u32, last: u32): u32 {
  return last / 100 - min<u32>(first, last) / 100;
}

function hasPorts(bits: u32): bool {
  return (bits & CLASS_EVERYTHING_ELSE) === 0 && (bits & CLASS_PROTOCOL) !== PROTOCOL_ICMP;
}

/** The service is where the initiator is not; where nobody knows, on the remote side. */
function isServiceLocal(bits: u32): bool {
  return ((bits >> CLASS_INITIATOR_SHIFT) & CLASS_INITIATOR) === INITIATOR_REMOTE;
}

/** The service's in the low half, the client's in the high one, network order. */
function servicePorts(record: usize, isLocal: bool): u32 {
  return rotl<u32>(load<u32>(record, FLOW_PORTS), isLocal ? 0 : 16);
}

/** Its place, or `end` where there is none yet. */
function findClass(classes: usize, end: usize, bits: u32): usize {
  let place = classes;
  while (place < end && load<u32>(place, CLASS_BITS) !== bits) place += CLASS_SIZE;
  return place;
}

function beginClass(place: usize, bits: u32, position: u32): void {
  store<u32>(place, bits, CLASS_BITS);
  store<u32>(place, position, CLASS_FIRST);
  store<u32>(place, position, CLASS_LAST);
  store<u16>(place, 1, CLASS_COUNT);
}

/** Number of the next record of the same class. */
function followerOf(followers: usize, position: u32): u32 {
  return SLOT_SHIFT ? load<u16>(followers + (position << 1)) : load<u8>(followers + position);
}

function setFollower(followers: usize, position: u32, next: u32): void {
  if (SLOT_SHIFT) store<u16>(followers + (position << 1), next);
  else store<u8>(followers + position, next);
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
    size += fieldSize(columnSize(family, column));
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
  return COLUMNS + family * COLUMNS_SIZE;
}

function classesOf(family: u32): usize {
  return CLASSES + family * CLASSES_SIZE;
}

function followersOf(family: u32): usize {
  return FOLLOWERS + family * FOLLOWERS_SIZE;
}

function addressSizeOf(family: u32): u32 {
  return family === FAMILY_V4 ? 4 : 16;
}
