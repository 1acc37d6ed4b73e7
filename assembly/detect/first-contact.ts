// First contact: an endpoint that the device has never spoken to while it was learned. An endpoint is a direction, a protocol, a service's
// port, and the peer: its address in the house, its network outside, where services move from one address to the next (24 leading bits of
// IPv4 and 48 of IPv6, unless configured otherwise). Off until something was learned.
//
// Two Bloom filters (Bloom 1970) of two bits an endpoint: what was learned, and what was met and told since; that one is emptied when it is half
// full. A full filter forgets to tell, and tells nothing that is not new: 128 bytes hold 100 endpoints with 3 % taken for known, 200 with
// 10 %. The hash has a key of its own, saved with the filter: the flow hash has another one after each start.

import { BAD_LENGTH, BAD_VALUE, BAD_VERSION, OK } from '../../schema/codes';
import { KIND_FIRST_CONTACT, SEVERITY_LOW } from '../../schema/detection-record';
import { LEARN_BEGIN, LEARN_END, LEARNING_DONE, LEARNING_OFF, LEARNING_ON } from '../../schema/learned';
import { AGENT, AGENT_MULTIPLIERS, INPUT } from '../memory';
import { isV4 } from './address';
import { isOutside } from './beacon';
import { nowMs, wakeAt } from './clock';
import {
  FILTER_SIZE,
  LEARNED,
  LEARNED_BITS,
  LEARNED_FILTER,
  LEARNED_FILTER_SIZE,
  LEARNED_KEY,
  LEARNED_MET,
  LEARNED_SECONDS,
  LEARNED_SIZE,
  LEARNED_STATE,
  LEARNED_UNTIL,
  LEARNED_VERSION,
  MET_FILTER,
} from './memory';
import { raise } from './raise';

const VERSION: u32 = 1;
const NETWORK_BITS: u32 = 24;
/** Half of its bits are set by a third as many endpoints. */
const MET_MAX: u32 = ((<u32>FILTER_SIZE >> 1) * 8) / 3;

export function setLearningDefaults(): void {
  store<u32>(LEARNED, VERSION, LEARNED_VERSION);
  store<u32>(LEARNED, FILTER_SIZE, LEARNED_FILTER_SIZE);
  store<u32>(LEARNED, NETWORK_BITS, LEARNED_BITS);
}

/** Learning for so many seconds from now on; as long as before: it goes on, or is done, as it was. 0: off. */
export function learnFor(seconds: u32): void {
  if (seconds === load<u32>(LEARNED, LEARNED_SECONDS)) return;
  store<u32>(LEARNED, seconds, LEARNED_SECONDS);
  if (seconds === 0) store<u32>(LEARNED, LEARNING_OFF, LEARNED_STATE);
  else begin();
}

export function setNetworkBits(bits: u32): void {
  store<u32>(LEARNED, bits, LEARNED_BITS);
}

export function obeyLearn(command: u32): i32 {
  if (command === <u32>LEARN_BEGIN) begin();
  else if (command === <u32>LEARN_END) end();
  else return BAD_VALUE;
  return OK;
}

/** What was saved stands in INPUT[0, length). */
export function restore(length: i32): i32 {
  if (length !== LEARNED_SIZE) return BAD_LENGTH;
  if (load<u32>(INPUT, LEARNED_VERSION) !== VERSION) return BAD_VERSION;
  if (load<u32>(INPUT, LEARNED_FILTER_SIZE) !== <u32>FILTER_SIZE) return BAD_VALUE;
  if (load<u32>(INPUT, LEARNED_STATE) > <u32>LEARNING_DONE) return BAD_VALUE;
  if (!areNetworkBits(load<u32>(INPUT, LEARNED_BITS))) return BAD_VALUE;
  memory.copy(LEARNED, INPUT, <usize>LEARNED_SIZE);
  return OK;
}

export function areNetworkBits(bits: u32): bool {
  return bits >= 8 && bits <= 32;
}

/** The clock was set: learning takes its time from now on. */
export function learnAnew(): void {
  if (load<u32>(LEARNED, LEARNED_STATE) === LEARNING_ON) store<i64>(LEARNED, 0, LEARNED_UNTIL);
}

/** An attempt, whoever makes it. */
export function endpointMet(direction: u32, high: u64, low: u64, protocol: u32, port: u32): void {
  const state = load<u32>(LEARNED, LEARNED_STATE);
  if (state === LEARNING_OFF) return;
  const endpoint = endpointOf(direction, high, low, protocol, port);
  if (state === LEARNING_ON && !isOver()) {
    add(LEARNED_FILTER, FILTER_SIZE, endpoint);
    return;
  }
  if (isIn(LEARNED_FILTER, FILTER_SIZE, endpoint) || isIn(MET_FILTER, FILTER_SIZE >> 1, endpoint)) return;
  let met = load<u32>(LEARNED, LEARNED_MET) + 1;
  if (met > MET_MAX) {
    memory.fill(LEARNED + MET_FILTER, 0, FILTER_SIZE >> 1);
    met = 1;
  }
  store<u32>(LEARNED, met, LEARNED_MET);
  add(MET_FILTER, FILTER_SIZE >> 1, endpoint);
  raise(KIND_FIRST_CONTACT, SEVERITY_LOW, direction, protocol, 1, 1, nowMs(), high, low, port);
  wakeAt(nowMs() + 1);
}

function begin(): void {
  store<u32>(LEARNED, LEARNING_ON, LEARNED_STATE);
  store<i64>(LEARNED, 0, LEARNED_UNTIL);
  store<u64>(LEARNED, 0, LEARNED_KEY);
  store<u32>(LEARNED, 0, LEARNED_MET);
  memory.fill(LEARNED + LEARNED_FILTER, 0, FILTER_SIZE + (FILTER_SIZE >> 1));
}

function end(): void {
  if (load<u32>(LEARNED, LEARNED_STATE) === LEARNING_ON) {
    store<u32>(LEARNED, LEARNING_DONE, LEARNED_STATE);
  }
}

/** Whether the time to learn is over. It is counted from the first endpoint on: before start there is no clock. */
function isOver(): bool {
  const seconds = load<u32>(LEARNED, LEARNED_SECONDS);
  if (seconds === 0) return false;
  const until = load<i64>(LEARNED, LEARNED_UNTIL);
  if (until === 0) {
    store<i64>(LEARNED, nowMs() + <i64>seconds * 1000, LEARNED_UNTIL);
    return false;
  }
  if (nowMs() < until) return false;
  end();
  return true;
}

function endpointOf(direction: u32, high: u64, low: u64, protocol: u32, port: u32): u64 {
  let first = high;
  let second = low;
  if (isOutside(high, low)) {
    const bits = load<u32>(LEARNED, LEARNED_BITS);
    if (isV4(high, low)) {
      const mask = bswap<u32>(<u32>(u32.MAX_VALUE << (32 - bits)));
      second = low & (((<u64>mask) << 32) | 0xffff_ffff);
    } else {
      first = high & bswap<u64>(u64.MAX_VALUE << (64 - ((<u64>bits) << 1)));
      second = 0;
    }
  }
  const key = keyOf();
  let sum = mix(first ^ key);
  sum = mix(sum ^ second);
  return mix(sum ^ (((<u64>port) << 8) | (protocol << 1) | direction));
}

function keyOf(): u64 {
  const key = load<u64>(LEARNED, LEARNED_KEY);
  if (key !== 0) return key;
  const drawn = mix(load<u64>(AGENT, AGENT_MULTIPLIERS) ^ load<u64>(AGENT, AGENT_MULTIPLIERS + 16)) | 1;
  store<u64>(LEARNED, drawn, LEARNED_KEY);
  return drawn;
}

/** The finalizer of splitmix64 (Stafford's mix 13). */
function mix(value: u64): u64 {
  let sum = (value ^ (value >> 30)) * 0xbf58_476d_1ce4_e5b9;
  sum = (sum ^ (sum >> 27)) * 0x94d0_49bb_1331_11eb;
  return sum ^ (sum >> 31);
}

function add(filter: usize, size: usize, endpoint: u64): void {
  setBit(filter, <u32>endpoint & (<u32>size * 8 - 1));
  setBit(filter, <u32>(endpoint >> 32) & (<u32>size * 8 - 1));
}

function setBit(filter: usize, bit: u32): void {
  const at = LEARNED + filter + (bit >> 3);
  store<u8>(at, <u32>load<u8>(at) | (1 << (bit & 7)));
}

function isIn(filter: usize, size: usize, endpoint: u64): bool {
  const one = <u32>endpoint & (<u32>size * 8 - 1);
  const other = <u32>(endpoint >> 32) & (<u32>size * 8 - 1);
  return bitAt(filter, one) && bitAt(filter, other);
}

function bitAt(filter: usize, bit: u32): bool {
  return ((load<u8>(LEARNED + filter + (bit >> 3)) >> <u8>(bit & 7)) & 1) !== 0;
}
