// Ports where the device is usually answered, and whether it is at the moment. Many unknown hosts silent at such a port is what an outage looks
// like to whoever loads pages from everywhere; that hosts which used to answer are silent, too, tells the two apart. So while
// the latest that happened at a port is that a known service failed, hosts that fail there are no scan. A scan of such a port hides
// behind an outage, where it reaches nobody; and behind one service that is gone for good, until another one answers.

import { nowSeconds } from './clock';
import {
  HABIT_ANSWERED,
  HABIT_FAILED,
  HABIT_KEY,
  HABIT_MAX,
  HABIT_SINCE,
  HABIT_SIZE,
  HABITS,
} from './memory';

const IPV6: u32 = 1 << 24;
/** Seconds from a first answer to the latest. */
const HABIT_AGE: u32 = 600;

/** A service has answered. */
export function serviceLives(key: u32): void {
  let habit = habitOf(key);
  if (habit === 0) {
    habit = leastRecent();
    store<u32>(habit, key, HABIT_KEY);
    store<u32>(habit, 0, HABIT_FAILED);
    store<u32>(habit, nowSeconds(), HABIT_SINCE);
  }
  store<u32>(habit, nowSeconds(), HABIT_ANSWERED);
}

/** Somebody has refused: the line is there. */
export function lineLives(key: u32): void {
  const habit = habitOf(key);
  if (habit !== 0) store<u32>(habit, nowSeconds(), HABIT_ANSWERED);
}

/** A known service was silent. */
export function knownFailed(key: u32): void {
  const habit = habitOf(key);
  if (habit !== 0) store<u32>(habit, nowSeconds(), HABIT_FAILED);
}

/** protocol and port (horizontal-scan.ts), and the family: one may be out of order alone. */
export function habitKey(portKey: u32, isV6: bool): u32 {
  return portKey | (isV6 ? IPV6 : 0);
}

/** IPv6 that has never worked at a port where IPv4 does: every connection tries it first (RFC 8305). */
export function isBrokenV6(portKey: u32): bool {
  return habitOf(portKey) !== 0 && habitOf(portKey | IPV6) === 0;
}

/** Of either family. */
export function isHabitPort(portKey: u32): bool {
  return isHabit(portKey) || isHabit(portKey | IPV6);
}

/** Whether anybody has answered at the port. */
export function isAnsweredPort(portKey: u32): bool {
  return habitOf(portKey) !== 0 || habitOf(portKey | IPV6) !== 0;
}

function isHabit(key: u32): bool {
  const habit = habitOf(key);
  return habit !== 0 && isOld(habit);
}

/** The few answers that a scan gets are no habit. */
function isOld(habit: usize): bool {
  return load<u32>(habit, HABIT_ANSWERED) - load<u32>(habit, HABIT_SINCE) >= HABIT_AGE;
}

export function isOutage(key: u32): bool {
  const habit = habitOf(key);
  return habit !== 0 && isOld(habit) && load<u32>(habit, HABIT_FAILED) > load<u32>(habit, HABIT_ANSWERED);
}

function habitOf(key: u32): usize {
  const end = HABITS + HABIT_MAX * HABIT_SIZE;
  for (let habit: usize = HABITS; habit < end; habit += HABIT_SIZE) {
    if (load<u32>(habit, HABIT_KEY) === key) return habit;
  }
  return 0;
}

function leastRecent(): usize {
  let least = HABITS;
  const end = HABITS + HABIT_MAX * HABIT_SIZE;
  for (let habit: usize = HABITS; habit < end; habit += HABIT_SIZE) {
    if (load<u32>(habit, HABIT_ANSWERED) < load<u32>(least, HABIT_ANSWERED)) least = habit;
  }
  return least;
}
