// The status block: what the core tells its host, read straight from memory at STATUS. Little-endian.

/** u64[VERDICT_COUNT]: frames by verdict (reasons.ts); entry COUNTED first. Their sum is the number of frames seen. */
export const STATUS_VERDICTS = 0;
/** u64: bytes (transport header + payload) of all counted packets since start. */
export const STATUS_BYTES = 80;
/** u64: bytes written into messages since start, one that is open included. STATUS_BYTES - STATUS_REPORTED_BYTES is still in the tables. */
export const STATUS_REPORTED_BYTES = 88;
/** u64: packets counted in "everything else" because the flow table was full. */
export const STATUS_MERGED = 96;
/** u64: idle flows that left the table to make room for new ones; nothing of them was uncollected. */
export const STATUS_EVICTED = 104;
/** u32: collections that had to wait because the outbox was full. */
export const STATUS_OUTBOX_WAITS = 112;
/** u32: messages finished since start; also the next sequence number. */
export const STATUS_MESSAGES = 116;
/** u32: messages in the outbox, not yet acknowledged. */
export const STATUS_UNACKNOWLEDGED = 120;
/** u32: clock jumps of more than one low interval. */
export const STATUS_CLOCK_JUMPS = 124;
/** u8[16]: random, new at every start; names the boot. */
export const STATUS_BOOT_ID = 128;
/** u64: when the core wants to be called again, ms since 1970. */
export const STATUS_DUE = 144;
/** u64: latest time seen, ms since 1970. */
export const STATUS_NOW = 152;
/** u64: time of start, ms since 1970. */
export const STATUS_STARTED = 160;
/** u32: STATE_ value below. */
export const STATUS_STATE = 168;
/** u32: the key a refused configuration stumbled over. */
export const STATUS_FAULT_KEY = 172;
/** u32: flows in the table now, IPv4 and IPv6. */
export const STATUS_FLOWS_V4 = 176;
export const STATUS_FLOWS_V6 = 180;
export const STATUS_SIZE = 184;

export const STATE_NOT_INITIALISED = 0;
/** Collects; no hub is connected. */
export const STATE_PENDING = 1;
/** Collects; at least one hub is connected. */
export const STATE_ACTIVE = 2;
/** Pending for too long: counts, but neither collects nor encodes. */
export const STATE_SUSPENDED = 3;
