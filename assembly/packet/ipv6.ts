// IPv6 (RFC 8200): walks hop-by-hop, destination, routing, fragment and AH (RFC 4302) headers to the transport.
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
import { countV6 } from '../flow/count';
import { isLocalV6, isUnicastV6 } from '../local-addresses';
import {
  AGENT,
  AGENT_COUNTED_PROTOCOLS,
  AGENT_UNICAST_ONLY,
  DIRECTION_IN,
  DIRECTION_OUT,
  HAS_DETECTION,
} from '../memory';
import { echoFlags, ipv6Protocol, PORTS_SIZE, tcpFlags, UNSUPPORTED } from './transport';

const HEADER: u32 = 40;
const HOP_BY_HOP: u32 = 0;
const ROUTING: u32 = 43;
const FRAGMENT: u32 = 44;
const AUTHENTICATION: u32 = 51;
const DESTINATION_OPTIONS: u32 = 60;

/** RFC 8200 4.1 allows seven at most; a longer chain is an attack on whoever walks it. */
const EXTENSION_MAX: u32 = 8;
/** Options of one header, padding of one byte included: RFC 8504 5.3 lets a node bound them, for the same reason. */
const OPTION_MAX: u32 = 64;
const PAD1: u32 = 0;

/** at: first byte of the IP header; captured <= original: bytes from there; seen: ms after AGENT_SEEN_BASE. */
export function readIpv6(at: usize, captured: u32, original: u32, seen: u32): i32 {
  if (captured < HEADER) return original < HEADER ? -MALFORMED : -TRUNCATED;
  const total = HEADER + bswap<u16>(load<u16>(at, 4));
  if (load<u8>(at) >> 4 !== 6 || total > original) return -MALFORMED;

  const source = at + 8;
  const destination = at + 24;
  const outgoing = isLocalV6(source);
  const incoming = isLocalV6(destination);
  if (outgoing === incoming) {
    if (outgoing) return -LOCAL_TO_LOCAL;
    return load<u32>(AGENT, AGENT_UNICAST_ONLY) && !isUnicastV6(destination) ? -NON_UNICAST : -NON_LOCAL;
  }

  let next: u32 = load<u8>(at, 6);
  let header: u32 = HEADER;
  let later: bool = false;
  for (let walked: u32 = 0; isExtension(next); walked++) {
    if (walked === EXTENSION_MAX || total - header < 8) return -MALFORMED;
    if (captured < header + 8) return -TRUNCATED;
    const extension = at + header;
    // Only the first fragment carries the transport header (RFC 8200 4.5).
    if (next === FRAGMENT) later = (load<u16>(extension, 2) & 0xf8ff) !== 0;
    const size = extensionSize(next, load<u8>(extension, 1));
    if (size > total - header) return -MALFORMED;
    if (hasOptions(next) && captured >= header + size && !areOptions(extension + 2, extension + size))
      return -MALFORMED;
    next = load<u8>(extension);
    header += size;
    // What follows a later fragment's header is payload, whatever the first fragment held.
    if (later) break;
  }

  const protocol = ipv6Protocol(next);
  if (!((load<u32>(AGENT, AGENT_COUNTED_PROTOCOLS) >> protocol) & 1)) {
    return protocol === UNSUPPORTED ? -UNSUPPORTED_PROTOCOL : -DISABLED;
  }

  const length = total - header;
  let ports: u32 = 0;
  let flags: u32 = 0;
  if (later) {
    if (length === 0) return -MALFORMED;
  } else {
    if (length < PORTS_SIZE) return -MALFORMED;
    if (captured < header + PORTS_SIZE) return -TRUNCATED;
    if (protocol !== PROTOCOL_ICMP) ports = load<u32>(at + header);
    if (protocol === PROTOCOL_TCP) flags = tcpFlags(at + header, length, captured - header);
    else if (HAS_DETECTION && protocol === PROTOCOL_ICMP) flags = echoFlags(at + header, 128, 129);
  }
  return countV6(
    outgoing ? source : destination,
    outgoing ? destination : source,
    rotl<u32>(ports, outgoing ? 0 : 16),
    protocol,
    outgoing ? DIRECTION_OUT : DIRECTION_IN,
    length,
    flags,
    seen,
  );
}

function isExtension(next: u32): bool {
  return (
    next === HOP_BY_HOP ||
    next === ROUTING ||
    next === FRAGMENT ||
    next === AUTHENTICATION ||
    next === DESTINATION_OPTIONS
  );
}

function hasOptions(next: u32): bool {
  return next === HOP_BY_HOP || next === DESTINATION_OPTIONS;
}

/** RFC 8200 4.2: type, length, data, one after the other; none may run past its header. A last byte without length is let pass. */
function areOptions(at: usize, end: usize): bool {
  for (let options: u32 = 0; at + 1 < end; options++) {
    if (options === OPTION_MAX) return false;
    at += load<u8>(at) === PAD1 ? 1 : 2 + <usize>load<u8>(at, 1);
  }
  return at <= end;
}

/** Bytes: AH counts in units of 4 less 2, fragment headers are 8, all others count in units of 8 less 1. */
function extensionSize(next: u32, field: u32): u32 {
  if (next === FRAGMENT) return 8;
  return next === AUTHENTICATION ? (field + 2) << 2 : (field + 1) << 3;
}
