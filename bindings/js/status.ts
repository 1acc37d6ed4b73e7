// The core's status block as an object (schema/status.ts).

import { VERDICT_COUNT } from '../../schema/reasons.ts';
import {
  STATUS_BOOT_ID,
  STATUS_BYTES,
  STATUS_CLOCK_JUMPS,
  STATUS_DUE,
  STATUS_EVICTED,
  STATUS_FAULT_KEY,
  STATUS_FLOWS_V4,
  STATUS_FLOWS_V6,
  STATUS_MERGED,
  STATUS_MESSAGES,
  STATUS_NOW,
  STATUS_OUTBOX_WAITS,
  STATUS_REPORTED_BYTES,
  STATUS_STARTED,
  STATUS_STATE,
  STATUS_UNACKNOWLEDGED,
  STATUS_VERDICTS,
} from '../../schema/status.ts';
import { uuidText } from './uuid.ts';

export type CoreState = 'not initialised' | 'pending' | 'active' | 'suspended';
export const STATES: readonly CoreState[] = ['not initialised', 'pending', 'active', 'suspended'];

/** In the order of schema/reasons.ts, without `counted`. */
export const REASON_NAMES = [
  'non_ip',
  'non_local',
  'local_to_local',
  'unsupported_protocol',
  'malformed',
  'truncated',
  'non_unicast',
  'own',
  'disabled',
] as const;
export type IgnoredReason = (typeof REASON_NAMES)[number];

export interface CoreStatus {
  readonly state: CoreState;
  /** Frames; seen = counted + all ignored. */
  readonly packets: {
    readonly seen: number;
    readonly counted: number;
    readonly ignored: Readonly<Record<IgnoredReason, number>>;
  };
  /** Transport header + payload; observed = reported in messages + still in the tables. */
  readonly bytes: { readonly observed: number; readonly reported: number };
  /** Packets counted in "everything else". */
  readonly merged: number;
  readonly evicted: number;
  readonly flows: { readonly v4: number; readonly v6: number };
  readonly messages: {
    readonly finished: number;
    readonly unacknowledged: number;
    readonly outboxWaits: number;
  };
  readonly clockJumps: number;
  /** UUID text. */
  readonly bootId: string;
  /** ms since 1970. */
  readonly started: number;
  readonly now: number;
  readonly due: number;
}

/** Reads the status block (schema/status.ts) that begins at `at`; copies, so it stays as it is while the core goes on. */
export function readStatus(view: DataView, at: number): CoreStatus {
  const u64 = (offset: number) => Number(view.getBigUint64(at + offset, true));
  const u32 = (offset: number) => view.getUint32(at + offset, true);
  const verdicts = Array.from({ length: VERDICT_COUNT }, (_, verdict) => u64(STATUS_VERDICTS + verdict * 8));
  const ignored = Object.fromEntries(REASON_NAMES.map((name, index) => [name, verdicts[index + 1] ?? 0]));
  return {
    state: STATES[u32(STATUS_STATE)] ?? 'not initialised',
    packets: {
      seen: verdicts.reduce((sum, count) => sum + count, 0),
      counted: verdicts[0] ?? 0,
      ignored: ignored as Record<IgnoredReason, number>,
    },
    bytes: { observed: u64(STATUS_BYTES), reported: u64(STATUS_REPORTED_BYTES) },
    merged: u64(STATUS_MERGED),
    evicted: u64(STATUS_EVICTED),
    flows: { v4: u32(STATUS_FLOWS_V4), v6: u32(STATUS_FLOWS_V6) },
    messages: {
      finished: u32(STATUS_MESSAGES),
      unacknowledged: u32(STATUS_UNACKNOWLEDGED),
      outboxWaits: u32(STATUS_OUTBOX_WAITS),
    },
    clockJumps: u32(STATUS_CLOCK_JUMPS),
    bootId: uuidText(new Uint8Array(view.buffer, view.byteOffset + at + STATUS_BOOT_ID, 16)),
    started: u64(STATUS_STARTED),
    now: u64(STATUS_NOW),
    due: u64(STATUS_DUE),
  };
}

/** The key that a refused configuration block stumbled over; 0 none. */
export function faultKey(view: DataView, at: number): number {
  return view.getUint32(at + STATUS_FAULT_KEY, true);
}
