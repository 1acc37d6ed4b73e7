// The host's heartbeat into the core: time passes, and what is due is done.

import { COLLECTOR_NETWORK_ACTIVITY } from '../schema/configuration-block';
import { STATUS_DUE } from '../schema/status';
import { finishBatch } from './batch';
import { collectScheduled } from './collect';
import { detect } from './detect/step';
import { tellDetections } from './detect/tell';
import { AGENT, AGENT_EARLY, AGENT_WAITING, HAS_3_0, HAS_DETECTION, STATUS } from './memory';
import { outboxHasRoom } from './outbox';
import { batchDue, clampTime, isJump, jump, now, setNow, takeDue, updateDue } from './schedule';
import { isCollecting, suspendWhenDue } from './state';

/** Afterwards STATUS_NOW is `given` and STATUS_DUE lies ahead, unless a waiting collection has found room again. */
export function passTime(given: i64): i64 {
  let time = clampTime(given);
  let due: u32 = 0;
  const jumps = isJump(time);
  if (jumps) {
    // Times of one message do not jump.
    finishBatch();
    due = jump(time);
  } else {
    // Less than a low interval back is jitter: time stands still.
    time = max<i64>(time, now());
    due = takeDue(time);
  }
  setNow(time);
  suspendWhenDue(time);
  if (HAS_3_0 && !isCollecting()) finishBatch();
  if (HAS_DETECTION) detect(jumps, time);

  if (isCollecting()) {
    const waiting = load<u32>(AGENT, AGENT_WAITING);
    const ahead: u32 = load<u32>(AGENT, AGENT_EARLY) ? 1 << COLLECTOR_NETWORK_ACTIVITY : 0;
    if (due | ahead | (outboxHasRoom() ? waiting : 0)) collectScheduled(due, waiting | ahead, time);
    if (HAS_DETECTION) tellDetections(time);
    if (HAS_3_0 && time >= batchDue()) finishBatch();
  }
  store<u32>(AGENT, 0, AGENT_EARLY);
  updateDue();
  return load<i64>(STATUS, STATUS_DUE);
}
