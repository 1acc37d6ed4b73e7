// The core's detections as objects, straight from its memory (schema/detection-record.ts).

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
  DETECTION_PORT_COUNT,
  DETECTION_PORTS,
  DETECTION_PORTS_KEPT,
  DETECTION_PROTOCOL,
  DETECTION_SEVERITY,
  DETECTION_SIZE,
  DETECTION_STATE,
  DETECTIONS_COUNT,
  DETECTIONS_FIRST,
} from '../../schema/detection-record.ts';
import { formatAddress } from './address.ts';
import {
  DETECTION_DIRECTIONS,
  DETECTION_KINDS,
  DETECTION_SEVERITIES,
  DETECTION_STATES,
  type Detection,
  nameOf,
  PROTOCOL_NAMES,
} from './messages/security-message.ts';

/** A Detection as the core keeps it, with times in ms. */
export interface DetectionRecord extends Omit<Detection, 'kind' | 'firstSeen' | 'lastSeen'> {
  /** ms since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Grows with every change worth telling. */
  readonly changes: number;
}

/** at: DETECT of the core. Oldest first. */
export function readDetections(view: DataView, at: number): DetectionRecord[] {
  const length = view.getUint32(at + DETECTIONS_COUNT, true);
  return Array.from({ length }, (_, index) => at + DETECTIONS_FIRST + index * DETECTION_SIZE)
    .filter((record) => view.getUint32(record + DETECTION_NUMBER, true) !== 0)
    .map((record) => readDetection(view, record))
    .sort((one, other) => one.number - other.number);
}

function readDetection(view: DataView, at: number): DetectionRecord {
  const u8 = (offset: number) => view.getUint8(at + offset);
  const u32 = (offset: number) => view.getUint32(at + offset, true);
  const ms = (offset: number) => Number(view.getBigInt64(at + offset, true));
  const addressBytes = u8(DETECTION_IPV6) ? 16 : 4;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at + DETECTION_PEERS);
  return {
    detection: nameOf(DETECTION_KINDS, u8(DETECTION_KIND)),
    severity: nameOf(DETECTION_SEVERITIES, u8(DETECTION_SEVERITY)),
    direction: nameOf(DETECTION_DIRECTIONS, u8(DETECTION_DIRECTION)),
    state: nameOf(DETECTION_STATES, u8(DETECTION_STATE)),
    number: u32(DETECTION_NUMBER),
    protocol: nameOf(PROTOCOL_NAMES, u8(DETECTION_PROTOCOL)),
    peers: Array.from({ length: u8(DETECTION_PEERS_KEPT) }, (_, peer) =>
      formatAddress(bytes, (peer + 1) * 16 - addressBytes, addressBytes),
    ),
    peerCount: u32(DETECTION_PEER_COUNT),
    ports: Array.from({ length: u8(DETECTION_PORTS_KEPT) }, (_, port) =>
      view.getUint16(at + DETECTION_PORTS + port * 2, true),
    ),
    portCount: u32(DETECTION_PORT_COUNT),
    count: u32(DETECTION_COUNT),
    limit: u32(DETECTION_LIMIT),
    firstMs: ms(DETECTION_FIRST),
    lastMs: ms(DETECTION_LAST),
    changes: u32(DETECTION_CHANGES),
  };
}
