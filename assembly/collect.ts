// From what was counted to messages in the outbox. What finds no room stays where it is and waits (invariant 5).

import {
  COLLECTOR_COUNT,
  COLLECTOR_HEARTBEAT,
  COLLECTOR_NETWORK_ACTIVITY,
  COLLECTOR_SYSTEM_INFORMATION,
  FORMAT_2_3,
} from '../schema/configuration-block';
import { STATUS_MESSAGES, STATUS_OUTBOX_WAITS } from '../schema/status';
import {
  addActivity,
  addStatistics,
  addSystem,
  batchEvents,
  dropBatch,
  finishBatch,
  isOpen,
  openBatch,
} from './batch';
import { beginInterval } from './collectors/network-activity';
import { askForSystem, isSystemDue, isSystemSaid, noteSystem } from './collectors/system-information';
import { beginActivity } from './encode/activity-flatbuffers';
import { writeMessage } from './encode/message-flatbuffers';
import { settleStanding } from './flow/standing';
import {
  AGENT,
  AGENT_BEAT_MESSAGES,
  AGENT_FORMAT,
  AGENT_SEND_EMPTY,
  AGENT_SETTLED,
  AGENT_WAITING,
  FAMILY_V4,
  FAMILY_V6,
  HAS_2_3,
  HAS_3_0,
  HAS_REPORTS,
  PLAN,
  PLAN_LEFT,
  STATUS,
} from './memory';
import { commit, outboxPlace, outboxRoom } from './outbox';
import { batchDue } from './schedule';

const ACTIVITY: u32 = 1 << COLLECTOR_NETWORK_ACTIVITY;
const SYSTEM: u32 = 1 << COLLECTOR_SYSTEM_INFORMATION;
const HEARTBEAT: u32 = 1 << COLLECTOR_HEARTBEAT;
/** No collector: what the agent says of itself, behind the daily system information. */
const STATISTICS: u32 = 1 << COLLECTOR_COUNT;

const EVENTS: u32 = ACTIVITY | SYSTEM | STATISTICS;

/** A collection the schedule asked for: flows gain and lose standing by it. */
export function collectScheduled(collectors: u32, waiting: u32, time: i64): void {
  if (collectors & ACTIVITY) {
    settleStanding(FAMILY_V4);
    settleStanding(FAMILY_V6);
    store<i64>(AGENT, time, AGENT_SETTLED);
  }
  collect(collectors | waiting, time, false);
}

/** A collection somebody asked for: every collector in `wanted` says its say, and the message goes. */
export function collectAtOnce(wanted: u32, time: i64): void {
  if (HAS_3_0 && wanted & SYSTEM) askForSystem();
  // Whatever the clock says: times of one message lie near to each other.
  if (HAS_3_0 && time > batchDue()) finishBatch();
  collect(wanted, time, true);
  finishBatch();
}

/**
 * Writes messages until every collector in `wanted` (1 << COLLECTOR_) has said its say, or the outbox is full. mustBeat: a heartbeat is
 * wanted whatever was said before.
 */
function collect(wanted: u32, time: i64, mustBeat: bool): void {
  const sendEmpty = load<u32>(AGENT, AGENT_SEND_EMPTY) !== 0;
  beginActivity();
  const left =
    !HAS_2_3 || (HAS_3_0 && load<u32>(AGENT, AGENT_FORMAT) !== FORMAT_2_3)
      ? collectBatched(wanted, time, sendEmpty, mustBeat)
      : collectStrict(wanted, time, sendEmpty);
  store<u32>(AGENT, left, AGENT_WAITING);
}

/** Schema 2.3: a collection has its own messages. Returns the collectors that wait. */
function collectStrict(wanted: u32, time: i64, sendEmpty: bool): u32 {
  while (wanted !== 0) {
    const at = outboxPlace();
    if (at === 0) {
      countWait();
      break;
    }
    const length = writeMessage(wanted, at, outboxRoom(), time, sendEmpty);
    if (length !== 0) commit(length);
    const before = wanted;
    wanted = load<u32>(PLAN, PLAN_LEFT);
    if (before & ~wanted & ACTIVITY) beginInterval(time);
  }
  return wanted;
}

/**
 * Schema 3.0: into the open message; what does not fit goes on in the next one, in the same order. Returns the collectors that wait.
 */
function collectBatched(wanted: u32, time: i64, sendEmpty: bool, mustBeat: bool): u32 {
  let left = isSystemDue(time) ? wanted : wanted & ~SYSTEM;
  while (left & EVENTS) {
    if (!isOpen() && !openBatch(time)) {
      countWait();
      return left;
    }
    if (left & ACTIVITY && addActivity(time, sendEmpty)) {
      left &= ~ACTIVITY;
      beginInterval(time);
    }
    if (left & SYSTEM && !(left & ACTIVITY) && addSystem(time)) {
      left &= ~SYSTEM;
      if (HAS_REPORTS && isSystemSaid()) left |= STATISTICS;
      noteSystem(time);
    }
    if (HAS_REPORTS && (left & EVENTS) === STATISTICS && addStatistics(time)) left &= ~STATISTICS;
    if (batchEvents() !== 0) {
      if (left & EVENTS) finishBatch();
    } else {
      dropBatch();
      // A message that was just begun takes whatever there is: the outbox gave it that much room.
      if (left & EVENTS) return left;
    }
  }
  if (left & HEARTBEAT) {
    // Any message says that the device is alive. One without events says only that: nothing will join it.
    const finished = load<u32>(STATUS, STATUS_MESSAGES);
    if (!isOpen() && (mustBeat || finished === load<u32>(AGENT, AGENT_BEAT_MESSAGES))) {
      if (!openBatch(time)) {
        countWait();
        return HEARTBEAT;
      }
      finishBatch();
    }
    store<u32>(AGENT, load<u32>(STATUS, STATUS_MESSAGES), AGENT_BEAT_MESSAGES);
  }
  return 0;
}

function countWait(): void {
  store<u32>(STATUS, load<u32>(STATUS, STATUS_OUTBOX_WAITS) + 1, STATUS_OUTBOX_WAITS);
}
