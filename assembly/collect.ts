// From what was counted to messages in the outbox. What finds no room stays where it is and waits (invariant 5).

import { COLLECTOR_NETWORK_ACTIVITY, FORMAT_3_0_PROTOBUF } from '../schema/configuration-block';
import { STATUS_OUTBOX_WAITS } from '../schema/status';
import { beginInterval } from './collectors/network-activity';
import { beginActivity } from './encode/activity-2.3';
import { writeMessage } from './encode/message-2.3';
import { writeMessage30 } from './encode/message-3.0';
import { settleStanding } from './flow/standing';
import {
  AGENT,
  AGENT_FORMAT,
  AGENT_SEND_EMPTY,
  AGENT_SETTLED,
  AGENT_WAITING,
  FAMILY_V4,
  FAMILY_V6,
  HAS_3_0,
  PLAN,
  PLAN_LEFT,
  STATUS,
} from './memory';
import { commit, outboxPlace, outboxRoom } from './outbox';

const ACTIVITY: u32 = 1 << COLLECTOR_NETWORK_ACTIVITY;

/** A collection the schedule asked for: flows gain and lose standing by it. */
export function collectScheduled(collectors: u32, waiting: u32, time: i64): void {
  if (collectors & ACTIVITY) {
    settleStanding(FAMILY_V4);
    settleStanding(FAMILY_V6);
    store<i64>(AGENT, time, AGENT_SETTLED);
  }
  collect(collectors | waiting, time);
}

/** Writes messages until every collector in `wanted` (1 << COLLECTOR_) has said its say, or the outbox is full. */
export function collect(wanted: u32, time: i64): void {
  const sendEmpty = load<u32>(AGENT, AGENT_SEND_EMPTY) !== 0;
  const isCompact = HAS_3_0 && load<u32>(AGENT, AGENT_FORMAT) === FORMAT_3_0_PROTOBUF;
  beginActivity();
  while (wanted !== 0) {
    const at = outboxPlace();
    if (at === 0) {
      store<u32>(STATUS, load<u32>(STATUS, STATUS_OUTBOX_WAITS) + 1, STATUS_OUTBOX_WAITS);
      break;
    }
    const length = isCompact
      ? writeMessage30(wanted, at, outboxRoom(), time, sendEmpty)
      : writeMessage(wanted, at, outboxRoom(), time, sendEmpty);
    if (length !== 0) commit(length);
    const left = load<u32>(PLAN, PLAN_LEFT);
    if (wanted & ACTIVITY && !(left & ACTIVITY)) beginInterval(time);
    wanted = left;
  }
  store<u32>(AGENT, wanted, AGENT_WAITING);
}
