// Who tried how many different things: rows of two small bitmaps over two windows, by key. A bit is the hash of the thing counted; how
// many things there were follows from how many bits are set (linear counting: Whang, Vander-Zanden and Taylor 1990).
//
// A window is two halves: the present one fills, the one before still counts, so the window slides by half its length. Rows
// are turned when they are looked at. A full table gives up the row with the fewest things, never one whose detection goes on.

import { hashOf } from './address';
import { msSince, nowMs, nowSeconds, wakeAt } from './clock';
import { addPeer, addPort, growDetection } from './detections';
import { otherThing } from './first-seen';
import {
  DETECT,
  HEAD_HAPPENED,
  HEAD_LONG_WINDOW,
  HEAD_WINDOW,
  HOST_ROWS,
  LOGIN_ROWS,
  PORT_ROWS,
  SWEEP_ROWS,
  TALLIES,
  TALLY_ADDRESS,
  TALLY_BEGUN,
  TALLY_DETECTION,
  TALLY_FIRST,
  TALLY_FLAGS,
  TALLY_KEY,
  TALLY_LAST,
  TALLY_LONG,
  TALLY_LONG_BEGUN,
  TALLY_SHORT,
  TALLY_SIZE,
  TALLY_TOUCHES,
} from './memory';

/** Which tables there are, two each. */
export const HOSTS: u32 = 0;
export const PORTS: u32 = 1;
export const SWEEPS: u32 = 2;
export const LOGINS: u32 = 3;
export const TABLES: u32 = 4;

// TALLY_FLAGS.
const USED: u32 = 1;
/** Marks were added since it was judged. */
export const DIRTY: u32 = 2;
/** Some of its marks may still be taken away by an answer. */
export const UNSURE: u32 = 4;
export const OVER: u32 = 8;
/** More than one peer. */
export const MIXED: u32 = 16;
/** A flood of spoofed sources, until half a window has less than a mark a second. */
export const FLOODED: u32 = 32;

const SHORT_BITS: u32 = 128;
const LONG_BITS: u32 = 64;
/** Fuller than this the short bitmap tells new things from old ones no more. */
const SHORT_FULL: u32 = 112;
/** Seconds: a window that lies ahead. The clock was set back; nobody knows how long ago that was, so the marks stay. */
const AHEAD: u32 = 0x8000_0000;
/** Quarters of a second. */
const PAUSE: u32 = 400;
/** ms: until what was merged is judged again. */
const SETTLE: i64 = 1000;

export function rowsOf(table: u32): usize {
  return table === HOSTS
    ? HOST_ROWS
    : table === PORTS
      ? PORT_ROWS
      : table === SWEEPS
        ? SWEEP_ROWS
        : LOGIN_ROWS;
}

export function firstRow(table: u32, direction: u32): usize {
  const before: usize =
    table === HOSTS
      ? 0
      : table === PORTS
        ? 2 * HOST_ROWS
        : table === SWEEPS
          ? 2 * (HOST_ROWS + PORT_ROWS)
          : 2 * (HOST_ROWS + PORT_ROWS + SWEEP_ROWS);
  return TALLIES + (before + <usize>direction * rowsOf(table)) * TALLY_SIZE;
}

/** Whether the address is part of the key: whoever is scanned, or scans, port after port. */
function hasAddress(table: u32): bool {
  return table === PORTS;
}

/** Connections come by once each: plain numbers stand in the place of the bitmaps. */
function isPlain(table: u32): bool {
  return table === LOGINS;
}

/** Whether anybody can make any number of keys: a row then needs a second thing. */
function mayCrowd(table: u32): bool {
  return table === HOSTS || table === PORTS;
}

export function findRow(table: u32, direction: u32, high: u64, low: u64, key: u32): usize {
  const anyAddress = !hasAddress(table);
  let row = firstRow(table, direction);
  for (let left = rowsOf(table); left > 0; left--) {
    if (load<u8>(row, TALLY_FLAGS) && load<u32>(row, TALLY_KEY) === key) {
      if (anyAddress) return row;
      if (load<u64>(row, TALLY_ADDRESS) === high && load<u64>(row, TALLY_ADDRESS + 8) === low) return row;
    }
    row += TALLY_SIZE;
  }
  return 0;
}

export function hasDetection(row: usize): bool {
  return row !== 0 && load<u8>(row, TALLY_DETECTION) !== 0;
}

/** One thing more of a key. peer, port: what the detection shows. sure: no answer can take it away again. */
export function count(
  table: u32,
  direction: u32,
  high: u64,
  low: u64,
  key: u32,
  hash: u32,
  port: u32,
  sure: bool,
): void {
  const thing = hash >> 25;
  let row = findRow(table, direction, high, low, key);
  if (row !== 0) turn(row);
  if (row === 0 || !load<u8>(row, TALLY_FLAGS)) {
    let other: i32 = -1;
    if (mayCrowd(table)) {
      const name = hasAddress(table) ? hashOf(high, low, key) : hashOf(0, 0, key);
      other = otherThing(direction, name + table * 0x9e37_79b9, thing);
      if (other < 0) return;
    }
    row = claimRow(table, direction);
    if (row === 0) return;
    beginRow(row, high, low, key);
    if (other >= 0) mark(table, row, other);
  }
  let flags: u32 = load<u8>(row, TALLY_FLAGS) | DIRTY;
  if (!sure) flags |= UNSURE;
  if (load<u64>(row, TALLY_ADDRESS) !== high || load<u64>(row, TALLY_ADDRESS + 8) !== low) {
    flags |= MIXED;
    store<u64>(row, high, TALLY_ADDRESS);
    store<u64>(row, low, TALLY_ADDRESS + 8);
  }
  store<u8>(row, flags, TALLY_FLAGS);
  store<u16>(row, min<u32>(<u32>load<u16>(row, TALLY_TOUCHES) + 1, 0xffff), TALLY_TOUCHES);
  noteTime(row);
  const added = mark(table, row, thing);
  const detection: u32 = load<u8>(row, TALLY_DETECTION);
  if (detection !== 0) {
    growDetection(detection - 1, added);
    addPeer(detection - 1, high, low);
    addPort(detection - 1, port);
  } else {
    wakeAt(nowMs() + SETTLE);
  }
}

/** An answer came after all: its mark goes, and with it at worst that of another thing with the same hash. */
export function uncount(table: u32, direction: u32, high: u64, low: u64, key: u32, hash: u32): bool {
  const row = findRow(table, direction, high, low, key);
  if (row === 0) return false;
  const thing = hash >> 25;
  const there = bitAt(row + TALLY_SHORT, thing) || bitAt(row + TALLY_SHORT + 16, thing);
  clearBit(row + TALLY_SHORT, thing);
  clearBit(row + TALLY_SHORT + 16, thing);
  clearBit(row + TALLY_LONG, thing >> 1);
  clearBit(row + TALLY_LONG + 8, thing >> 1);
  return there;
}

/** Things in the short window. */
export function shortCount(table: u32, row: usize): u32 {
  if (isPlain(table)) return load<u32>(row, TALLY_SHORT) + load<u32>(row, TALLY_SHORT + 16);
  return estimate(shortSet(row), SHORT_BITS);
}

/** Things in the long window. */
export function longCount(table: u32, row: usize): u32 {
  if (isPlain(table)) return load<u32>(row, TALLY_LONG) + load<u32>(row, TALLY_LONG + 8);
  return estimate(longSet(row), LONG_BITS);
}

/** How many things set so many bits: the first takes one, the next one of bits / (bits - 1) ... Rounded. */
function estimate(set: u32, bits: u32): u32 {
  let sum: u32 = 128;
  for (let i: u32 = 0; i < set; i++) sum += (bits << 8) / (bits - i);
  return sum >> 8;
}

/** ms since 1970 of the first mark after a pause. */
export function firstMs(row: usize): i64 {
  const since = msSince(load<u32>(row, TALLY_FIRST));
  const most = (load<u32>(DETECT, HEAD_LONG_WINDOW) + 1) * 1000;
  return nowMs() - <i64>(since > most ? 0 : since);
}

/** Begins new halves where time has come; a row of which nothing is left is free. */
export function turn(row: usize): void {
  const now = nowSeconds();
  const half = load<u32>(DETECT, HEAD_WINDOW) >> 1;
  let since = now - load<u32>(row, TALLY_BEGUN);
  if (since > AHEAD) {
    store<u32>(row, now, TALLY_BEGUN);
  } else if (since >= half) {
    const isNext = since < 2 * half;
    store<u64>(row, isNext ? load<u64>(row, TALLY_SHORT) : 0, TALLY_SHORT + 16);
    store<u64>(row, isNext ? load<u64>(row, TALLY_SHORT + 8) : 0, TALLY_SHORT + 24);
    store<u64>(row, 0, TALLY_SHORT);
    store<u64>(row, 0, TALLY_SHORT + 8);
    store<u32>(row, isNext ? load<u32>(row, TALLY_BEGUN) + half : now, TALLY_BEGUN);
    if (<u32>load<u16>(row, TALLY_TOUCHES) < half)
      store<u8>(row, load<u8>(row, TALLY_FLAGS) & ~FLOODED, TALLY_FLAGS);
    store<u16>(row, 0, TALLY_TOUCHES);
  }
  const longHalf = load<u32>(DETECT, HEAD_LONG_WINDOW) >> 1;
  since = now - load<u32>(row, TALLY_LONG_BEGUN);
  if (since > AHEAD) {
    store<u32>(row, now, TALLY_LONG_BEGUN);
  } else if (since >= longHalf) {
    const isNext = since < 2 * longHalf;
    store<u64>(row, isNext ? load<u64>(row, TALLY_LONG) : 0, TALLY_LONG + 8);
    store<u64>(row, 0, TALLY_LONG);
    store<u32>(row, isNext ? load<u32>(row, TALLY_LONG_BEGUN) + longHalf : now, TALLY_LONG_BEGUN);
  }
  if (load<u8>(row, TALLY_DETECTION) === 0 && (shortSet(row) | longSet(row)) === 0) {
    store<u8>(row, 0, TALLY_FLAGS);
  }
}

/** Whose detection has ended begins anew. */
export function freeRows(detection: u32): void {
  let row = TALLIES;
  const end = firstRow(TABLES - 1, 1) + rowsOf(TABLES - 1) * TALLY_SIZE;
  for (; row < end; row += TALLY_SIZE) {
    if (<u32>load<u8>(row, TALLY_DETECTION) === detection + 1) memory.fill(row, 0, TALLY_SIZE);
  }
}

function claimRow(table: u32, direction: u32): usize {
  let fewest: u32 = u32.MAX_VALUE;
  let found: usize = 0;
  let row = firstRow(table, direction);
  for (let left = rowsOf(table); left > 0; left--) {
    if (load<u8>(row, TALLY_FLAGS)) turn(row);
    if (!load<u8>(row, TALLY_FLAGS)) return row;
    const things = shortSet(row) + longSet(row);
    if (load<u8>(row, TALLY_DETECTION) === 0 && things < fewest) {
      fewest = things;
      found = row;
    }
    row += TALLY_SIZE;
  }
  return found;
}

function beginRow(row: usize, high: u64, low: u64, key: u32): void {
  memory.fill(row, 0, TALLY_SIZE);
  const now = nowSeconds();
  store<u64>(row, high, TALLY_ADDRESS);
  store<u64>(row, low, TALLY_ADDRESS + 8);
  store<u32>(row, key, TALLY_KEY);
  store<u8>(row, USED, TALLY_FLAGS);
  store<u32>(row, now, TALLY_BEGUN);
  store<u32>(row, now, TALLY_LONG_BEGUN);
  const happened = load<u32>(DETECT, HEAD_HAPPENED);
  store<u32>(row, happened, TALLY_FIRST);
  store<u16>(row, happened / 250, TALLY_LAST);
}

/** After a pause it begins anew: what had failed an hour before is not the beginning of a scan. */
function noteTime(row: usize): void {
  const happened = load<u32>(DETECT, HEAD_HAPPENED);
  const quarters = happened / 250;
  const pause = (quarters - load<u16>(row, TALLY_LAST)) & 0xffff;
  if (pause > PAUSE && pause < 0x8000) store<u32>(row, happened, TALLY_FIRST);
  store<u16>(row, quarters, TALLY_LAST);
}

/** How many things more, in 1/256: 0 where it was marked already, more than one where other things hide behind full marks. */
function mark(table: u32, row: usize, thing: u32): u32 {
  if (isPlain(table)) {
    store<u32>(row, load<u32>(row, TALLY_SHORT) + 1, TALLY_SHORT);
    store<u32>(row, load<u32>(row, TALLY_LONG) + 1, TALLY_LONG);
    return 256;
  }
  setBit(row + TALLY_LONG, thing >> 1);
  const isNew = !bitAt(row + TALLY_SHORT, thing) && !bitAt(row + TALLY_SHORT + 16, thing);
  const set = shortSet(row);
  setBit(row + TALLY_SHORT, thing);
  if (!isNew) return 0;
  if (set >= SHORT_FULL && load<u8>(row, TALLY_DETECTION) !== 0) {
    memory.fill(row + TALLY_SHORT, 0, 32);
    setBit(row + TALLY_SHORT, thing);
  }
  return (SHORT_BITS << 8) / (SHORT_BITS - set);
}

function shortSet(row: usize): u32 {
  const low = load<u64>(row, TALLY_SHORT) | load<u64>(row, TALLY_SHORT + 16);
  const high = load<u64>(row, TALLY_SHORT + 8) | load<u64>(row, TALLY_SHORT + 24);
  return <u32>(popcnt<u64>(low) + popcnt<u64>(high));
}

function longSet(row: usize): u32 {
  return <u32>popcnt<u64>(load<u64>(row, TALLY_LONG) | load<u64>(row, TALLY_LONG + 8));
}

function bitAt(bits: usize, bit: u32): bool {
  return ((load<u8>(bits + (bit >> 3)) >> <u8>(bit & 7)) & 1) !== 0;
}

function setBit(bits: usize, bit: u32): void {
  const at = bits + (bit >> 3);
  store<u8>(at, <u32>load<u8>(at) | (1 << (bit & 7)));
}

function clearBit(bits: usize, bit: u32): void {
  const at = bits + (bit >> 3);
  store<u8>(at, <u32>load<u8>(at) & ~(1 << (bit & 7)));
}
