// A message of schema 3.0 as compact protobuf (schema/message-3.0.proto): begun, appended to, finished (batch.ts). What fits is
// measured first, then written; room for what stands behind the events is kept back.
// Any message says that the device is alive: a heartbeat alone is a message without events.

import { COLLECTOR_SYSTEM_INFORMATION } from '../../schema/configuration-block';
import {
  ACTIVITY_IPV4,
  ACTIVITY_IPV6,
  EVENT_INTERVAL,
  EVENT_NETWORK_ACTIVITY,
  EVENT_SYSTEM_INFORMATION,
  EVENT_TIME,
  MESSAGE_BOOT_ID,
  MESSAGE_COUNTERS,
  MESSAGE_EVENTS,
  MESSAGE_MODULE_VERSION,
  MESSAGE_SEQUENCE,
  MESSAGE_TIME,
  MESSAGE_UPTIME,
  SYSTEM_HARDWARE,
  SYSTEM_KERNEL,
  SYSTEM_OPERATING_SYSTEM,
} from '../../schema/message-3.0-numbers';
import { STATUS_BOOT_ID, STATUS_MESSAGES, STATUS_STARTED } from '../../schema/status';
import { coveredSeconds } from '../collectors/network-activity';
import { textAt, textLength } from '../collectors/system-information';
import {
  AGENT,
  AGENT_BATCH_EVENTS,
  AGENT_BATCH_OPENED,
  AGENT_COUNTERS_SENT,
  FAMILY_V4,
  FAMILY_V6,
  PLAN,
  PLAN_CUT,
  PLAN_ENTRIES,
  STATUS,
  TEXT_HARDWARE,
  TEXT_KERNEL,
  TEXT_NETWORK_STACK,
  TEXT_OS,
  VERSION,
} from '../memory';
import { groupOf, intervalSeconds, wholeSeconds, wholeTenths } from '../schedule';
import { COUNTER_COUNTED, COUNTERS, counter, counterSum } from './counters-3.0';
import { skipItem } from './event-fields';
import { itemSize, putItem } from './event-protobuf';
import { planFlowTable, seenAt, writeFlowTable } from './flow-table-3.0';
import { beginField, fieldSize, numberSize, putNumber, varintSize, zigzag } from './protobuf';

const BOOT_ID: u32 = 16;
/** Kept back for every counter, up to 2^35; larger ones may have to wait for a message with more room. */
const FINISH_ROOM: u32 = 3 + 14 * 6;
/** What surrounds a payload: tags and lengths of the event, of the payload and of two tables; time and interval. */
const EVENT_MAX: u32 = 4 + 4 + 2 * 4 + 6 + 6;
/** A reader refuses more than 64 items and one for each ITEM_MIN bytes: shorter ones are not many, and nothing joins them. */
const ITEM_MIN: u32 = 8;
const SHORT_ITEMS_MAX: u32 = 32;
/** From the number of a payload in FlatBuffers, which event blocks use, to that of its field in an event. */
const EVENT_NUMBER: u32 = 2;
/** A reader refuses more. */
const EVENTS_MAX: u32 = 256;

/** Begins a message at `at`: all that stands before its events, which count their time from `time`. Returns its length. */
export function beginMessage30(at: usize, time: i64): u32 {
  const bootId = beginField(at, MESSAGE_BOOT_ID, BOOT_ID);
  store<u64>(bootId, load<u64>(STATUS, STATUS_BOOT_ID));
  store<u64>(bootId, load<u64>(STATUS, STATUS_BOOT_ID + 8), 8);
  let end = putNumber(bootId + BOOT_ID, MESSAGE_SEQUENCE, load<u32>(STATUS, STATUS_MESSAGES));
  end = putNumber(end, MESSAGE_TIME, wholeTenths(time));
  const uptime = wholeSeconds(max<i64>(0, time - load<i64>(STATUS, STATUS_STARTED)));
  end = putNumber(end, MESSAGE_UPTIME, uptime);
  return <u32>(putNumber(end, MESSAGE_MODULE_VERSION, VERSION) - at);
}

/**
 * An event of the flows that fit behind the first `length` bytes of the message, of `room` at most; PLAN_CUT where flows are left.
 * sendEmpty: even without flows. Returns the new length, the same where nothing was written.
 */
export function appendActivity30(at: usize, length: u32, room: u32, time: i64, sendEmpty: bool): u32 {
  store<u32>(PLAN, 0, PLAN_CUT);
  store<u64>(PLAN, 0, PLAN_ENTRIES);
  const eventSeen = seenAt(time);
  const free = freeRoom(length, room);
  const v4 = planFlowTable(FAMILY_V4, free, eventSeen);
  const v6 = planFlowTable(FAMILY_V6, free - v4, eventSeen);
  if ((v4 | v6) === 0) {
    if (!sendEmpty || load<u32>(PLAN, PLAN_CUT)) return length;
    if (free === 0) {
      store<u32>(PLAN, 1, PLAN_CUT);
      return length;
    }
  }
  const size = fieldSize(v4) + fieldSize(v6);
  let end = beginEvent(at + length, time, coveredSeconds(time), EVENT_NETWORK_ACTIVITY, size);
  if (v4) end = writeFlowTable(FAMILY_V4, beginField(end, ACTIVITY_IPV4, v4), eventSeen);
  if (v6) end = writeFlowTable(FAMILY_V6, beginField(end, ACTIVITY_IPV6, v6), eventSeen);
  return <u32>(end - at);
}

/** As appendActivity30; the same length where it does not fit. */
export function appendSystem30(at: usize, length: u32, room: u32, time: i64): u32 {
  const size = systemSize();
  if (size >= freeRoom(length, room)) return length;
  const interval = intervalSeconds(groupOf(COLLECTOR_SYSTEM_INFORMATION));
  return <u32>(writeSystem(beginEvent(at + length, time, interval, EVENT_SYSTEM_INFORMATION, size)) - at);
}

/**
 * An event of as many of the `count` items at `from` (schema/event-block.ts) as fit; PLAN_ENTRIES: how many. PLAN_CUT: nothing may join it in
 * this message. Returns the new length, the same where nothing was written.
 */
export function appendReport30(
  at: usize,
  length: u32,
  room: u32,
  time: i64,
  kind: u32,
  interval: u32,
  from: usize,
  count: u32,
): u32 {
  const free = freeRoom(length, room);
  let size: u32 = 0;
  let items: u32 = 0;
  for (let item = from; items < count; items++) {
    const more = size + itemSize(kind, item);
    if (more >= free || (items >= SHORT_ITEMS_MAX && more < items * ITEM_MIN)) break;
    size = more;
    item = skipItem(kind, item);
  }
  if (items === 0 && (count !== 0 || free === 0)) return length;
  store<u32>(PLAN, items, PLAN_ENTRIES);
  store<u32>(PLAN, size < items * ITEM_MIN ? 1 : 0, PLAN_CUT);
  let end = beginEvent(at + length, time, interval, kind + EVENT_NUMBER, size);
  let item = from;
  for (let left = items; left !== 0; left--) {
    end = putItem(kind, item, end);
    item = skipItem(kind, item);
  }
  return <u32>(end - at);
}

/** Nothing will be appended any more. Returns the final length. */
export function finishMessage30(at: usize, length: u32, room: u32): u32 {
  return <u32>(writeCounters(at + length, at + room) - at);
}

/** Bytes for the payload of the next event, 0 where there is to be none. */
function freeRoom(length: u32, room: u32): u32 {
  const taken = length + FINISH_ROOM + EVENT_MAX;
  return room < taken || load<u32>(AGENT, AGENT_BATCH_EVENTS) === EVENTS_MAX ? 0 : room - taken;
}

/** An event up to where its payload begins. */
function beginEvent(at: usize, time: i64, interval: u32, payload: u32, length: u32): usize {
  const offset = zigzag(<i32>(wholeTenths(time) - wholeTenths(load<i64>(AGENT, AGENT_BATCH_OPENED))));
  // The payload is there even when it is empty: its kind is what it says.
  const size = numberSize(offset) + numberSize(interval) + 1 + varintSize(length) + length;
  const event = putNumber(beginField(at, MESSAGE_EVENTS, size), EVENT_TIME, offset);
  return beginField(putNumber(event, EVENT_INTERVAL, interval), payload, length);
}

function systemSize(): u32 {
  return fieldSize(textLength(TEXT_OS)) + fieldSize(kernelLength()) + fieldSize(textLength(TEXT_HARDWARE));
}

function writeSystem(at: usize): usize {
  let end = writeText(at, SYSTEM_OPERATING_SYSTEM, TEXT_OS);
  const kernel = textLength(TEXT_KERNEL);
  const stack = textLength(TEXT_NETWORK_STACK);
  if (kernelLength()) {
    const text = beginField(end, SYSTEM_KERNEL, kernelLength());
    memory.copy(text, textAt(TEXT_KERNEL), kernel);
    if (kernel && stack) store<u8>(text + kernel, 0x20);
    end = text + kernelLength();
    memory.copy(end - stack, textAt(TEXT_NETWORK_STACK), stack);
  }
  return writeText(end, SYSTEM_HARDWARE, TEXT_HARDWARE);
}

/** Kernel, a space where both are known, network stack. */
function kernelLength(): u32 {
  const kernel = textLength(TEXT_KERNEL);
  const stack = textLength(TEXT_NETWORK_STACK);
  return kernel + stack + (kernel && stack ? 1 : 0);
}

function writeText(at: usize, field: u32, text: u32): usize {
  const length = textLength(text);
  if (length === 0) return at;
  const begin = beginField(at, field, length);
  memory.copy(begin, textAt(text), length);
  return begin + length;
}

/** All that are not zero, where one has changed since the message before: they only grow, so their sum tells. */
function writeCounters(at: usize, most: usize): usize {
  const sum = counterSum();
  if (sum === load<u64>(AGENT, AGENT_COUNTERS_SENT)) return at;
  let size: u32 = 0;
  for (let number = COUNTER_COUNTED + 1; number < COUNTERS; number++) size += numberSize(counter(number));
  if (at + fieldSize(size) > most) return at;
  store<u64>(AGENT, sum, AGENT_COUNTERS_SENT);
  let end = beginField(at, MESSAGE_COUNTERS, size);
  for (let number = COUNTER_COUNTED + 1; number < COUNTERS; number++) {
    end = putNumber(end, number + 1, counter(number));
  }
  return end;
}
