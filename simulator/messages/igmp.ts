// Who listens to which multicast group: IGMP version 2 (RFC 2236). It rides in IP with a router alert.
import { type Address, addressBytes, type Transport } from '../packets/index.ts';

const IGMP = 2;
const QUERY = 0x11;
const REPORT = 0x16;
/** Tenths of a second that listeners may take to answer. RFC 2236 8.3 */
const RESPONSE_TIME = 100;
/** RFC 2113, as an IPv4 option. */
export const IPV4_ROUTER_ALERT = Uint8Array.of(148, 4, 0, 0);

/** Who listens to anything? */
export function membershipQuery(): Transport {
  return igmp(QUERY, RESPONSE_TIME, new Uint8Array(4));
}

export function membershipReport(group: Address): Transport {
  return igmp(REPORT, 0, addressBytes(group));
}

function igmp(type: number, time: number, group: Uint8Array): Transport {
  const bytes = Uint8Array.of(type, time, 0, 0, ...group);
  return { protocol: IGMP, bytes, checksumAt: 2, hasPseudoHeader: false };
}
