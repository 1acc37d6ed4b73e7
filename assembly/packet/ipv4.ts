// IPv4 (RFC 791): options skipped by header length, later fragments counted to ports 0.
// Returns the bytes counted (transport header + payload), -reason, or WOULD_MERGE.

import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../../schema/configuration-block';
import {
  DISABLED,
  LOCAL_TO_LOCAL,
  MALFORMED,
  NON_LOCAL,
  NON_UNICAST,
  TRUNCATED,
  UNSUPPORTED_PROTOCOL,
} from '../../schema/reasons';
import { countV4 } from '../flow/count';
import { isLocalV4, isUnicastV4 } from '../local-addresses';
import {
  AGENT,
  AGENT_COUNTED_PROTOCOLS,
  AGENT_UNICAST_ONLY,
  DIRECTION_IN,
  DIRECTION_OUT,
  HAS_DETECTION,
} from '../memory';
import { echoFlags, ipv4Protocol, PORTS_SIZE, tcpFlags, UNSUPPORTED } from './transport';

/** at: first byte of the IP header; captured <= original: bytes from there; seen: ms after AGENT_SEEN_BASE. */
export function readIpv4(at: usize, captured: u32, original: u32, seen: u32): i32 {
  if (captured < 20) return original < 20 ? -MALFORMED : -TRUNCATED;
  const first = load<u32>(at);
  const header = (first & 15) << 2;
  const total: u32 = bswap<u16>(<u16>(first >> 16));
  if ((first & 0xf0) !== 0x40 || header < 20 || total < header || total > original) return -MALFORMED;

  const addresses = load<u64>(at, 12);
  const destination = <u32>(addresses >> 32);
  const outgoing = isLocalV4(<u32>addresses);
  const incoming = isLocalV4(destination);
  if (outgoing === incoming) {
    if (outgoing) return -LOCAL_TO_LOCAL;
    return load<u32>(AGENT, AGENT_UNICAST_ONLY) && !isUnicastV4(destination) ? -NON_UNICAST : -NON_LOCAL;
  }

  const protocol = ipv4Protocol(load<u8>(at, 9));
  if (!((load<u32>(AGENT, AGENT_COUNTED_PROTOCOLS) >> protocol) & 1)) {
    return protocol === UNSUPPORTED ? -UNSUPPORTED_PROTOCOL : -DISABLED;
  }

  const length = total - header;
  let ports: u32 = 0;
  let flags: u32 = 0;
  // The fragment offset is 13 bits, high byte first.
  if (load<u16>(at, 6) & 0xff1f) {
    if (length === 0) return -MALFORMED;
  } else {
    if (length < PORTS_SIZE) return -MALFORMED;
    if (captured < header + PORTS_SIZE) return -TRUNCATED;
    if (protocol !== PROTOCOL_ICMP) ports = load<u32>(at + header);
    if (protocol === PROTOCOL_TCP) flags = tcpFlags(at + header, length, captured - header);
    else if (HAS_DETECTION && protocol === PROTOCOL_ICMP) flags = echoFlags(at + header, 8, 0);
  }
  // The record keeps local before remote: as on the wire when sent, swapped when received. One call, not two: inlined.
  const swap = outgoing ? 0 : 16;
  return countV4(
    rotl<u64>(addresses, swap << 1),
    rotl<u32>(ports, swap),
    protocol,
    outgoing ? DIRECTION_OUT : DIRECTION_IN,
    length,
    flags,
    seen,
  );
}
