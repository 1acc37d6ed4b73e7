// Reading and clearing one flow record; layout in memory.ts.

import { weigh } from '../detect/heavy-flow';
import { isWaitedFor, keepCounts } from '../detect/waiting';
import {
  FLOW_ACTIVATIONS,
  FLOW_BYTES,
  FLOW_BYTES_HIGH,
  FLOW_FIRST_SEEN,
  FLOW_IDLE,
  FLOW_PACKETS,
  FLOW_PORTS,
  FLOW_STANDING,
  FLOW_STATE,
  FLOW_TCP_FLAGS,
  HAS_DETECTION,
  NEVER_SEEN,
} from '../memory';

/** Ports in the low half, PROTOCOL_ in the high; without FLOW_OWN. */
export function transportOf(record: usize): u64 {
  return load<u64>(record, FLOW_PORTS) & 0xff_ffff_ffff;
}

/** Bytes of one direction not yet collected, up to 2^40 - 1. */
export function flowBytes(record: usize, direction: u32): u64 {
  return (
    load<u32>(record + (direction << 3), FLOW_BYTES) |
    ((<u64>load<u8>(record + direction, FLOW_BYTES_HIGH)) << 32)
  );
}

/** What a message left uncollected; counts start anew when that is nothing. */
export function leaveFlowBytes(record: usize, bytesIn: u64, bytesOut: u64): void {
  if ((bytesIn | bytesOut) === 0) {
    clearCounts(record);
    return;
  }
  store<u32>(record, <u32>bytesIn, FLOW_BYTES);
  store<u32>(record, <u32>bytesOut, FLOW_BYTES + 8);
  store<u8>(record, <u32>(bytesIn >> 32), FLOW_BYTES_HIGH);
  store<u8>(record, <u32>(bytesOut >> 32), FLOW_BYTES_HIGH + 1);
}

/** Whether anything of the flow is uncollected; a counted packet is never lost to a zero byte count. */
export function isActive(record: usize): bool {
  return (load<u32>(record, FLOW_PACKETS) | load<u32>(record, FLOW_PACKETS + 8)) !== 0;
}

/** The flow stays known; its counts start anew. */
export function clearCounts(record: usize): void {
  if (HAS_DETECTION) {
    if (isWaitedFor(record)) keepCounts(record);
    weigh(record);
  }
  store<u64>(record, 0, FLOW_PACKETS);
  store<u64>(record, 0, FLOW_PACKETS + 8);
  // And FLOW_LAST_SEEN.
  store<u64>(record, NEVER_SEEN, FLOW_FIRST_SEEN);
  store<u16>(record, 0, FLOW_TCP_FLAGS);
  store<u16>(record, 0, FLOW_BYTES_HIGH);
}

/** What a flow is known for goes when another takes the record over. */
export function clearHistory(record: usize): void {
  store<u8>(record, 0, FLOW_STATE);
  store<u8>(record, 0, FLOW_ACTIVATIONS);
  store<u8>(record, 0, FLOW_IDLE);
  store<u8>(record, 0, FLOW_STANDING);
}
