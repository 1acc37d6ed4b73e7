// The open message of schema 3.0, at the tail of the outbox: begun, appended to by several collections, finished once. The state of it
// is in AGENT; what its bytes are is a format's affair (encode/).

import { EVENT_KIND_STATISTICS } from '../schema/event-block';
import { isSuperset } from './encode/flatbuffers';
import {
  appendActivity30,
  appendReport30,
  appendSystem30,
  beginMessage30,
  finishMessage30,
} from './encode/message-3.0';
import {
  appendActivity,
  appendReport,
  appendSystem,
  beginMessageSuperset,
  finishMessageSuperset,
} from './encode/message-flatbuffers';
import {
  AGENT,
  AGENT_BATCH_EVENTS,
  AGENT_BATCH_LENGTH,
  AGENT_BATCH_OPENED,
  HAS_3_0,
  PLAN,
  PLAN_CUT,
} from './memory';
import { commit, outboxBody, outboxPlace, outboxRoom } from './outbox';

const DAY_SECONDS: u32 = 86_400;

export function isOpen(): bool {
  return HAS_3_0 && length() !== 0;
}

/** Events in the open message: a message without any says only that the device is alive. */
export function batchEvents(): u32 {
  return load<u32>(AGENT, AGENT_BATCH_EVENTS);
}

/** Begins a message that counts its times from `time`; false where the outbox has no room. None is open. */
export function openBatch(time: i64): bool {
  const at = outboxPlace();
  if (at === 0) return false;
  store<i64>(AGENT, time, AGENT_BATCH_OPENED);
  store<u32>(AGENT, 0, AGENT_BATCH_EVENTS);
  store<u32>(
    AGENT,
    isSuperset() ? beginMessageSuperset(at, time) : beginMessage30(at, time),
    AGENT_BATCH_LENGTH,
  );
  return true;
}

/** What flows have counted, as much as fits; false: the rest is for the next message. sendEmpty: an event even without flows. */
export function addActivity(time: i64, sendEmpty: bool): bool {
  const at = outboxBody();
  const room = outboxRoom();
  grow(
    isSuperset()
      ? appendActivity(at, length(), room, time, sendEmpty)
      : appendActivity30(at, length(), room, time, sendEmpty),
  );
  return load<u32>(PLAN, PLAN_CUT) === 0;
}

/** False where it does not fit. */
export function addSystem(time: i64): bool {
  const at = outboxBody();
  const room = outboxRoom();
  return grow(
    isSuperset() ? appendSystem(at, length(), room, time) : appendSystem30(at, length(), room, time),
  );
}

/** As many of the items as fit, PLAN_ENTRIES of them; false: none. kind, interval, from, count: an event block's. */
export function addReport(time: i64, kind: u32, interval: u32, from: usize, count: u32): bool {
  const at = outboxBody();
  const room = outboxRoom();
  store<u32>(PLAN, 0, PLAN_CUT);
  const isAdded = grow(
    isSuperset()
      ? appendReport(at, length(), room, time, kind, interval, from, count)
      : appendReport30(at, length(), room, time, kind, interval, from, count),
  );
  if (load<u32>(PLAN, PLAN_CUT)) finishBatch();
  return isAdded;
}

/** What the agent says of itself once a day; false where it does not fit. */
export function addStatistics(time: i64): bool {
  return addReport(time, EVENT_KIND_STATISTICS, DAY_SECONDS, 0, 1);
}

/** The open message may go: `next` hands it out. Nothing where none is open. */
export function finishBatch(): void {
  if (!isOpen()) return;
  const at = outboxBody();
  const end = isSuperset()
    ? finishMessageSuperset(at, length())
    : finishMessage30(at, length(), outboxRoom());
  dropBatch();
  commit(end);
}

/** Nothing was said. */
export function dropBatch(): void {
  store<u32>(AGENT, 0, AGENT_BATCH_LENGTH);
}

function length(): u32 {
  return load<u32>(AGENT, AGENT_BATCH_LENGTH);
}

/** Whether an event was appended. */
function grow(to: u32): bool {
  if (to === length()) return false;
  store<u32>(AGENT, to, AGENT_BATCH_LENGTH);
  store<u32>(AGENT, batchEvents() + 1, AGENT_BATCH_EVENTS);
  return true;
}
