// ICMP tunnel: echo whose answers are not echoes. RFC 792 has the data come back as it was sent, so whatever the size of a ping, that of its
// answer is the same; in a tunnel each side says what it has to say. An answer is odd when no question of the last seconds had its
// size; where questions and answers keep one size each, some host cuts what it answers, and nothing is said.

import { msSince, nowMs } from './clock';
import { TUNNEL_ANSWER, TUNNEL_OLD_SIZES, TUNNEL_SIZES, TUNNEL_TURNED } from './memory';
import { addOddity, claimTunnel, findTunnel, THROUGH_ICMP, touchTunnel } from './tunnel';

/** ms: answers come within it. */
const TURN: u32 = 2000;

export function echoAsked(direction: u32, high: u64, low: u64, bytes: u32): void {
  let place = findTunnel(THROUGH_ICMP, direction, high, low);
  if (place === 0) {
    place = claimTunnel(THROUGH_ICMP, direction, high, low);
    if (place === 0) return;
    store<u32>(place, <u32>nowMs(), TUNNEL_TURNED);
  }
  touchTunnel(THROUGH_ICMP, place);
  if (msSince(load<u32>(place, TUNNEL_TURNED)) > TURN) {
    store<u64>(place, load<u64>(place, TUNNEL_SIZES), TUNNEL_OLD_SIZES);
    store<u64>(place, 0, TUNNEL_SIZES);
    store<u32>(place, <u32>nowMs(), TUNNEL_TURNED);
  }
  store<u64>(place, load<u64>(place, TUNNEL_SIZES) | bitOf(bytes), TUNNEL_SIZES);
}

/** direction: of the question. */
export function echoAnswered(direction: u32, high: u64, low: u64, bytes: u32): void {
  const place = findTunnel(THROUGH_ICMP, direction, high, low);
  if (place === 0) return;
  const sizes = load<u64>(place, TUNNEL_SIZES) | load<u64>(place, TUNNEL_OLD_SIZES);
  const before: u32 = load<u16>(place, TUNNEL_ANSWER);
  store<u16>(place, min<u32>(bytes, 0xffff), TUNNEL_ANSWER);
  if (sizes & bitOf(bytes)) return;
  if (popcnt<u64>(sizes) < 2 && (before === 0 || before === bytes)) return;
  addOddity(THROUGH_ICMP, place, 1);
}

function bitOf(bytes: u32): u64 {
  return (<u64>1) << ((bytes * 0x9e37_79b1) >> 26);
}
