// not initialised -> pending -> active -> pending; pending for too long -> suspended; a connection always leads to active.

import {
  STATE_ACTIVE,
  STATE_NOT_INITIALISED,
  STATE_PENDING,
  STATE_SUSPENDED,
  STATUS_STATE,
} from '../schema/status';
import { AGENT, AGENT_PENDING_SINCE, AGENT_PENDING_TIME, AGENT_SPOOL, STATUS } from './memory';

export function stateNow(): u32 {
  return load<u32>(STATUS, STATUS_STATE);
}

export function isStarted(): bool {
  return stateNow() !== STATE_NOT_INITIALISED;
}

/** Pending or active: due collections are made. */
export function isCollecting(): bool {
  const state = stateNow();
  return state === STATE_PENDING || state === STATE_ACTIVE;
}

export function becomePending(now: i64): void {
  store<u32>(STATUS, STATE_PENDING, STATUS_STATE);
  store<i64>(AGENT, now, AGENT_PENDING_SINCE);
}

export function becomeActive(): void {
  store<u32>(STATUS, STATE_ACTIVE, STATUS_STATE);
}

/** When pending ends in suspended, ms; i64.MAX_VALUE when it does not. */
export function suspendsAt(): i64 {
  if (stateNow() !== STATE_PENDING || load<u32>(AGENT, AGENT_SPOOL)) return i64.MAX_VALUE;
  return load<i64>(AGENT, AGENT_PENDING_SINCE) + <i64>load<u32>(AGENT, AGENT_PENDING_TIME) * 1000;
}

export function suspendWhenDue(now: i64): void {
  if (now >= suspendsAt()) store<u32>(STATUS, STATE_SUSPENDED, STATUS_STATE);
}

/** The clock was set: waiting starts anew, a jump is no time passed. */
export function restartPending(now: i64): void {
  store<i64>(AGENT, now, AGENT_PENDING_SINCE);
}
