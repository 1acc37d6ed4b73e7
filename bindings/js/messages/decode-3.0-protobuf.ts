// Messages of schema 3.0 as protobuf into a SecurityMessage.

import { ACTIVITY_IPV6, EVENT_NETWORK_ACTIVITY } from '../../../schema/message-3.0-numbers.ts';
import { formatAddress } from '../address.ts';
import { uuidText } from '../uuid.ts';
import { flowObject30, unspecified } from './flow-object.ts';
import { FlowTableReader, TablePlace } from './flow-table-3.0.ts';
import * as generated from './generated/message-3.0.js';
import { NumberColumn } from './protobuf-columns.ts';
import { refuse, walkProtobuf } from './protobuf-walk.ts';
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
  type Flow,
  type ListeningPort,
  LOG_LEVELS,
  type LogRecord,
  type NetworkActivity,
  nameOf,
  type Payload,
  PROCESS_EVENTS,
  PROTOCOL_NAMES,
  type ProcessEvent,
  type SecurityMessage,
  type Statistics,
  versionText,
} from './security-message.ts';

const UUID_BYTES = 16;
const EVENTS_FIELD = 7;
const MODULE_ID = 'wardlet';
/** Of a payload kind: what the field's number is over the number in the union of the FlatBuffers schema. */
const KIND_OFFSET = 2;
const PORT_MAX = 65_535;

// A byte order mark is text like any other; what is no UTF-8 becomes U+FFFD.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What makes something of the flows of an event. `time`: the event's, in tenths of a second. */
export type TableReader = (bytes: Uint8Array, tables: readonly TablePlace[], time: number) => NetworkActivity;

/**
 * Decodes one message; the bytes are not trusted. `activity`: what makes something of the flows.
 * @throws WardletError WL_BAD_MESSAGE: damaged, or built to cost more than it is long
 */
export function decodeProtobuf30(bytes: Uint8Array, activity: TableReader = readFlows): SecurityMessage {
  const places = placesIn(bytes);
  const message = decodeChecked(bytes);
  const { bootId, sequence, counters } = message;
  if (bootId.length !== UUID_BYTES) refuse('Message.boot_id', `${bootId.length} bytes are no UUID`);
  const time = numberOf(message.time);
  return {
    format: '3.0-protobuf',
    moduleId: message.moduleId.length === 0 ? MODULE_ID : decoder.decode(message.moduleId),
    moduleVersion: versionText(message.moduleVersion),
    bootId: uuidText(bootId),
    sequence,
    time: time / 10,
    uptimeSeconds: message.uptime,
    ...(counters ? { counters: readCounters(counters) } : {}),
    events: message.events.map((event, index) => {
      const { tables, unknown } = places[index] ?? NOTHING;
      const tenths = time + event.time;
      return {
        id: eventId(bootId, sequence, index),
        time: tenths / 10,
        collectionIntervalSeconds: event.interval,
        payload: tables ? activity(bytes, tables, tenths) : readPayload(event, tenths, unknown),
      };
    }),
  };
}

/** What of an event the walk alone finds. */
interface EventPlaces {
  /** Of its network activity, where it has some. */
  tables: TablePlace[] | undefined;
  /** The payload of a later schema that it has. */
  unknown: number;
}

const NOTHING: EventPlaces = { tables: undefined, unknown: 0 };

/** Checks the message. */
function placesIn(bytes: Uint8Array): EventPlaces[] {
  const events: EventPlaces[] = [];
  let event: EventPlaces = { ...NOTHING };
  let table = new TablePlace(4);
  walkProtobuf(bytes, {
    field({ message, number, field, wireType, content, end }) {
      switch (message) {
        case 'Message':
          if (number !== EVENTS_FIELD) break;
          event = { ...NOTHING };
          events.push(event);
          break;
        case 'Event':
          if (number === EVENT_NETWORK_ACTIVITY) event.tables = [];
          else if (field === undefined && wireType === 2) event.unknown = number - KIND_OFFSET;
          break;
        case 'NetworkActivity':
          if (field === undefined) break;
          table = new TablePlace(number === ACTIVITY_IPV6 ? 6 : 4);
          event.tables?.push(table);
          break;
        case 'FlowTable':
          table.set(number, content, end);
      }
    },
  });
  return events;
}

/** An object for every flow. */
function readFlows(bytes: Uint8Array, tables: readonly TablePlace[], time: number): NetworkActivity {
  const flows: Flow[] = [];
  for (const table of inOrder(tables)) {
    const reader = new FlowTableReader(bytes, table, time);
    const { flow } = reader;
    const locals = new Map<number, string>();
    while (reader.next()) {
      let local = locals.get(flow.local);
      if (local === undefined) {
        local =
          flow.local < 0 ? unspecified(flow) : formatAddress(bytes, flow.local, flow.family === 4 ? 4 : 16);
        locals.set(flow.local, local);
      }
      flows.push(flowObject30(flow, bytes, local));
    }
  }
  return { kind: 'NetworkActivity', flows };
}

/** IPv4 first. */
export function inOrder(tables: readonly TablePlace[]): readonly TablePlace[] {
  return [...tables].sort((one, other) => one.family - other.family);
}

function decodeChecked(bytes: Uint8Array): generated.Message {
  try {
    return generated.wardlet.v3.Message.decode(bytes);
  } catch (error) {
    // The walk has let nothing through that the reader stumbles over; were it wrong, it is still the message.
    return refuse('Message', error instanceof Error ? error.message : String(error));
  }
}

/** Boot id, its last six bytes XOR (sequence << 8 | index). */
function eventId(bootId: Uint8Array, sequence: number, index: number): string {
  const id = Uint8Array.from(bootId);
  const view = new DataView(id.buffer);
  view.setUint32(11, view.getUint32(11) ^ sequence);
  view.setUint8(15, view.getUint8(15) ^ index);
  return uuidText(id);
}

function readPayload(event: generated.Event, time: number, unknown: number): Payload {
  if (event.systemInformation) {
    const { operatingSystem, kernel, hardware } = event.systemInformation;
    return {
      kind: 'SystemInformation',
      ...optional('operatingSystem', operatingSystem),
      ...optional('kernel', kernel),
      ...optional('hardware', hardware),
    };
  }
  if (event.listeningPorts)
    return { kind: 'ListeningPorts', ports: event.listeningPorts.ports.map(readPort) };
  if (event.heartbeat) return { kind: 'Heartbeat' };
  if (event.baseline) return { kind: 'Baseline', checks: event.baseline.checks.map(readCheck) };
  if (event.process) return readProcess(event.process);
  if (event.log) return { kind: 'Log', records: event.log.records.map(readRecord) };
  if (event.statistics) return readStatistics(event.statistics);
  if (event.detection) return readDetection(event.detection, time);
  return { kind: 'Unknown', type: unknown };
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

function readDetection(detection: generated.Detection, time: number): Detection {
  const size = detection.peersIpv6 ? 16 : 4;
  const { peers } = detection;
  if (peers.length % size !== 0) refuse('Detection.peers', `${peers.length} bytes are no addresses`);
  const last = time - detection.lastSeen;
  return {
    kind: 'Detection',
    detection: nameOf(DETECTION_KINDS, detection.kind),
    severity: nameOf(DETECTION_SEVERITIES, detection.severity),
    direction: nameOf(DETECTION_DIRECTIONS, detection.direction),
    state: nameOf(DETECTION_STATES, detection.state),
    number: detection.number,
    protocol: nameOf(PROTOCOL_NAMES, detection.protocol),
    peers: Array.from({ length: peers.length / size }, (_, index) =>
      formatAddress(peers, index * size, size),
    ),
    peerCount: detection.peerCount,
    ports: portsOf(detection.ports),
    portCount: detection.portCount,
    count: numberOf(detection.count),
    limit: numberOf(detection.limit),
    firstSeen: (last - detection.duration) / 10,
    lastSeen: last / 10,
  };
}

function portsOf(column: Uint8Array): number[] {
  const numbers = new NumberColumn(column, 0, column.length, 'Detection.ports');
  const ports: number[] = [];
  while (numbers.hasMore) ports.push(portOf(numbers.next(), 'Detection.ports'));
  return ports;
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
