// Who is called, and how steadily: a row for each service the device has called, and who was called when the device was new.
//
// Rows run short: a television calls a thousand services a day. A free row goes to whoever comes; with a chance of one in four one whose calls
// have stopped does, else one of those least steady. So a service that is called again and again gets a row in the end, and
// keeps it from its second steady call on while there are rows that have none.

import { msSince, nowSeconds } from './clock';
import { throwDice } from './dice';
import {
  BEACON_CALLS,
  BEACON_DETECTION,
  BEACON_FIRST,
  BEACON_KEY,
  BEACON_LAST,
  BEACON_LOCAL_PORT,
  BEACON_PERIOD,
  BEACON_PORT,
  BEACON_ROWS,
  BEACON_SCORE,
  BEACON_SIZE,
  BEACONS,
  BEACONS_EARLY,
  BEACONS_HEAD,
  EARLY_SIZE,
} from './memory';

// BEACON_FLAGS.
/** It has answered, now or before the row was made. */
export const ANSWERED: u32 = 1;
/** It has refused. */
export const REFUSED: u32 = 2;
/** It was called when the device was new, before the row was made. */
export const EARLY: u32 = 4;
/** The latest call was answered. */
export const LIVES: u32 = 16;
/** It was found steady, and no beacon: a habit of the device. */
export const HABITUAL: u32 = 8;

/** ms: beyond the longest period. Calls of which the next one is later are none of a beacon. */
const FORGOTTEN: u32 = 6_000_000;

export function beaconAt(number: usize): usize {
  return BEACONS + BEACONS_HEAD + number * BEACON_SIZE;
}

/** 0: none. */
export function findBeacon(key: u32): usize {
  const end = beaconAt(BEACON_ROWS);
  for (let row = beaconAt(0); row < end; row += BEACON_SIZE) {
    if (load<u32>(row, BEACON_KEY) === key) return row;
  }
  return 0;
}

/** A new row, all but key, port and time zero; 0: none is given. */
export function claimBeacon(key: u32, port: u32, localPort: u32, last: u32): usize {
  const row = givenUp();
  if (row === 0) return 0;
  memory.fill(row, 0, BEACON_SIZE);
  store<u32>(row, key, BEACON_KEY);
  store<u32>(row, last, BEACON_LAST);
  store<u32>(row, nowSeconds(), BEACON_FIRST);
  store<u16>(row, 1, BEACON_CALLS);
  store<u16>(row, port, BEACON_PORT);
  store<u16>(row, localPort, BEACON_LOCAL_PORT);
  return row;
}

function givenUp(): usize {
  let found: usize = 0;
  let least: u32 = u32.MAX_VALUE;
  let equals: u32 = 1;
  const dice = throwDice();
  const isLucky = (dice & 3) === 0;
  const end = beaconAt(BEACON_ROWS);
  for (let row = beaconAt(0); row < end; row += BEACON_SIZE) {
    if (load<u32>(row, BEACON_KEY) === 0) return row;
    if (!isLucky || load<u8>(row, BEACON_DETECTION)) continue;
    const since = msSince(load<u32>(row, BEACON_LAST));
    if (since > FORGOTTEN) return row;
    const score: u32 = since / 8 > load<u32>(row, BEACON_PERIOD) ? 0 : load<u16>(row, BEACON_SCORE);
    // Any of the least ones, with the same chance.
    equals = score < least ? 1 : equals + 1;
    if (score < least || (score === least && (dice >> 8) % equals === 0)) {
      least = score;
      found = row;
    }
  }
  return found;
}

/** ms without a call after which a beacon's detection ends; 0: the detection is none of a beacon's. */
export function beaconQuiet(detection: u32): u32 {
  const row = beaconOf(detection);
  return row === 0 ? 0 : 3 * load<u32>(row, BEACON_PERIOD);
}

/** The detection's record is no longer its own: it begins anew. */
export function freeBeacon(detection: u32): void {
  for (let row = beaconOf(detection); row !== 0; row = beaconOf(detection)) memory.fill(row, 0, BEACON_SIZE);
}

function beaconOf(detection: u32): usize {
  const end = beaconAt(BEACON_ROWS);
  for (let row = beaconAt(0); row < end; row += BEACON_SIZE) {
    if (<u32>load<u8>(row, BEACON_DETECTION) === detection + 1) return row;
  }
  return 0;
}

/** Whether a service was called when the device was new. */
export function isEarly(key: u32): bool {
  for (let part: u32 = 0; part < 3; part++) {
    const bit = bitOf(key, part);
    if (!((load<u8>(BEACONS + (bit >> 3), BEACONS_EARLY) >> <u8>(bit & 7)) & 1)) return false;
  }
  return true;
}

export function rememberEarly(key: u32): void {
  for (let part: u32 = 0; part < 3; part++) {
    const bit = bitOf(key, part);
    const at = BEACONS + (bit >> 3);
    store<u8>(at, <u32>load<u8>(at, BEACONS_EARLY) | (1 << (bit & 7)), BEACONS_EARLY);
  }
}

/** As known-services.ts has it. */
function bitOf(key: u32, part: u32): u32 {
  return (key + part * ((key >> 16) | 1)) & (<u32>EARLY_SIZE * 8 - 1);
}
