// What became of an attempt. Failed: refused, unanswered, or closed without data. What failed goes to the scans' tallies, what succeeded is
// known from now on, and a connection where people may log in waits for its end.

import { PROTOCOL_TCP } from '../../schema/configuration-block';
import { DIRECTION_OUT, FLOW_ADDRESSES, FLOW_OWN, FLOW_PORTS, FLOW_PROTOCOL, FLOWS_V6 } from '../memory';
import { ACK, FIN, PSH, RST, SYN } from '../packet/tcp-flags';
import { hashOf, isV4, lowOfV4 } from './address';
import { knownWasSilent, serviceReacted } from './beacon';
import { ANSWERED, LIVES, REFUSED } from './beacon-rows';
import { connectionEnded, mayBeLogin } from './brute-force';
import { happened, msSince, nowMs, wakeAt } from './clock';
import { throwDice } from './dice';
import { habitKey, isBrokenV6, isOutage, knownFailed, lineLives, serviceLives } from './habits';
import { excuseHosts, hostFailed, isFailing, isScannedPort, portKey } from './horizontal-scan';
import { isKnown, remember } from './known-services';
import { WAIT_BEGUN, WAIT_MAX, WAIT_RECORD, WAIT_STAGE } from './memory';
import { isScannedHost, portFailed } from './vertical-scan';
import { flagsOf, leavePlace, packetsOf, placeOf, waitingFor } from './waiting';

/** ms. SYN+ACK comes within a second wherever there is a line; a first SYN lost is sent again after one (RFC 6298 2). */
export const ANSWER_WAIT: u32 = 3000;
/** ms: less than this is too early to call an attempt unanswered. */
const ANSWER_LEAST: u32 = 1000;
/** ms: connections still there after it are no guesses; until then they are looked at every so often. */
const CONNECTION_WAIT: u32 = 60_000;
const CONNECTION_LOOK: i64 = 2000;

const FAILED: u32 = 1;
const SUCCEEDED: u32 = 2;
/** Answered, but nobody took the answer. */
const HALF_OPEN: u32 = 3;

/** Of every place: judges what has waited long enough. */
export function judgeWaiting(): void {
  for (let direction: u32 = 0; direction < 2; direction++) {
    for (let number: usize = 0; number < WAIT_MAX; number++) {
      const place = placeOf(direction, number);
      if (load<usize>(place, WAIT_RECORD) === 0) continue;
      const age = msSince(load<u32>(place, WAIT_BEGUN));
      if (load<u8>(place, WAIT_STAGE) === 0) {
        if (age >= ANSWER_WAIT) judge(place, direction);
        else wakeAt(nowMs() + <i64>(ANSWER_WAIT - age));
      }
      if (load<usize>(place, WAIT_RECORD) === 0 || load<u8>(place, WAIT_STAGE) === 0) continue;
      if (age >= CONNECTION_WAIT || isClosed(place, load<usize>(place, WAIT_RECORD)))
        endConnection(place, direction);
      else wakeAt(nowMs() + CONNECTION_LOOK);
    }
  }
}

/** A place is wanted for another attempt. Whether it is free now. */
export function makeRoom(place: usize, direction: u32): bool {
  if (load<usize>(place, WAIT_RECORD) === 0) return true;
  if (load<u8>(place, WAIT_STAGE) === 0) {
    // Not to the millisecond: in step with a flood it would always be the same attempt that finds no room.
    const least = (ANSWER_LEAST >> 1) + (throwDice() & 1023);
    if (msSince(load<u32>(place, WAIT_BEGUN)) < least) return false;
    judge(place, direction);
  }
  if (load<usize>(place, WAIT_RECORD) !== 0) leavePlace(place);
  return true;
}

/** The record is about to be another flow's. */
export function giveUp(record: usize): void {
  const place = waitingFor(record);
  if (place === 0) return;
  const direction: u32 = place >= placeOf(1, 0) ? 1 : 0;
  if (load<u8>(place, WAIT_STAGE) !== 0) {
    endConnection(place, direction);
    return;
  }
  const isEarly = msSince(load<u32>(place, WAIT_BEGUN)) < ANSWER_LEAST;
  if (!isEarly || outcomeOf(place, record, direction) !== FAILED) judge(place, direction);
  if (load<usize>(place, WAIT_RECORD) !== 0) leavePlace(place);
}

/** sure: no answer can come any more. */
export function attemptFailed(
  direction: u32,
  high: u64,
  low: u64,
  localLow: u64,
  protocol: u32,
  port: u32,
  sure: bool,
): void {
  const isOut = direction === DIRECTION_OUT;
  const isV6 = !isV4(high, low);
  const habit = habitKey(portKey(protocol, port), isV6);
  if (isKnownService(direction, high, low, protocol, port)) {
    if (!sure) return;
    knownWasSilent(high, low);
    knownFailed(habit);
    if (isOutage(habit)) excuseHosts(direction, protocol, port);
    return;
  }
  // What one detection explains is not the beginning of another.
  const isOfHost = isScannedHost(direction, high, low, protocol);
  const isOfPort = isScannedPort(direction, protocol, port);
  const isExcused = isOut && (isOutage(habit) || (isV6 && isBrokenV6(portKey(protocol, port))));
  if ((!isOfHost || isOfPort) && !isExcused) hostFailed(direction, high, low, localLow, protocol, port, sure);
  if (!isOfPort || isOfHost) portFailed(direction, high, low, protocol, port, sure);
}

/** Of attempts that go out: the service has answered before. */
export function isKnownService(direction: u32, high: u64, low: u64, protocol: u32, port: u32): bool {
  return direction === DIRECTION_OUT && isKnown(serviceHash(high, low, protocol, port));
}

export function serviceAnswered(
  direction: u32,
  high: u64,
  low: u64,
  localLow: u64,
  protocol: u32,
  port: u32,
): void {
  if (direction !== DIRECTION_OUT) return;
  serviceReacted(high, low, localLow, protocol, port, ANSWERED | LIVES);
  // Where a scan is under way, answers are its finds and make nothing known.
  if (!isFailing(direction, protocol, port)) remember(serviceHash(high, low, protocol, port));
  serviceLives(habitKey(portKey(protocol, port), !isV4(high, low)));
}

function serviceHash(high: u64, low: u64, protocol: u32, port: u32): u32 {
  return hashOf(high, low, port | ((protocol + 8) << 16));
}

function judge(place: usize, direction: u32): void {
  happened(load<u32>(place, WAIT_BEGUN));
  const record = load<usize>(place, WAIT_RECORD);
  const outcome = outcomeOf(place, record, direction);
  if (load<u8>(record, FLOW_OWN) || outcome === HALF_OPEN) {
    leavePlace(place);
    return;
  }
  const protocol: u32 = load<u8>(record, FLOW_PROTOCOL);
  const port = servicePort(load<u32>(record, FLOW_PORTS), direction);
  const isV6 = record >= FLOWS_V6;
  const high = isV6 ? load<u64>(record, FLOW_ADDRESSES + 16) : 0;
  const low = isV6 ? load<u64>(record, FLOW_ADDRESSES + 24) : lowOfV4(load<u32>(record, FLOW_ADDRESSES + 4));
  const localLow = isV6 ? load<u64>(record, FLOW_ADDRESSES + 8) : lowOfV4(load<u32>(record, FLOW_ADDRESSES));
  if (outcome === FAILED) {
    if (direction === DIRECTION_OUT) {
      const isRefused = packetsOf(place, record, 0) !== 0;
      if (isRefused) lineLives(habitKey(portKey(protocol, port), isV6));
      serviceReacted(high, low, localLow, protocol, port, isRefused ? REFUSED : 0);
    }
    leavePlace(place);
    attemptFailed(direction, high, low, localLow, protocol, port, true);
    return;
  }
  serviceAnswered(direction, high, low, localLow, protocol, port);
  if (mayBeLogin(protocol, port)) store<u8>(place, 1, WAIT_STAGE);
  else leavePlace(place);
}

function endConnection(place: usize, direction: u32): void {
  happened(load<u32>(place, WAIT_BEGUN));
  const record = load<usize>(place, WAIT_RECORD);
  const ports = load<u32>(record, FLOW_PORTS);
  const isV6 = record >= FLOWS_V6;
  const high = isV6 ? load<u64>(record, FLOW_ADDRESSES + 16) : 0;
  const low = isV6 ? load<u64>(record, FLOW_ADDRESSES + 24) : lowOfV4(load<u32>(record, FLOW_ADDRESSES + 4));
  if (isClosed(place, record) && !load<u8>(record, FLOW_OWN)) {
    connectionEnded(place, record, direction, high, low, servicePort(ports, direction), ports);
  }
  leavePlace(place);
}

/** direction: of the attempt. ports as a flow record has them. */
export function servicePort(ports: u32, direction: u32): u32 {
  return bswap<u16>(<u16>(direction === DIRECTION_OUT ? ports >> 16 : ports));
}

function outcomeOf(place: usize, record: usize, direction: u32): u32 {
  const answers = packetsOf(place, record, direction ^ 1);
  if (<u32>load<u8>(record, FLOW_PROTOCOL) !== PROTOCOL_TCP) return answers !== 0 ? SUCCEEDED : FAILED;
  const asked = flagsOf(place, record, direction);
  const answer = flagsOf(place, record, direction ^ 1);
  // Whoever acknowledges was answered, though only one direction may have been captured.
  const isAnswered = asked & ACK || answer & SYN || (answers !== 0 && !(answer & RST));
  if (!isAnswered) return FAILED;
  if (!((asked | answer) & PSH) && isClosed(place, record)) return FAILED;
  return asked & (ACK | FIN | RST) ? SUCCEEDED : HALF_OPEN;
}

function isClosed(place: usize, record: usize): bool {
  const flagsIn = flagsOf(place, record, 0);
  const flagsOut = flagsOf(place, record, 1);
  if ((flagsIn | flagsOut) & RST) return true;
  return (flagsIn & FIN) !== 0 && (flagsOut & FIN) !== 0;
}
