// The ABI: every export of the core, and nothing else (docs/abi.md; a test compares the two). Integers only.

import { ALREADY_STARTED, NO_SEED, NOT_STARTED } from '../schema/codes';
import {
  STATE_ACTIVE,
  STATE_SUSPENDED,
  STATUS_BOOT_ID,
  STATUS_MESSAGES,
  STATUS_STARTED,
} from '../schema/status';
import { collectAtOnce } from './collect';
import { beginInterval } from './collectors/network-activity';
import { applyConfiguration, prepare } from './configuration';
import { clearElse, elseEntry } from './flow/everything-else';
import { AGENT, AGENT_SEEDED, AGENT_WAITING, ELSE_PROTOCOLS, STATUS } from './memory';
import { observeFrames } from './observe';
import { acknowledgeMessage, nextMessage, rewindMessages } from './outbox';
import { writeUuid } from './random';
import { clampTime, enabledCollectors, now, scheduleFirst, setNow, updateDue } from './schedule';
import { becomeActive, becomePending, isStarted, stateNow } from './state';
import { passTime } from './tick';

// The memory map, for hosts and for the test that walks it.
export {
  ABI_VERSION,
  AGENT,
  AGENT_SIZE,
  EVERYTHING_ELSE,
  FLOW_MAX,
  FLOWS_V4,
  FLOWS_V6,
  INDEX_V4,
  INDEX_V6,
  INPUT,
  INPUT_SIZE,
  LOCAL_MAX,
  LOCALS_V4,
  LOCALS_V6,
  MESSAGE_MAX,
  OUTBOX,
  OUTBOX_SIZE,
  OWN_CONNECTIONS,
  OWN_MAX,
  PLAN,
  PROFILE,
  SCORES,
  STATUS,
  TEXT_MAX,
  TEXTS,
  VERSION,
  VTABLES,
} from './memory';
// @ts-expect-error: defined by the compiler
export { __data_end, __heap_base };

/**
 * Applies the configuration block in INPUT[0, length) (schema/configuration-block.ts), before start or while running.
 * Returns OK, or a code below zero: then nothing changed, and STATUS_FAULT_KEY names the key.
 */
export function configure(length: i32): i32 {
  prepare();
  return applyConfiguration(length);
}

/** time: ms since 1970. Begins the first interval, pending. Needs KEY_SEED. Returns OK, NO_SEED or ALREADY_STARTED. */
export function start(time: i64): i32 {
  if (isStarted()) return ALREADY_STARTED;
  if (!load<u32>(AGENT, AGENT_SEEDED)) return NO_SEED;
  const at = clampTime(time);
  for (let entry: u32 = 0; entry < 2 * ELSE_PROTOCOLS; entry++) clearElse(elseEntry(0, entry));
  writeUuid(STATUS + STATUS_BOOT_ID);
  store<i64>(STATUS, at, STATUS_STARTED);
  setNow(at);
  becomePending(at);
  beginInterval(at);
  scheduleFirst(at);
  updateDue();
  return 0;
}

/** Does what is due at `time` (ms since 1970). Returns when to call again, ms, or NOT_STARTED. */
export function tick(time: i64): i64 {
  return isStarted() ? passTime(time) : NOT_STARTED;
}

/**
 * Counts the frames in INPUT[offset, offset + length) (schema/frame.ts). Stops before a frame that crosses a due time or
 * jumps (call tick with its time, then go on), and in `gateway` before one that would be merged while there is room.
 * Returns the offset of the first frame not taken, offset + length when all were; or a code below zero: nothing was.
 */
export function observe(offset: i32, length: i32): i32 {
  return isStarted() ? observeFrames(offset, length) : NOT_STARTED;
}

/**
 * Collects now, ahead of the schedule: collectors as 1 << COLLECTOR_, 0 for all enabled ones; suspended or not. What waited to share
 * a message goes with it. Returns the number of messages it finished, or NOT_STARTED; what found no room waits.
 */
export function collect(collectors: i32, time: i64): i32 {
  if (!isStarted()) return NOT_STARTED;
  const before = load<u32>(STATUS, STATUS_MESSAGES);
  const wanted = collectors === 0 ? enabledCollectors() : collectors & enabledCollectors();
  const at = max<i64>(clampTime(time), now());
  setNow(at);
  collectAtOnce(wanted | load<u32>(AGENT, AGENT_WAITING), at);
  updateDue();
  return load<u32>(STATUS, STATUS_MESSAGES) - before;
}

/** A first hub is connected: active, and what was held back is due at once. Returns the new STATE_, or NOT_STARTED. */
export function connect(): i32 {
  if (!isStarted()) return NOT_STARTED;
  const waits: u32 = stateNow() === STATE_SUSPENDED ? enabledCollectors() : 0;
  store<u32>(AGENT, load<u32>(AGENT, AGENT_WAITING) | waits, AGENT_WAITING);
  becomeActive();
  updateDue();
  return stateNow();
}

/** The last hub is gone: pending from `time` on; unacknowledged messages are handed out again. Returns the new STATE_. */
export function disconnect(time: i64): i32 {
  if (!isStarted()) return NOT_STARTED;
  if (stateNow() === STATE_ACTIVE) becomePending(max<i64>(clampTime(time), now()));
  rewindMessages();
  updateDue();
  return stateNow();
}

/** The record (schema/outbox-record.ts) of the next message not handed out yet; 0 when there is none. */
export function next(): usize {
  return nextMessage();
}

/** A message was acknowledged by PUBACK, or is written and synced to the spool. Returns OK or UNKNOWN_SEQUENCE. */
export function acknowledge(sequence: u32): i32 {
  const code = acknowledgeMessage(sequence);
  if (isStarted()) updateDue();
  return code;
}
