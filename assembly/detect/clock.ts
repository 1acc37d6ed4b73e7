// The time detection goes by: the latest the core has seen. Nothing here minds where it stands or whether it runs back.

import { STATUS_DUE, STATUS_NOW } from '../../schema/status';
import { STATUS } from '../memory';
import { DETECT, HEAD_DUE, HEAD_HAPPENED } from './memory';

/** ms: nothing waits longer to be counted. */
const HAPPENED_MAX: u32 = 120_000;

export function nowMs(): i64 {
  return load<i64>(STATUS, STATUS_NOW);
}

/** Seconds, low 32 bits. */
export function nowSeconds(): u32 {
  return <u32>(<u64>nowMs() / 1000);
}

/** ms since a moment of which the low half is kept; what lies ahead counts as long ago. */
export function msSince(low: u32): u32 {
  return <u32>nowMs() - low;
}

/** ms, low half: when what is counted next has happened. */
export function happened(low: u32): void {
  store<u32>(DETECT, low, HEAD_HAPPENED);
}

/** ms since 1970 of what is counted: an attempt is judged some time after it was made. */
export function happenedMs(): i64 {
  const since = msSince(load<u32>(DETECT, HEAD_HAPPENED));
  return nowMs() - <i64>(since > HAPPENED_MAX ? 0 : since);
}

/** A step is wanted at `time`, ms; frames of that time and later wait for it. */
export function wakeAt(time: i64): void {
  if (time < load<i64>(DETECT, HEAD_DUE)) store<i64>(DETECT, time, HEAD_DUE);
  if (time < load<i64>(STATUS, STATUS_DUE)) store<i64>(STATUS, time, STATUS_DUE);
}
