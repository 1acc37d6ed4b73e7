// Floods: more that nobody finishes than is normal, at one of the device's ports or from the device at one host. Half-open connections
// (Wang, Zhang and Shin 2002 have the idea: SYNs against what ends them), datagrams nobody answers, pings without end.
//
// Answered or not tells a flood from a busy hour; one host and port from a scan; size from a scan of UDP ports, whose probes are small.
// What a flood brings is no attempt to whoever looks for scans: its packets wait for nothing and count nowhere else, so a scan behind
// it is found, and it is told as none.

import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../../schema/configuration-block';
import {
  DETECTION_LAST,
  DETECTION_PEER_COUNT,
  SEVERITY_HIGH,
  SEVERITY_MEDIUM,
} from '../../schema/detection-record';
import { INITIATOR_LOCAL, INITIATOR_REMOTE } from '../../schema/message-3.0-numbers';
import { recordAt, usedRecords } from '../flow/table';
import {
  AGENT,
  AGENT_SEEN_BASE,
  DIRECTION_IN,
  DIRECTION_OUT,
  FAMILY_V4,
  FAMILY_V6,
  FLOW_ADDRESSES,
  FLOW_FIRST_SEEN,
  FLOW_PACKETS,
  FLOW_PORTS,
  FLOW_PROTOCOL,
  FLOW_STATE,
  FLOW_TCP_FLAGS,
} from '../memory';
import { ACK, RST, SYN } from '../packet/tcp-flags';
import { lowOfV4 } from './address';
import { happened, nowMs, wakeAt } from './clock';
import { beginDetection, detectionAt, growDetection, placeForDetection } from './detections';
import {
  METER_ADDRESS,
  METER_BYTES,
  METER_COUNT,
  METER_DETECTION,
  METER_FINISHED,
  METER_LAST,
  METER_LEVEL,
  METER_MERGED,
  METER_PORT,
  METER_UNSAID,
  METER_WAITS,
  TALLY_ADDRESS,
  TALLY_FIRST,
  TALLY_KEY,
} from './memory';
import {
  addFinished,
  addMerged,
  DATAGRAMS,
  drain,
  ECHOES,
  FIRST_KIND,
  feed,
  firstOf,
  forgetMerged,
  hasOnePeer,
  hasOnePort,
  isPeer,
  isRipe,
  limitOfMeter,
  meterOf,
  ONE,
  peersOf,
  REFLECTIONS,
  SYNS,
  showMeter,
} from './meter';
import { isAmplified } from './reflection';
import { release } from './release';
import { HOSTS, PORTS, SWEEPS } from './tally';
import { isTunnelled } from './tunnel';

/** Of datagrams to a service that used to answer, one in sixteen counts: a silent resolver is an outage, unless it is out of all proportion. */
const KNOWN_WEIGHT: u32 = ONE / 16;
/** Bytes of UDP header and payload: probes of scanners are smaller. */
const LARGE: u32 = 200;
/** ms before and behind the latest packet: flows that began then are looked at. */
const RECENT: u32 = 5000;
const LATER: u32 = 1000;
/** Of what is seen to begin, so much has to be unanswered: a quarter. */
const SHARE: u32 = 64;
const ALL: u32 = 256;
const NOTHING: u32 = u32.MAX_VALUE;

/** A connection or a talk begins. known: by datagrams, with a service that has answered before. Whether it is part of a flood that goes on. */
export function begins(
  protocol: u32,
  record: usize,
  direction: u32,
  high: u64,
  low: u64,
  port: u32,
  bytes: u32,
  known: bool,
): bool {
  const kind = protocol === PROTOCOL_TCP ? SYNS : DATAGRAMS;
  const meter = meterOf(kind, direction);
  const floods = load<u8>(meter, METER_DETECTION) !== 0;
  const isPart = floods && matches(kind, direction, meter, high, low, port, bytes);
  feed(kind, direction, high, low, port, bytes, known ? KNOWN_WEIGHT : ONE, isPart);
  if (record === 0) addMerged(meter, 1);
  return isPart && load<u32>(meter, METER_LEVEL) >= (limitOfMeter(kind) * ONE) >> 1;
}

/** A packet of a flow that nobody has a record for, which says that what began it was answered. direction: of the beginning. */
export function goesOn(protocol: u32, direction: u32): void {
  addFinished(protocol === PROTOCOL_TCP ? SYNS : DATAGRAMS, direction);
}

/** Whether it looks like what the meter has the most of. */
function matches(kind: u32, direction: u32, meter: usize, high: u64, low: u64, port: u32, bytes: u32): bool {
  if (!isOfFlood(kind, direction, meter)) return false;
  const isPort = hasOnePort(meter)
    ? <u32>load<u16>(meter, METER_PORT) === port
    : kind === SYNS || bytes >= LARGE;
  if (direction === DIRECTION_OUT || (hasOnePeer(meter) && !hasOnePort(meter))) {
    return isPort && isPeer(meter, high, low);
  }
  return isPort;
}

/** The step: what has reached its limit is judged, what goes on grows. */
export function judgeMeters(): void {
  for (let kind: u32 = SYNS; kind <= REFLECTIONS; kind++) {
    for (let direction: u32 = 0; direction < 2; direction++) {
      const meter = meterOf(kind, direction);
      if (load<u8>(meter, METER_DETECTION) !== 0) attend(kind, direction, meter);
      else if (isRipe(meter)) judge(kind, direction, meter);
    }
  }
}

function judge(kind: u32, direction: u32, meter: usize): void {
  const limit = limitOfMeter(kind);
  let count = load<u32>(meter, METER_COUNT);
  if (kind === REFLECTIONS) {
    const peers = peersOf(meter);
    if (direction === DIRECTION_IN && 4 * peers < 3 * limit) return;
    if (direction === DIRECTION_OUT && !isAmplified(meter)) return;
    raise(kind, direction, meter, direction === DIRECTION_IN ? peers : count);
    return;
  }
  if (!isOfFlood(kind, direction, meter)) {
    store<u32>(meter, 0, METER_LEVEL);
    return;
  }
  if (kind !== ECHOES) {
    const share = unanswered(kind, direction, meter);
    forgetMerged(meter);
    const open = <u64>count * share;
    if (share < SHARE || open < <u64>limit * ALL) {
      // What was answered is taken back; the rest counts on.
      const level = (<u64>load<u32>(meter, METER_LEVEL) * share) >> 8;
      store<u32>(meter, min<u32>(<u32>level, (limit * ONE) >> 1), METER_LEVEL);
      store<u32>(meter, <u32>(open >> 8), METER_COUNT);
      return;
    }
    count = <u32>(open >> 8);
  }
  raise(kind, direction, meter, count);
}

/** By its pattern: one port or many sources where it comes in, one host where it goes out. Anything else is a scan's. */
function isOfFlood(kind: u32, direction: u32, meter: usize): bool {
  const isLarge = kind === DATAGRAMS && <u32>load<u16>(meter, METER_BYTES) >= LARGE;
  if (kind === ECHOES) {
    if (isTunnelled(direction, load<u64>(meter, METER_ADDRESS), load<u64>(meter, METER_ADDRESS + 8)))
      return false;
    return direction === DIRECTION_IN || hasOnePeer(meter);
  }
  if (direction === DIRECTION_IN) return hasOnePort(meter) || !hasOnePeer(meter) || isLarge;
  return hasOnePeer(meter) && (hasOnePort(meter) || isLarge);
}

function raise(kind: u32, direction: u32, meter: usize, count: u32): void {
  happened(load<u32>(meter, METER_LAST));
  const index = placeForDetection();
  release(index);
  const limit = limitOfMeter(kind);
  const severity = direction === DIRECTION_OUT ? SEVERITY_HIGH : SEVERITY_MEDIUM;
  const protocol = kind === SYNS ? PROTOCOL_TCP : kind === ECHOES ? PROTOCOL_ICMP : PROTOCOL_UDP;
  beginDetection(
    index,
    kind + FIRST_KIND,
    severity,
    direction,
    protocol,
    max<u32>(count, limit),
    limit,
    firstOf(meter),
  );
  showMeter(meter, index);
  store<u8>(meter, index + 1, METER_DETECTION);
  store<u32>(meter, 0, METER_UNSAID);
}

function attend(kind: u32, direction: u32, meter: usize): void {
  let more = load<u32>(meter, METER_UNSAID);
  if (more === 0) return;
  store<u32>(meter, 0, METER_UNSAID);
  // As it stood at the latest packet, however late the step comes.
  if (load<u32>(meter, METER_LEVEL) < (limitOfMeter(kind) * ONE) >> 1) return;
  if (kind !== REFLECTIONS && !isOfFlood(kind, direction, meter)) return;
  if (kind < ECHOES) {
    const share = unanswered(kind, direction, meter);
    forgetMerged(meter);
    if (share < SHARE) return;
  }
  const index = <u32>load<u8>(meter, METER_DETECTION) - 1;
  if (kind === REFLECTIONS && direction === DIRECTION_IN) {
    const before = load<u32>(detectionAt(index), DETECTION_PEER_COUNT);
    const peers = peersOf(meter);
    more = peers > before ? peers - before : 0;
  }
  happened(load<u32>(meter, METER_LAST));
  showMeter(meter, index);
  growDetection(index, min<u32>(more, 0xff_ffff) << 8);
}

/** Of what has begun like the rest of the meter, how much nobody has finished or answered, of 256. */
function unanswered(kind: u32, direction: u32, meter: usize): u32 {
  const weight: u32 = kind === SYNS ? 2 : 1;
  const merged: u32 = load<u16>(meter, METER_MERGED);
  const finished: u32 = load<u16>(meter, METER_FINISHED) / weight;
  let total = merged;
  let open: u32 = merged > finished ? merged - finished : 0;
  for (let family: u32 = FAMILY_V4; family <= FAMILY_V6; family++) {
    const used = usedRecords(family);
    for (let number: u32 = 0; number < used; number++) {
      const what = outcomeOf(kind, direction, meter, family, recordAt(family, number));
      if (what === NOTHING) continue;
      total++;
      open += what;
    }
  }
  return total === 0 ? ALL : (open << 8) / total;
}

/** 1 unanswered, 0 answered, NOTHING: none of these flows. */
function outcomeOf(kind: u32, direction: u32, meter: usize, family: u32, record: usize): u32 {
  if (<u32>load<u8>(record, FLOW_PROTOCOL) !== (kind === SYNS ? PROTOCOL_TCP : PROTOCOL_UDP)) return NOTHING;
  if (load<u32>(record + ((<usize>direction) << 3), FLOW_PACKETS) === 0) return NOTHING;
  const first = <u32>load<i64>(AGENT, AGENT_SEEN_BASE) + load<u32>(record, FLOW_FIRST_SEEN);
  if (load<u32>(meter, METER_LAST) + LATER - first > RECENT + LATER) return NOTHING;
  const initiator = (<u32>load<u8>(record, FLOW_STATE) >> 2) & 3;
  if (initiator !== (direction === DIRECTION_OUT ? INITIATOR_LOCAL : INITIATOR_REMOTE)) return NOTHING;
  if (direction === DIRECTION_IN) {
    const port: u32 = bswap<u16>(load<u16>(record, FLOW_PORTS));
    if (hasOnePort(meter) && <u32>load<u16>(meter, METER_PORT) !== port) return NOTHING;
  } else {
    const isV6 = family === FAMILY_V6;
    const high = isV6 ? load<u64>(record, FLOW_ADDRESSES + 16) : 0;
    const low = isV6
      ? load<u64>(record, FLOW_ADDRESSES + 24)
      : lowOfV4(load<u32>(record, FLOW_ADDRESSES + 4));
    if (!isPeer(meter, high, low)) return NOTHING;
  }
  if (kind !== SYNS) return load<u32>(record + ((<usize>(direction ^ 1)) << 3), FLOW_PACKETS) === 0 ? 1 : 0;
  const asked: u32 = load<u8>(record + direction, FLOW_TCP_FLAGS);
  if (!(asked & SYN)) return NOTHING;
  // To a port that is closed a flood is a flood; who is refused on the way out is only in a hurry.
  const refused = direction === DIRECTION_OUT && <u32>load<u8>(record + 1 - direction, FLOW_TCP_FLAGS) & RST;
  return asked & ACK || refused ? 0 : 1;
}

const NOT_EXPLAINED: u32 = 0;
export const EXPLAINED: u32 = 1;
export const PERHAPS_EXPLAINED: u32 = 2;

/** Whether what a tally has counted is a flood's doing, or may prove to be. */
export function explanationOf(table: u32, direction: u32, row: usize): u32 {
  const key = load<u32>(row, TALLY_KEY);
  const protocol = ((key >> 16) & 0xff) - 1;
  const kind = protocol === PROTOCOL_TCP ? SYNS : protocol === PROTOCOL_UDP ? DATAGRAMS : ECHOES;
  const meter = meterOf(kind, direction);
  drain(kind, meter);
  const hasDetection = load<u8>(meter, METER_DETECTION) !== 0;
  const isHigh = load<u32>(meter, METER_LEVEL) >= (limitOfMeter(kind) * ONE) >> 2;
  if (!hasDetection && !isHigh && !load<u8>(meter, METER_WAITS)) return NOT_EXPLAINED;
  if (!isLike(table, direction, row, kind, meter, key & 0xffff)) return NOT_EXPLAINED;
  if (!hasDetection) {
    wakeAt(nowMs() + 1000);
    return PERHAPS_EXPLAINED;
  }
  if (isHigh) return EXPLAINED;
  const last = <u32>load<i64>(detectionAt(<u32>load<u8>(meter, METER_DETECTION) - 1), DETECTION_LAST);
  return <i32>(last - load<u32>(row, TALLY_FIRST)) >= 0 ? EXPLAINED : NOT_EXPLAINED;
}

function isLike(table: u32, direction: u32, row: usize, kind: u32, meter: usize, port: u32): bool {
  const isIn = direction === DIRECTION_IN;
  if (table === SWEEPS) return isIn && !hasOnePeer(meter);
  if (table === HOSTS) return isIn && hasOnePort(meter) && <u32>load<u16>(meter, METER_PORT) === port;
  if (table !== PORTS || kind !== DATAGRAMS || hasOnePort(meter)) return false;
  if (<u32>load<u16>(meter, METER_BYTES) < LARGE) return false;
  if (isIn && !hasOnePeer(meter)) return true;
  return isPeer(meter, load<u64>(row, TALLY_ADDRESS), load<u64>(row, TALLY_ADDRESS + 8));
}
