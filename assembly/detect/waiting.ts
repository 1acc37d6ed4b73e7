// Places for attempts that wait for their answer and for connections that wait for their end, half of them for each direction. The
// record of the flow knows the outcome; here stands which record, and what it had counted before a collection cleared it.

import {
  AGENT,
  AGENT_SEEN_BASE,
  FLOW_BYTES,
  FLOW_BYTES_HIGH,
  FLOW_LAST_SEEN,
  FLOW_PACKETS,
  FLOW_STATE,
  FLOW_TCP_FLAGS,
  FLOWS_V6,
} from '../memory';
import {
  DETECT,
  HEAD_HANDS,
  HEAD_WAITING,
  WAIT_BEGUN,
  WAIT_BYTES,
  WAIT_FLAGS,
  WAIT_LASTED,
  WAIT_MAX,
  WAIT_PACKETS,
  WAIT_RECORD,
  WAIT_SIZE,
  WAITING,
} from './memory';

/** FLOW_STATE: a place waits for the record. */
const WAITED: u32 = 32;
/** Places looked at for one that is free. */
const PROBES: usize = 4;

export function placeOf(direction: u32, number: usize): usize {
  return WAITING + (<usize>direction * WAIT_MAX + number) * WAIT_SIZE;
}

export function isWaitedFor(record: usize): bool {
  return (load<u8>(record, FLOW_STATE) & WAITED) !== 0;
}

/** The place that waits for a record; 0: none. */
export function waitingFor(record: usize): usize {
  const end = placeOf(2, 0);
  for (let place = WAITING; place < end; place += WAIT_SIZE) {
    if (load<usize>(place, WAIT_RECORD) === record) return place;
  }
  return 0;
}

/** Where the next attempt may wait: the first free one from the hand on, or else the one at the hand, taken. */
export function nextPlace(direction: u32): usize {
  const hand = DETECT + HEAD_HANDS + ((<usize>direction) << 2);
  const from = <usize>load<u32>(hand);
  let number = from;
  for (let probe: usize = 0; probe < PROBES; probe++) {
    if (load<usize>(placeOf(direction, number), WAIT_RECORD) === 0) break;
    number = number + 1 === WAIT_MAX ? 0 : number + 1;
  }
  if (load<usize>(placeOf(direction, number), WAIT_RECORD) !== 0) number = from;
  store<u32>(hand, number + 1 === WAIT_MAX ? 0 : <u32>number + 1);
  return placeOf(direction, number);
}

export function waitAt(place: usize, record: usize, begun: u32): void {
  memory.fill(place, 0, WAIT_SIZE);
  store<usize>(place, record, WAIT_RECORD);
  store<u32>(place, begun, WAIT_BEGUN);
  store<u8>(record, load<u8>(record, FLOW_STATE) | WAITED, FLOW_STATE);
  store<u32>(DETECT, load<u32>(DETECT, HEAD_WAITING) + 1, HEAD_WAITING);
}

export function leavePlace(place: usize): void {
  const record = load<usize>(place, WAIT_RECORD);
  store<u8>(record, load<u8>(record, FLOW_STATE) & ~WAITED, FLOW_STATE);
  store<usize>(place, 0, WAIT_RECORD);
  store<u32>(DETECT, load<u32>(DETECT, HEAD_WAITING) - 1, HEAD_WAITING);
}

/** A record's counts are about to be cleared. */
export function keepCounts(record: usize): void {
  const place = waitingFor(record);
  if (place === 0) return;
  store<u8>(place, lasted(place, record), WAIT_LASTED);
  for (let direction: u32 = 0; direction < 2; direction++) {
    store<u8>(place + direction, flagsOf(place, record, direction), WAIT_FLAGS);
    store<u16>(place + ((<usize>direction) << 1), packetsOf(place, record, direction), WAIT_PACKETS);
    store<u16>(place + ((<usize>direction) << 1), bytesOf(place, record, direction), WAIT_BYTES);
  }
}

/** The family's records are about to be given up. */
export function forgetWaiting(family: u32): void {
  const end = placeOf(2, 0);
  for (let place = WAITING; place < end; place += WAIT_SIZE) {
    const record = load<usize>(place, WAIT_RECORD);
    if (record !== 0 && record >= FLOWS_V6 === (family !== 0)) leavePlace(place);
  }
}

/** TCP flags of the connection so far. */
export function flagsOf(place: usize, record: usize, direction: u32): u32 {
  return <u32>load<u8>(place + direction, WAIT_FLAGS) | load<u8>(record + direction, FLOW_TCP_FLAGS);
}

/** Up to 65,535. */
export function packetsOf(place: usize, record: usize, direction: u32): u32 {
  const kept: u32 = load<u16>(place + ((<usize>direction) << 1), WAIT_PACKETS);
  return saturate(<u64>kept + load<u32>(record + ((<usize>direction) << 3), FLOW_PACKETS));
}

/** Transport header and payload, up to 65,535. */
export function bytesOf(place: usize, record: usize, direction: u32): u32 {
  const kept: u32 = load<u16>(place + ((<usize>direction) << 1), WAIT_BYTES);
  if (load<u8>(record + direction, FLOW_BYTES_HIGH)) return 0xffff;
  return saturate(<u64>kept + load<u32>(record + ((<usize>direction) << 3), FLOW_BYTES));
}

/** Quarters of a second, up to 255. */
export function lasted(place: usize, record: usize): u32 {
  const before: u32 = load<u8>(place, WAIT_LASTED);
  if ((load<u32>(record, FLOW_PACKETS) | load<u32>(record, FLOW_PACKETS + 8)) === 0) return before;
  const last = <u32>load<i64>(AGENT, AGENT_SEEN_BASE) + load<u32>(record, FLOW_LAST_SEEN);
  return max<u32>(before, min<u32>((last - load<u32>(place, WAIT_BEGUN)) / 250, 0xff));
}

function saturate(value: u64): u32 {
  return <u32>min<u64>(value, 0xffff);
}
