// Field numbers and bits of schema 3.0, as message-3.0.proto has them (a test compares the two).

export const MESSAGE_BOOT_ID = 1;
export const MESSAGE_SEQUENCE = 2;
export const MESSAGE_TIME = 3;
export const MESSAGE_UPTIME = 4;
export const MESSAGE_MODULE_VERSION = 5;
export const MESSAGE_EVENTS = 7;
export const MESSAGE_COUNTERS = 8;

export const EVENT_TIME = 1;
export const EVENT_INTERVAL = 2;
export const EVENT_NETWORK_ACTIVITY = 3;
export const EVENT_SYSTEM_INFORMATION = 4;
export const EVENT_LISTENING_PORTS = 5;
export const EVENT_HEARTBEAT = 6;
export const EVENT_BASELINE = 7;
export const EVENT_PROCESS = 8;
export const EVENT_LOG = 9;
export const EVENT_STATISTICS = 10;
export const EVENT_DETECTION = 11;

export const ACTIVITY_IPV4 = 1;
export const ACTIVITY_IPV6 = 2;

export const SYSTEM_OPERATING_SYSTEM = 1;
export const SYSTEM_KERNEL = 2;
export const SYSTEM_HARDWARE = 3;

export const TABLE_LOCAL_ADDRESSES = 1;
export const TABLE_CLASSES = 2;
export const TABLE_REMOTE_ADDRESSES = 3;
export const TABLE_SERVICE_PORTS = 4;
export const TABLE_CLIENT_PORTS = 5;
export const TABLE_LAST_SEEN = 6;
export const TABLE_DURATION = 7;
export const TABLE_PACKETS_IN = 8;
export const TABLE_PACKETS_OUT = 9;
export const TABLE_BYTES_IN = 10;
export const TABLE_BYTES_OUT = 11;

/** Bits of a flow class. */
export const CLASS_PROTOCOL = 3;
export const CLASS_INITIATOR = 3;
export const CLASS_INITIATOR_SHIFT = 2;
export const CLASS_OUTCOME = 7;
export const CLASS_OUTCOME_SHIFT = 4;
/** Two bits: packets in, packets out. */
export const CLASS_IN_SHIFT = 7;
export const CLASS_IN = 0x80;
export const CLASS_OUT = 0x100;
export const CLASS_EVERYTHING_ELSE = 0x200;
export const CLASS_FLAGS_OUT_SHIFT = 10;
export const CLASS_FLAGS_IN_SHIFT = 18;
export const CLASS_LOCAL_SHIFT = 26;

export const INITIATOR_UNKNOWN = 0;
export const INITIATOR_LOCAL = 1;
export const INITIATOR_REMOTE = 2;

export const OUTCOME_UNDECIDED = 0;
export const OUTCOME_ESTABLISHED = 1;
export const OUTCOME_REFUSED = 2;
export const OUTCOME_UNANSWERED = 3;
export const OUTCOME_RESET = 4;

export const STATISTICS_COUNTERS = 1;
export const STATISTICS_FLOWS_V4 = 2;
export const STATISTICS_FLOWS_V6 = 3;
export const STATISTICS_CAPACITY = 4;

/** Of the counters, which are numbered on from here in the order of reasons.ts. */
export const COUNTERS_NON_IP = 2;
export const COUNTERS_MERGED = 11;
export const COUNTERS_EVICTED = 12;
export const COUNTERS_OUTBOX_WAITS = 13;
export const COUNTERS_CLOCK_JUMPS = 14;
