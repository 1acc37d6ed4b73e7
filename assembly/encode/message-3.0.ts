// One message of schema 3.0 as compact protobuf (schema/message-3.0.proto). What fits is measured first, then written.
// Any message says that the device is alive: a heartbeat alone is a message without events.

import {
  COLLECTOR_HEARTBEAT,
  COLLECTOR_NETWORK_ACTIVITY,
  COLLECTOR_SYSTEM_INFORMATION,
} from '../../schema/configuration-block';
import {
  ACTIVITY_IPV4,
  ACTIVITY_IPV6,
  COUNTERS_CLOCK_JUMPS,
  COUNTERS_EVICTED,
  COUNTERS_MERGED,
  COUNTERS_NON_IP,
  COUNTERS_OUTBOX_WAITS,
  EVENT_INTERVAL,
  EVENT_NETWORK_ACTIVITY,
  EVENT_SYSTEM_INFORMATION,
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
import { NON_IP, VERDICT_COUNT } from '../../schema/reasons';
import {
  STATUS_BOOT_ID,
  STATUS_CLOCK_JUMPS,
  STATUS_EVICTED,
  STATUS_MERGED,
  STATUS_MESSAGES,
  STATUS_OUTBOX_WAITS,
  STATUS_STARTED,
  STATUS_VERDICTS,
} from '../../schema/status';
import { coveredSeconds } from '../collectors/network-activity';
import { textAt, textLength } from '../collectors/system-information';
import {
  AGENT,
  AGENT_COUNTERS_SENT,
  FAMILY_V4,
  FAMILY_V6,
  PLAN,
  PLAN_CUT,
  PLAN_ENTRIES,
  PLAN_LEFT,
  STATUS,
  TEXT_HARDWARE,
  TEXT_KERNEL,
  TEXT_NETWORK_STACK,
  TEXT_OS,
  VERSION,
} from '../memory';
import { groupOf, intervalSeconds, wholeSeconds } from '../schedule';
import { planFlowTable, seenAt, writeFlowTable } from './flow-table-3.0';
import { beginField, fieldSize, numberSize, putNumber, varintSize } from './protobuf';

const BOOT_ID: u32 = 16;
/** Boot id, sequence, time, uptime and version; every counter; and what surrounds the payloads of two events. */
const ENVELOPE_MAX: u32 = 2 + BOOT_ID + 6 + 7 + 6 + 6 + (3 + 14 * 11) + 2 * 12;

const ACTIVITY: u32 = 1 << COLLECTOR_NETWORK_ACTIVITY;
const SYSTEM: u32 = 1 << COLLECTOR_SYSTEM_INFORMATION;
const HEARTBEAT: u32 = 1 << COLLECTOR_HEARTBEAT;

/**
 * Writes one message of the collectors in `wanted` (1 << COLLECTOR_) at `at`, as much as `room` takes. sendEmpty: a network
 * activity event even without flows. Returns its length, 0 when there is nothing to say; PLAN_LEFT holds the collectors that go
 * into the next message.
 */
export function writeMessage30(wanted: u32, at: usize, room: u32, time: i64, sendEmpty: bool): u32 {
  store<u32>(PLAN, 0, PLAN_CUT);
  store<u64>(PLAN, 0, PLAN_ENTRIES);
  const eventSeen = seenAt(time);
  const free = room - ENVELOPE_MAX;
  let v4: u32 = 0;
  let v6: u32 = 0;
  let left: u32 = 0;
  if (wanted & ACTIVITY) {
    v4 = planFlowTable(FAMILY_V4, free, eventSeen);
    v6 = planFlowTable(FAMILY_V6, free - v4, eventSeen);
    if (load<u32>(PLAN, PLAN_CUT)) left = ACTIVITY;
  }
  const hasActivity = (v4 | v6) !== 0 || (wanted & ACTIVITY && sendEmpty);
  const activity = fieldSize(v4) + fieldSize(v6);
  const system = systemSize();
  // What did not fit comes first in the next message: the order of events holds over messages too.
  const hasSystem = wanted & SYSTEM && left === 0 && activity + system <= free;
  if (wanted & SYSTEM && !hasSystem) left |= SYSTEM;
  store<u32>(PLAN, left, PLAN_LEFT);
  if (!hasActivity && !hasSystem && !(wanted & HEARTBEAT)) return 0;

  let end = writeEnvelope(at, time);
  if (hasActivity) {
    end = beginEvent(end, coveredSeconds(time), EVENT_NETWORK_ACTIVITY, activity);
    if (v4) end = writeFlowTable(FAMILY_V4, beginField(end, ACTIVITY_IPV4, v4), eventSeen);
    if (v6) end = writeFlowTable(FAMILY_V6, beginField(end, ACTIVITY_IPV6, v6), eventSeen);
  }
  if (hasSystem) {
    const interval = intervalSeconds(groupOf(COLLECTOR_SYSTEM_INFORMATION));
    end = writeSystem(beginEvent(end, interval, EVENT_SYSTEM_INFORMATION, system));
  }
  return <u32>(writeCounters(end) - at);
}

function writeEnvelope(at: usize, time: i64): usize {
  const bootId = beginField(at, MESSAGE_BOOT_ID, BOOT_ID);
  store<u64>(bootId, load<u64>(STATUS, STATUS_BOOT_ID));
  store<u64>(bootId, load<u64>(STATUS, STATUS_BOOT_ID + 8), 8);
  let end = putNumber(bootId + BOOT_ID, MESSAGE_SEQUENCE, load<u32>(STATUS, STATUS_MESSAGES));
  end = putNumber(end, MESSAGE_TIME, <u64>time / 100);
  const uptime = wholeSeconds(max<i64>(0, time - load<i64>(STATUS, STATUS_STARTED)));
  end = putNumber(end, MESSAGE_UPTIME, uptime);
  return putNumber(end, MESSAGE_MODULE_VERSION, VERSION);
}

/** An event at the message's own time, up to where its payload begins. */
function beginEvent(at: usize, interval: u32, payload: u32, length: u32): usize {
  // The payload is there even when it is empty: its kind is what it says.
  const size = numberSize(interval) + 1 + varintSize(length) + length;
  const event = beginField(at, MESSAGE_EVENTS, size);
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
function writeCounters(at: usize): usize {
  let sum = load<u64>(STATUS, STATUS_MERGED) + load<u64>(STATUS, STATUS_EVICTED);
  sum += <u64>load<u32>(STATUS, STATUS_OUTBOX_WAITS) + load<u32>(STATUS, STATUS_CLOCK_JUMPS);
  for (let verdict: u32 = NON_IP; verdict < <u32>VERDICT_COUNT; verdict++) sum += ignored(verdict);
  if (sum === load<u64>(AGENT, AGENT_COUNTERS_SENT)) return at;
  store<u64>(AGENT, sum, AGENT_COUNTERS_SENT);
  let size = numberSize(load<u64>(STATUS, STATUS_MERGED)) + numberSize(load<u64>(STATUS, STATUS_EVICTED));
  size +=
    numberSize(load<u32>(STATUS, STATUS_OUTBOX_WAITS)) + numberSize(load<u32>(STATUS, STATUS_CLOCK_JUMPS));
  for (let verdict: u32 = NON_IP; verdict < <u32>VERDICT_COUNT; verdict++)
    size += numberSize(ignored(verdict));
  let end = beginField(at, MESSAGE_COUNTERS, size);
  for (let verdict: u32 = NON_IP; verdict < <u32>VERDICT_COUNT; verdict++) {
    end = putNumber(end, verdict - NON_IP + COUNTERS_NON_IP, ignored(verdict));
  }
  end = putNumber(end, COUNTERS_MERGED, load<u64>(STATUS, STATUS_MERGED));
  end = putNumber(end, COUNTERS_EVICTED, load<u64>(STATUS, STATUS_EVICTED));
  end = putNumber(end, COUNTERS_OUTBOX_WAITS, load<u32>(STATUS, STATUS_OUTBOX_WAITS));
  return putNumber(end, COUNTERS_CLOCK_JUMPS, load<u32>(STATUS, STATUS_CLOCK_JUMPS));
}

function ignored(verdict: u32): u64 {
  return load<u64>(STATUS + (verdict << 3), STATUS_VERDICTS);
}
