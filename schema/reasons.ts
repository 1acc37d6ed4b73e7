// Verdicts on a frame: counted, or ignored for one reason. The names are those of REASON_NAMES, in this order.

export const COUNTED = 0;
/** Not IPv4 or IPv6, or a link layer the core does not read. */
export const NON_IP = 1;
/** Neither address is the device's. */
export const NON_LOCAL = 2;
/** Both addresses are the device's. */
export const LOCAL_TO_LOCAL = 3;
/** Not TCP, UDP, ICMP (IPv4) or ICMPv6 (IPv6). */
export const UNSUPPORTED_PROTOCOL = 4;
/** Lengths that contradict each other, a wrong version, headers that do not fit, more extension headers than anyone sends. */
export const MALFORMED = 5;
/** The capture ends before the ports do, though the frame on the wire went on. */
export const TRUNCATED = 6;
/** Multicast or broadcast, while only unicast is counted. */
export const NON_UNICAST = 7;
/** The agent's own hub connection. */
export const OWN = 8;
/** Network activity, or this protocol, is switched off. */
export const DISABLED = 9;

export const VERDICT_COUNT = 10;
