// The detections as they stand in the core's memory, in the block at DETECT. Little-endian.
// Kind, severity, direction and state have the values of message-3.0.proto.

/** Of the block: u32, grows with every change worth telling. */
export const DETECTIONS_CHANGES = 20;
/** Of the block: u32, how many records there are (0 before the first `configure`), and where the first one begins. */
export const DETECTIONS_COUNT = 128;
export const DETECTIONS_FIRST = 136;

// Of a record.
/** u8. */
export const DETECTION_KIND = 0;
/** u8. */
export const DETECTION_SEVERITY = 1;
/** u8. */
export const DETECTION_DIRECTION = 2;
/** u8: BEGUN, ONGOING or ENDED. */
export const DETECTION_STATE = 3;
/** u32: counts up from 1 at every start; 0: the record was never used. */
export const DETECTION_NUMBER = 4;
/** u8: PROTOCOL_. */
export const DETECTION_PROTOCOL = 8;
/** u8: 1 when the peers are IPv6. */
export const DETECTION_IPV6 = 9;
/** u8: how many peers and ports are kept below. */
export const DETECTION_PEERS_KEPT = 10;
export const DETECTION_PORTS_KEPT = 11;
/** u32: how many there really are. */
export const DETECTION_PEER_COUNT = 12;
export const DETECTION_PORT_COUNT = 16;
/** u32: what was counted, and the limit that it crossed. */
export const DETECTION_COUNT = 20;
export const DETECTION_LIMIT = 24;
/** u32: grows with every change worth telling: begun, updated, ended. */
export const DETECTION_CHANGES = 28;
/** i64, ms since 1970: evidence. */
export const DETECTION_FIRST = 32;
export const DETECTION_LAST = 40;
/** u16[4]. */
export const DETECTION_PORTS = 48;
/** u8[16] each, three; IPv4 as ::ffff:a.b.c.d. */
export const DETECTION_PEERS = 56;
/** i64, ms: when it was last worth telling. */
export const DETECTION_TOLD = 104;
/** u32: DETECTION_COUNT at that time. */
export const DETECTION_TOLD_COUNT = 112;
/** u8: times it was told; then what is left of a whole thing in DETECTION_COUNT, 1/256. */
export const DETECTION_TIMES_TOLD = 116;
export const DETECTION_REST = 117;
/** u8: 1 while what was told last is in no message yet. */
export const DETECTION_UNSENT = 118;
export const DETECTION_SIZE = 120;

export const DETECTION_PEERS_MAX = 3;
export const DETECTION_PORTS_MAX = 4;

export const KIND_HORIZONTAL_SCAN = 1;
export const KIND_VERTICAL_SCAN = 2;
export const KIND_ADDRESS_SWEEP = 3;
export const KIND_SYN_FLOOD = 4;
export const KIND_UDP_FLOOD = 5;
export const KIND_ICMP_FLOOD = 6;
export const KIND_REFLECTION = 7;
export const KIND_BRUTE_FORCE = 8;
export const KIND_BEACON = 9;
export const KIND_DNS_TUNNEL = 10;
export const KIND_ICMP_TUNNEL = 11;
export const KIND_SUSPICIOUS_ADDRESS = 12;
export const KIND_FIRST_CONTACT = 13;

export const SEVERITY_LOW = 0;
export const SEVERITY_MEDIUM = 1;
export const SEVERITY_HIGH = 2;

export const STATE_BEGUN = 0;
export const STATE_ONGOING = 1;
export const STATE_ENDED = 2;
