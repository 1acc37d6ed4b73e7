// Messages of schema 3.0 as protobuf into a SecurityMessage.

import {
  EVENT_BASELINE,
  EVENT_DETECTION,
  EVENT_HEARTBEAT,
  EVENT_LISTENING_PORTS,
  EVENT_LOG,
  EVENT_NETWORK_ACTIVITY,
  EVENT_PROCESS,
  EVENT_STATISTICS,
  EVENT_SYSTEM_INFORMATION,
} from '../../../schema/message-3.0-numbers.ts';
import { formatAddress } from '../address.ts';
import { uuidText } from '../uuid.ts';
import { FlowList, TableReading } from './flow-list-3.0.ts';
import type { TablePlace } from './flow-table-3.0.ts';
import * as generated from './generated/message-3.0.js';
import { CHECKED_LIST, EVENT_LIST, Lists } from './lists.ts';
import { type EventPlace, NO_EVENT, placesIn } from './places-3.0-protobuf.ts';
import { NumberColumn } from './protobuf-columns.ts';
import { refuse } from './protobuf-walk.ts';
import {
  BASELINE_RESULTS,
  BASELINE_SEVERITIES,
  type BaselineCheck,
  COUNTER_NAMES,
  type CounterName,
  DETECTION_DIRECTIONS,
  DETECTION_KINDS,
  DETECTION_SEVERITIES,
  DETECTION_STATES,
  type Detection,
  type ListeningPort,
  LOG_LEVELS,
  type LogRecord,
  type NetworkActivity,
  nameOf,
  type Payload,
  PROCESS_EVENTS,
  PROTOCOL_NAMES,
  type ProcessEvent,
  type SecurityEvent,
  type SecurityMessage,
  type Statistics,
  type SystemInformation,
  versionText,
} from './security-message.ts';

const UUID_BYTES = 16;
const MODULE_ID = 'wardlet';
/** Of a payload kind: what the field's number is over the number in the union of the FlatBuffers schema. */
const KIND_OFFSET = 2;
const PORT_MAX = 65_535;

const { v3 } = generated.wardlet;
// A byte order mark is text like any other; what is no UTF-8 becomes U+FFFD.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What makes something of the flows of an event. `time`: the event's, in tenths of a second. */
export type TableReader = (
  bytes: Uint8Array,
  tables: readonly TablePlace[],
  time: number,
  lists: Lists,
  reading: TableReading,
) => NetworkActivity;

/**
 * Decodes one message; the bytes are not trusted, and must not change afterwards where a list is long. `activity`: what makes something of the flows.
 * @throws WardletError WL_BAD_MESSAGE: damaged, or built to cost more than it is long
 */
export function decodeProtobuf30(bytes: Uint8Array, activity: TableReader = readFlows): SecurityMessage {
  const places = placesIn(bytes);
  const message = leaf(v3.Message, bytes, 'Message');
  const { bootId, sequence, counters } = message;
  if (bootId.length !== UUID_BYTES) refuse('Message.boot_id', `${bootId.length} bytes are no UUID`);
  const time = numberOf(message.time);
  const lists = new Lists();
  const reading = new TableReading();
  return {
    format: '3.0-protobuf',
    moduleId: message.moduleId.length === 0 ? MODULE_ID : decoder.decode(message.moduleId),
    moduleVersion: versionText(message.moduleVersion),
    bootId: uuidText(bootId),
    sequence,
    time: time / 10,
    uptimeSeconds: message.uptime,
    ...(counters ? { counters: readCounters(counters) } : {}),
    events: lists.of(
      places.length,
      (index): SecurityEvent => {
        const event = places[index] ?? NO_EVENT;
        const tenths = time + event.time;
        return {
          id: eventId(bootId, sequence, index),
          time: tenths / 10,
          collectionIntervalSeconds: event.interval,
          payload:
            event.payload === EVENT_NETWORK_ACTIVITY
              ? activity(bytes, event.tables, tenths, lists, reading)
              : readPayload(bytes, event, tenths, lists),
        };
      },
      EVENT_LIST,
    ),
  };
}

/** One of the messages without lists. */
function leaf<Type>(type: { decode(bytes: Uint8Array): Type }, bytes: Uint8Array, what: string): Type {
  try {
    return type.decode(bytes);
  } catch (error) {
    // The walk has let nothing through that the reader stumbles over; were it wrong, it is still the message.
    return refuse(what, error instanceof Error ? error.message : String(error));
  }
}

/** An object for every flow, at once or when it is read. */
function readFlows(
  bytes: Uint8Array,
  tables: readonly TablePlace[],
  time: number,
  lists: Lists,
  reading: TableReading,
): NetworkActivity {
  const flows = new FlowList(bytes, tables, time, reading);
  return { kind: 'NetworkActivity', flows: lists.of(flows.count, (index) => flows.at(index), CHECKED_LIST) };
}

/** Boot id, its last six bytes XOR (sequence << 8 | index). */
function eventId(bootId: Uint8Array, sequence: number, index: number): string {
  const id = Uint8Array.from(bootId);
  const view = new DataView(id.buffer);
  view.setUint32(11, view.getUint32(11) ^ sequence);
  view.setUint8(15, view.getUint8(15) ^ index);
  return uuidText(id);
}

function readPayload(bytes: Uint8Array, event: EventPlace, time: number, lists: Lists): Payload {
  const content = bytes.subarray(event.start, event.end);
  const { items } = event;
  const list = <Item, Read>(
    type: { decode(bytes: Uint8Array): Item },
    read: (item: Item) => Read,
    what: string,
  ): readonly Read[] =>
    lists.of(items.length / 2, (index) =>
      read(leaf(type, bytes.subarray(items[2 * index], items[2 * index + 1]), what)),
    );
  switch (event.payload) {
    case EVENT_SYSTEM_INFORMATION:
      return readSystemInformation(leaf(v3.SystemInformation, content, 'SystemInformation'));
    case EVENT_LISTENING_PORTS:
      return { kind: 'ListeningPorts', ports: list(v3.ListeningPort, readPort, 'ListeningPort') };
    case EVENT_HEARTBEAT:
      return { kind: 'Heartbeat' };
    case EVENT_BASELINE:
      return { kind: 'Baseline', checks: list(v3.BaselineCheck, readCheck, 'BaselineCheck') };
    case EVENT_PROCESS:
      return readProcess(leaf(v3.Process, content, 'Process'));
    case EVENT_LOG:
      return { kind: 'Log', records: list(v3.LogRecord, readRecord, 'LogRecord') };
    case EVENT_STATISTICS:
      return readStatistics(leaf(v3.Statistics, content, 'Statistics'));
    case EVENT_DETECTION:
      return readDetection(leaf(v3.Detection, content, 'Detection'), time, lists);
    default:
      return { kind: 'Unknown', type: Math.max(0, event.payload - KIND_OFFSET) };
  }
}

function readSystemInformation({
  operatingSystem,
  kernel,
  hardware,
}: generated.SystemInformation): SystemInformation {
  return {
    kind: 'SystemInformation',
    ...optional('operatingSystem', operatingSystem),
    ...optional('kernel', kernel),
    ...optional('hardware', hardware),
  };
}

/** A text as a property only where there is one. */
function optional<Key extends string>(key: Key, text: Uint8Array): { readonly [K in Key]?: string } {
  if (text.length === 0) return {};
  const property: { [K in Key]?: string } = {};
  property[key] = decoder.decode(text);
  return property;
}

function readPort({ address, port, protocol }: generated.ListeningPort): ListeningPort {
  return {
    family: familyOf(address, 'ListeningPort.address'),
    protocol: nameOf(PROTOCOL_NAMES, protocol),
    localAddress: formatAddress(address),
    localPort: portOf(port, 'ListeningPort.port'),
  };
}

function readCheck(check: generated.BaselineCheck): BaselineCheck {
  return {
    id: decoder.decode(check.id),
    result: nameOf(BASELINE_RESULTS, check.result),
    severity: nameOf(BASELINE_SEVERITIES, check.severity),
    ...optional('error', check.error),
    ...optional('description', check.description),
    ...optional('remediation', check.remediation),
  };
}

function readProcess(process: generated.Process): ProcessEvent {
  return {
    kind: 'Process',
    event: nameOf(PROCESS_EVENTS, process.event),
    processId: process.processId,
    parentProcessId: process.parentProcessId,
    userId: process.userId,
    hitCount: process.hitCount === 0 ? 1 : process.hitCount,
    ...optional('executable', process.executable),
    ...optional('commandLine', process.commandLine),
    ...optional('userName', process.userName),
  };
}

function readRecord(record: generated.LogRecord): LogRecord {
  return {
    level: nameOf(LOG_LEVELS, record.level),
    message: decoder.decode(record.message),
    fileName: decoder.decode(record.fileName),
    line: record.line,
    timestamp: numberOf(record.timestamp),
  };
}

/** Those that are not zero. */
function readCounters(counters: generated.Counters): Partial<Record<CounterName, number>> {
  const values: Partial<Record<CounterName, number>> = {};
  for (const name of COUNTER_NAMES) {
    const value = numberOf(counters[name]);
    if (value !== 0) values[name] = value;
  }
  return values;
}

function readStatistics({ counters, flowsIpv4, flowsIpv6, flowCapacity }: generated.Statistics): Statistics {
  const all = COUNTER_NAMES.map((name) => [name, counters ? numberOf(counters[name]) : 0]);
  return {
    kind: 'Statistics',
    counters: Object.fromEntries(all) as Record<CounterName, number>,
    flowsIpv4,
    flowsIpv6,
    flowCapacity,
  };
}

function readDetection(detection: generated.Detection, time: number, lists: Lists): Detection {
  const size = detection.peersIpv6 ? 16 : 4;
  const { peers } = detection;
  if (peers.length % size !== 0) refuse('Detection.peers', `${peers.length} bytes are no addresses`);
  const ports = portsOf(detection.ports);
  const last = time - detection.lastSeen;
  return {
    kind: 'Detection',
    detection: nameOf(DETECTION_KINDS, detection.kind),
    severity: nameOf(DETECTION_SEVERITIES, detection.severity),
    direction: nameOf(DETECTION_DIRECTIONS, detection.direction),
    state: nameOf(DETECTION_STATES, detection.state),
    number: detection.number,
    protocol: nameOf(PROTOCOL_NAMES, detection.protocol),
    peers: lists.of(peers.length / size, (index) => formatAddress(peers, index * size, size)),
    peerCount: detection.peerCount,
    ports: lists.of(ports.length, (index) => ports[index] ?? 0, CHECKED_LIST),
    portCount: detection.portCount,
    count: numberOf(detection.count),
    limit: numberOf(detection.limit),
    firstSeen: (last - detection.duration) / 10,
    lastSeen: last / 10,
  };
}

function portsOf(column: Uint8Array): Uint16Array {
  const numbers = new NumberColumn(column, 0, column.length, 'Detection.ports');
  // A number takes a byte at least.
  const ports = new Uint16Array(column.length);
  let count = 0;
  while (numbers.hasMore) ports[count++] = portOf(numbers.next(), 'Detection.ports');
  return ports.subarray(0, count);
}

function familyOf({ length }: Uint8Array, what: string): 4 | 6 {
  if (length === 4) return 4;
  if (length === 16) return 6;
  return refuse(what, `${length} bytes are no address`);
}

function portOf(port: number, what: string): number {
  return port <= PORT_MAX ? port : refuse(what, `${port} is no port`);
}

function numberOf(value: generated.U64): number {
  return typeof value === 'number' ? value : value.toNumber();
}
