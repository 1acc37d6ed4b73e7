// What DNS and ICMP tunnels have in common: one peer, and payload that does not belong there, more than is ever needed. Each peer
// of which something was odd has a place with a leaky bucket; the least odd one goes when places run short.

import { msSince, nowMs, wakeAt } from './clock';
import {
  DETECT,
  HEAD_LIMITS,
  TUNNEL_ADDRESS,
  TUNNEL_DETECTION,
  TUNNEL_FIRST,
  TUNNEL_LAST,
  TUNNEL_LEVEL,
  TUNNEL_SIZE,
  TUNNEL_UNSAID,
  TUNNEL_USED,
  TUNNELS,
  TUNNELS_MAX,
} from './memory';

/** Kinds of tunnels: KIND_DNS_TUNNEL and the one behind it. */
export const THROUGH_DNS: u32 = 0;
export const THROUGH_ICMP: u32 = 1;
export const FIRST_TUNNEL: u32 = 10;

/** A full bucket takes ten minutes to drain. */
const DRAIN_SECONDS: u32 = 600;
/** ms. */
const SETTLE: i64 = 1000;

export function limitOfTunnel(kind: u32): u32 {
  return load<u32>(DETECT + ((<usize>(kind + FIRST_TUNNEL)) << 2), HEAD_LIMITS);
}

/** number: below TUNNELS_MAX. */
export function placeAt(kind: u32, number: usize): usize {
  return TUNNELS + (<usize>kind * TUNNELS_MAX + number) * TUNNEL_SIZE;
}

/** The place of a peer, 0: none. direction: of the questions. */
export function findTunnel(kind: u32, direction: u32, high: u64, low: u64): usize {
  for (let number: usize = 0; number < TUNNELS_MAX; number++) {
    const place = placeAt(kind, number);
    if (<u32>load<u8>(place, TUNNEL_USED) !== direction + 1) continue;
    if (load<u64>(place, TUNNEL_ADDRESS) === high && load<u64>(place, TUNNEL_ADDRESS + 8) === low)
      return place;
  }
  return 0;
}

/** A place for a peer that has none: the emptiest, of those the one that has been quiet for longest. 0: all are tunnels. */
export function claimTunnel(kind: u32, direction: u32, high: u64, low: u64): usize {
  let found: usize = 0;
  let least: u64 = u64.MAX_VALUE;
  for (let number: usize = 0; number < TUNNELS_MAX; number++) {
    const place = placeAt(kind, number);
    if (load<u8>(place, TUNNEL_DETECTION)) continue;
    drainTunnel(kind, place);
    const quiet = min<u32>(msSince(load<u32>(place, TUNNEL_LAST)), 0x7fff_ffff);
    const rank = ((<u64>load<u32>(place, TUNNEL_LEVEL)) << 32) | (0x8000_0000 - quiet);
    if (load<u8>(place, TUNNEL_USED) && rank >= least) continue;
    found = place;
    if (!load<u8>(place, TUNNEL_USED)) break;
    least = rank;
  }
  if (found === 0) return 0;
  memory.fill(found, 0, TUNNEL_SIZE);
  store<u64>(found, high, TUNNEL_ADDRESS);
  store<u64>(found, low, TUNNEL_ADDRESS + 8);
  store<u8>(found, direction + 1, TUNNEL_USED);
  store<u32>(found, <u32>nowMs(), TUNNEL_LAST);
  return found;
}

/** Something odd, `much` of it. */
export function addOddity(kind: u32, place: usize, much: u32): void {
  const limit = limitOfTunnel(kind);
  drainTunnel(kind, place);
  const level = load<u32>(place, TUNNEL_LEVEL);
  if (level === 0 && load<u8>(place, TUNNEL_DETECTION) === 0) {
    store<u32>(place, <u32>nowMs(), TUNNEL_FIRST);
    store<u32>(place, 0, TUNNEL_UNSAID);
  }
  const raised = <u32>min<u64>(<u64>level + <u64>much * 1000, <u64>limit * 1250);
  store<u32>(place, raised, TUNNEL_LEVEL);
  const unsaid = load<u32>(place, TUNNEL_UNSAID);
  store<u32>(place, unsaid + much < unsaid ? u32.MAX_VALUE : unsaid + much, TUNNEL_UNSAID);
  if (raised >= limit * 1000) wakeAt(nowMs() + SETTLE);
}

export function touchTunnel(kind: u32, place: usize): void {
  drainTunnel(kind, place);
}

function drainTunnel(kind: u32, place: usize): void {
  const passed = msSince(load<u32>(place, TUNNEL_LAST));
  const elapsed: u32 = passed > 0x8000_0000 ? 0 : passed;
  const sunk = (<u64>elapsed * limitOfTunnel(kind)) / DRAIN_SECONDS;
  const level = load<u32>(place, TUNNEL_LEVEL);
  store<u32>(place, level > sunk ? level - <u32>sunk : 0, TUNNEL_LEVEL);
  store<u32>(place, <u32>nowMs(), TUNNEL_LAST);
}

/** Whether most of the way to a tunnel with this peer has been gone. */
export function isTunnelled(direction: u32, high: u64, low: u64): bool {
  const place = findTunnel(THROUGH_ICMP, direction, high, low);
  if (place === 0) return false;
  return (
    load<u8>(place, TUNNEL_DETECTION) !== 0 ||
    load<u32>(place, TUNNEL_LEVEL) >= limitOfTunnel(THROUGH_ICMP) * 500
  );
}

export function freeTunnels(detection: u32): void {
  for (let kind: u32 = THROUGH_DNS; kind <= THROUGH_ICMP; kind++) {
    for (let number: usize = 0; number < TUNNELS_MAX; number++) {
      const place = placeAt(kind, number);
      if (<u32>load<u8>(place, TUNNEL_DETECTION) === detection + 1) memory.fill(place, 0, TUNNEL_SIZE);
    }
  }
}
