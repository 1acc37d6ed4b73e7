// Configuration: a block is checked whole, then applied whole; a refused one leaves everything as it was.
// Layout of the block in schema/configuration-block.ts.

import { BAD_LENGTH, BAD_VALUE, BAD_VERSION, OK, UNKNOWN_KEY, UNSUPPORTED_FORMAT } from '../schema/codes';
import {
  COLLECTOR_COUNT,
  COLLECTOR_NETWORK_ACTIVITY,
  CONFIGURATION_HEADER,
  CONFIGURATION_VERSION,
  ENTRY_HEADER,
  FORMAT_2_3,
  FORMAT_3_0_FLATBUFFERS,
  FORMAT_3_0_PROTOBUF,
  GROUP_COUNT,
  GROUP_HIGH,
  GROUP_LOW,
  INTERVAL_MAX_SECONDS,
  INTERVAL_MIN_SECONDS,
  KEY_BATCH_DELAY,
  KEY_CACHE_SIZE,
  KEY_COLLECTORS,
  KEY_DETECTION,
  KEY_FIRST_COLLECTION,
  KEY_FORMAT,
  KEY_HARDWARE,
  KEY_INTERVALS,
  KEY_KERNEL,
  KEY_LOCAL_V4,
  KEY_LOCAL_V6,
  KEY_NETWORK_STACK,
  KEY_OS,
  KEY_OWN_CONNECTIONS,
  KEY_PENDING_TIME,
  KEY_PROTOCOLS,
  KEY_SEED,
  KEY_SEND_EMPTY,
  KEY_SPOOL,
  KEY_UNICAST_ONLY,
} from '../schema/configuration-block';
import { STATUS_FAULT_KEY } from '../schema/status';
import { finishBatch } from './batch';
import { collectAtOnce } from './collect';
import { hasActivity } from './collectors/network-activity';
import { setText } from './collectors/system-information';
import { applyDetection, areDetectionSettings, setDetectionDefaults } from './detect/settings';
import { markOwn } from './flow/own-connections';
import { mergeTable, usedRecords } from './flow/table';
import {
  AGENT,
  AGENT_BATCH_DELAY,
  AGENT_CACHE_SIZE,
  AGENT_COUNTED_PROTOCOLS,
  AGENT_ENABLED,
  AGENT_FIRST_COLLECTION,
  AGENT_FORMAT,
  AGENT_GROUP,
  AGENT_INTERVALS,
  AGENT_LOCALS_V4_END,
  AGENT_LOCALS_V6_END,
  AGENT_OWN_END,
  AGENT_PENDING_TIME,
  AGENT_PROTOCOLS,
  AGENT_SEND_EMPTY,
  AGENT_SPOOL,
  AGENT_UNICAST_ONLY,
  AGENT_WAITING,
  FAMILY_V4,
  FAMILY_V6,
  FLOW_MAX,
  HAS_2_3,
  HAS_3_0,
  HAS_DETECTION,
  HAS_FLATBUFFERS_3_0,
  INPUT,
  INPUT_SIZE,
  LOCAL_MAX,
  LOCAL_V4_SIZE,
  LOCAL_V6_SIZE,
  LOCALS_V4,
  LOCALS_V6,
  OWN_CONNECTIONS,
  OWN_MAX,
  OWN_SIZE,
  STATUS,
  TEXT_MAX,
} from './memory';
import { seed } from './random';
import { enabledCollectors, isEnabled, now, scheduleAnew, setNow, updateDue } from './schedule';
import { isCollecting, isStarted } from './state';
import { isUtf8 } from './utf8';

const SEED_SIZE: u32 = 32;
const LOCAL_V4_ENTRY: u32 = 8;
const LOCAL_V6_ENTRY: u32 = 20;
const ALL_PROTOCOLS: u32 = 7;
/** Seconds. */
const BATCH_DELAY: u32 = 60;
const BATCH_DELAY_MAX: u32 = 3_600;
const ACTIVITY: u32 = 1 << COLLECTOR_NETWORK_ACTIVITY;

/** The reference agent's defaults (docs/abi.md); schema 2.3 batches nothing. */
function setDefaults(): void {
  store<u32>(AGENT, 10, AGENT_INTERVALS);
  store<u32>(AGENT, 30, AGENT_INTERVALS + 4);
  store<u32>(AGENT, 60, AGENT_INTERVALS + 8);
  // Network activity high; system information and heartbeat low.
  store<u32>(AGENT, 0x0001_0101, AGENT_ENABLED);
  store<u32>(AGENT, 0x0002_0200, AGENT_GROUP);
  store<u32>(AGENT, ALL_PROTOCOLS, AGENT_PROTOCOLS);
  store<u32>(AGENT, ALL_PROTOCOLS, AGENT_COUNTED_PROTOCOLS);
  store<u32>(AGENT, 1, AGENT_UNICAST_ONLY);
  store<u32>(AGENT, FLOW_MAX, AGENT_CACHE_SIZE);
  store<u32>(AGENT, 30, AGENT_FIRST_COLLECTION);
  store<u32>(AGENT, 300, AGENT_PENDING_TIME);
  store<u32>(AGENT, HAS_2_3 ? FORMAT_2_3 : FORMAT_3_0_PROTOBUF, AGENT_FORMAT);
  if (HAS_3_0) store<u32>(AGENT, BATCH_DELAY, AGENT_BATCH_DELAY);
  if (HAS_DETECTION) setDetectionDefaults();
}

/** Before anything else is asked of the core. */
export function prepare(): void {
  if (load<u32>(AGENT, AGENT_CACHE_SIZE) === 0) setDefaults();
}

/** The block stands in INPUT[0, length). */
export function applyConfiguration(length: i32): i32 {
  store<u32>(STATUS, 0, STATUS_FAULT_KEY);
  if (length < <i32>CONFIGURATION_HEADER || length > INPUT_SIZE || length & 3) return BAD_LENGTH;
  if (load<u32>(INPUT) !== CONFIGURATION_VERSION) return BAD_VERSION;
  const end = INPUT + length;
  const fault = checkEntries(end);
  if (fault !== OK) return fault;

  if (changesCounting(end) && isStarted()) {
    // What was collected so far is sent first; what finds no room, or no hub, goes on under "everything else" and waits.
    if (hasActivity()) {
      const others = load<u32>(AGENT, AGENT_WAITING) & ~ACTIVITY;
      store<u32>(AGENT, ACTIVITY, AGENT_WAITING);
      if (isCollecting()) collectAtOnce(ACTIVITY, now());
      store<u32>(AGENT, load<u32>(AGENT, AGENT_WAITING) | others, AGENT_WAITING);
    }
    mergeTable(FAMILY_V4);
    mergeTable(FAMILY_V6);
  }
  if (HAS_3_0 && changesMore(end)) finishBatch();
  for (let at = INPUT + CONFIGURATION_HEADER; at < end; at = nextEntry(at)) {
    applyEntry(load<u16>(at), at + ENTRY_HEADER, load<u16>(at, 2));
  }
  // A collector switched off stays silent, but for what the flows have counted before.
  const mayWait = enabledCollectors() | (hasActivity() ? ACTIVITY : 0);
  store<u32>(AGENT, load<u32>(AGENT, AGENT_WAITING) & mayWait, AGENT_WAITING);
  store<u32>(
    AGENT,
    isEnabled(COLLECTOR_NETWORK_ACTIVITY) ? load<u32>(AGENT, AGENT_PROTOCOLS) : 0,
    AGENT_COUNTED_PROTOCOLS,
  );
  if (isStarted()) updateDue();
  return OK;
}

function checkEntries(end: usize): i32 {
  for (let at = INPUT + CONFIGURATION_HEADER; at < end; at = nextEntry(at)) {
    const length: u32 = load<u16>(at, 2);
    store<u32>(STATUS, load<u16>(at), STATUS_FAULT_KEY);
    if (length > <u32>(end - at) - ENTRY_HEADER) return BAD_LENGTH;
    const fault = checkEntry(load<u16>(at), at + ENTRY_HEADER, length);
    if (fault !== OK) return fault;
  }
  store<u32>(STATUS, 0, STATUS_FAULT_KEY);
  return OK;
}

function checkEntry(key: u32, value: usize, length: u32): i32 {
  if (HAS_DETECTION && key === KEY_DETECTION) return areDetectionSettings(value, length) ? OK : BAD_VALUE;
  switch (key) {
    case KEY_SEED:
      return length === SEED_SIZE ? OK : BAD_VALUE;
    case KEY_INTERVALS:
      return areIntervals(value, length) ? OK : BAD_VALUE;
    case KEY_COLLECTORS:
      return areCollectors(value, length) ? OK : BAD_VALUE;
    case KEY_CACHE_SIZE:
      return isNumber(value, length, 1, FLOW_MAX);
    case KEY_PROTOCOLS:
      return isNumber(value, length, 0, ALL_PROTOCOLS);
    case KEY_UNICAST_ONLY:
    case KEY_SEND_EMPTY:
    case KEY_SPOOL:
      return isNumber(value, length, 0, 1);
    case KEY_LOCAL_V4:
      return areEntries(value, length, LOCAL_V4_ENTRY, LOCAL_MAX, 0, 32);
    case KEY_LOCAL_V6:
      return areEntries(value, length, LOCAL_V6_ENTRY, LOCAL_MAX, 0, 128);
    case KEY_OS:
    case KEY_KERNEL:
    case KEY_NETWORK_STACK:
    case KEY_HARDWARE:
      return length <= <u32>TEXT_MAX && isUtf8(value, value + length) ? OK : BAD_VALUE;
    case KEY_FIRST_COLLECTION:
      return isNumber(value, length, 0, INTERVAL_MAX_SECONDS);
    case KEY_PENDING_TIME:
      return isNumber(value, length, 1, INTERVAL_MAX_SECONDS);
    case KEY_FORMAT:
      if (length !== 4) return BAD_VALUE;
      if (HAS_3_0 && load<u32>(value) === FORMAT_3_0_PROTOBUF) return OK;
      if (HAS_FLATBUFFERS_3_0 && load<u32>(value) === FORMAT_3_0_FLATBUFFERS) return OK;
      return HAS_2_3 && load<u32>(value) === FORMAT_2_3 ? OK : UNSUPPORTED_FORMAT;
    case KEY_BATCH_DELAY:
      return isNumber(value, length, 0, HAS_3_0 ? BATCH_DELAY_MAX : 0);
    case KEY_OWN_CONNECTIONS:
      // A remote port that is not 0: a later fragment, which has none, is no own connection's.
      return areEntries(value, length, OWN_SIZE, OWN_MAX, 0x1_0000, u32.MAX_VALUE);
    default:
      return UNKNOWN_KEY;
  }
}

function applyEntry(key: u32, value: usize, length: u32): void {
  if (HAS_DETECTION && key === KEY_DETECTION) applyDetection(value, length);
  switch (key) {
    case KEY_SEED:
      // A new hash would lose the records that are in the index.
      seed(value, (usedRecords(FAMILY_V4) | usedRecords(FAMILY_V6)) === 0);
      break;
    case KEY_INTERVALS:
      memory.copy(AGENT + AGENT_INTERVALS, value, GROUP_COUNT << 2);
      if (isStarted()) {
        scheduleAnew(now());
        setNow(now());
      }
      break;
    case KEY_COLLECTORS:
      for (let at = value; at < value + length; at += 4) {
        store<u8>(AGENT + load<u8>(at), load<u8>(at, 1), AGENT_ENABLED);
        store<u8>(AGENT + load<u8>(at), load<u8>(at, 2), AGENT_GROUP);
      }
      break;
    case KEY_CACHE_SIZE:
      setNumber(AGENT_CACHE_SIZE, value);
      break;
    case KEY_PROTOCOLS:
      setNumber(AGENT_PROTOCOLS, value);
      break;
    case KEY_UNICAST_ONLY:
      setNumber(AGENT_UNICAST_ONLY, value);
      break;
    case KEY_SEND_EMPTY:
      setNumber(AGENT_SEND_EMPTY, value);
      break;
    case KEY_SPOOL:
      setNumber(AGENT_SPOOL, value);
      break;
    case KEY_LOCAL_V4:
      setLocalsV4(value, length);
      break;
    case KEY_LOCAL_V6:
      setLocalsV6(value, length);
      break;
    case KEY_OS:
    case KEY_KERNEL:
    case KEY_NETWORK_STACK:
    case KEY_HARDWARE:
      setText(key - KEY_OS, value, length);
      break;
    case KEY_FIRST_COLLECTION:
      setNumber(AGENT_FIRST_COLLECTION, value);
      break;
    case KEY_PENDING_TIME:
      setNumber(AGENT_PENDING_TIME, value);
      break;
    case KEY_FORMAT:
      setNumber(AGENT_FORMAT, value);
      break;
    case KEY_BATCH_DELAY:
      setNumber(AGENT_BATCH_DELAY, value);
      break;
    case KEY_OWN_CONNECTIONS:
      memory.copy(OWN_CONNECTIONS, value, length);
      store<u32>(AGENT, OWN_CONNECTIONS + length, AGENT_OWN_END);
      markOwn(FAMILY_V4);
      markOwn(FAMILY_V6);
      break;
    default:
      break;
  }
}

/**
 * Whether flows counted under the new configuration would not mean the same as under the old. Own connections are left
 * out: they change at every reconnect, and reconnects must not make messages. What was counted of one before it was known
 * to be the agent's own stays in its record and is reported when it is due (flow/own-connections.ts).
 */
function changesCounting(end: usize): bool {
  for (let at = INPUT + CONFIGURATION_HEADER; at < end; at = nextEntry(at)) {
    const key: u32 = load<u16>(at);
    if (
      key === KEY_COLLECTORS ||
      key === KEY_CACHE_SIZE ||
      key === KEY_PROTOCOLS ||
      key === KEY_UNICAST_ONLY ||
      key === KEY_LOCAL_V4 ||
      key === KEY_LOCAL_V6
    ) {
      return true;
    }
  }
  return false;
}

/** A reconnect alone changes nothing of a message that waits. */
function changesMore(end: usize): bool {
  for (let at = INPUT + CONFIGURATION_HEADER; at < end; at = nextEntry(at)) {
    if (load<u16>(at) !== KEY_OWN_CONNECTIONS) return true;
  }
  return false;
}

function nextEntry(at: usize): usize {
  return at + ENTRY_HEADER + ((<u32>load<u16>(at, 2) + 3) & ~3);
}

function isNumber(value: usize, length: u32, least: u32, most: u32): i32 {
  return length === 4 && load<u32>(value) >= least && load<u32>(value) <= most ? OK : BAD_VALUE;
}

function setNumber(field: usize, value: usize): void {
  store<u32>(AGENT + field, load<u32>(value));
}

/** Each from 1 s to 30 days, high <= medium <= low. */
function areIntervals(value: usize, length: u32): bool {
  if (length !== GROUP_COUNT << 2) return false;
  let before: u32 = INTERVAL_MIN_SECONDS;
  for (let group: i32 = GROUP_HIGH; group <= GROUP_LOW; group++) {
    const seconds = load<u32>(value + (group << 2));
    if (seconds < before || seconds > <u32>INTERVAL_MAX_SECONDS) return false;
    before = seconds;
  }
  return true;
}

function areCollectors(value: usize, length: u32): bool {
  if (length === 0 || length & 3) return false;
  for (let at = value; at < value + length; at += 4) {
    if (<i32>load<u8>(at) >= COLLECTOR_COUNT || load<u8>(at, 1) > 1) return false;
    if (<i32>load<u8>(at, 2) >= GROUP_COUNT || load<u8>(at, 3) !== 0) return false;
  }
  return true;
}

/** `most` entries or fewer. Each ends in four bytes: prefix length and three for later use, or local and remote port. */
function areEntries(value: usize, length: u32, size: u32, most: u32, tailLeast: u32, tailMost: u32): i32 {
  if (length % size !== 0 || length > most * size) return BAD_VALUE;
  for (let at = value; at < value + length; at += size) {
    const tail = load<u32>(at + size - 4);
    if (tail < tailLeast || tail > tailMost) return BAD_VALUE;
  }
  return OK;
}

function setLocalsV4(value: usize, length: u32): void {
  let local = LOCALS_V4;
  for (let at = value; at < value + length; at += LOCAL_V4_ENTRY) {
    store<u32>(local, load<u32>(at));
    store<u32>(local, broadcastOf(load<u32>(at), load<u8>(at, 4)), 4);
    local += LOCAL_V4_SIZE;
  }
  store<u32>(AGENT, local, AGENT_LOCALS_V4_END);
}

/** The subnet's broadcast address, network order; 0 where there is none: prefix unknown, or 31 and 32 (RFC 3021). */
function broadcastOf(address: u32, prefix: u32): u32 {
  if (prefix === 0 || prefix > 30) return 0;
  return address | bswap<u32>(<u32>0xffffffff >> prefix);
}

function setLocalsV6(value: usize, length: u32): void {
  let local = LOCALS_V6;
  for (let at = value; at < value + length; at += LOCAL_V6_ENTRY) {
    memory.copy(local, at, LOCAL_V6_SIZE);
    local += LOCAL_V6_SIZE;
  }
  store<u32>(AGENT, local, AGENT_LOCALS_V6_END);
}
