// Network activity: what flows have counted since the collection before.

import { COLLECTOR_NETWORK_ACTIVITY } from '../../schema/configuration-block';
import { elseEntry } from '../flow/everything-else';
import { isActive } from '../flow/record';
import { recordAt, resetHand, usedRecords } from '../flow/table';
import {
  AGENT,
  AGENT_COLLECTED,
  AGENT_SEEN_BASE,
  ELSE_BYTES,
  ELSE_PROTOCOLS,
  FAMILY_V4,
  FAMILY_V6,
  HAS_3_0,
} from '../memory';
import { groupOf, intervalSeconds, lowIntervalMs, wholeSeconds, wholeTenths } from '../schedule';

export function hasActivity(): bool {
  return familyHasActivity(FAMILY_V4) || familyHasActivity(FAMILY_V6);
}

export function familyHasActivity(family: u32): bool {
  const used = usedRecords(family);
  for (let number: u32 = 0; number < used; number++) {
    if (isActive(recordAt(family, number))) return true;
  }
  for (let protocol: u32 = 0; protocol < ELSE_PROTOCOLS; protocol++) {
    const entry = elseEntry(family, protocol);
    if ((load<u64>(entry, ELSE_BYTES) | load<u64>(entry, ELSE_BYTES + 8)) !== 0) return true;
  }
  return false;
}

/** Seconds an event at `time` covers: the interval, or longer where collections were late. */
export function coveredSeconds(time: i64): u32 {
  const interval = intervalSeconds(groupOf(COLLECTOR_NETWORK_ACTIVITY));
  const elapsed = max<i64>(0, time - load<i64>(AGENT, AGENT_COLLECTED));
  return max<u32>(wholeSeconds(elapsed), interval);
}

/** All of it is written: the next interval begins at `time`. */
export function beginInterval(time: i64): void {
  store<i64>(AGENT, time, AGENT_COLLECTED);
  // Frames may still come that are older by up to a low interval; older ones are a jump of the clock.
  const oldest = time - lowIntervalMs();
  // 3.0: a whole tenth of a second, so that what is told in tenths does not depend on when it is collected.
  const base = HAS_3_0 ? <i64>wholeTenths(max<i64>(0, oldest)) * 100 : oldest;
  store<i64>(AGENT, base, AGENT_SEEN_BASE);
  resetHand();
}
