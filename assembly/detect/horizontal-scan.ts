// Horizontal scan: many hosts failed at one port. Spread-based, as Snort's and Zeek's scan detectors have it; failures, not contacts (Jung et
// al. 2004): ordinary devices talk to many hosts, and are answered. Going in, what fails are pairs of a remote host and a local
// one: one scanner before many devices, or many scanners before one.

import { DIRECTION_IN } from '../memory';
import { hashOf } from './address';
import { nowSeconds } from './clock';
import { TALLY_BEGUN, TALLY_FLAGS, TALLY_SIZE, TALLY_TOUCHES } from './memory';
import { count, FLOODED, findRow, HOSTS, hasDetection, MIXED, shortCount, uncount } from './tally';

const SOME: u32 = 4;
/** Failed attempts a second that are a flood of spoofed sources rather than scanners. */
const FLOOD_RATE: u32 = 20;

export function hostFailed(
  direction: u32,
  high: u64,
  low: u64,
  localLow: u64,
  protocol: u32,
  port: u32,
  sure: bool,
): void {
  const host = hostHash(direction, high, low, localLow);
  count(HOSTS, direction, high, low, portKey(protocol, port), host, port, sure);
}

/** The host has answered after all. Whether it had been counted. */
export function hostAnswered(
  direction: u32,
  high: u64,
  low: u64,
  localLow: u64,
  protocol: u32,
  port: u32,
): bool {
  const host = hostHash(direction, high, low, localLow);
  return uncount(HOSTS, direction, high, low, portKey(protocol, port), host);
}

/** Whether a scan of this port is known already. */
export function isScannedPort(direction: u32, protocol: u32, port: u32): bool {
  return hasDetection(findRow(HOSTS, direction, 0, 0, portKey(protocol, port)));
}

/** Whether some hosts have failed at the port, scan or not. */
export function isFailing(direction: u32, protocol: u32, port: u32): bool {
  const row = findRow(HOSTS, direction, 0, 0, portKey(protocol, port));
  return row !== 0 && (hasDetection(row) || shortCount(HOSTS, row) >= SOME);
}

/** Spoofed sources make one host each; they are a flood's, however many there are. */
export function isFlood(direction: u32, row: usize): bool {
  if (direction !== DIRECTION_IN || !(load<u8>(row, TALLY_FLAGS) & MIXED)) return false;
  const seconds = nowSeconds() - load<u32>(row, TALLY_BEGUN) + 1;
  if (<u32>load<u16>(row, TALLY_TOUCHES) >= seconds * FLOOD_RATE) {
    store<u8>(row, load<u8>(row, TALLY_FLAGS) | FLOODED, TALLY_FLAGS);
  }
  return (load<u8>(row, TALLY_FLAGS) & FLOODED) !== 0;
}

function hostHash(direction: u32, high: u64, low: u64, localLow: u64): u32 {
  return hashOf(high, low, direction === DIRECTION_IN ? localLow : 0);
}

/** A known service was silent at the port: an outage. What failed there until now has its reason. */
export function excuseHosts(direction: u32, protocol: u32, port: u32): void {
  const row = findRow(HOSTS, direction, 0, 0, portKey(protocol, port));
  if (row !== 0 && !hasDetection(row)) memory.fill(row, 0, TALLY_SIZE);
}

/** Never 0. */
export function portKey(protocol: u32, port: u32): u32 {
  return port | ((protocol + 1) << 16);
}
