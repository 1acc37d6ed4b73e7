// One message as FlatBuffers (docs/wire-format.md): of schema 2.3, strict, readable by whatever read the reference agent's; or of 3.0,
// which is the same with more in it. A message is begun, then one event after the other is put behind what is there, then it is finished. The
// vector of events has its places from the beginning, for what it points to lies behind it; counters come last.

import {
  COLLECTOR_HEARTBEAT,
  COLLECTOR_NETWORK_ACTIVITY,
  COLLECTOR_SYSTEM_INFORMATION,
} from '../../schema/configuration-block';
import {
  PAYLOAD_HEARTBEAT,
  PAYLOAD_NETWORK_ACTIVITY,
  PAYLOAD_SYSTEM_INFORMATION,
} from '../../schema/message-2.3';
import { PAYLOAD_STATISTICS } from '../../schema/message-3.0-flatbuffers';
import { STATUS_BOOT_ID, STATUS_MESSAGES, STATUS_STARTED } from '../../schema/status';
import { coveredSeconds, hasActivity } from '../collectors/network-activity';
import {
  AGENT,
  AGENT_BATCH_DELAY,
  AGENT_BATCH_OPENED,
  HAS_FLATBUFFERS_3_0,
  PLAN,
  PLAN_CUT,
  PLAN_ENTRIES,
  PLAN_LEFT,
  PLAN_SLOTS,
  STATUS,
  VERSION,
} from '../memory';
import { outboxRoom } from '../outbox';
import { writeUuid } from '../random';
import { groupOf, intervalSeconds, wholeSeconds, wholeTenths } from '../schedule';
import { ACTIVITY_TABLE, ACTIVITY_VTABLE, beginFlowVtables, writeActivity } from './activity-flatbuffers';
import { changedCountersSize, writeChangedCounters } from './counters-flatbuffers';
import { skipItem } from './event-fields';
import { headSize, itemRoom, writePayload } from './event-flatbuffers';
import { beginString, isSuperset, pointBack, pointTo } from './flatbuffers';
import { seenAt } from './flow-table-3.0';
import { SYSTEM_VTABLE, systemSize, writeSystem } from './system-flatbuffers';

const OFFSET: u32 = 4;
/** Root offset; vtable of four fields; table of three offsets and a version. */
const ROOT: u32 = 4;
const MESSAGE_VTABLE: u32 = 12;
const MESSAGE_TABLE: u32 = 16;
/** 3.0: five fields more, padding; sequence number, time, uptime, counters, boot id. */
const MESSAGE_VTABLE_30: u32 = MESSAGE_VTABLE + 10 + 2;
const MESSAGE_TABLE_30: u32 = MESSAGE_TABLE + 4 + 8 + 4 + 4 + 16;
const EVENTS_FIELD: u32 = 12;
const SEQUENCE_FIELD: u32 = 16;
/** A u64, at a multiple of 8 of the message. */
const TIME_FIELD: u32 = 20;
const UPTIME_FIELD: u32 = 28;
const COUNTERS_FIELD: u32 = 32;
const BOOT_ID_FIELD: u32 = 36;
/** Where the fourth field of 3.0 stands in the vtable: absent until there are counters. */
const COUNTERS_IN_VTABLE: u32 = 4 + 2 * 8;
const MODULE_ID_LENGTH: u32 = 7;
const MODULE_ID: u32 = 12;

/** Header and five fields (3.0: six), and what aligns the tables behind it. */
const EVENT_VTABLE: u32 = 4 + 12;
/** vtable offset, id, time, interval, offset of the payload, its type, 3.0: tenths, padding. */
const EVENT_TABLE: u32 = 4 + 16 + 4 + 4 + 4 + 4;
const PAYLOAD_FIELD: u32 = 28;
const TYPE_FIELD: u32 = 32;
const HEARTBEAT_VTABLE: u32 = 4;
const HEARTBEAT_SIZE: u32 = HEARTBEAT_VTABLE + 4;

/** Places for events of 3.0: as many as there are collectors, or what is collected in a batch delay. */
const SLOTS_AT_ONCE: u32 = 3;
const SLOTS_BATCHED: u32 = 8;

const ACTIVITY: u32 = 1 << COLLECTOR_NETWORK_ACTIVITY;
const SYSTEM: u32 = 1 << COLLECTOR_SYSTEM_INFORMATION;
const HEARTBEAT: u32 = 1 << COLLECTOR_HEARTBEAT;

/**
 * Schema 2.3: writes one message of the collectors in `wanted` (1 << COLLECTOR_) at `at` (8-aligned), as much as `room` takes. sendEmpty: a
 * network activity event even without flows. Returns its length, 0 when there is nothing to say; PLAN_LEFT holds the collectors that go
 * into the next message.
 */
export function writeMessage(wanted: u32, at: usize, room: u32, time: i64, sendEmpty: bool): u32 {
  const says = wanted & ACTIVITY && !sendEmpty && !hasActivity() ? wanted & ~ACTIVITY : wanted;
  store<u32>(PLAN, 0, PLAN_LEFT);
  if (says === 0) return 0;
  const begin = beginMessage(at, popcnt<u32>(says));
  let length = begin;
  let left: u32 = 0;
  if (says & ACTIVITY) {
    length = appendActivity(at, length, room, time, sendEmpty);
    if (load<u32>(PLAN, PLAN_CUT)) left = ACTIVITY;
  }
  // What did not fit comes first in the next message: the order of events holds over messages too.
  if (says & SYSTEM) {
    const before = length;
    if (left === 0) length = appendSystem(at, length, room, time);
    if (length === before) left |= SYSTEM;
  }
  if (says & HEARTBEAT) {
    const before = length;
    if (left === 0) length = appendHeartbeat(at, length, room, time);
    if (length === before) left |= HEARTBEAT;
  }
  store<u32>(PLAN, left, PLAN_LEFT);
  return length === begin ? 0 : length;
}

/** Schema 3.0: begins a message at `at` (8-aligned), as beginMessage30 of compact protobuf. Returns its length. */
export function beginMessageSuperset(at: usize, time: i64): u32 {
  const isBatched = load<u32>(AGENT, AGENT_BATCH_DELAY) !== 0;
  const length = beginMessage(at, isBatched ? SLOTS_BATCHED : SLOTS_AT_ONCE);
  const table = tableOf(at);
  store<u64>(table, wholeTenths(time), TIME_FIELD);
  store<u32>(table, wholeSeconds(max<i64>(0, time - load<i64>(STATUS, STATUS_STARTED))), UPTIME_FIELD);
  return length;
}

/** Schema 3.0: nothing will be appended any more. A reader of 2.3 knows a heartbeat by its event. Returns the final length. */
export function finishMessageSuperset(at: usize, length: u32): u32 {
  const room = outboxRoom();
  const isEmpty = load<u32>(eventsOf(at)) === 0;
  const end = isEmpty ? appendHeartbeat(at, length, room, load<i64>(AGENT, AGENT_BATCH_OPENED)) : length;
  const size = changedCountersSize();
  // Where they find no room the next message has them.
  if (size === 0 || end + size > room) return end;
  store<u16>(at + ROOT, COUNTERS_FIELD, COUNTERS_IN_VTABLE);
  return <u32>(writeChangedCounters(tableOf(at) + COUNTERS_FIELD, at + end) - at);
}

/**
 * An event of the flows that fit behind the first `length` bytes of the message, of `room` at most; PLAN_CUT where flows are left.
 * sendEmpty: even without flows. Returns the new length, the same where nothing was written.
 */
export function appendActivity(at: usize, length: u32, room: u32, time: i64, sendEmpty: bool): u32 {
  const begin = at + length;
  const payload = begin + EVENT_TABLE;
  const flows = payload + ACTIVITY_VTABLE + ACTIVITY_TABLE;
  const kept: u32 = HAS_FLATBUFFERS_3_0 && isSuperset() ? changedCountersSize() : 0;
  const limit = at + room - kept;
  if (flows > limit || !hasPlace(at, PAYLOAD_NETWORK_ACTIVITY)) {
    store<u32>(PLAN, sendEmpty || hasActivity() ? 1 : 0, PLAN_CUT);
    return length;
  }
  const end = writeActivity(at, payload, limit, seenAt(time));
  if (end === flows && (!sendEmpty || load<u32>(PLAN, PLAN_CUT))) return length;
  beginEvent(at, begin, PAYLOAD_NETWORK_ACTIVITY, ACTIVITY_VTABLE, coveredSeconds(time), time);
  return <u32>(end - at);
}

/** As appendActivity; the same length where it does not fit. */
export function appendSystem(at: usize, length: u32, room: u32, time: i64): u32 {
  if (length + EVENT_TABLE + systemSize() > room || !hasPlace(at, PAYLOAD_SYSTEM_INFORMATION)) return length;
  const interval = intervalSeconds(groupOf(COLLECTOR_SYSTEM_INFORMATION));
  const payload = beginEvent(at, at + length, PAYLOAD_SYSTEM_INFORMATION, SYSTEM_VTABLE, interval, time);
  return <u32>(writeSystem(payload) - at);
}

/**
 * An event of as many of the `count` items at `from` (schema/event-block.ts) as fit; PLAN_ENTRIES: how many. Returns the new length, the same
 * where nothing was written.
 */
export function appendReport(
  at: usize,
  length: u32,
  room: u32,
  time: i64,
  kind: u32,
  interval: u32,
  from: usize,
  count: u32,
): u32 {
  const taken = length + EVENT_TABLE + headSize(kind) + (isSuperset() ? changedCountersSize() : 0);
  if (taken > room || !hasPlace(at, kind)) return length;
  let size: u32 = 0;
  let items: u32 = 0;
  for (let item = from; items < count; items++) {
    size += itemRoom(kind, item);
    if (size > room - taken) break;
    item = skipItem(kind, item);
  }
  if (items === 0 && count !== 0) return length;
  store<u32>(PLAN, items, PLAN_ENTRIES);
  const event = at + length;
  const payload = beginEvent(at, event, kind, 0, interval, time);
  return <u32>(writePayload(kind, from, items, event + PAYLOAD_FIELD, payload) - at);
}

function appendHeartbeat(at: usize, length: u32, room: u32, time: i64): u32 {
  if (length + EVENT_TABLE + HEARTBEAT_SIZE > room) return length;
  const interval = intervalSeconds(groupOf(COLLECTOR_HEARTBEAT));
  const payload = beginEvent(at, at + length, PAYLOAD_HEARTBEAT, HEARTBEAT_VTABLE, interval, time);
  // An empty table: a vtable of a header only.
  store<u32>(payload, HEARTBEAT_VTABLE | (4 << 16));
  pointBack(payload + HEARTBEAT_VTABLE, payload);
  return <u32>(payload + HEARTBEAT_SIZE - at);
}

/** Everything before the first event. slots: the most events that it will have. Returns the length. */
export function beginMessage(at: usize, slots: u32): u32 {
  store<u32>(PLAN, slots, PLAN_SLOTS);
  beginFlowVtables();
  const is30 = isSuperset();
  const vtable = at + ROOT;
  const table = tableOf(at);
  const moduleId = table + (HAS_FLATBUFFERS_3_0 && is30 ? MESSAGE_TABLE_30 : MESSAGE_TABLE);
  pointTo(at, table);
  // Fields: id at 4, version at 8, no time zone, events at 12.
  store<u32>(vtable, MESSAGE_VTABLE | (MESSAGE_TABLE << 16));
  store<u64>(vtable, 0x000c_0000_0008_0004, 4);
  if (HAS_FLATBUFFERS_3_0 && is30) beginFields30(vtable, table);
  pointBack(table, vtable);
  pointTo(table + 4, moduleId);
  store<u32>(table, VERSION, 8);
  const vector = beginString(moduleId, MODULE_ID_LENGTH);
  // "wardlet" and its terminator, lowest byte first.
  store<u64>(moduleId, 0x0074_656c_6472_6177, 4);
  pointTo(table + EVENTS_FIELD, vector);
  memory.fill(vector, 0, OFFSET + slots * OFFSET);
  // Fields of an event: id at 4, time at 20, interval at 24, payload type at 32, payload at 28; 3.0: tenths at 33.
  const eventVtable = vector + OFFSET + slots * OFFSET;
  store<u32>(
    eventVtable,
    (HAS_FLATBUFFERS_3_0 && is30 ? EVENT_VTABLE : EVENT_VTABLE - 2) | (EVENT_TABLE << 16),
  );
  store<u64>(eventVtable, 0x0020_0018_0014_0004, 4);
  store<u32>(eventVtable, HAS_FLATBUFFERS_3_0 && is30 ? 0x0021_001c : 28, 12);
  return <u32>(eventVtable + EVENT_VTABLE - at);
}

/** What 3.0 says of a message. */
function beginFields30(vtable: usize, table: usize): void {
  store<u32>(vtable, (MESSAGE_VTABLE_30 - 2) | (MESSAGE_TABLE_30 << 16));
  // Boot id, sequence number, time, uptime; no counters so far.
  store<u64>(
    vtable,
    BOOT_ID_FIELD | (SEQUENCE_FIELD << 16) | ((<u64>TIME_FIELD) << 32) | ((<u64>UPTIME_FIELD) << 48),
    12,
  );
  store<u32>(vtable, 0, COUNTERS_IN_VTABLE);
  store<u32>(table, load<u32>(STATUS, STATUS_MESSAGES), SEQUENCE_FIELD);
  store<u32>(table, 0, COUNTERS_FIELD);
  store<u64>(table, load<u64>(STATUS, STATUS_BOOT_ID), BOOT_ID_FIELD);
  store<u64>(table, load<u64>(STATUS, STATUS_BOOT_ID + 8), BOOT_ID_FIELD + 8);
}

function tableOf(message: usize): usize {
  return message + ROOT + (isSuperset() ? MESSAGE_VTABLE_30 : MESSAGE_VTABLE);
}

/** The vector of events. */
function eventsOf(message: usize): usize {
  return tableOf(message) + (isSuperset() ? MESSAGE_TABLE_30 : MESSAGE_TABLE) + MODULE_ID;
}

/** Kinds that 2.3 does not have are in messages of their own: flatc --json with its schema gives up at one. */
function hasPlace(message: usize, kind: u32): bool {
  // A message of 2.3 is written at once, with as many places as it needs.
  if (!HAS_FLATBUFFERS_3_0) return true;
  const events = eventsOf(message);
  const count = load<u32>(events);
  if (count === 0) return true;
  const first = events + OFFSET + load<u32>(events, OFFSET);
  return count < load<u32>(PLAN, PLAN_SLOTS) && isNew(load<u8>(first, TYPE_FIELD)) === isNew(kind);
}

function isNew(kind: u32): bool {
  return kind >= <u32>PAYLOAD_STATISTICS;
}

/** An event at `end`; vtable: bytes of the vtable that comes before the table of its payload. Returns where that begins. */
function beginEvent(message: usize, end: usize, type: u32, vtable: u32, interval: u32, time: i64): usize {
  const events = eventsOf(message);
  const number = load<u32>(events);
  store<u32>(events, number + 1);
  pointTo(events + OFFSET + number * OFFSET, end);
  pointBack(end, events + OFFSET + load<u32>(PLAN, PLAN_SLOTS) * OFFSET);
  store<u32>(end, wholeSeconds(time), 20);
  store<u32>(end, interval, 24);
  store<u32>(end, type, TYPE_FIELD);
  if (HAS_FLATBUFFERS_3_0 && isSuperset()) {
    writeEventId(end + 4, number);
    store<u8>(end, <u32>(wholeTenths(time) - <u64>wholeSeconds(time) * 10), 33);
  } else {
    writeUuid(end + 4);
  }
  pointTo(end + PAYLOAD_FIELD, end + EVENT_TABLE + vtable);
  return end + EVENT_TABLE;
}

/** As message-3.0.proto derives it: boot id XOR (sequence number << 8 | number), big-endian. */
function writeEventId(at: usize, number: u32): void {
  const low = ((<u64>load<u32>(STATUS, STATUS_MESSAGES)) << 8) | number;
  store<u64>(at, load<u64>(STATUS, STATUS_BOOT_ID));
  store<u64>(at, load<u64>(STATUS, STATUS_BOOT_ID + 8) ^ bswap<u64>(low), 8);
}
