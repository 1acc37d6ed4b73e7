// Which flows keep their records against new ones. A scan makes thousands of five-tuples that are seen once; the flows
// worth their place are seen again and again, and answered. Scored at each scheduled collection; at most three quarters
// of the table have standing, so that new flows always find room and nobody can wall the table up.

import {
  AGENT,
  AGENT_CACHE_SIZE,
  AGENT_SEEN_BASE,
  AGENT_SETTLED,
  FLOW_ACTIVATIONS,
  FLOW_IDLE,
  FLOW_LAST_SEEN,
  FLOW_PACKETS,
  FLOW_STANDING,
  FLOW_STATE,
  SCORES,
  SCORES_SIZE,
} from '../memory';
import { isActive } from './record';
import { recordAt, usedRecords } from './table';

const SEEN_IN: u32 = 1;
const SEEN_OUT: u32 = 2;
const SEEN_BOTH: u32 = 3;

/** Collections: 20 minutes at 10 s, longer than IoT Hub's longest keep-alive (1,177 s). */
const IDLE_MAX: u32 = 120;
/** Seen in so many collections a flow counts though nobody answers it: telemetry over UDP, say. SYN retries are fewer. */
const UNANSWERED_MIN: u32 = 6;
const SCORE_MAX: u32 = SCORES_SIZE / 2 - 1;

/** Before the counts of an interval are written and cleared: updates history, then gives standing anew. */
export function settleStanding(family: u32): void {
  const used = usedRecords(family);
  memory.fill(SCORES, 0, SCORES_SIZE);
  const since = seenSince(load<i64>(AGENT, AGENT_SETTLED));
  for (let number: u32 = 0; number < used; number++) {
    const record = recordAt(family, number);
    updateHistory(record, since);
    const bucket = SCORES + (scoreOf(record) << 1);
    store<u16>(bucket, load<u16>(bucket) + 1);
  }

  // Highest scores first; of the lowest that gets any, as many as there are places left, in table order.
  let places = (load<u32>(AGENT, AGENT_CACHE_SIZE) * 3) >> 2;
  let least: u32 = SCORE_MAX;
  while (least > 0 && load<u16>(SCORES + (least << 1)) <= places) {
    places -= load<u16>(SCORES + (least << 1));
    least--;
  }
  for (let number: u32 = 0; number < used; number++) {
    const record = recordAt(family, number);
    const score = scoreOf(record);
    const gets = score > least || (score === least && score > 0 && places > 0);
    if (score === least && gets) places--;
    store<u8>(record, gets ? 1 : 0, FLOW_STANDING);
  }
}

/** As FLOW_LAST_SEEN counts. */
function seenSince(time: i64): u32 {
  return <u32>min<i64>(max<i64>(0, time - load<i64>(AGENT, AGENT_SEEN_BASE)), u32.MAX_VALUE);
}

/** While the outbox is full, what a scan left in the table stays uncollected: only what is new since `since` is activity. */
function updateHistory(record: usize, since: u32): void {
  if (!isActive(record) || load<u32>(record, FLOW_LAST_SEEN) < since) {
    store<u8>(record, min<u32>(<u32>load<u8>(record, FLOW_IDLE) + 1, 0xff), FLOW_IDLE);
    return;
  }
  const seen =
    (load<u32>(record, FLOW_PACKETS) ? SEEN_IN : 0) | (load<u32>(record, FLOW_PACKETS + 8) ? SEEN_OUT : 0);
  store<u8>(record, load<u8>(record, FLOW_STATE) | seen, FLOW_STATE);
  store<u8>(record, min<u32>(<u32>load<u8>(record, FLOW_ACTIVATIONS) + 1, 0xff), FLOW_ACTIVATIONS);
  store<u8>(record, 0, FLOW_IDLE);
}

/** 0: no claim. */
function scoreOf(record: usize): u32 {
  if (load<u8>(record, FLOW_IDLE) > IDLE_MAX) return 0;
  const activations: u32 = load<u8>(record, FLOW_ACTIVATIONS);
  if ((load<u8>(record, FLOW_STATE) & SEEN_BOTH) === SEEN_BOTH) return min<u32>(activations, SCORE_MAX);
  return activations < UNANSWERED_MIN ? 0 : min<u32>(activations - UNANSWERED_MIN + 1, SCORE_MAX);
}
