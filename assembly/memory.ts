// The memory map, top to bottom: every table and buffer of the core, its size, and the build profile that sizes it.
// All state of the agent is in here, none in globals: a snapshot of memory is a snapshot of the agent.
// A test walks the map (aligned, no overlap, ends at __heap_base); budgets.json bounds it per profile.

import { STATUS_SIZE } from '../schema/status';

// Build profile, chosen with `--use LEAN=1`, `--use LEAN_STRICT=1` or `--use GATEWAY=1`; none of them is `standard`.
const COMPACT_ONLY: bool = isDefined(LEAN);
const STRICT_ONLY: bool = isDefined(LEAN_STRICT);
const SMALL: bool = COMPACT_ONLY || STRICT_ONLY;
const LARGE: bool = isDefined(GATEWAY);

/** 0 lean, 1 lean-strict, 2 standard, 3 gateway. */
export const PROFILE: i32 = COMPACT_ONLY ? 0 : STRICT_ONLY ? 1 : LARGE ? 3 : 2;
/** major << 24 | minor << 16 | patch; equals package.json (a test). */
export const VERSION: u32 = 0x00010000;
/** Changes when a call, a block or a record changes shape. */
export const ABI_VERSION: i32 = 1;

/** Flows per family; the gateway's: as many as an index slot of 16 bits can name. */
export const FLOW_MAX: i32 = LARGE ? 65535 : 64;
/** Local addresses per family; in `lean` an interface has few: IPv6 gives it a link-local, a stable and a temporary one. */
export const LOCAL_MAX: i32 = LARGE ? 64 : COMPACT_ONLY ? 4 : 8;
/** Own connections to hubs, of both families. */
export const OWN_MAX: i32 = LARGE ? 64 : SMALL ? 2 : 8;
/** Bytes of each of the four system information strings. */
export const TEXT_MAX: i32 = SMALL ? 48 : 128;
/**
 * Bytes of frames, or of a configuration block, in one call. 64 frames of 64 captured bytes in `standard`; in the lean ones the
 * block with every key at its longest, which then needs no second call.
 */
export const INPUT_SIZE: i32 = LARGE ? 262144 : COMPACT_ONLY ? 520 : STRICT_ONLY ? 640 : 5120;
/**
 * Bytes of the largest message: the unit IoT Hub bills in, but for the gateway, where fewer and larger ones cost less to handle,
 * and for `lean`, where it is what the outbox holds: 64 IPv4 flows take 1,150. More is more messages.
 */
export const MESSAGE_MAX: i32 = LARGE ? 65528 : COMPACT_ONLY ? 1472 : 4096;
/**
 * Bytes of the ring of finished messages, record headers included. In `lean` one of the largest, or a handful of a quiet device's:
 * what the flow tables leave of 12 KB. While it is full, collections wait and flows go on counting.
 */
export const OUTBOX_SIZE: i32 = LARGE ? 524288 : COMPACT_ONLY ? 1488 : STRICT_ONLY ? 5120 : 6144;
/** A second, faster way for packets of known flows (known-flows.ts) costs 0.7 KB of code. */
export const HAS_FAST_PATH: bool = !SMALL;
/** A third way for tables that no near cache holds (known-flows-ahead.ts) costs 1 KB of code. */
export const LOOKS_AHEAD: bool = LARGE;
/** Collect when the flow table is full, before the next interval: a gateway has the memory for the messages. */
export const COLLECTS_EARLY: bool = LARGE;
/** Each message begins where the one before ended: a collection of 50,000 flows takes 30 messages. */
export const RESUMES_PLAN: bool = LARGE;

/** Detection (detect/) costs 8 KB of memory. */
export const HAS_DETECTION: bool = !SMALL;
/** The gateway's tables. */
export const IS_LARGE: bool = LARGE;

/** Schema 2.3 costs 4 KB of code. */
export const HAS_2_3: bool = !COMPACT_ONLY;
/** Schema 3.0 costs 4 KB of code. */
export const HAS_3_0: bool = !STRICT_ONLY;
/** Events that the host hands in cost 7 KB. */
export const HAS_REPORTS: bool = !SMALL;
/** 3.0 as FlatBuffers: by what writes 2.3, and 3 KB more. */
export const HAS_FLATBUFFERS_3_0: bool = HAS_3_0 && HAS_2_3;

// --- status: what the host reads; layout in schema/status.ts ---------------------------------------------------
export const STATUS: usize = memory.data(STATUS_SIZE, 8);

// --- agent: schedule, configuration in force, generator ---------------------------------------------------------
/** i64[GROUP_COUNT], ms: when each priority group is due. */
export const AGENT_DUE: usize = 0;
/** i64, ms: since when no hub has been connected. */
export const AGENT_PENDING_SINCE: usize = 24;
/** i64, ms: time base of FLOW_FIRST_SEEN and FLOW_LAST_SEEN. */
export const AGENT_SEEN_BASE: usize = 32;
/** i64, ms: the network activity collection before. */
export const AGENT_COLLECTED: usize = 40;
/** i64, ms: STATUS_NOW less a low interval; a frame from before is a jump of the clock. */
export const AGENT_OLDEST: usize = 208;
/** u64[4], odd: multipliers of the flow hash. */
export const AGENT_MULTIPLIERS: usize = 48;
/** u64[2]: state of the random generator. */
export const AGENT_RANDOM: usize = 80;
/** u32[GROUP_COUNT], seconds. */
export const AGENT_INTERVALS: usize = 96;
/** u8[4] by collector: 0 or 1. */
export const AGENT_ENABLED: usize = 108;
/** u8[4] by collector: its priority group. */
export const AGENT_GROUP: usize = 112;
/** u32: 1 << PROTOCOL_ for each that is counted; 0 while network activity is disabled. */
export const AGENT_COUNTED_PROTOCOLS: usize = 116;
/** u32: the same bits as configured. */
export const AGENT_PROTOCOLS: usize = 120;
export const AGENT_UNICAST_ONLY: usize = 124;
export const AGENT_SEND_EMPTY: usize = 128;
/** u32: flows per family in use, at most FLOW_MAX. */
export const AGENT_CACHE_SIZE: usize = 132;
/** u32, seconds. */
export const AGENT_FIRST_COLLECTION: usize = 136;
/** u32, seconds. */
export const AGENT_PENDING_TIME: usize = 140;
export const AGENT_SPOOL: usize = 144;
/** u32: FORMAT_. */
export const AGENT_FORMAT: usize = 148;
/** u32, seconds that a collection of schema 3.0 may wait in the open message. */
export const AGENT_BATCH_DELAY: usize = 152;
export const AGENT_SEEDED: usize = 156;
/** u32: 1 << COLLECTOR_ for each whose collection waits for room in the outbox. */
export const AGENT_WAITING: usize = 160;
/** u32: a full flow table asks for a collection ahead of time. */
export const AGENT_EARLY: usize = 164;
/** usize: end of the used part of LOCALS_V4 and LOCALS_V6. */
export const AGENT_LOCALS_V4_END: usize = 168;
export const AGENT_LOCALS_V6_END: usize = 172;
/** u32 by family: records in use; they are never handed back one by one, only taken over. */
export const AGENT_FLOWS_USED: usize = 176;
/** u32 by family: every record before it is known not to be free to take over until the next collection. */
export const AGENT_FLOWS_HAND: usize = 184;
/** u32: ring offsets and counts of the outbox (outbox.ts). */
export const AGENT_OUTBOX_HEAD: usize = 192;
export const AGENT_OUTBOX_TAIL: usize = 196;
export const AGENT_OUTBOX_UNSENT: usize = 200;
export const AGENT_OUTBOX_UNSENT_COUNT: usize = 204;
/** i64, ms: the settlement of standing before. */
export const AGENT_SETTLED: usize = 216;
/** u32: records in the ring, acknowledged ones that wait for the oldest included. */
export const AGENT_OUTBOX_RECORDS: usize = 224;
/** usize: end of the used part of OWN_CONNECTIONS. */
export const AGENT_OWN_END: usize = 228;
/** u64: sum of the counters that the message before carried or did not need to. */
export const AGENT_COUNTERS_SENT: usize = 232;
/** i64, ms: the time that the open message counts from (batch.ts). */
export const AGENT_BATCH_OPENED: usize = 240;
/** u32: its bytes so far; 0: none is open. */
export const AGENT_BATCH_LENGTH: usize = 248;
/** u32: its events so far. */
export const AGENT_BATCH_EVENTS: usize = 252;
/** u32: STATUS_MESSAGES when a heartbeat was due the last time; more are finished now: the device is known to be alive. */
export const AGENT_BEAT_MESSAGES: usize = 256;
/** u32: 1 when the system information is said as it is. */
export const AGENT_SYSTEM_SAID: usize = 260;
/** i64, ms: when. */
export const AGENT_SYSTEM_TIME: usize = 264;
/** u32: messages that the host has given up since start, as it told (schema/event-block.ts). */
export const AGENT_LOST: usize = 272;
export const AGENT_SIZE: i32 = 280;
export const AGENT: usize = memory.data(AGENT_SIZE, 8);

// --- local addresses: u32 address, u32 subnet broadcast (0: none); and 16 bytes, both network order -------------
export const LOCAL_V4_SIZE: i32 = 8;
export const LOCAL_V6_SIZE: i32 = 16;
export const LOCALS_V4: usize = memory.data(LOCAL_MAX * LOCAL_V4_SIZE, 8);
export const LOCALS_V6: usize = memory.data(LOCAL_MAX * LOCAL_V6_SIZE, 8);

// --- own connections, as the configuration block has them: u8[16] remote address, then the ports as flow records do ----
export const OWN_PORTS: usize = 16;
export const OWN_SIZE: i32 = 20;
export const OWN_CONNECTIONS: usize = memory.data(OWN_MAX * OWN_SIZE, 8);

// --- system information: u8 length, then UTF-8 ------------------------------------------------------------------
export const TEXT_SIZE: i32 = TEXT_MAX + 4;
export const TEXT_OS: i32 = 0;
export const TEXT_KERNEL: i32 = 1;
export const TEXT_NETWORK_STACK: i32 = 2;
export const TEXT_HARDWARE: i32 = 3;
export const TEXTS: usize = memory.data(4 * TEXT_SIZE, 4);

// --- flow records: one layout for both families, the addresses last ---------------------------------------------
//
//   0         8          16     20     24      28       31    32      34     35      37           39        40
//   | in      | out      | first| last | ports | protocol| own | flags | state| high  | history    | standing| addresses
//   | packets, bytes each| seen | seen | l   r |         |     | i   o |      | i   o | act.  idle |         | local, remote
//
/** u32 by direction (DIRECTION_ * 8), this interval. Both zero: the record has nothing uncollected. */
export const FLOW_PACKETS: usize = 0;
/** u32 by direction (DIRECTION_ * 8), this interval: transport header + payload, low 32 bits. */
export const FLOW_BYTES: usize = 4;
/** u32, ms after AGENT_SEEN_BASE; NEVER_SEEN when nothing is uncollected. */
export const FLOW_FIRST_SEEN: usize = 16;
export const FLOW_LAST_SEEN: usize = 20;
/** u16 local, u16 remote, network order. Zero for ICMP and for later fragments. */
export const FLOW_PORTS: usize = 24;
/** u8, PROTOCOL_, then two bytes 0 and FLOW_OWN: compared together with the ports, as one u64. */
export const FLOW_PROTOCOL: usize = 28;
/** u8: 1 when the flow has become an own connection: no packet finds its record any more. */
export const FLOW_OWN: usize = 31;
/** u8 by direction: TCP flags seen this interval, OR of all segments. */
export const FLOW_TCP_FLAGS: usize = 32;
/** u8: bits 0-1 directions ever seen (1 in, 2 out); 2-3 initiator, 4 whether it was ever answered
 * (flow/outcome.ts), 5 whether detection waits for what becomes of it (detect/waiting.ts). */
export const FLOW_STATE: usize = 34;
/** u8 by direction: bits 32 to 39 of the byte count. */
export const FLOW_BYTES_HIGH: usize = 35;
/** u8: scheduled collections that found the flow active; saturates. */
export const FLOW_ACTIVATIONS: usize = 37;
/** u8: scheduled collections since it was last active; saturates. */
export const FLOW_IDLE: usize = 38;
/** u8: 1 while new flows may not take the record over. */
export const FLOW_STANDING: usize = 39;
/** IPv4: u32 local, u32 remote. IPv6: u8[16] local, u8[16] remote. Network order. */
export const FLOW_ADDRESSES: usize = 40;
export const FLOW_V4_SIZE: i32 = 48;
export const FLOW_V6_SIZE: i32 = 72;

export const DIRECTION_IN: u32 = 0;
export const DIRECTION_OUT: u32 = 1;
export const FAMILY_V4: u32 = 0;
export const FAMILY_V6: u32 = 1;
export const NEVER_SEEN: u32 = 0xffffffff;

export const FLOWS_V4: usize = memory.data(FLOW_MAX * FLOW_V4_SIZE, 8);
export const FLOWS_V6: usize = memory.data(FLOW_MAX * FLOW_V6_SIZE, 8);

// --- flow index: open addressing, a quarter full at most, half full in `lean`; slot: 0 empty, else record number + 1 -----------------
export const SLOT_BITS: i32 = LARGE ? 18 : COMPACT_ONLY ? 7 : 8;
export const SLOT_COUNT: i32 = 1 << SLOT_BITS;
/** Bytes of a slot, as a shift: u16 where records outnumber a u8. */
export const SLOT_SHIFT: i32 = LARGE ? 1 : 0;
export const INDEX_V4: usize = memory.data(SLOT_COUNT << SLOT_SHIFT, 8);
export const INDEX_V6: usize = memory.data(SLOT_COUNT << SLOT_SHIFT, 8);

// --- everything else: by family, by protocol; what a full flow table could not name -----------------------------
/** u64 by direction. */
export const ELSE_BYTES: usize = 0;
/** u64 by direction. */
export const ELSE_PACKETS: usize = 16;
export const ELSE_FIRST_SEEN: usize = 32;
export const ELSE_LAST_SEEN: usize = 36;
export const ELSE_SIZE: i32 = 40;
export const ELSE_PROTOCOLS: u32 = 3;
export const EVERYTHING_ELSE: usize = memory.data(2 * 3 * ELSE_SIZE, 8);

// --- scratch of one settlement of standing: u16 by score, flows that have it ------------------------------------
export const SCORES_SIZE: i32 = 32;
export const SCORES: usize = memory.data(SCORES_SIZE, 8);

// --- encoder scratch, only valid while one message is written, PLAN_FROM while one collection is ---------------------------------------------------
/** u16 by set of present fields: where in the message their vtable stands, 0 not yet. */
export const VTABLE_MASKS: i32 = 32;
export const VTABLES: usize = HAS_2_3 ? memory.data(VTABLE_MASKS * 2, 8) : 0;
/** u32 by family: entries planned; of schema 3.0, classes of them. */
export const PLAN_ENTRIES: usize = 0;
/** u32: 1 when the plan ends with entries left for the next message. */
export const PLAN_CUT: usize = 12;
/** u32: collectors (1 << COLLECTOR_) that the message left for the next one (schema 2.3). */
export const PLAN_LEFT: usize = 16;
/** u32: events that the open message has places for (3.0 as FlatBuffers). */
export const PLAN_SLOTS: usize = 20;
/** u32 by family: entries before it have nothing uncollected (profile gateway). */
export const PLAN_FROM: usize = 24;
export const PLAN_SIZE: i32 = 32;
export const PLAN: usize = memory.data(PLAN_SIZE, 8);

// Of schema 3.0, by family, while a flow table is measured and then written: its classes, u32 by field the bytes of its columns
// and then where they stand, and by record the next one of the same class.
/** u32, as schema/message-3.0.proto has them. */
export const CLASS_BITS: usize = 0;
/** u32: numbers of its first record and of its last so far. */
export const CLASS_FIRST: usize = 4;
export const CLASS_LAST: usize = 8;
/** u16: its flows; a message has room for 14,000. */
export const CLASS_COUNT: usize = 12;
/** u16: service port of its last flow. */
export const CLASS_LAST_PORT: usize = 14;
export const CLASS_SIZE: u32 = 16;
export const CLASS_MAX: u32 = LARGE ? 127 : COMPACT_ONLY ? 16 : 32;
export const CLASSES_SIZE: u32 = CLASS_MAX * CLASS_SIZE;
export const COLUMNS_SIZE: u32 = 48;
/** u16 or u8, as SLOT_SHIFT. */
export const FOLLOWERS_SIZE: u32 = FLOW_MAX << SLOT_SHIFT;
const TABLES_SIZE: i32 = 2 * (CLASSES_SIZE + COLUMNS_SIZE + FOLLOWERS_SIZE);
export const CLASSES: usize = HAS_3_0 ? memory.data(TABLES_SIZE, 8) : 0;
export const COLUMNS: usize = CLASSES + 2 * CLASSES_SIZE;
export const FOLLOWERS: usize = COLUMNS + 2 * COLUMNS_SIZE;

// --- scratch of one observe (profile gateway): packets read, their flows not yet looked up (known-flows-ahead.ts) -------------
//
//   0          8          16    20    24      26         27     28
//   | addresses| transport| slot| seen| length| direction| flags| next
//
/** u64, local in the low half, remote in the high one. */
export const NOTE_ADDRESSES: usize = 0;
/** u64, ports and PROTOCOL_, as at FLOW_PORTS. */
export const NOTE_TRANSPORT: usize = 8;
/** u32, where in the index the flow's home is. */
export const NOTE_SLOT: usize = 16;
/** u32, ms after AGENT_SEEN_BASE. */
export const NOTE_SEEN: usize = 20;
/** u16, transport header and payload; written in one with direction and flags. */
export const NOTE_LENGTH: usize = 24;
/** u8, DIRECTION_. */
export const NOTE_DIRECTION: usize = 26;
/** u8, 0 but for TCP. */
export const NOTE_TCP_FLAGS: usize = 27;
/** usize, where the next frame stands. */
export const NOTE_NEXT: usize = 28;
export const NOTE_SIZE: i32 = 32;
export const NOTES_MAX: i32 = 16;
export const NOTES: usize = LOOKS_AHEAD ? memory.data(NOTES_MAX * NOTE_SIZE, 8) : 0;

// --- input and outbox -------------------------------------------------------------------------------------------
export const INPUT: usize = memory.data(INPUT_SIZE, 8);
export const OUTBOX: usize = memory.data(OUTBOX_SIZE, 8);
