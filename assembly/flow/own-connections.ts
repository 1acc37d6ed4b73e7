// The agent's own connections to its hubs are ignored, so that a quiet device is quiet: counted, each message would be
// the reason for the next one. TCP by remote address and port, and by local port where the host knows it: then what other
// programs say to the same hub counts.
//
// Judged once a flow, where a record is about to be made: packets that find a record pay nothing for it. So no packet may
// find the record of a flow that has become an own connection. It is marked in the word that is compared with the ports,
// and keeps its place in the index and its counts until they are reported; then another flow may take it over.

import {
  AGENT,
  AGENT_OWN_END,
  FAMILY_V4,
  FLOW_ADDRESSES,
  FLOW_OWN,
  OWN_CONNECTIONS,
  OWN_PORTS,
  OWN_SIZE,
} from '../memory';
import { transportOf } from './record';
import { recordAt, usedRecords } from './table';

/** ::ffff:0:0/96 (RFC 4291 2.5.5.2), its second half as a little-endian load reads it. */
const MAPPED: u64 = 0xffff_0000;

/** high, low: halves of the remote address; transport: ports in its low half (u16 local, u16 remote), PROTOCOL_ in the high. */
export function isOwn(high: u64, low: u64, transport: u64): bool {
  const end: usize = load<u32>(AGENT, AGENT_OWN_END);
  for (let at: usize = OWN_CONNECTIONS; at < end; at += OWN_SIZE) {
    // PROTOCOL_TCP is 0, so nothing else comes this close. What is left is the local port where the table has 0 for it.
    const difference = <u64>load<u32>(at, OWN_PORTS) ^ transport;
    if (difference !== 0 && difference !== (transport & 0xffff)) continue;
    if (load<u64>(at, 8) === low && load<u64>(at) === high) return true;
  }
  return false;
}

/** The low half of an IPv4 address as IPv6 writes it; the high one is 0. */
export function mappedV4(address: u32): u64 {
  return MAPPED | ((<u64>address) << 32);
}

/** The table has changed: marks the records whose flows are in it, and no others. */
export function markOwn(family: u32): void {
  const used = usedRecords(family);
  for (let number: u32 = 0; number < used; number++) {
    const record = recordAt(family, number);
    let high: u64 = 0;
    let low = mappedV4(load<u32>(record, FLOW_ADDRESSES + 4));
    if (family !== FAMILY_V4) {
      high = load<u64>(record, FLOW_ADDRESSES + 16);
      low = load<u64>(record, FLOW_ADDRESSES + 24);
    }
    store<u8>(record, isOwn(high, low, transportOf(record)), FLOW_OWN);
  }
}
