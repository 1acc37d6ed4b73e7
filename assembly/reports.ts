// The part of the ABI that the lean profiles do without (asconfig.json, docs/abi.md): events that the host hands in, and the memory of
// detection.

import { NOT_STARTED } from '../schema/codes';
import { prepare } from './configuration';
import { obeyLearn, restore } from './detect/first-contact';
import { loadPiece } from './detect/indicators';
import { reportEvent } from './report';
import { clampTime, now, setNow, updateDue } from './schedule';
import { isStarted } from './state';

export { DETECT, DETECT_SIZE, INDICATOR_MAX, LEARNED, LEARNED_SIZE } from './detect/memory';

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

/**
 * Takes a piece of an indicator list in INPUT[0, length) (schema/indicator-block.ts), at any time. piece: PIECE_FIRST, PIECE_LAST, both or 0; in
 * `standard` both. The list in force is the one before until the last piece has come. Returns the prefixes of the list so far, or BAD_LENGTH,
 * BAD_VALUE or LIST_FULL: then the list that was begun is forgotten, and the one before stays in force.
 */
export function loadIndicators(length: i32, piece: i32): i32 {
  prepare();
  return loadPiece(length, piece);
}

/** command: LEARN_ of schema/learned.ts. Endpoints are learned from now on, or what was learned holds. Returns OK or BAD_VALUE. */
export function learn(command: i32): i32 {
  prepare();
  return obeyLearn(command);
}

/** What LEARNED[0, LEARNED_SIZE) was once stands in INPUT[0, length): it holds again. Returns OK, BAD_LENGTH, BAD_VERSION or BAD_VALUE. */
export function restoreLearned(length: i32): i32 {
  prepare();
  return restore(length);
}
