// The configuration block a host writes into the input buffer for `configure`: a header, then entries.
// Checked whole before anything applies. Little-endian; each entry starts at a multiple of 4.
//
//   block   | u32 version | entry | entry | ...
//   entry   | u16 key | u16 length | value, padded to a multiple of 4 |

export const CONFIGURATION_VERSION = 1;
export const CONFIGURATION_HEADER = 4;
export const ENTRY_HEADER = 4;

/** u8[32]: entropy. Needed once before `start`; may be given again at any time. */
export const KEY_SEED = 1;
/** u32[3]: seconds of the high, medium, low interval; 1 s to 30 days; high <= medium <= low. */
export const KEY_INTERVALS = 2;
/** u8[4] each, repeated: collector (COLLECTOR_), enabled 0 or 1, priority group (GROUP_), 0. */
export const KEY_COLLECTORS = 3;
/** u32: flows per family, 1 to FLOW_MAX. */
export const KEY_CACHE_SIZE = 4;
/** u32: bits PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP as 1 << value. */
export const KEY_PROTOCOLS = 5;
/** u32: 0 or 1. */
export const KEY_UNICAST_ONLY = 6;
/** u32: 0 or 1: a network activity event even when there was none. */
export const KEY_SEND_EMPTY = 7;
/** 8 bytes each, up to LOCAL_MAX: address u8[4], prefix length u8 (0 unknown), 0, 0, 0. Replaces the table. */
export const KEY_LOCAL_V4 = 8;
/** 20 bytes each, up to LOCAL_MAX: address u8[16], prefix length u8 (0 unknown), 0, 0, 0. Replaces the table. */
export const KEY_LOCAL_V6 = 9;
/** UTF-8, up to TEXT_MAX bytes, each of the four. */
export const KEY_OS = 10;
export const KEY_KERNEL = 11;
export const KEY_NETWORK_STACK = 12;
export const KEY_HARDWARE = 13;
/** u32: x seconds; the first collection falls at random in [x, 3x). 0 to 30 days. */
export const KEY_FIRST_COLLECTION = 14;
/** u32: seconds without a hub until suspended; 1 s to 30 days. */
export const KEY_PENDING_TIME = 15;
/** u32: 0 or 1: the host keeps a spool, so the agent is never suspended. */
export const KEY_SPOOL = 16;
/** u32: FORMAT_ value. */
export const KEY_FORMAT = 17;
/** u32: seconds finished collections may wait to share a message; 0 in format 2.3. */
export const KEY_BATCH_DELAY = 18;
/**
 * 20 bytes each, up to OWN_MAX: remote address u8[16] (IPv4 as ::ffff:a.b.c.d), local port u16 (0: any), remote port u16
 * (not 0), network order: the agent's TCP connections to its hubs, ignored with reason OWN. Replaces the table.
 */
export const KEY_OWN_CONNECTIONS = 19;

/**
 * 8 bytes each: u32 setting (DETECT_, or KIND_ of detection-record.ts: the limit of that kind), u32 value. What is not named stays as it is.
 * Not in the lean profiles.
 */
export const KEY_DETECTION = 20;
/** 0 or 1. */
export const DETECT_ENABLED = 0;
/** Seconds, 10 to 3,600: the window that limits hold for. */
export const DETECT_WINDOW = 16;
/** Seconds, 60 to 86,400, and no less than the window: the one in which twice a limit counts as well. */
export const DETECT_LONG_WINDOW = 17;
/** Seconds, 0 to 365 days: how long the endpoints of the device are learned, before a new one is told as a first contact. 0: they are not. */
export const DETECT_LEARN = 18;
export const DETECT_LEARN_MAX = 31_536_000;
/** 8 to 32: leading bits of a public IPv4 address that make an endpoint; of IPv6 twice as many. */
export const DETECT_NETWORK_BITS = 19;
/** Of kinds, 2 to this. */
export const DETECT_LIMIT_MAX = 1_000_000;

export const COLLECTOR_NETWORK_ACTIVITY = 0;
export const COLLECTOR_SYSTEM_INFORMATION = 1;
export const COLLECTOR_HEARTBEAT = 2;
export const COLLECTOR_COUNT = 3;

export const GROUP_HIGH = 0;
export const GROUP_MEDIUM = 1;
export const GROUP_LOW = 2;
export const GROUP_COUNT = 3;

export const FORMAT_2_3 = 23;
export const FORMAT_3_0_FLATBUFFERS = 301;
export const FORMAT_3_0_PROTOBUF = 302;

export const PROTOCOL_TCP = 0;
export const PROTOCOL_UDP = 1;
export const PROTOCOL_ICMP = 2;

export const INTERVAL_MIN_SECONDS = 1;
export const INTERVAL_MAX_SECONDS = 2_592_000;
