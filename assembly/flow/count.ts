// One packet into its flow record, or, where the table is full, into "everything else".
// Lookup before allocation: a full table still counts the flows it knows (invariant 4).

import { PROTOCOL_ICMP } from '../../schema/configuration-block';
import { NON_UNICAST, OWN } from '../../schema/reasons';
import { noteV4, noteV6 } from '../detect/attempts';
import { groupAsked } from '../detect/reflection';
import { watchV4, watchV6 } from '../detect/watch';
import { watched } from '../detect/watched';
import { isUnicastV4, isUnicastV6 } from '../local-addresses';
import {
  AGENT,
  AGENT_UNICAST_ONLY,
  DIRECTION_OUT,
  FAMILY_V4,
  FAMILY_V6,
  FLOW_BYTES_HIGH,
  FLOW_FIRST_SEEN,
  FLOW_LAST_SEEN,
  FLOW_PACKETS,
  FLOW_PROTOCOL,
  FLOW_TCP_FLAGS,
  HAS_3_0,
  HAS_DETECTION,
} from '../memory';
import { merge, WOULD_MERGE } from './everything-else';
import { hashV4, hashV6 } from './hash';
import { beginFlow } from './outcome';
import { isOwn, mappedV4 } from './own-connections';
import { findV4, findV6, insertV4, insertV6 } from './table';

/** addresses: local in the low half, remote in the high; ports likewise; all network order. */
export function countV4(
  addresses: u64,
  ports: u32,
  protocol: u32,
  direction: u32,
  length: u32,
  flags: u32,
  seen: u32,
): i32 {
  const transport = ports | ((<u64>protocol) << 32);
  const hash = hashV4(addresses, transport);
  const marked = watched(transport);
  const record = findV4(hash, addresses, marked);
  if (record === 0) return countNewV4(hash, addresses, transport, marked, direction, length, flags, seen);
  const counted = add(FAMILY_V4, record, direction, length, flags, seen);
  if (HAS_DETECTION && isLookedAt(transport, marked) && counted !== WOULD_MERGE) {
    watchV4(record, addresses, transport, direction, length, flags);
  }
  return counted;
}

/** local, remote: where 16 address bytes stand, in the frame. */
export function countV6(
  local: usize,
  remote: usize,
  ports: u32,
  protocol: u32,
  direction: u32,
  length: u32,
  flags: u32,
  seen: u32,
): i32 {
  const transport = ports | ((<u64>protocol) << 32);
  const hash = hashV6(local, remote, transport);
  const marked = watched(transport);
  const record = findV6(hash, local, remote, marked);
  if (record === 0) return countNewV6(hash, local, remote, transport, marked, direction, length, flags, seen);
  const counted = add(FAMILY_V6, record, direction, length, flags, seen);
  if (HAS_DETECTION && isLookedAt(transport, marked) && counted !== WOULD_MERGE) {
    watchV6(record, remote, transport, direction, length, flags);
  }
  return counted;
}

/** By detection, packet by packet: echoes and what has a mark. */
function isLookedAt(transport: u64, marked: u64): bool {
  return transport !== marked || <u32>(transport >> 32) === PROTOCOL_ICMP;
}

function countNewV4(
  hash: u32,
  addresses: u64,
  transport: u64,
  marked: u64,
  direction: u32,
  length: u32,
  flags: u32,
  seen: u32,
): i32 {
  if ((HAS_DETECTION || load<u32>(AGENT, AGENT_UNICAST_ONLY)) && !isUnicastV4(<u32>(addresses >> 32))) {
    if (HAS_DETECTION && direction === DIRECTION_OUT) groupAsked(transport);
    if (!HAS_DETECTION || load<u32>(AGENT, AGENT_UNICAST_ONLY)) return -NON_UNICAST;
  }
  if (isOwn(0, mappedV4(<u32>(addresses >> 32)), transport)) return -OWN;
  const record = insertV4(hash, addresses, marked);
  if (HAS_3_0 && record !== 0) beginFlow(record, <u32>(transport >> 32), direction, flags);
  const counted =
    record === 0
      ? merge(FAMILY_V4, <u32>(transport >> 32), direction, length, seen)
      : add(FAMILY_V4, record, direction, length, flags, seen);
  if (HAS_DETECTION && counted !== WOULD_MERGE) {
    noteV4(record, addresses, transport, direction, length, flags);
    if (isLookedAt(transport, marked)) watchV4(record, addresses, transport, direction, length, flags);
  }
  return counted;
}

function countNewV6(
  hash: u32,
  local: usize,
  remote: usize,
  transport: u64,
  marked: u64,
  direction: u32,
  length: u32,
  flags: u32,
  seen: u32,
): i32 {
  if ((HAS_DETECTION || load<u32>(AGENT, AGENT_UNICAST_ONLY)) && !isUnicastV6(remote)) {
    if (HAS_DETECTION && direction === DIRECTION_OUT) groupAsked(transport);
    if (!HAS_DETECTION || load<u32>(AGENT, AGENT_UNICAST_ONLY)) return -NON_UNICAST;
  }
  if (isOwn(load<u64>(remote), load<u64>(remote, 8), transport)) return -OWN;
  const record = insertV6(hash, local, remote, marked);
  if (HAS_3_0 && record !== 0) beginFlow(record, <u32>(transport >> 32), direction, flags);
  const counted =
    record === 0
      ? merge(FAMILY_V6, <u32>(transport >> 32), direction, length, seen)
      : add(FAMILY_V6, record, direction, length, flags, seen);
  if (HAS_DETECTION && counted !== WOULD_MERGE) {
    noteV6(record, local, remote, transport, direction, length, flags);
    if (isLookedAt(transport, marked)) watchV6(record, remote, transport, direction, length, flags);
  }
  return counted;
}

function add(family: u32, record: usize, direction: u32, length: u32, flags: u32, seen: u32): i32 {
  // Packets in the low half, bytes in the high one: both are added at once, and one carry tells that bytes ran over.
  const at = record + (direction << 3);
  const added = ((<u64>length) << 32) | 1;
  const counts = load<u64>(at, FLOW_PACKETS) + added;
  if (counts < added || <u32>counts === 0) return addOver(family, record, direction, counts, length, seen);
  store<u64>(at, counts, FLOW_PACKETS);
  // Frames may arrive out of order by less than a low interval.
  if (seen < load<u32>(record, FLOW_FIRST_SEEN)) store<u32>(record, seen, FLOW_FIRST_SEEN);
  if (seen > load<u32>(record, FLOW_LAST_SEEN)) store<u32>(record, seen, FLOW_LAST_SEEN);
  const flagsAt = record + direction;
  store<u8>(flagsAt, load<u8>(flagsAt, FLOW_TCP_FLAGS) | flags, FLOW_TCP_FLAGS);
  return length;
}

/** The low 32 bits of a count ran over. Past 2^40 bytes or 2^32 packets the flow loses its name, never its totals. */
function addOver(family: u32, record: usize, direction: u32, counts: u64, length: u32, seen: u32): i32 {
  const high: u32 = load<u8>(record + direction, FLOW_BYTES_HIGH);
  if (<u32>counts === 0 || high === 0xff) {
    return merge(family, load<u8>(record, FLOW_PROTOCOL), direction, length, seen);
  }
  store<u8>(record + direction, high + 1, FLOW_BYTES_HIGH);
  store<u64>(record + (direction << 3), counts, FLOW_PACKETS);
  store<u32>(record, max<u32>(load<u32>(record, FLOW_LAST_SEEN), seen), FLOW_LAST_SEEN);
  return length;
}
