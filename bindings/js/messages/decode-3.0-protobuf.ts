// Messages of schema 3.0 as protobuf into a SecurityMessage.

import { formatAddress } from '../address.ts';
import { uuidText } from '../uuid.ts';
import { readFlowTable } from './flow-table-3.0.ts';
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

/**
 * Decodes one message; the bytes are not trusted.
 * @throws WardletError WL_BAD_MESSAGE: damaged, or built to cost more than it is long
 */
export function decodeProtobuf30(bytes: Uint8Array): SecurityMessage {
  const unknown = unknownPayloads(bytes);
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
    events: message.events.map((event, index) => ({
      id: eventId(bootId, sequence, index),
      time: (time + event.time) / 10,
      collectionIntervalSeconds: event.interval,
      payload: readPayload(event, time + event.time, unknown.get(index) ?? 0),
    })),
  };
}

/** Checks the message; by number of the event, what payload of a later schema it has. */
function unknownPayloads(bytes: Uint8Array): Map<number, number> {
  const unknown = new Map<number, number>();
  let event = -1;
  walkProtobuf(bytes, {
    field({ message, number, field, wireType }) {
      if (message === 'Message' && number === EVENTS_FIELD) event++;
      if (message === 'Event' && field === undefined && wireType === 2)
        unknown.set(event, number - KIND_OFFSET);
    },
  });
  return unknown;
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
  if (event.networkActivity) {
    const flows: Flow[] = [];
    const { ipv4, ipv6 } = event.networkActivity;
    if (ipv4) readFlowTable(ipv4, 4, time, flows);
    if (ipv6) readFlowTable(ipv6, 6, time, flows);
    return { kind: 'NetworkActivity', flows };
  }
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
  const ports = new NumberColumn(detection.ports, 'ports');
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
    ports: Array.from({ length: ports.count() }, () => portOf(ports.next(), 'Detection.ports')),
    portCount: detection.portCount,
    count: numberOf(detection.count),
    limit: numberOf(detection.limit),
    firstSeen: (last - detection.duration) / 10,
    lastSeen: last / 10,
  };
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
