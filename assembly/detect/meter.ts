// How much of one kind comes by in one direction, above what is normal. A leaky bucket (Turner 1986): each thing fills it, time drains
// it at a pace learned from calm times, and at the limit the meter waits a second to be judged: what is answered by then was no
// flood. So a burst of a tenth of a second counts as much as a minute of a trickle.
//
// Nothing is kept by source. The peer and the port that most things have are found by majority vote (Boyer and Moore 1981), and how
// many different peers there are by sixteen registers (HyperLogLog, Flajolet et al. 2007): spoofed sources take up no memory.

import { DIRECTION_IN } from '../memory';
import { hashOf } from './address';
import { msSince, nowMs, wakeAt } from './clock';
import { addPeer, addPort, seePeers } from './detections';
import {
  DETECT,
  HEAD_LIMITS,
  METER_ADDRESS,
  METER_ADDRESS_VOTES,
  METER_BYTES,
  METER_COUNT,
  METER_CROSSED,
  METER_DETECTION,
  METER_FINISHED,
  METER_FIRST,
  METER_LAST,
  METER_LEVEL,
  METER_MERGED,
  METER_NORMAL,
  METER_PEERS,
  METER_PORT,
  METER_PORT_VOTES,
  METER_SECOND,
  METER_SIZE,
  METER_UNSAID,
  METER_WAITS,
  METERS,
  METERS_MAX,
} from './memory';

/** Kinds of meters, two each: KIND_SYN_FLOOD and the three behind it. */
export const SYNS: u32 = 0;
export const DATAGRAMS: u32 = 1;
export const ECHOES: u32 = 2;
export const REFLECTIONS: u32 = 3;
export const FIRST_KIND: u32 = 4;

/** Thousandths. */
export const ONE: u32 = 1000;
/** ms from the limit to the judgement: whoever is there has answered by then. */
const JUDGED_AFTER: u32 = 1000;
/** ms: a pause after which nothing is left. */
const PAUSE: u32 = 600_000;
/** A level stops at so many times the limit: a flood that has been there for long drains as fast as a short one. */
const LEVEL_MOST: u32 = 2;
/** Limits a second that normal can grow to: nobody can teach it to let more pass. */
const NORMAL_MOST: u32 = 4;

export function meterOf(kind: u32, direction: u32): usize {
  return METERS + <usize>(2 * kind + direction) * METER_SIZE;
}

export function limitOfMeter(kind: u32): u32 {
  return load<u32>(DETECT + ((<usize>(kind + FIRST_KIND)) << 2), HEAD_LIMITS);
}

/** One thing more. weight: thousandths; isPart: where a detection goes on, it is one of what it counts. */
export function feed(
  kind: u32,
  direction: u32,
  high: u64,
  low: u64,
  port: u32,
  bytes: u32,
  weight: u32,
  isPart: bool,
): void {
  const meter = meterOf(kind, direction);
  const limit = limitOfMeter(kind);
  drain(kind, meter);
  const now = <u32>nowMs();
  let level = load<u32>(meter, METER_LEVEL);
  if (level === 0) begin(kind, direction, meter, now);
  const most = limit * LEVEL_MOST * ONE;
  level = min<u32>(level + weight, most);
  store<u32>(meter, level, METER_LEVEL);
  store<u32>(meter, addOne(load<u32>(meter, METER_COUNT)), METER_COUNT);
  vote(meter, high, low, port);
  countPeer(meter, high, low);
  const mean: u32 = load<u16>(meter, METER_BYTES);
  store<u16>(
    meter,
    mean === 0 ? min<u32>(bytes, 0x7fff) : mean + ((<i32>min<u32>(bytes, 0x7fff) - <i32>mean) >> 5),
    METER_BYTES,
  );
  store<u16>(meter, min<u32>(<u32>load<u16>(meter, METER_SECOND) + 1, 0xffff), METER_SECOND);
  const detection: u32 = load<u8>(meter, METER_DETECTION);
  if (detection !== 0) {
    if (!isPart) return;
    if (load<u32>(meter, METER_UNSAID) === 0) wakeAt(nowMs() + JUDGED_AFTER);
    store<u32>(meter, addOne(load<u32>(meter, METER_UNSAID)), METER_UNSAID);
  } else if (level >= limit * ONE && !load<u8>(meter, METER_WAITS)) {
    store<u8>(meter, 1, METER_WAITS);
    store<u16>(meter, now, METER_CROSSED);
    wakeAt(nowMs() + JUDGED_AFTER);
  }
}

/** So many of one flow, which are a flood by themselves. */
export function feedMany(
  kind: u32,
  direction: u32,
  high: u64,
  low: u64,
  port: u32,
  bytes: u32,
  many: u32,
): void {
  feed(kind, direction, high, low, port, bytes, limitOfMeter(kind) * ONE, true);
  const meter = meterOf(kind, direction);
  const count = load<u32>(meter, METER_COUNT);
  store<u32>(meter, count + many < count ? u32.MAX_VALUE : count + many - 1, METER_COUNT);
  if (load<u32>(meter, METER_UNSAID)) store<u32>(meter, many, METER_UNSAID);
  store<u64>(meter, high, METER_ADDRESS);
  store<u64>(meter, low, METER_ADDRESS + 8);
  store<u16>(meter, port, METER_PORT);
  store<u16>(meter, 0x7fff, METER_ADDRESS_VOTES);
  store<u16>(meter, 0x7fff, METER_PORT_VOTES);
}

/** Whether it waits to be judged and has waited long enough; wakes for it if not. */
export function isRipe(meter: usize): bool {
  if (!load<u8>(meter, METER_WAITS)) return false;
  const waited: u32 = (<u32>nowMs() - load<u16>(meter, METER_CROSSED)) & 0xffff;
  if (waited < JUDGED_AFTER) {
    wakeAt(nowMs() + <i64>(JUDGED_AFTER - waited));
    return false;
  }
  store<u8>(meter, 0, METER_WAITS);
  return true;
}

/** Lets the level sink to what it is by now, and learns what is normal. */
export function drain(kind: u32, meter: usize): void {
  const last = load<u32>(meter, METER_LAST);
  const passed = msSince(last);
  if (passed === 0) return;
  // The clock was set back: no time has passed.
  const elapsed: u32 = passed > 0x8000_0000 ? 0 : passed;
  const limit = limitOfMeter(kind);
  const level = load<u32>(meter, METER_LEVEL);
  const sunk = elapsed > PAUSE ? <u64>u32.MAX_VALUE : (<u64>elapsed * paceOf(kind, meter, limit)) / 60;
  store<u32>(meter, level > sunk ? level - <u32>sunk : 0, METER_LEVEL);
  const now = <u32>nowMs();
  if (now / 1000 !== last / 1000) {
    if (load<u8>(meter, METER_DETECTION) === 0) learn(meter, limit, elapsed / 1000);
    store<u16>(meter, 0, METER_SECOND);
  }
  store<u32>(meter, now, METER_LAST);
}

/** Things a minute that are drained: a fifth of the limit a second, or twice what is normal here; the limit where it is of hosts. */
function paceOf(kind: u32, meter: usize, limit: u32): u64 {
  if (kind === REFLECTIONS) return limit;
  return 60 * max<u64>(limit / 5, load<u16>(meter, METER_NORMAL) >> 3);
}

/** A mean over four minutes. */
function learn(meter: usize, limit: u32, seconds: u32): void {
  let normal: i32 = load<u16>(meter, METER_NORMAL);
  const now = (<i32>load<u16>(meter, METER_SECOND)) << 4;
  normal += (now - normal) >> 8;
  normal -= <i32>((<u32>normal * min<u32>(seconds, 256)) >> 8);
  const most = min<u32>((limit * NORMAL_MOST) << 3, 0xffff);
  store<u16>(meter, min<u32>(max<i32>(normal, 0), most), METER_NORMAL);
}

/** After calm: who and where is found anew, though a detection may go on. */
function begin(kind: u32, direction: u32, meter: usize, now: u32): void {
  store<u32>(meter, now, METER_FIRST);
  store<u32>(meter, 0, METER_COUNT);
  if (load<u8>(meter, METER_DETECTION) === 0) store<u32>(meter, 0, METER_UNSAID);
  store<u64>(meter, 0, METER_PEERS);
  store<u32>(meter, 0, METER_ADDRESS_VOTES);
  store<u16>(meter, 0, METER_BYTES);
  store<u8>(meter, 0, METER_WAITS);
  if (kind < ECHOES || (kind === REFLECTIONS && direction !== DIRECTION_IN)) forgetMerged(meter);
}

/** In no flow record. Of echoes and reflections: questions whose answer has not come yet. */
export function addMerged(meter: usize, more: u32): void {
  const merged: u32 = load<u16>(meter, METER_MERGED) + more;
  if (merged <= 0xffff) {
    store<u16>(meter, merged, METER_MERGED);
    return;
  }
  store<u16>(meter, 0x8000, METER_MERGED);
  store<u16>(meter, load<u16>(meter, METER_FINISHED) >> 1, METER_FINISHED);
}

/** A packet of a flow without a record that was answered. */
export function addFinished(kind: u32, direction: u32): void {
  const meter = meterOf(kind, direction);
  const finished: u32 = load<u16>(meter, METER_FINISHED);
  if (finished < 0xffff) store<u16>(meter, finished + 1, METER_FINISHED);
}

export function forgetMerged(meter: usize): void {
  store<u32>(meter, 0, METER_MERGED);
}

/** An answer: whether there was a question for it. */
export function takeQuestion(kind: u32, direction: u32): bool {
  const meter = meterOf(kind, direction);
  const asked: u32 = load<u16>(meter, METER_MERGED);
  if (asked === 0) return false;
  store<u16>(meter, asked - 1, METER_MERGED);
  return true;
}

export function isPeer(meter: usize, high: u64, low: u64): bool {
  return load<u64>(meter, METER_ADDRESS) === high && load<u64>(meter, METER_ADDRESS + 8) === low;
}

/** Whether one peer has the most of it: more than three fifths. */
export function hasOnePeer(meter: usize): bool {
  return isMajority(meter, load<u16>(meter, METER_ADDRESS_VOTES));
}

export function hasOnePort(meter: usize): bool {
  return isMajority(meter, load<u16>(meter, METER_PORT_VOTES));
}

function isMajority(meter: usize, votes: u32): bool {
  return votes >= min<u32>((load<u32>(meter, METER_COUNT) >> 2) + 1, 0x3fff);
}

function vote(meter: usize, high: u64, low: u64, port: u32): void {
  let votes: u32 = load<u16>(meter, METER_ADDRESS_VOTES);
  if (votes === 0) {
    store<u64>(meter, high, METER_ADDRESS);
    store<u64>(meter, low, METER_ADDRESS + 8);
    votes = 1;
  } else {
    votes = isPeer(meter, high, low) ? min<u32>(votes + 1, 0x7fff) : votes - 1;
  }
  store<u16>(meter, votes, METER_ADDRESS_VOTES);
  votes = load<u16>(meter, METER_PORT_VOTES);
  if (votes === 0) {
    store<u16>(meter, port, METER_PORT);
    votes = 1;
  } else {
    votes = <u32>load<u16>(meter, METER_PORT) === port ? min<u32>(votes + 1, 0x7fff) : votes - 1;
  }
  store<u16>(meter, votes, METER_PORT_VOTES);
}

function countPeer(meter: usize, high: u64, low: u64): void {
  const hash = hashOf(high, low, 0);
  const shift: u64 = (hash & 15) << 2;
  const rank = min<u64>(ctz<u32>((hash >> 4) | 0x800_0000) + 1, 15);
  const registers = load<u64>(meter, METER_PEERS);
  if (((registers >> shift) & 15) >= rank) return;
  store<u64>(meter, (registers & ~((<u64>15) << shift)) | (rank << shift), METER_PEERS);
}

/** How many different peers: few by the registers that are left empty, many by how rare the rarest are. */
export function peersOf(meter: usize): u32 {
  const registers = load<u64>(meter, METER_PEERS);
  let sum: u32 = 0;
  let few: u32 = 128;
  let used: u32 = 0;
  for (let at: u64 = 0; at < 64; at += 4) {
    const rank = <u32>(registers >> at) & 15;
    sum += 0x8000 >> rank;
    if (rank === 0) continue;
    few += (16 << 8) / (16 - used);
    used++;
  }
  // 0.673 * 16 * 16 * 2^15.
  return used < 14 ? few >> 8 : 5_645_926 / sum;
}

/** Who and where, into the meter's detection. */
export function showMeter(meter: usize, index: u32): void {
  addPeer(index, load<u64>(meter, METER_ADDRESS), load<u64>(meter, METER_ADDRESS + 8));
  seePeers(index, hasOnePeer(meter) ? 1 : peersOf(meter));
  addPort(index, load<u16>(meter, METER_PORT));
}

/** ms since 1970 of the first one. */
export function firstOf(meter: usize): i64 {
  return nowMs() - <i64>min<u32>(msSince(load<u32>(meter, METER_FIRST)), PAUSE);
}

export function freeMeters(detection: u32): void {
  const end = METERS + METERS_MAX * METER_SIZE;
  for (let meter = METERS; meter < end; meter += METER_SIZE) {
    if (<u32>load<u8>(meter, METER_DETECTION) !== detection + 1) continue;
    store<u8>(meter, 0, METER_DETECTION);
    store<u32>(meter, 0, METER_LEVEL);
  }
}

function addOne(count: u32): u32 {
  return count === u32.MAX_VALUE ? count : count + 1;
}
