// The detections: what is going on, and what was until its record is needed. Layout in schema/detection-record.ts.
//
// One ongoing attack is one record. Of a kind and direction at most SIBLINGS go on apart; more join the latest of them. So no storm of one
// kind takes the place of another: kinds and directions that go on with a single record keep it. One worth telling is told when it
// begins, after 1, 2, 4 ... 64 min while it grows, and when it ends.

import {
  DETECTION_CHANGES,
  DETECTION_COUNT,
  DETECTION_DIRECTION,
  DETECTION_FIRST,
  DETECTION_IPV6,
  DETECTION_KIND,
  DETECTION_LAST,
  DETECTION_LIMIT,
  DETECTION_NUMBER,
  DETECTION_PEER_COUNT,
  DETECTION_PEERS,
  DETECTION_PEERS_KEPT,
  DETECTION_PEERS_MAX,
  DETECTION_PORT_COUNT,
  DETECTION_PORTS,
  DETECTION_PORTS_KEPT,
  DETECTION_PORTS_MAX,
  DETECTION_PROTOCOL,
  DETECTION_REST,
  DETECTION_SEVERITY,
  DETECTION_SIZE,
  DETECTION_STATE,
  DETECTION_TIMES_TOLD,
  DETECTION_TOLD,
  DETECTION_TOLD_COUNT,
  DETECTION_UNSENT,
  KIND_ADDRESS_SWEEP,
  KIND_HORIZONTAL_SCAN,
  KIND_VERTICAL_SCAN,
  STATE_BEGUN,
  STATE_ENDED,
  STATE_ONGOING,
} from '../../schema/detection-record';
import { IS_LARGE } from '../memory';
import { isV4 } from './address';
import { beaconQuiet } from './beacon-rows';
import { happenedMs, nowMs, wakeAt } from './clock';
import {
  DETECT,
  DETECTION_MAX,
  DETECTIONS,
  HEAD_CHANGES,
  HEAD_NEVER,
  HEAD_NUMBER,
  HEAD_WINDOW,
} from './memory';

/** Of one kind and direction, ongoing at the same time. */
const SIBLINGS: u32 = IS_LARGE ? 4 : 2;
/** ms until a first update; twice as long until each further one, up to 64 min. */
const UPDATE: i64 = 60_000;
const DOUBLINGS: u32 = 6;

export function detectionAt(index: u32): usize {
  return DETECTIONS + <usize>index * <usize>DETECTION_SIZE;
}

function isOngoing(record: usize): bool {
  return load<u32>(record, DETECTION_NUMBER) !== 0 && load<u8>(record, DETECTION_STATE) !== STATE_ENDED;
}

/** The ongoing one of this kind and direction that one more has to join; -1: it gets a record of its own. */
export function toJoin(kind: u32, direction: u32): i32 {
  let siblings: u32 = 0;
  let latest: i32 = -1;
  for (let index: u32 = 0; index < <u32>DETECTION_MAX; index++) {
    const record = detectionAt(index);
    if (!isOngoing(record) || !isOf(record, kind, direction)) continue;
    siblings++;
    if (
      latest < 0 ||
      load<u32>(record, DETECTION_NUMBER) > load<u32>(detectionAt(latest), DETECTION_NUMBER)
    ) {
      latest = index;
    }
  }
  return siblings < SIBLINGS ? -1 : latest;
}

/** The ongoing one of this kind and direction that keeps the peer; -1: none. */
export function ongoingWith(kind: u32, direction: u32, high: u64, low: u64): i32 {
  for (let index: u32 = 0; index < <u32>DETECTION_MAX; index++) {
    const record = detectionAt(index);
    if (!isOngoing(record) || !isOf(record, kind, direction)) continue;
    const kept: u32 = load<u8>(record, DETECTION_PEERS_KEPT);
    for (let peer: u32 = 0; peer < kept; peer++) {
      const at = record + DETECTION_PEERS + ((<usize>peer) << 4);
      if (load<u64>(at) === high && load<u64>(at, 8) === low) return index;
    }
  }
  return -1;
}

/**
 * The record for a new one: free, or the one longest ended; where all go on, the least severe that has a sibling, or else
 * the least severe. What counts for it has to be freed.
 */
export function placeForDetection(): u32 {
  let place: u32 = 0;
  let worst: u64 = u64.MAX_VALUE;
  for (let index: u32 = 0; index < <u32>DETECTION_MAX; index++) {
    const record = detectionAt(index);
    if (load<u32>(record, DETECTION_NUMBER) === 0) return index;
    const worth: u64 = isOngoing(record)
      ? 2 + <u64>load<u8>(record, DETECTION_SEVERITY) * 2 + (isAlone(index) ? 1 : 0)
      : load<u8>(record, DETECTION_UNSENT);
    const rank = (worth << 48) | <u64>load<i64>(record, DETECTION_LAST);
    if (rank < worst) {
      worst = rank;
      place = index;
    }
  }
  return place;
}

function isAlone(index: u32): bool {
  const record = detectionAt(index);
  for (let other: u32 = 0; other < <u32>DETECTION_MAX; other++) {
    if (other === index || !isOngoing(detectionAt(other))) continue;
    if (isOf(detectionAt(other), load<u8>(record, DETECTION_KIND), load<u8>(record, DETECTION_DIRECTION)))
      return false;
  }
  return true;
}

function isOf(record: usize, kind: u32, direction: u32): bool {
  return (
    <u32>load<u8>(record, DETECTION_KIND) === kind && <u32>load<u8>(record, DETECTION_DIRECTION) === direction
  );
}

/** A new one at a place from placeForDetection. first: ms of the first evidence. */
export function beginDetection(
  index: u32,
  kind: u32,
  severity: u32,
  direction: u32,
  protocol: u32,
  count: u32,
  limit: u32,
  first: i64,
): void {
  const record = detectionAt(index);
  memory.fill(record, 0, DETECTION_SIZE);
  const number = load<u32>(DETECT, HEAD_NUMBER) + 1;
  store<u32>(DETECT, number, HEAD_NUMBER);
  store<u8>(record, kind, DETECTION_KIND);
  store<u8>(record, severity, DETECTION_SEVERITY);
  store<u8>(record, direction, DETECTION_DIRECTION);
  store<u8>(record, STATE_BEGUN, DETECTION_STATE);
  store<u32>(record, number, DETECTION_NUMBER);
  store<u8>(record, protocol, DETECTION_PROTOCOL);
  store<u32>(record, count, DETECTION_COUNT);
  store<u32>(record, limit, DETECTION_LIMIT);
  store<i64>(record, first, DETECTION_FIRST);
  store<i64>(record, first, DETECTION_LAST);
  store<i64>(record, max<i64>(load<i64>(record, DETECTION_LAST), happenedMs()), DETECTION_LAST);
  spreadCount(record);
  tell(record);
}

/** Evidence: so many things more, in 1/256. */
export function growDetection(index: u32, things: u32): void {
  const record = detectionAt(index);
  const sum = things + load<u8>(record, DETECTION_REST);
  store<u8>(record, sum & 0xff, DETECTION_REST);
  store<u32>(record, addUp(load<u32>(record, DETECTION_COUNT), sum >> 8), DETECTION_COUNT);
  store<i64>(record, max<i64>(load<i64>(record, DETECTION_LAST), happenedMs()), DETECTION_LAST);
  spreadCount(record);
}

/** What was counted are hosts, or ports. */
function spreadCount(record: usize): void {
  const kind: u32 = load<u8>(record, DETECTION_KIND);
  if (kind === KIND_HORIZONTAL_SCAN || kind === KIND_ADDRESS_SWEEP) {
    store<u32>(record, load<u32>(record, DETECTION_COUNT), DETECTION_PEER_COUNT);
  } else if (kind === KIND_VERTICAL_SCAN) {
    store<u32>(record, load<u32>(record, DETECTION_COUNT), DETECTION_PORT_COUNT);
  }
}

/** A few are kept, of the family of the first one. */
export function addPeer(index: u32, high: u64, low: u64): void {
  const record = detectionAt(index);
  const kept: u32 = load<u8>(record, DETECTION_PEERS_KEPT);
  const isV6: u32 = isV4(high, low) ? 0 : 1;
  for (let peer: u32 = 0; peer < kept; peer++) {
    const at = record + DETECTION_PEERS + ((<usize>peer) << 4);
    if (load<u64>(at) === high && load<u64>(at, 8) === low) return;
  }
  if (kept === 0) store<u8>(record, isV6, DETECTION_IPV6);
  else if (<u32>load<u8>(record, DETECTION_IPV6) !== isV6) return;
  if (kept === <u32>DETECTION_PEERS_MAX) return;
  const at = record + DETECTION_PEERS + ((<usize>kept) << 4);
  store<u64>(at, high);
  store<u64>(at, low, 8);
  store<u8>(record, kept + 1, DETECTION_PEERS_KEPT);
  store<u32>(record, max<u32>(load<u32>(record, DETECTION_PEER_COUNT), kept + 1), DETECTION_PEER_COUNT);
}

/** So many there are, of whom a few are kept. */
export function seePeers(index: u32, count: u32): void {
  const record = detectionAt(index);
  store<u32>(record, max<u32>(load<u32>(record, DETECTION_PEER_COUNT), count), DETECTION_PEER_COUNT);
}

export function addPort(index: u32, port: u32): void {
  const record = detectionAt(index);
  const kept: u32 = load<u8>(record, DETECTION_PORTS_KEPT);
  for (let place: u32 = 0; place < kept; place++) {
    if (<u32>load<u16>(record + DETECTION_PORTS + ((<usize>place) << 1)) === port) return;
  }
  if (kept === <u32>DETECTION_PORTS_MAX) return;
  store<u16>(record + DETECTION_PORTS + ((<usize>kept) << 1), port);
  store<u8>(record, kept + 1, DETECTION_PORTS_KEPT);
  store<u32>(record, max<u32>(load<u32>(record, DETECTION_PORT_COUNT), kept + 1), DETECTION_PORT_COUNT);
}

/** Updates what has grown and ends what is quiet. The ended ones' bits by index; wakes for what comes next. */
export function attendDetections(): u32 {
  const now = nowMs();
  const quiet = <i64>load<u32>(DETECT, HEAD_WINDOW) * 1000;
  let next: i64 = HEAD_NEVER;
  let ended: u32 = 0;
  for (let index: u32 = 0; index < <u32>DETECTION_MAX; index++) {
    const record = detectionAt(index);
    if (!isOngoing(record)) continue;
    // The clock was set back: nothing lies ahead.
    if (load<i64>(record, DETECTION_LAST) > now) store<i64>(record, now, DETECTION_LAST);
    if (load<i64>(record, DETECTION_FIRST) > now) store<i64>(record, now, DETECTION_FIRST);
    if (load<i64>(record, DETECTION_TOLD) > now) store<i64>(record, now, DETECTION_TOLD);
    const ends = load<i64>(record, DETECTION_LAST) + max<i64>(quiet, beaconQuiet(index));
    if (now >= ends) {
      store<u8>(record, STATE_ENDED, DETECTION_STATE);
      tell(record);
      ended |= 1 << index;
      continue;
    }
    const doublings = min<u32>(load<u8>(record, DETECTION_TIMES_TOLD) - 1, DOUBLINGS);
    const told = load<i64>(record, DETECTION_TOLD);
    const interval = UPDATE << (<i64>doublings);
    if (now >= told + interval) {
      if (load<u32>(record, DETECTION_COUNT) !== load<u32>(record, DETECTION_TOLD_COUNT)) {
        store<u8>(record, STATE_ONGOING, DETECTION_STATE);
        tell(record);
      } else {
        store<i64>(record, now, DETECTION_TOLD);
      }
    }
    next = min<i64>(next, min<i64>(ends, load<i64>(record, DETECTION_TOLD) + interval));
  }
  wakeAt(next);
  return ended;
}

function tell(record: usize): void {
  const changes = load<u32>(DETECT, HEAD_CHANGES) + 1;
  store<u32>(DETECT, changes, HEAD_CHANGES);
  store<u32>(record, changes, DETECTION_CHANGES);
  store<i64>(record, nowMs(), DETECTION_TOLD);
  store<u32>(record, load<u32>(record, DETECTION_COUNT), DETECTION_TOLD_COUNT);
  store<u8>(record, min<u32>(<u32>load<u8>(record, DETECTION_TIMES_TOLD) + 1, 0xff), DETECTION_TIMES_TOLD);
  store<u8>(record, 1, DETECTION_UNSENT);
}

function addUp(count: u32, more: u32): u32 {
  return count + more < count ? u32.MAX_VALUE : count + more;
}
