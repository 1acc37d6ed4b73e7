// Which flows keep their records against new ones. A scan makes thousands of five-tuples that are seen once; the flows
// worth their place are seen again and again, and answered. Scored at each scheduled collection; at most three quarters
// of the table have standing, so that new flows always find room and nobody can wall the table up.

import {
  AGENT,
  AGENT_CACHE_SIZE,
  FLOW_ACTIVATIONS,
  FLOW_IDLE,
  FLOW_PACKETS,
  FLOW_STANDING,
  FLOW_STATE,
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
const SCORE_MAX: u32 = 15;

/** Before the counts of an interval are written and cleared: updates history, then gives standing anew. */
export function settleStanding(family: u32): void {
  const used = usedRecords(family);
  for (let number: u32 = 0; number < used; number++) updateHistory(recordAt(family, number));

  const places = (load<u32>(AGENT, AGENT_CACHE_SIZE) * 3) >> 2;
  let left = places;
  // Highest scores first; equal ones in table order.
  for (let score = SCORE_MAX; score > 0; score--) {
    for (let number: u32 = 0; number < used; number++) {
      const record = recordAt(family, number);
      if (scoreOf(record) !== score) continue;
      store<u8>(record, left > 0 ? 1 : 0, FLOW_STANDING);
      if (left > 0) left--;
    }
  }
}

function updateHistory(record: usize): void {
  store<u8>(record, 0, FLOW_STANDING);
  if (!isActive(record)) {
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
