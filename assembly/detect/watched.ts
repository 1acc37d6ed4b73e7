// Ports of services that are misused: every packet of theirs is looked at, in flows that are known, too. Their records have a mark in the
// word that is compared with the ports (FLOW_WATCHED), so that the fast path does not find them and pays nothing for it.

import { PROTOCOL_UDP } from '../../schema/configuration-block';
import { HAS_DETECTION } from '../memory';

/** Bit of the u64 at FLOW_PORTS, in the first of the two bytes behind the protocol. */
const MARK: u64 = 1 << 40;
/** Bits of the last six bits of the ports below: three of four others need no closer look. */
const LAST_BITS: u64 = 0x086e_9a02_040a_0b20;

export const DNS: u32 = 53;

/** transport as a flow record has it, with its mark. */
export function watched(transport: u64): u64 {
  if (!HAS_DETECTION || <u32>(transport >> 32) !== PROTOCOL_UDP) return transport;
  return isReflector(localPort(transport)) || isReflector(remotePort(transport))
    ? transport | MARK
    : transport;
}

export function localPort(transport: u64): u32 {
  return bswap<u16>(<u16>transport);
}

export function remotePort(transport: u64): u32 {
  return bswap<u16>(<u16>(transport >> 16));
}

/** UDP services that answer with more than they were asked (CISA TA14-017A), and those that have joined them. */
export function isReflector(port: u32): bool {
  if (!((LAST_BITS >> (port & 63)) & 1)) return false;
  switch (port) {
    case 17: // quote of the day
    case 19: // character generator
    case 53: // DNS
    case 69: // TFTP
    case 111: // port mapper
    case 123: // NTP
    case 137: // NetBIOS
    case 161: // SNMP
    case 177: // XDMCP
    case 389: // CLDAP
    case 427: // SLP
    case 520: // RIP
    case 1434: // SQL resolution
    case 1900: // SSDP
    case 3283: // remote desktop of Apple
    case 3702: // WS-Discovery
    case 5353: // mDNS
    case 5683: // CoAP
    case 10001: // Ubiquiti discovery
    case 11211: // memcached
    case 37810: // DVR discovery
      return true;
    default:
      return false;
  }
}

/** Asked by multicast, answered by whoever is there. */
export function isDiscovery(port: u32): bool {
  switch (port) {
    case 137:
    case 427:
    case 1900:
    case 3702:
    case 5353:
    case 5683:
    case 10001:
    case 37810:
      return true;
    default:
      return false;
  }
}
