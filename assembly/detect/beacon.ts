// Beacon: the device calls one service (address, protocol, port) at a steady period, and is answered shortly, refused, or not at all.
//
// How steady: a sequential test (Wald 1945; Jung et al. 2004 for scans) on the times between calls. Each is held against the period so far, a
// mean of the latest ones: within 5/16 of it the score goes up by one, else down by two, and at nothing the period begins anew. Jitter of
// 20 % (RITA's and others' figures for implants) never leaves that band; calls that know nothing of each other are in it one time in
// four, so the score of ordinary traffic stays near nothing however long it is looked at. Back-off is no steady period.
//
// What is steady and no beacon is told apart by what surrounds it (docs/detection.md): time and names are asked for steadily;
// what has ever answered and falls silent is an outage, as is silence while known services are silent, too; and a service that
// was called from the first period on is a habit, unless it is called in a way that hardly a device has.

import { PROTOCOL_TCP, PROTOCOL_UDP } from '../../schema/configuration-block';
import { KIND_BEACON, SEVERITY_MEDIUM } from '../../schema/detection-record';
import { STATUS_STARTED } from '../../schema/status';
import { isNearV4, isNearV6 } from '../local-addresses';
import { DIRECTION_OUT, IS_LARGE, STATUS } from '../memory';
import { hashOf, isV4 } from './address';
import {
  ANSWERED,
  beaconAt,
  claimBeacon,
  EARLY,
  findBeacon,
  HABITUAL,
  isEarly,
  LIVES,
  REFUSED,
  rememberEarly,
} from './beacon-rows';
import { isWeb } from './brute-force';
import { msSince, nowMs, nowSeconds, wakeAt } from './clock';
import { growDetection } from './detections';
import { isAnsweredPort } from './habits';
import { portKey } from './horizontal-scan';
import { limitOf } from './limit';
import {
  BEACON_CALLS,
  BEACON_DETECTION,
  BEACON_FIRST,
  BEACON_FLAGS,
  BEACON_KEY,
  BEACON_LAST,
  BEACON_LOCAL_PORT,
  BEACON_PERIOD,
  BEACON_PORT,
  BEACON_ROWS,
  BEACON_SCORE,
  BEACON_SIZE,
  BEACONS,
  BEACONS_ANSWERED,
  BEACONS_FAILED,
  BEACONS_SINCE,
} from './memory';
import { raise } from './raise';

/** ms: calls closer than this, or than a quarter of the period, are one: pages and retries make several. */
const BURST: u32 = 1500;
/** ms: from 2 s to 1 h, and the jitter of each. */
const LONGEST: u32 = 4_500_000;
/** ms: TCP sends a SYN again for so long. */
const RETRANSMISSION: u32 = 35_000;
/** Seconds: who is called in the first quarter of an hour belongs to the device. */
const NEW_DEVICE: u32 = 900;
/** Seconds, 2001: clocks that were never set are before. */
const CLOCK_UNSET: u32 = 978_307_200;
/** ms: hardly a device makes a new connection to the same host as often. */
const FAST: u32 = 9_000;
/** Seconds that silence has to last: while others answer; where nobody else was asked; and where others were answered at the port. */
const SILENCE: u32 = 120;
const SILENCE_ALONE: u32 = 900;
const SILENCE_USUAL_PORT: u32 = 43_200;
/** The port of names: a resolver in the house answers from what it remembers, line or not. */
const NAMES: u32 = 53;
/** The period is a mean of so many times. */
const MEMORY: u32 = 8;

/** The device calls a service. known: it has answered before. */
export function serviceCalled(
  high: u64,
  low: u64,
  localLow: u64,
  protocol: u32,
  port: u32,
  localPort: u32,
  known: bool,
): void {
  if (isDuty(protocol, port)) return;
  if (load<u32>(BEACONS, BEACONS_SINCE) === 0) lookFrom(load<i64>(STATUS, STATUS_STARTED));
  const key = keyOf(high, low, localLow, protocol, port);
  const isNew = nowSeconds() - load<u32>(BEACONS, BEACONS_SINCE) < NEW_DEVICE;
  const wasEarly = isEarly(key);
  if (isNew) rememberEarly(key);
  let row = findBeacon(key);
  const now = <u32>nowMs();
  if (row === 0) {
    row = claimBeacon(key, port, localPort, now);
    if (row !== 0) addFlags(row, (known ? ANSWERED : 0) | (wasEarly ? EARLY : 0));
    return;
  }
  if (known) addFlags(row, ANSWERED);
  const gap = msSince(load<u32>(row, BEACON_LAST));
  // The same socket: a datagram or a SYN more, no new call.
  if (<u32>load<u16>(row, BEACON_LOCAL_PORT) === localPort) {
    if (protocol === PROTOCOL_UDP || gap < RETRANSMISSION) return;
  }
  if (gap < max<u32>(BURST, load<u32>(row, BEACON_PERIOD) >> 2)) return;
  store<u32>(row, now, BEACON_LAST);
  store<u16>(row, localPort, BEACON_LOCAL_PORT);
  store<u16>(row, min<u32>(<u32>load<u16>(row, BEACON_CALLS) + 1, 0xffff), BEACON_CALLS);
  const isSteady = score(row, gap);
  const detection: u32 = load<u8>(row, BEACON_DETECTION);
  if (detection !== 0) {
    if (isSteady) growDetection(detection - 1, 256);
    return;
  }
  if (<u32>load<u16>(row, BEACON_SCORE) < limitOf(KIND_BEACON)) return;
  if (isPeace(row, high, low, protocol)) return;
  // The end of the second of the first call: never before it.
  const first = min<i64>(
    nowMs(),
    nowMs() - <i64>(nowSeconds() - load<u32>(row, BEACON_FIRST)) * 1000 + 999 - (nowMs() % 1000),
  );
  const calls: u32 = load<u16>(row, BEACON_CALLS);
  const limit = limitOf(KIND_BEACON);
  const index = raise(
    KIND_BEACON,
    SEVERITY_MEDIUM,
    DIRECTION_OUT,
    protocol,
    calls,
    limit,
    first,
    high,
    low,
    port,
  );
  store<u8>(row, index + 1, BEACON_DETECTION);
  wakeAt(nowMs() + 1000);
}

/** The clock has jumped: whether it was set back, or set at all. */
export function clockWasSet(): bool {
  const since = load<u32>(BEACONS, BEACONS_SINCE);
  return since > nowSeconds() || since < CLOCK_UNSET;
}

/** The device is looked at from `time` on. */
export function lookFrom(time: i64): void {
  store<u32>(BEACONS, max<u32>(<u32>(<u64>time / 1000), 1), BEACONS_SINCE);
}

/** What became of a call. reaction: ANSWERED | LIVES, REFUSED, or 0: silence. */
export function serviceReacted(
  high: u64,
  low: u64,
  localLow: u64,
  protocol: u32,
  port: u32,
  reaction: u32,
): void {
  if (reaction !== 0 && isOutside(high, low) && port !== NAMES) {
    store<u32>(BEACONS, nowSeconds(), BEACONS_ANSWERED);
  }
  const row = findBeacon(keyOf(high, low, localLow, protocol, port));
  if (row === 0) return;
  store<u8>(row, (<u32>load<u8>(row, BEACON_FLAGS) & ~LIVES) | reaction, BEACON_FLAGS);
}

/** A known service was silent. */
export function knownWasSilent(high: u64, low: u64): void {
  if (isOutside(high, low)) store<u32>(BEACONS, nowSeconds(), BEACONS_FAILED);
}

function keyOf(high: u64, low: u64, localLow: u64, protocol: u32, port: u32): u32 {
  // A gateway's machines call each in their own time.
  const caller: u64 = IS_LARGE ? (localLow ^ (localLow >> 32)) << 32 : 0;
  return hashOf(high, low, caller | port | ((protocol + 24) << 16)) | 1;
}

function addFlags(row: usize, flags: u32): void {
  store<u8>(row, <u32>load<u8>(row, BEACON_FLAGS) | flags, BEACON_FLAGS);
}

/** Whether the time since the call before is the period. */
function score(row: usize, gap: u32): bool {
  const period = load<u32>(row, BEACON_PERIOD);
  const before: u32 = load<u16>(row, BEACON_SCORE);
  const isFirst = period === 0 || gap > LONGEST;
  const off = gap > period ? gap - period : period - gap;
  // Two times are off each other by more than they are off their mean.
  const band = before < 3 ? (max<u32>(gap, period) >> 4) * 7 : (period >> 4) * 5;
  if (!isFirst && off <= band) {
    const after = min<u32>(before + 1, 0xffff);
    store<u16>(row, after, BEACON_SCORE);
    const weight = min<u32>(after + 1, MEMORY);
    store<u32>(row, gap > period ? period + off / weight : period - off / weight, BEACON_PERIOD);
    return true;
  }
  const after = isFirst || before < 2 ? 0 : before - 2;
  store<u16>(row, after, BEACON_SCORE);
  if (after === 0) store<u32>(row, gap > LONGEST ? 0 : gap, BEACON_PERIOD);
  return false;
}

/** Whether steady calls of a service are no beacon. */
function isPeace(row: usize, high: u64, low: u64, protocol: u32): bool {
  const flags: u32 = load<u8>(row, BEACON_FLAGS);
  const period = load<u32>(row, BEACON_PERIOD);
  const first = load<u32>(row, BEACON_FIRST);
  const isFromBeginning =
    (flags & EARLY) !== 0 ||
    first - load<u32>(BEACONS, BEACONS_SINCE) <= min<u32>(NEW_DEVICE, period / 800 + 5);
  if (!isOutside(high, low)) return isFromBeginning;
  // Whoever has answered and does not now is out of order.
  if ((flags & (ANSWERED | LIVES)) === ANSWERED) return true;
  if (!(flags & ANSWERED)) {
    const answered = load<u32>(BEACONS, BEACONS_ANSWERED);
    const failed = load<u32>(BEACONS, BEACONS_FAILED);
    if (failed !== 0 && (answered === 0 || failed > answered)) return true;
    const isLine = (flags & REFUSED) !== 0 || (answered !== 0 && answered >= first);
    const isUsual = isAnsweredPort(portKey(protocol, load<u16>(row, BEACON_PORT)));
    const silence = isLine ? SILENCE : isUsual ? SILENCE_USUAL_PORT : SILENCE_ALONE;
    return nowSeconds() - first < silence;
  }
  if (isFromBeginning) {
    if (period < FAST) return false;
    if (!isWeb(load<u16>(row, BEACON_PORT))) {
      return <u32>load<u16>(row, BEACON_SCORE) < 2 * limitOf(KIND_BEACON);
    }
    addFlags(row, HABITUAL);
    return true;
  }
  if (!movedFrom(row)) return false;
  addFlags(row, HABITUAL);
  return true;
}

/** A habit of the same port and period has stopped: its service has moved to another address. */
function movedFrom(row: usize): bool {
  const period = load<u32>(row, BEACON_PERIOD);
  const end = beaconAt(BEACON_ROWS);
  for (let other = beaconAt(0); other < end; other += BEACON_SIZE) {
    if (other === row || load<u32>(other, BEACON_KEY) === 0) continue;
    if (!(<u32>load<u8>(other, BEACON_FLAGS) & HABITUAL)) continue;
    if (load<u16>(other, BEACON_PORT) !== load<u16>(row, BEACON_PORT)) continue;
    const others = load<u32>(other, BEACON_PERIOD);
    const off = others > period ? others - period : period - others;
    if (off <= period >> 3 && msSince(load<u32>(other, BEACON_LAST)) / 2 > period) return true;
  }
  return false;
}

/** Names, addresses and time are asked for steadily, answered or not. */
function isDuty(protocol: u32, port: u32): bool {
  if (protocol === PROTOCOL_TCP) return port === 53;
  switch (port) {
    case 53:
    case 67:
    case 68:
    case 123:
    case 137:
    case 138:
    case 546:
    case 547:
      return true;
    default:
      return false;
  }
}

/** Neither of a private network (RFC 1918, 3927, 4193) nor of one that the device is in. */
export function isOutside(high: u64, low: u64): bool {
  if (!isV4(high, low)) {
    const first: u32 = bswap<u16>(<u16>high);
    return (first & 0xfe00) !== 0xfc00 && (first & 0xffc0) !== 0xfe80 && !isNearV6(high);
  }
  const address = bswap<u32>(<u32>(low >> 32));
  if (isNearV4(address)) return false;
  if (address >> 24 === 10 || address >> 20 === 0xac1) return false;
  return address >> 16 !== 0xc0a8 && address >> 16 !== 0xa9fe;
}
