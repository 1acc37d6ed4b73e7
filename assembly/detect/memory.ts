// The memory of detection: one block, its tables one after the other (docs/detection.md has the budget).

import { DETECTION_SIZE, DETECTIONS_FIRST } from '../../schema/detection-record';
import { HAS_DETECTION, IS_LARGE } from '../memory';

// --- head ---------------------------------------------------------------------------------------------------------------
/** i64, ms: the next step; HEAD_NEVER while there is nothing to do. */
export const HEAD_DUE: usize = 0;
/** i64, ms: STATUS_DUE without HEAD_DUE, by which jumps of the clock are judged. */
export const HEAD_SCHEDULE_DUE: usize = 8;
/** u32: number of the latest detection. */
export const HEAD_NUMBER: usize = 16;
/** u32: counts up with every change of a detection that is worth telling. */
export const HEAD_CHANGES: usize = 20;
/** u32: 0 or 1. */
export const HEAD_ENABLED: usize = 24;
/** u32, seconds: the short window and the long one. */
export const HEAD_WINDOW: usize = 28;
export const HEAD_LONG_WINDOW: usize = 32;
/** u32: xorshift, for places given away at random; the generator of event ids is left alone. */
export const HEAD_DICE: usize = 36;
/** u32[16] by KIND_: the limit of each detector. */
export const HEAD_LIMITS: usize = 40;
/** u32 by direction: where the next attempt looks for a place to wait. */
export const HEAD_HANDS: usize = 104;
/** u32: attempts and connections waiting. */
export const HEAD_WAITING: usize = 112;
/** u32: marks in the younger filter of known services. */
export const HEAD_KNOWN: usize = 116;
/** u32, seconds: since when it is filled. */
export const HEAD_KNOWN_SINCE: usize = 120;
/** u32, ms, low half: when what is being counted has happened. */
export const HEAD_HAPPENED: usize = 124;
// Behind it, u32: how many detections there are (DETECTIONS_COUNT).
export const HEAD_SIZE: usize = <usize>DETECTIONS_FIRST;
export const HEAD_NEVER: i64 = i64.MAX_VALUE;

// --- attempts that wait for their answer, connections that wait for their end ------------------------------------------
/** usize: the flow record; 0: the place is free. */
export const WAIT_RECORD: usize = 0;
/** u32, ms, low half: when it began. */
export const WAIT_BEGUN: usize = 4;
/** u8: 0 attempt, 1 connection. */
export const WAIT_STAGE: usize = 8;
/** u8: of intervals already collected: quarters of a second from the beginning to the latest packet. */
export const WAIT_LASTED: usize = 9;
/** u8 by direction: of intervals already collected, as are packets (u16) and bytes (u16), both saturating. */
export const WAIT_FLAGS: usize = 10;
export const WAIT_PACKETS: usize = 12;
export const WAIT_BYTES: usize = 16;
export const WAIT_SIZE: usize = 20;
/** Of each direction. */
export const WAIT_MAX: usize = IS_LARGE ? 512 : 16;

// --- tallies ------------------------------------------------------------------------------------------------------------
/** u8[16]: the key's address where the key has one, else the latest peer. IPv4 as ::ffff:a.b.c.d. */
export const TALLY_ADDRESS: usize = 0;
/** u32: port, PROTOCOL_ << 16, family << 24; 0 where the key has none. */
export const TALLY_KEY: usize = 16;
/** u8: bits of tally.ts. */
export const TALLY_FLAGS: usize = 20;
/** u8: number of its detection's record + 1. */
export const TALLY_DETECTION: usize = 21;
/** u16, seconds, low half: since when it has been over its limit. */
export const TALLY_OVER_SINCE: usize = 22;
/** u32, seconds: when the present half of each window began. */
export const TALLY_BEGUN: usize = 24;
export const TALLY_LONG_BEGUN: usize = 28;
/** u16: marks of the present half, the same ones again included; saturates. */
export const TALLY_TOUCHES: usize = 32;
/** u16, quarters of a second, low half: the latest mark. */
export const TALLY_LAST: usize = 34;
/** u32, ms, low half: the first mark after a pause. */
export const TALLY_FIRST: usize = 36;
/** u8[16] the present half, u8[16] the one before. */
export const TALLY_SHORT: usize = 40;
/** u64 the present half, u64 the one before. */
export const TALLY_LONG: usize = 72;
export const TALLY_SIZE: usize = 88;

/** Rows by detector, of each direction. */
export const HOST_ROWS: usize = IS_LARGE ? 64 : 6;
export const PORT_ROWS: usize = IS_LARGE ? 64 : 6;
export const SWEEP_ROWS: usize = 1;
export const LOGIN_ROWS: usize = IS_LARGE ? 32 : 4;
export const TALLY_ROWS: usize = 2 * (HOST_ROWS + PORT_ROWS + SWEEP_ROWS + LOGIN_ROWS);

// --- keys seen with one thing only, known services, detections ----------------------------------------------------------
/** u32 each, of each direction; a power of two. */
export const SEEN_MAX: usize = IS_LARGE ? 2048 : 32;
/** Bytes of each of the two filters; a power of two. */
export const KNOWN_SIZE: usize = IS_LARGE ? 4096 : 64;
/** u32 each: protocol and port (horizontal-scan.ts); seconds of the latest answer, and of the latest silence of a known service. */
export const HABIT_KEY: usize = 0;
export const HABIT_ANSWERED: usize = 4;
export const HABIT_FAILED: usize = 8;
/** u32, seconds: since when it has been answered. */
export const HABIT_SINCE: usize = 12;
export const HABIT_SIZE: usize = 16;
export const HABIT_MAX: usize = IS_LARGE ? 16 : 6;

// --- meters: what comes by a second, of each kind and direction (meter.ts) ---------------------------------------------
/** u8[16]: the peer that most of it comes from or goes to, IPv4 as ::ffff:a.b.c.d; and how far it is ahead of the others, u16. */
export const METER_ADDRESS: usize = 0;
export const METER_ADDRESS_VOTES: usize = 40;
/** u32, thousandths: what came less what ordinarily comes; never below 0. */
export const METER_LEVEL: usize = 16;
/** u32, ms, low half: the latest one, and the first one since the level was 0. */
export const METER_LAST: usize = 20;
export const METER_FIRST: usize = 28;
/** u32: how many since then. */
export const METER_COUNT: usize = 24;
/** u32: how many that no detection has counted yet. */
export const METER_UNSAID: usize = 32;
/** u16: of those in no flow record, how many there were, and how many packets say that they were answered. */
export const METER_MERGED: usize = 36;
export const METER_FINISHED: usize = 38;
/** u16: the service's port that most of it has, and how far it is ahead of the others. */
export const METER_PORT_VOTES: usize = 42;
export const METER_PORT: usize = 44;
/** u16: bytes, about the latest thirty. */
export const METER_BYTES: usize = 46;
/** u16: learned normal, sixteenths a second; and how many so far in the present second. */
export const METER_NORMAL: usize = 48;
export const METER_SECOND: usize = 52;
/** u8: number of its detection's record + 1; u8: 1 while it waits to be judged. */
export const METER_DETECTION: usize = 50;
export const METER_WAITS: usize = 51;
/** u16, ms, low half: since when. */
export const METER_CROSSED: usize = 54;
/** u64, sixteen registers of four bits: how many different peers (Flajolet et al. 2007). */
export const METER_PEERS: usize = 56;
export const METER_SIZE: usize = 64;
export const METERS_MAX: usize = 8;

// --- tunnels: what payload says too much, of one peer (tunnel.ts) --------------------------------------------------------
/** u8[16]. */
export const TUNNEL_ADDRESS: usize = 0;
/** u32: bytes too many, or answers too odd, in thousandths; drains. */
export const TUNNEL_LEVEL: usize = 16;
/** u32, ms, low half: the latest of them, and the first since the level was 0. */
export const TUNNEL_LAST: usize = 20;
export const TUNNEL_FIRST: usize = 24;
/** u32: how many that no detection has counted yet. */
export const TUNNEL_UNSAID: usize = 28;
/** u32, ms, low half: when the younger set of sizes was begun. */
export const TUNNEL_TURNED: usize = 32;
/** u16: bytes of the latest answer. */
export const TUNNEL_ANSWER: usize = 36;
/** u8: number of its detection's record + 1; u8: direction of the questions + 1, 0: the place is free. */
export const TUNNEL_DETECTION: usize = 38;
export const TUNNEL_USED: usize = 39;
/** u64: sizes of the latest questions, a bit each; and of those before. */
export const TUNNEL_SIZES: usize = 40;
export const TUNNEL_OLD_SIZES: usize = 48;
export const TUNNEL_SIZE: usize = 56;
/** Through DNS, and through ICMP. */
export const TUNNELS_MAX: usize = IS_LARGE ? 16 : 2;
/** One detection as an event block has it, while it is written. */
export const EVENT_ITEM_SIZE: usize = 104;
export const DETECTION_MAX: usize = !HAS_DETECTION ? 0 : IS_LARGE ? 32 : 7;

// --- beacons (beacon.ts) -------------------------------------------------------------------------------------------------
/** u32, seconds, low half: when the device was first looked at; 0: not yet. */
export const BEACONS_SINCE: usize = 0;
/** u32, seconds: when somebody outside was last known to answer, and when a known service outside was last silent; 0: never. */
export const BEACONS_ANSWERED: usize = 4;
export const BEACONS_FAILED: usize = 8;
/** u8[EARLY_SIZE]: Bloom filter of the services that were called when the device was new. A power of two. */
export const BEACONS_EARLY: usize = 16;
export const EARLY_SIZE: usize = IS_LARGE ? 2048 : 64;
export const BEACONS_HEAD: usize = BEACONS_EARLY + EARLY_SIZE;
/** u32: hash of the remote address, protocol and port; 0: the row is free. */
export const BEACON_KEY: usize = 0;
/** u32, ms, low half: the latest call. */
export const BEACON_LAST: usize = 4;
/** u32, seconds, low half: the first call. */
export const BEACON_FIRST: usize = 8;
/** u32, ms: the period; 0: not yet. */
export const BEACON_PERIOD: usize = 12;
/** u16: how sure it is that the calls are steady. */
export const BEACON_SCORE: usize = 16;
/** u16: calls; saturates. */
export const BEACON_CALLS: usize = 18;
/** u16: the remote port, the local one of the latest call. */
export const BEACON_PORT: usize = 20;
export const BEACON_LOCAL_PORT: usize = 22;
/** u8: bits of beacon-rows.ts. */
export const BEACON_FLAGS: usize = 24;
/** u8: number of its detection's record + 1. */
export const BEACON_DETECTION: usize = 25;
export const BEACON_SIZE: usize = 28;
export const BEACON_ROWS: usize = IS_LARGE ? 256 : 16;
const BEACONS_SIZE: usize = (BEACONS_HEAD + BEACON_ROWS * BEACON_SIZE + 7) & ~7;

// --- indicators: prefixes of suspicious addresses, sorted, none within another (indicators.ts) ------------------------------
//
//   | IPv4 addresses ->  ... free ...  <- IPv6 addresses | lengths of IPv4 ->  ... free ...  <- of IPv6, one in four
//
/** IPv4 prefixes in each bank; an IPv6 one takes the place of four. */
export const INDICATOR_MAX: i32 = !HAS_DETECTION ? 0 : IS_LARGE ? 100_000 : 256;
/** A list in pieces is put together in a bank of its own. Without one a list has to come in one piece. */
export const INDICATOR_BANKS: u32 = IS_LARGE ? 2 : 1;
export const BANK_SIZE: usize = <usize>INDICATOR_MAX * 5;
/** u32: the bank in use. */
export const INDICATORS_BANK: usize = 0;
/** u32 by bank: its IPv4 prefixes, its IPv6 ones. */
export const INDICATORS_V4: usize = 4;
export const INDICATORS_V6: usize = 12;
/** u32: 1 while a list is being put together. */
export const INDICATORS_OPEN: usize = 20;
/** u64, u64: the last address so far, of a list that is being put together; numbers, IPv4 as ::ffff:a.b.c.d. */
export const INDICATORS_LAST: usize = 24;
export const INDICATORS_HEAD: usize = 40;
const INDICATORS_SIZE: usize = (INDICATORS_HEAD + <usize>INDICATOR_BANKS * BANK_SIZE + 7) & ~7;

// --- what was learned: endpoints of the device (first-contact.ts); saved and restored as it is -----------------------------
/** u32: 1. */
export const LEARNED_VERSION: usize = 0;
/** u32: LEARNING_ of schema/learned.ts. */
export const LEARNED_STATE: usize = 4;
/** u32, seconds that learning takes; 0: until a command. */
export const LEARNED_SECONDS: usize = 8;
/** u32: bytes of the filter. */
export const LEARNED_FILTER_SIZE: usize = 12;
/** i64, ms: when learning ends; 0: not known yet. */
export const LEARNED_UNTIL: usize = 16;
/** u64: key of the filters' hash; 0: not drawn yet. */
export const LEARNED_KEY: usize = 24;
/** u32: endpoints in the filter of those met since. */
export const LEARNED_MET: usize = 32;
/** u32: leading bits of a public IPv4 address that make an endpoint; of IPv6 twice as many. */
export const LEARNED_BITS: usize = 36;
export const LEARNED_FILTER: usize = 40;
/** A power of two; the filter of those met since is half as large. */
export const FILTER_SIZE: usize = IS_LARGE ? 32768 : 128;
export const MET_FILTER: usize = LEARNED_FILTER + FILTER_SIZE;
export const LEARNED_SIZE: i32 = HAS_DETECTION ? <i32>(MET_FILTER + (FILTER_SIZE >> 1)) : 0;

const TABLES_SIZE: usize =
  HEAD_SIZE +
  2 * WAIT_MAX * WAIT_SIZE +
  TALLY_ROWS * TALLY_SIZE +
  2 * SEEN_MAX * 4 +
  2 * KNOWN_SIZE +
  HABIT_MAX * HABIT_SIZE +
  EVENT_ITEM_SIZE +
  DETECTION_MAX * <usize>DETECTION_SIZE +
  BEACONS_SIZE +
  INDICATORS_SIZE +
  LEARNED_SIZE +
  METERS_MAX * METER_SIZE +
  2 * TUNNELS_MAX * TUNNEL_SIZE;
export const DETECT_SIZE: i32 = HAS_DETECTION ? <i32>TABLES_SIZE : 0;
export const DETECT: usize = HAS_DETECTION ? memory.data(DETECT_SIZE, 8) : 0;
export const DETECTIONS: usize = DETECT + HEAD_SIZE;
export const TALLIES: usize = DETECTIONS + DETECTION_MAX * <usize>DETECTION_SIZE;
export const WAITING: usize = TALLIES + TALLY_ROWS * TALLY_SIZE;
export const SEEN: usize = WAITING + 2 * WAIT_MAX * WAIT_SIZE;
export const KNOWN: usize = SEEN + 2 * SEEN_MAX * 4;
export const HABITS: usize = KNOWN + 2 * KNOWN_SIZE;
export const EVENT_ITEM: usize = HABITS + HABIT_MAX * HABIT_SIZE;
export const BEACONS: usize = EVENT_ITEM + EVENT_ITEM_SIZE;
export const INDICATORS: usize = BEACONS + BEACONS_SIZE;
export const LEARNED: usize = INDICATORS + INDICATORS_SIZE;
export const METERS: usize = LEARNED + LEARNED_SIZE;
export const TUNNELS: usize = METERS + METERS_MAX * METER_SIZE;
