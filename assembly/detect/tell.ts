// Detections into messages of schema 3.0. They do not wait to share one, but for updates of what is not severe; what finds no room in the
// outbox, or no hub, is told when there is. Schema 2.3 has no detections: they stay in their records.

import { FORMAT_2_3 } from '../../schema/configuration-block';
import {
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
  DETECTION_PORT_COUNT,
  DETECTION_PORTS,
  DETECTION_PORTS_KEPT,
  DETECTION_PROTOCOL,
  DETECTION_SEVERITY,
  DETECTION_STATE,
  DETECTION_UNSENT,
  SEVERITY_HIGH,
  STATE_ONGOING,
} from '../../schema/detection-record';
import { EVENT_KIND_DETECTION } from '../../schema/event-block';
import { finishBatch } from '../batch';
import { AGENT, AGENT_FORMAT } from '../memory';
import { writeEvent } from '../report';
import { wakeAt } from './clock';
import { detectionAt } from './detections';
import { DETECTION_MAX, EVENT_ITEM } from './memory';

/** ms until what found no room is tried again. */
const RETRY: i64 = 10_000;

/** Writes what is in no message yet. */
export function tellDetections(time: i64): void {
  if (load<u32>(AGENT, AGENT_FORMAT) === FORMAT_2_3) return;
  let urgent = false;
  for (let index: u32 = 0; index < <u32>DETECTION_MAX; index++) {
    const record = detectionAt(index);
    if (!load<u8>(record, DETECTION_UNSENT)) continue;
    writeItem(record, time);
    if (!writeEvent(time, EVENT_KIND_DETECTION, 0, EVENT_ITEM, 1)) {
      wakeAt(time + RETRY);
      break;
    }
    store<u8>(record, 0, DETECTION_UNSENT);
    if (load<u8>(record, DETECTION_SEVERITY) === SEVERITY_HIGH) urgent = true;
    if (load<u8>(record, DETECTION_STATE) !== STATE_ONGOING) urgent = true;
  }
  if (urgent) finishBatch();
}

/** As schema/event-block.ts has a detection. */
function writeItem(record: usize, time: i64): void {
  const first = load<i64>(record, DETECTION_FIRST);
  const last = load<i64>(record, DETECTION_LAST);
  store<u64>(EVENT_ITEM, load<u32>(record, DETECTION_COUNT));
  store<u64>(EVENT_ITEM, load<u32>(record, DETECTION_LIMIT), 8);
  store<u32>(EVENT_ITEM, load<u32>(record, DETECTION_NUMBER), 16);
  store<u32>(EVENT_ITEM, load<u32>(record, DETECTION_PEER_COUNT), 20);
  store<u32>(EVENT_ITEM, load<u32>(record, DETECTION_PORT_COUNT), 24);
  store<u32>(EVENT_ITEM, tenths(time - last), 28);
  store<u32>(EVENT_ITEM, tenths(last - first), 32);
  let at = EVENT_ITEM + 36;
  const size: usize = load<u8>(record, DETECTION_IPV6) ? 16 : 4;
  const peers: usize = load<u8>(record, DETECTION_PEERS_KEPT);
  store<u16>(at, <u32>(peers * size));
  at += 2;
  for (let peer: usize = 0; peer < peers; peer++) {
    memory.copy(at, record + DETECTION_PEERS + (peer << 4) + 16 - size, size);
    at += size;
  }
  const ports: usize = load<u8>(record, DETECTION_PORTS_KEPT);
  store<u16>(at, <u32>ports);
  memory.copy(at + 2, record + DETECTION_PORTS, ports << 1);
  at += 2 + (ports << 1);
  store<u8>(at, load<u8>(record, DETECTION_KIND));
  store<u8>(at, load<u8>(record, DETECTION_SEVERITY), 1);
  store<u8>(at, load<u8>(record, DETECTION_DIRECTION), 2);
  store<u8>(at, load<u8>(record, DETECTION_STATE), 3);
  store<u8>(at, load<u8>(record, DETECTION_PROTOCOL), 4);
  store<u8>(at, load<u8>(record, DETECTION_IPV6), 5);
}

function tenths(ms: i64): u32 {
  return ms <= 0 ? 0 : <u32>min<u64>(<u64>ms / 100, u32.MAX_VALUE);
}
