// The part of the ABI that the lean profiles do without (asconfig.json, docs/abi.md): events that the host hands in, and the memory of
// detection.

import { NOT_STARTED } from '../schema/codes';
import { reportEvent } from './report';
import { clampTime, now, setNow, updateDue } from './schedule';
import { isStarted } from './state';

export { DETECT, DETECT_SIZE } from './detect/memory';

/**
 * Writes the event that the host has put into INPUT[0, length) (schema/event-block.ts), at `time` or the latest time, whichever is later; a
 * detection of severity high goes at once, others share a message. Returns how many of its items were written (1 for an event without
 * any): what is left found no room in the outbox, or the agent is suspended; hand it in again. Or a code below zero: nothing was.
 */
export function report(length: i32, time: i64): i32 {
  if (!isStarted()) return NOT_STARTED;
  const at = max<i64>(clampTime(time), now());
  const taken = reportEvent(length, at);
  if (taken < 0) return taken;
  setNow(at);
  updateDue();
  return taken;
}
