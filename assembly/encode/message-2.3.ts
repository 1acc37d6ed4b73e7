// One message of schema 2.3, strict: what the reference agent sends, readable by whatever read it (docs/wire-format.md).

import {
  COLLECTOR_COUNT,
  COLLECTOR_HEARTBEAT,
  COLLECTOR_NETWORK_ACTIVITY,
  COLLECTOR_SYSTEM_INFORMATION,
} from '../../schema/configuration-block';
import {
  PAYLOAD_HEARTBEAT,
  PAYLOAD_NETWORK_ACTIVITY,
  PAYLOAD_SYSTEM_INFORMATION,
} from '../../schema/message-2.3';
import { coveredSeconds } from '../collectors/network-activity';
import { PLAN, PLAN_CUT, PLAN_ENTRIES, PLAN_LEFT, VERSION } from '../memory';
import { writeUuid } from '../random';
import { groupOf, intervalSeconds, wholeSeconds } from '../schedule';
import { ACTIVITY_VTABLE, planActivity, writeActivity } from './activity-2.3';
import { beginString, pointBack, pointTo } from './flatbuffers';
import { SYSTEM_VTABLE, systemSize, writeSystem } from './system-2.3';

const OFFSET: u32 = 4;
/** root offset, vtable of four fields, table of three offsets and a version, "wardlet", vector length. */
const ROOT: u32 = 4;
const MESSAGE_VTABLE: u32 = 12;
const MESSAGE_TABLE: u32 = 16;
const MODULE_ID_LENGTH: u32 = 7;
const MODULE_ID: u32 = 12;
const EVENTS: u32 = ROOT + MESSAGE_VTABLE + MESSAGE_TABLE + MODULE_ID;
/** Header and five fields, and what aligns the tables behind it. */
const EVENT_VTABLE: u32 = 4 + 10 + 2;
/** vtable offset, id, time, interval, offset of the payload, its type, padding. */
const EVENT_TABLE: u32 = 4 + 16 + 4 + 4 + 4 + 1 + 3;
const HEARTBEAT_SIZE: u32 = 4 + 4;

/** What one event costs beside its payload: its place in the vector, and its table. */
const EVENT: u32 = OFFSET + EVENT_TABLE;
const ENVELOPE: u32 = EVENTS + OFFSET + EVENT_VTABLE;

const ACTIVITY: u32 = 1 << COLLECTOR_NETWORK_ACTIVITY;
const SYSTEM: u32 = 1 << COLLECTOR_SYSTEM_INFORMATION;
const HEARTBEAT: u32 = 1 << COLLECTOR_HEARTBEAT;

/**
 * Writes one message of the collectors in `wanted` (1 << COLLECTOR_) at `at` (4-aligned), as much as `room` takes.
 * sendEmpty: a network activity event even without flows. Returns its length, 0 when there is nothing to say;
 * PLAN_LEFT holds the collectors that go into the next message.
 */
export function writeMessage(wanted: u32, at: usize, room: u32, time: i64, sendEmpty: bool): u32 {
  let size = ENVELOPE;
  let chosen: u32 = 0;
  let left: u32 = 0;
  if (wanted & ACTIVITY) {
    const payload = planActivity(room - size - EVENT);
    if (load<u64>(PLAN, PLAN_ENTRIES) !== 0 || sendEmpty) {
      chosen = ACTIVITY;
      size += EVENT + payload;
    }
    if (load<u32>(PLAN, PLAN_CUT)) left = ACTIVITY;
  }
  // What did not fit comes first in the next message: the order of events holds over messages too.
  if (wanted & SYSTEM && left === 0 && size + EVENT + systemSize() <= room) {
    chosen |= SYSTEM;
    size += EVENT + systemSize();
  }
  const systemLeft = wanted & SYSTEM & ~chosen;
  if (wanted & HEARTBEAT && (left | systemLeft) === 0 && size + EVENT + HEARTBEAT_SIZE <= room)
    chosen |= HEARTBEAT;
  store<u32>(PLAN, left | (wanted & ~chosen & ~ACTIVITY), PLAN_LEFT);

  const events = popcnt<u32>(chosen);
  if (events === 0) return 0;
  let slot = writeEnvelope(at, events);
  const vtable = slot + events * OFFSET;
  writeEventVtable(vtable);
  let end = vtable + EVENT_VTABLE;
  for (let collector: i32 = 0; collector < COLLECTOR_COUNT; collector++) {
    if (!(chosen & (1 << collector))) continue;
    pointTo(slot, end);
    slot += OFFSET;
    end = writeEvent(collector, at, vtable, end, time);
  }
  return <u32>(end - at);
}

/** Everything before the events; returns where their offsets go. */
function writeEnvelope(at: usize, events: u32): usize {
  const vtable = at + ROOT;
  const table = vtable + MESSAGE_VTABLE;
  const moduleId = table + MESSAGE_TABLE;
  pointTo(at, table);
  // Fields: id at 4, version at 8, no time zone, events at 12.
  store<u16>(vtable, MESSAGE_VTABLE);
  store<u16>(vtable, MESSAGE_TABLE, 2);
  store<u64>(vtable, 0x000c_0000_0008_0004, 4);
  pointBack(table, vtable);
  pointTo(table + 4, moduleId);
  store<u32>(table, VERSION, 8);
  const vector = beginString(moduleId, MODULE_ID_LENGTH);
  // "wardlet" and its terminator, lowest byte first.
  store<u64>(moduleId, 0x0074_656c_6472_6177, 4);
  pointTo(table + 12, vector);
  store<u32>(vector, events);
  return vector + OFFSET;
}

/** Fields of an event: id at 4, time at 20, interval at 24, payload type at 32, payload at 28. */
function writeEventVtable(at: usize): void {
  store<u16>(at, EVENT_VTABLE - 2);
  store<u16>(at, EVENT_TABLE, 2);
  store<u64>(at, 0x0020_0018_0014_0004, 4);
  store<u32>(at, 28, 12);
}

function writeEvent(collector: u32, message: usize, vtable: usize, at: usize, time: i64): usize {
  pointBack(at, vtable);
  writeUuid(at + 4);
  store<u32>(at, wholeSeconds(time), 20);
  store<u32>(
    at,
    collector === COLLECTOR_NETWORK_ACTIVITY ? coveredSeconds(time) : intervalSeconds(groupOf(collector)),
    24,
  );
  store<u32>(at, payloadType(collector), 32);
  const payload = at + EVENT_TABLE;
  // A table follows its vtable, where it brings one.
  if (collector === COLLECTOR_NETWORK_ACTIVITY) {
    pointTo(at + 28, payload + ACTIVITY_VTABLE);
    return writeActivity(message, payload);
  }
  if (collector === COLLECTOR_SYSTEM_INFORMATION) {
    pointTo(at + 28, payload + SYSTEM_VTABLE);
    return writeSystem(payload);
  }
  // An empty table: a vtable of a header only.
  pointTo(at + 28, payload + 4);
  store<u16>(payload, 4);
  store<u16>(payload, 4, 2);
  pointBack(payload + 4, payload);
  return payload + HEARTBEAT_SIZE;
}

function payloadType(collector: u32): u32 {
  return collector === COLLECTOR_NETWORK_ACTIVITY
    ? PAYLOAD_NETWORK_ACTIVITY
    : collector === COLLECTOR_SYSTEM_INFORMATION
      ? PAYLOAD_SYSTEM_INFORMATION
      : PAYLOAD_HEARTBEAT;
}
