// The table Counters of schema 3.0 as FlatBuffers.

import { AGENT, AGENT_COUNTERS_SENT } from '../memory';
import { COUNTER_COUNTED, COUNTERS, counter, counterSum } from './counters-3.0';
import { pointBack, pointTo } from './flatbuffers';

const VTABLE: u32 = 4 + 2 * COUNTERS;
const OFFSET: u32 = 4;
/** The most that puts its numbers at a multiple of 8. */
const PADDING: u32 = 6;
/** The most that the table takes with all counters. */
export const COUNTERS_MAX: u32 = VTABLE + PADDING + OFFSET + (COUNTERS << 3);

/** The most that the counters take behind the events, 0 where none has changed since the message before. */
export function changedCountersSize(): u32 {
  if (counterSum() === load<u64>(AGENT, AGENT_COUNTERS_SENT)) return 0;
  let present: u32 = 0;
  for (let number = COUNTER_COUNTED + 1; number < COUNTERS; number++) present += counter(number) ? 1 : 0;
  return VTABLE + PADDING + OFFSET + (present << 3);
}

/** All that are not 0, but of packets counted, pointed to from `field`; they are sent with that. Returns the end. */
export function writeChangedCounters(field: usize, at: usize): usize {
  store<u64>(AGENT, counterSum(), AGENT_COUNTERS_SENT);
  return writeCounters(field, at, COUNTER_COUNTED + 1);
}

/** Those from `first` on that are not 0. */
export function writeCounters(field: usize, at: usize, first: u32): usize {
  // Its numbers at a multiple of 8, so the table 4 before one.
  const table = ((at + VTABLE + 3) & ~7) + OFFSET;
  const vtable = table - VTABLE;
  memory.fill(at, 0, table - at);
  pointTo(field, table);
  pointBack(table, vtable);
  let end = table + OFFSET;
  for (let number = first; number < COUNTERS; number++) {
    const value = counter(number);
    if (value === 0) continue;
    store<u16>(vtable + (number << 1), end - table, 4);
    store<u64>(end, value);
    end += 8;
  }
  store<u16>(vtable, VTABLE);
  store<u16>(vtable, end - table, 2);
  return end;
}
