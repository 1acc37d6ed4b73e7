// Events that the host hands in (schema/event-block.ts): checked whole, then written in the format configured, as many items as there is
// room for.

import { BAD_EVENT, BAD_LENGTH, BAD_VERSION, EVENT_TOO_LARGE, OK, UNSUPPORTED_EVENT } from '../schema/codes';
import { FORMAT_2_3 } from '../schema/configuration-block';
import {
  EVENT_BLOCK_COUNT,
  EVENT_BLOCK_HEADER,
  EVENT_BLOCK_INTERVAL,
  EVENT_BLOCK_KIND,
  EVENT_BLOCK_VERSION,
  EVENT_KIND_DETECTION,
  EVENT_KIND_STATISTICS,
  EVENT_VERSION,
  SEVERITY_HIGH,
} from '../schema/event-block';
import { addReport, batchEvents, dropBatch, finishBatch, isOpen, openBatch } from './batch';
import { checkItem, fieldAt, isList, NO_FIELD, skipItem } from './encode/event-fields';
import { itemRoom } from './encode/event-flatbuffers';
import { itemSize } from './encode/event-protobuf';
import { appendReport, beginMessage } from './encode/message-flatbuffers';
import {
  AGENT,
  AGENT_FORMAT,
  AGENT_LOST,
  INPUT,
  INPUT_SIZE,
  MESSAGE_MAX,
  PLAN,
  PLAN_ENTRIES,
} from './memory';
import { commit, outboxPlace, outboxRoom } from './outbox';
import { batchDue } from './schedule';
import { isCollecting } from './state';

/** What a message has beside one item, at the most: header, places, event, counters. */
const OVERHEAD: u32 = 512;
/** Of a detection: from its end back to its severity and to what its peers are; from its begin on to the length of its peers. */
const DETECTION_SEVERITY: usize = 5;
const DETECTION_IS_V6: usize = 1;
const DETECTION_PEERS: usize = 36;

/** The items of the event in INPUT[0, length) that were written, 1 for an event without any; or a code. */
export function reportEvent(length: i32, time: i64): i32 {
  const code = checkBlock(length);
  if (code !== OK) return code;
  const kind: u32 = load<u16>(INPUT, EVENT_BLOCK_KIND);
  const interval = load<u32>(INPUT, EVENT_BLOCK_INTERVAL);
  const count = load<u32>(INPUT, EVENT_BLOCK_COUNT);
  let item = INPUT + EVENT_BLOCK_HEADER;
  if (kind === EVENT_KIND_STATISTICS) store<u32>(AGENT, load<u32>(item), AGENT_LOST);
  if (!isCollecting()) return 0;
  const units = max<u32>(count, 1);
  let taken: u32 = 0;
  while (taken < units && writeEvent(time, kind, interval, item, count - taken)) {
    const items = load<u32>(PLAN, PLAN_ENTRIES);
    for (let left = items; left !== 0; left--) item = skipItem(kind, item);
    taken += max<u32>(items, 1);
  }
  if (isUrgent(kind, INPUT + length)) finishBatch();
  return taken;
}

/** As many of the items as fit one message, PLAN_ENTRIES; false where the outbox has no room. */
export function writeEvent(time: i64, kind: u32, interval: u32, from: usize, count: u32): bool {
  if (load<u32>(AGENT, AGENT_FORMAT) === FORMAT_2_3) {
    const at = outboxPlace();
    if (at === 0) return false;
    const begin = beginMessage(at, 1);
    const length = appendReport(at, begin, outboxRoom(), time, kind, interval, from, count);
    if (length === begin) return false;
    commit(length);
    return true;
  }
  // Whatever the clock says: times of one message lie near to each other.
  if (time > batchDue()) finishBatch();
  while (isOpen() || openBatch(time)) {
    if (addReport(time, kind, interval, from, count)) return true;
    if (batchEvents() === 0) {
      // A message of its own, and still no room: there is too little left of the outbox.
      dropBatch();
      return false;
    }
    finishBatch();
  }
  return false;
}

function checkBlock(length: i32): i32 {
  if (length < <i32>EVENT_BLOCK_HEADER || length > INPUT_SIZE) return BAD_LENGTH;
  if (load<u16>(INPUT, EVENT_BLOCK_VERSION) !== EVENT_VERSION) return BAD_VERSION;
  const kind: u32 = load<u16>(INPUT, EVENT_BLOCK_KIND);
  if (fieldAt(kind, 0) === NO_FIELD) return BAD_EVENT;
  const isNew = kind >= <u32>EVENT_KIND_STATISTICS;
  if (isNew && load<u32>(AGENT, AGENT_FORMAT) === FORMAT_2_3) return UNSUPPORTED_EVENT;
  const count = load<u32>(INPUT, EVENT_BLOCK_COUNT);
  if (!isList(kind) && count !== 1) return BAD_EVENT;
  const end = INPUT + length;
  let at = INPUT + EVENT_BLOCK_HEADER;
  for (let left = count; left !== 0; left--) {
    const next = checkItem(kind, at, end);
    if (next === 0 || (kind === EVENT_KIND_DETECTION && !arePeersWhole(at, next))) return BAD_EVENT;
    if (max<u32>(itemRoom(kind, at), itemSize(kind, at)) > <u32>MESSAGE_MAX - OVERHEAD)
      return EVENT_TOO_LARGE;
    at = next;
  }
  return at === end ? OK : BAD_EVENT;
}

function arePeersWhole(detection: usize, end: usize): bool {
  const isV6 = load<u8>(end - DETECTION_IS_V6) !== 0;
  return !isV6 || (load<u16>(detection, DETECTION_PEERS) & 15) === 0;
}

function isUrgent(kind: u32, end: usize): bool {
  return kind === EVENT_KIND_DETECTION && load<u8>(end - DETECTION_SEVERITY) === SEVERITY_HIGH;
}
