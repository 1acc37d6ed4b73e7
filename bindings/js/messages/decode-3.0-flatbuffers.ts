// Messages of schema 3.0 as FlatBuffers into a SecurityMessage: what schema 2.3 has is read as there.

import { PAYLOAD_NETWORK_ACTIVITY } from '../../../schema/message-2.3.ts';
import {
  DETECTION_COUNT,
  DETECTION_DIRECTION,
  DETECTION_DURATION,
  DETECTION_KIND,
  DETECTION_LAST_SEEN,
  DETECTION_LIMIT,
  DETECTION_NUMBER,
  DETECTION_PEER_COUNT,
  DETECTION_PEERS,
  DETECTION_PEERS_V6,
  DETECTION_PORT_COUNT,
  DETECTION_PORTS,
  DETECTION_PROTOCOL,
  DETECTION_SEVERITY,
  DETECTION_STATE,
  EVENT_TENTHS,
  MESSAGE_BOOT_ID,
  MESSAGE_COUNTERS,
  MESSAGE_SEQUENCE,
  MESSAGE_TIME,
  MESSAGE_UPTIME,
  PAYLOAD_DETECTION,
  PAYLOAD_STATISTICS,
  STATISTICS_CAPACITY,
  STATISTICS_COUNTERS,
  STATISTICS_FLOWS_V4,
  STATISTICS_FLOWS_V6,
} from '../../../schema/message-3.0-flatbuffers.ts';
import { formatAddress } from '../address.ts';
import { uuidText } from '../uuid.ts';
import { type ActivityReader, readActivity } from './decode-2.3.ts';
import { readEnvelope, readEventHead } from './envelope-2.3.ts';
import { FlatBufferReader } from './flatbuffer-reader.ts';
import { EVENT_LIST } from './lists.ts';
import { readPayload } from './payload-2.3.ts';
import {
  COUNTER_NAMES,
  type CounterName,
  DETECTION_DIRECTIONS,
  DETECTION_KINDS,
  DETECTION_SEVERITIES,
  DETECTION_STATES,
  type Detection,
  nameOf,
  type Payload,
  PROTOCOL_NAMES,
  type SecurityEvent,
  type SecurityMessage,
  type Statistics,
  versionText,
} from './security-message.ts';

const UUID_BYTES = 16;
const OFFSET = 4;

/**
 * Decodes one message; the bytes are not trusted. `activity`: what makes something of the flows.
 * @throws WardletError WL_BAD_MESSAGE: damaged, a required field is missing, or built to cost more than it is long
 */
export function decodeFlatBuffers30(
  bytes: Uint8Array,
  activity: ActivityReader = readActivity,
): SecurityMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new FlatBufferReader(view, 0, bytes.length);
  const envelope = readEnvelope(reader);
  const { message } = envelope;
  const bootId = reader.required(message, MESSAGE_BOOT_ID, UUID_BYTES, 'Message.boot_id');
  const counters = readCounters(reader, message, MESSAGE_COUNTERS, 'Message.counters');
  const events = reader.lists.of(
    envelope.count,
    (index): SecurityEvent => {
      const head = readEventHead(reader, envelope, index);
      const { event, id, payloadType, payload } = head;
      const time = head.time * 10 + reader.u8(event, EVENT_TENTHS, 'Event.time_tenths');
      return {
        id: uuidText(bytes, id),
        time: time / 10,
        collectionIntervalSeconds: head.intervalSeconds,
        payload:
          payloadType === PAYLOAD_NETWORK_ACTIVITY
            ? activity(reader, bytes, payload, time, '3.0')
            : readPayload30(reader, bytes, payloadType, payload, time),
      };
    },
    EVENT_LIST,
  );
  const decoded: SecurityMessage = {
    format: '3.0-flatbuffers',
    moduleId: reader.decodeText(envelope.moduleId),
    moduleVersion: versionText(envelope.moduleVersion),
    bootId: uuidText(bytes, bootId),
    sequence: reader.u32(message, MESSAGE_SEQUENCE, 'Message.sequence'),
    time: reader.u64(message, MESSAGE_TIME, 'Message.time') / 10,
    uptimeSeconds: reader.u32(message, MESSAGE_UPTIME, 'Message.uptime'),
    ...(counters ? { counters } : {}),
    events,
  };
  reader.settle();
  return decoded;
}

/** time: the event's, in tenths of a second. */
function readPayload30(
  reader: FlatBufferReader,
  bytes: Uint8Array,
  type: number,
  table: number,
  time: number,
): Payload {
  switch (type) {
    case PAYLOAD_STATISTICS:
      return readStatistics(reader, table);
    case PAYLOAD_DETECTION:
      return readDetection(reader, bytes, table, time);
    default:
      return readPayload(reader, type, table);
  }
}

/** Those that are not zero; undefined where the table is absent. */
function readCounters(
  reader: FlatBufferReader,
  table: number,
  id: number,
  what: string,
): Partial<Record<CounterName, number>> | undefined {
  const at = reader.field(table, id, OFFSET, what);
  if (at === 0) return undefined;
  const counters = reader.table(at, what);
  const values: Partial<Record<CounterName, number>> = {};
  COUNTER_NAMES.forEach((name, field) => {
    const value = reader.u64(counters, field, `Counters.${name}`);
    if (value !== 0) values[name] = value;
  });
  return values;
}

function readStatistics(reader: FlatBufferReader, table: number): Statistics {
  const counters = readCounters(reader, table, STATISTICS_COUNTERS, 'Statistics.counters');
  return {
    kind: 'Statistics',
    counters: Object.fromEntries(COUNTER_NAMES.map((name) => [name, counters?.[name] ?? 0])) as Record<
      CounterName,
      number
    >,
    flowsIpv4: reader.u32(table, STATISTICS_FLOWS_V4, 'Statistics.flows_ipv4'),
    flowsIpv6: reader.u32(table, STATISTICS_FLOWS_V6, 'Statistics.flows_ipv6'),
    flowCapacity: reader.u32(table, STATISTICS_CAPACITY, 'Statistics.flow_capacity'),
  };
}

function readDetection(reader: FlatBufferReader, bytes: Uint8Array, table: number, time: number): Detection {
  const { view } = reader;
  const size = reader.u8(table, DETECTION_PEERS_V6, 'Detection.peers_ipv6') ? 16 : 4;
  const peers = reader.numbers(table, DETECTION_PEERS, 1, 'Detection.peers');
  const peerBytes = reader.count(peers);
  if (peerBytes % size !== 0) reader.fail('Detection.peers', peers, `${peerBytes} bytes are no addresses`);
  const ports = reader.numbers(table, DETECTION_PORTS, 2, 'Detection.ports');
  const last = time - reader.u32(table, DETECTION_LAST_SEEN, 'Detection.last_seen');
  const name = <Names extends readonly string[]>(names: Names, id: number, field: string) =>
    nameOf(names, reader.i8(table, id, `Detection.${field}`));
  return {
    kind: 'Detection',
    detection: name(DETECTION_KINDS, DETECTION_KIND, 'kind'),
    severity: name(DETECTION_SEVERITIES, DETECTION_SEVERITY, 'severity'),
    direction: name(DETECTION_DIRECTIONS, DETECTION_DIRECTION, 'direction'),
    state: name(DETECTION_STATES, DETECTION_STATE, 'state'),
    number: reader.u32(table, DETECTION_NUMBER, 'Detection.number'),
    protocol: name(PROTOCOL_NAMES, DETECTION_PROTOCOL, 'protocol'),
    peers: reader.lists.of(peerBytes / size, (index) => formatAddress(bytes, peers + index * size, size)),
    peerCount: reader.u32(table, DETECTION_PEER_COUNT, 'Detection.peer_count'),
    ports: reader.lists.of(reader.count(ports), (index) => view.getUint16(ports + index * 2, true)),
    portCount: reader.u32(table, DETECTION_PORT_COUNT, 'Detection.port_count'),
    count: reader.u64(table, DETECTION_COUNT, 'Detection.count'),
    limit: reader.u64(table, DETECTION_LIMIT, 'Detection.limit'),
    firstSeen: (last - reader.u32(table, DETECTION_DURATION, 'Detection.duration')) / 10,
    lastSeen: last / 10,
  };
}
