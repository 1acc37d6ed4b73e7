// Vertical scan: many ports failed on one host. A traceroute (RFC 1393 1; van Jacobson's, mtr's) sends UDP to port after port as well, from 33434 on: its
// ports are none.

import { PROTOCOL_UDP } from '../../schema/configuration-block';
import { hashOf } from './address';
import { count, findRow, hasDetection, PORTS, uncount } from './tally';

const TRACEROUTE: u32 = 33434;
/** 64 hops, four probes each. */
const TRACEROUTE_PORTS: u32 = 256;

export function portFailed(direction: u32, high: u64, low: u64, protocol: u32, port: u32, sure: bool): void {
  if (protocol === PROTOCOL_UDP && port - TRACEROUTE < TRACEROUTE_PORTS) return;
  count(PORTS, direction, high, low, protocolKey(protocol), portHash(high, low, protocol, port), port, sure);
}

/** The port has answered after all. Whether it had been counted. */
export function portAnswered(direction: u32, high: u64, low: u64, protocol: u32, port: u32): bool {
  return uncount(PORTS, direction, high, low, protocolKey(protocol), portHash(high, low, protocol, port));
}

/** Whether a scan of or by this host is known already. */
export function isScannedHost(direction: u32, high: u64, low: u64, protocol: u32): bool {
  return hasDetection(findRow(PORTS, direction, high, low, protocolKey(protocol)));
}

/** Never 0. */
function protocolKey(protocol: u32): u32 {
  return (protocol + 1) << 16;
}

function portHash(high: u64, low: u64, protocol: u32, port: u32): u32 {
  return hashOf(high, low, port | ((protocol + 1) << 16));
}
