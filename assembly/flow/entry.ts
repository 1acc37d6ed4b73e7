// A flow's record, or an entry of "everything else", read alike: both become entries of a message.

import { ELSE_BYTES, ELSE_PACKETS, FLOW_PACKETS } from '../memory';
import { leaveElseBytes } from './everything-else';
import { flowBytes, leaveFlowBytes } from './record';

export function packetsOf(entry: usize, isNamed: bool, direction: u32): u64 {
  const at = entry + (direction << 3);
  return isNamed ? <u64>load<u32>(at, FLOW_PACKETS) : load<u64>(at, ELSE_PACKETS);
}

export function bytesOf(entry: usize, isNamed: bool, direction: u32): u64 {
  return isNamed ? flowBytes(entry, direction) : load<u64>(entry + (direction << 3), ELSE_BYTES);
}

/** What a message left uncollected, packets as well; counts start anew when that is nothing. */
export function leaveEntry(
  entry: usize,
  isNamed: bool,
  bytesIn: u64,
  bytesOut: u64,
  packetsIn: u64,
  packetsOut: u64,
): void {
  if (isNamed) {
    leaveFlowBytes(entry, bytesIn, bytesOut);
    store<u32>(entry, <u32>packetsIn, FLOW_PACKETS);
    store<u32>(entry, <u32>packetsOut, FLOW_PACKETS + 8);
  } else if ((packetsIn | packetsOut) === 0) {
    leaveElseBytes(entry, 0, 0);
  } else {
    store<u64>(entry, bytesIn, ELSE_BYTES);
    store<u64>(entry, bytesOut, ELSE_BYTES + 8);
    store<u64>(entry, packetsIn, ELSE_PACKETS);
    store<u64>(entry, packetsOut, ELSE_PACKETS + 8);
  }
}
