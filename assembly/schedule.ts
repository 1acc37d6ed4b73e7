// Priority groups and when each is due. The host owns time; the core says when it wants to be called again.

import { COLLECTOR_COUNT, GROUP_COUNT, GROUP_LOW } from '../schema/configuration-block';
import { STATUS_CLOCK_JUMPS, STATUS_DUE, STATUS_NOW } from '../schema/status';
import { DETECT, HEAD_DUE, HEAD_SCHEDULE_DUE } from './detect/memory';
import {
  AGENT,
  AGENT_BATCH_DELAY,
  AGENT_BATCH_LENGTH,
  AGENT_BATCH_OPENED,
  AGENT_COLLECTED,
  AGENT_DUE,
  AGENT_ENABLED,
  AGENT_FIRST_COLLECTION,
  AGENT_GROUP,
  AGENT_INTERVALS,
  AGENT_OLDEST,
  AGENT_WAITING,
  HAS_3_0,
  HAS_DETECTION,
  STATUS,
} from './memory';
import { outboxHasRoom } from './outbox';
import { randomBelow } from './random';
import { isCollecting, restartPending, suspendsAt } from './state';

/** The year 10889: whatever clock a host has, times and intervals add up without overflow. */
export const TIME_MAX: u64 = 1 << 48;

export function clampTime(time: i64): i64 {
  // Negative times are huge when read unsigned; they mean a clock that was never set.
  return time < 0 ? 0 : <i64>min<u64>(<u64>time, TIME_MAX);
}

export function now(): i64 {
  return load<i64>(STATUS, STATUS_NOW);
}

export function setNow(time: i64): void {
  store<i64>(STATUS, time, STATUS_NOW);
  store<i64>(AGENT, time - lowIntervalMs(), AGENT_OLDEST);
}

export function intervalSeconds(group: u32): u32 {
  return load<u32>(AGENT + (group << 2), AGENT_INTERVALS);
}

/** ms: more than this off is a jump of the clock. */
export function lowIntervalMs(): i64 {
  return <i64>intervalSeconds(GROUP_LOW) * 1000;
}

export function groupOf(collector: u32): u32 {
  return load<u8>(AGENT + collector, AGENT_GROUP);
}

export function isEnabled(collector: u32): bool {
  return load<u8>(AGENT + collector, AGENT_ENABLED) !== 0;
}

/**
 * Whole seconds of 0 to 2^48 ms, at most u32.MAX_VALUE. Two divisions of 32 bits: one of 64 costs a microcontroller 0.8 KB
 * of library.
 */
export function wholeSeconds(ms: u64): u32 {
  if (ms >= TIME_MAX) return u32.MAX_VALUE;
  const high = <u32>(ms >> 16);
  const quotient = high / 1000;
  if (quotient > 0xffff) return u32.MAX_VALUE;
  return (quotient << 16) + (((high % 1000) << 16) | (<u32>ms & 0xffff)) / 1000;
}

/** Whole tenths of a second of 0 to 2^48 ms. Likewise. */
export function wholeTenths(time: u64): u64 {
  const ms = min<u64>(time, TIME_MAX - 1);
  const high = <u32>(ms >> 16);
  return ((<u64>(high / 100)) << 16) + (((high % 100) << 16) | (<u32>ms & 0xffff)) / 100;
}

/** The first collection falls at random in [x, 3x), so that a fleet does not move in step; after an interval if x is 0. */
export function scheduleFirst(time: i64): void {
  const first = <u64>load<u32>(AGENT, AGENT_FIRST_COLLECTION) * 1000;
  const delay = first + randomBelow(first << 1);
  for (let group: i32 = 0; group < GROUP_COUNT; group++) {
    setDue(group, time + (first === 0 ? <i64>intervalSeconds(group) * 1000 : <i64>delay));
  }
}

export function scheduleAnew(time: i64): void {
  for (let group: i32 = 0; group < GROUP_COUNT; group++) {
    setDue(group, time + <i64>intervalSeconds(group) * 1000);
  }
}

/** Off by more than a low interval, either way: late behind the due time, or before the latest time. */
export function isJump(time: i64): bool {
  const low = lowIntervalMs();
  return time > scheduleDue() + low || time < load<i64>(AGENT, AGENT_OLDEST);
}

/** One collection of everything, and a new schedule from here; never a catch-up. */
export function jump(time: i64): u32 {
  store<u32>(STATUS, load<u32>(STATUS, STATUS_CLOCK_JUMPS) + 1, STATUS_CLOCK_JUMPS);
  restartPending(time);
  // A jump is no time passed: what was counted before it covers an interval, not years.
  store<i64>(AGENT, time, AGENT_COLLECTED);
  scheduleAnew(time);
  return enabledCollectors();
}

/** The collectors due at `time`, as 1 << COLLECTOR_; their groups are scheduled on. */
export function takeDue(time: i64): u32 {
  let due: u32 = 0;
  for (let group: i32 = 0; group < GROUP_COUNT; group++) {
    const at = load<i64>(AGENT + (group << 3), AGENT_DUE);
    if (at > time) continue;
    const interval = <i64>intervalSeconds(group) * 1000;
    setDue(group, at + interval > time ? at + interval : time + interval);
    for (let collector: i32 = 0; collector < COLLECTOR_COUNT; collector++) {
      if (groupOf(collector) === group && isEnabled(collector)) due |= 1 << collector;
    }
  }
  return due;
}

export function enabledCollectors(): u32 {
  let enabled: u32 = 0;
  for (let collector: i32 = 0; collector < COLLECTOR_COUNT; collector++) {
    if (isEnabled(collector)) enabled |= 1 << collector;
  }
  return enabled;
}

/** ms: when what was collected has waited long enough to share a message, i64.MAX_VALUE where nothing does. */
export function batchDue(): i64 {
  if (load<u32>(AGENT, AGENT_BATCH_LENGTH) === 0) return i64.MAX_VALUE;
  return load<i64>(AGENT, AGENT_BATCH_OPENED) + <i64>load<u32>(AGENT, AGENT_BATCH_DELAY) * 1000;
}

/** Works out STATUS_DUE: the nearest group, the open message, the end of pending, or now where a collection waits and there is room again. */
export function updateDue(): void {
  let due = suspendsAt();
  if (HAS_3_0) due = min<i64>(due, batchDue());
  for (let group: i32 = 0; group < GROUP_COUNT; group++) {
    due = min<i64>(due, load<i64>(AGENT + (group << 3), AGENT_DUE));
  }
  if (load<u32>(AGENT, AGENT_WAITING) && isCollecting() && outboxHasRoom()) due = now();
  // Never before now: what a new configuration makes overdue is no jump of the clock.
  due = max<i64>(due, now());
  if (HAS_DETECTION) {
    store<i64>(DETECT, due, HEAD_SCHEDULE_DUE);
    due = max<i64>(now(), min<i64>(due, load<i64>(DETECT, HEAD_DUE)));
  }
  store<i64>(STATUS, due, STATUS_DUE);
}

/** Detection looks more often than collections come; that makes no jump of what was none. */
function scheduleDue(): i64 {
  return HAS_DETECTION ? load<i64>(DETECT, HEAD_SCHEDULE_DUE) : load<i64>(STATUS, STATUS_DUE);
}

function setDue(group: u32, time: i64): void {
  store<i64>(AGENT + (group << 3), time, AGENT_DUE);
}
