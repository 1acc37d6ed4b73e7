// Payloads of schema 2.3 other than network activity, decoded.

import {
  BASELINE_CHECKS,
  CHECK_DESCRIPTION,
  CHECK_ERROR,
  CHECK_ID,
  CHECK_REMEDIATION,
  CHECK_RESULT,
  CHECK_SEVERITY,
  LISTENING_PORTS_V4,
  LISTENING_PORTS_V6,
  LOG_FILE,
  LOG_LEVEL,
  LOG_LINE,
  LOG_MESSAGE,
  LOG_RECORDS,
  LOG_TIMESTAMP,
  PAYLOAD_BASELINE,
  PAYLOAD_HEARTBEAT,
  PAYLOAD_LISTENING_PORTS,
  PAYLOAD_LOG,
  PAYLOAD_PROCESS,
  PAYLOAD_SYSTEM_INFORMATION,
  PROCESS_COMMAND_LINE,
  PROCESS_EVENT,
  PROCESS_EXECUTABLE,
  PROCESS_HIT_COUNT,
  PROCESS_ID,
  PROCESS_PARENT,
  PROCESS_USER_ID,
  PROCESS_USER_NAME,
  SYSTEM_HARDWARE,
  SYSTEM_KERNEL,
  SYSTEM_OS,
} from '../../../schema/message-2.3.ts';
import { formatAddress } from '../address.ts';
import type { FlatBufferReader } from './flatbuffer-reader.ts';
import {
  type AddressFamily,
  BASELINE_RESULTS,
  BASELINE_SEVERITIES,
  type Baseline,
  type BaselineCheck,
  type ListeningPort,
  type ListeningPorts,
  LOG_LEVELS,
  type Log,
  type LogRecord,
  type NetworkActivity,
  nameOf,
  type Payload,
  PROCESS_EVENTS,
  PROTOCOL_NAMES,
  type ProcessEvent,
  type SystemInformation,
} from './security-message.ts';

const OFFSET = 4;
/** Address, u16 port, i8 protocol, a byte of padding. */
const V4_PORT_BYTES = 8;
const V6_PORT_BYTES = 20;

/** type: PAYLOAD_, not network activity; one that this schema does not have is kept as Unknown. @throws WardletError WL_BAD_MESSAGE */
export function readPayload(
  reader: FlatBufferReader,
  type: number,
  table: number,
): Exclude<Payload, NetworkActivity> {
  switch (type) {
    case PAYLOAD_SYSTEM_INFORMATION:
      return readSystemInformation(reader, table);
    case PAYLOAD_LISTENING_PORTS:
      return readListeningPorts(reader, table);
    case PAYLOAD_HEARTBEAT:
      return { kind: 'Heartbeat' };
    case PAYLOAD_BASELINE:
      return readBaseline(reader, table);
    case PAYLOAD_PROCESS:
      return readProcess(reader, table);
    case PAYLOAD_LOG:
      return readLog(reader, table);
    default:
      return { kind: 'Unknown', type };
  }
}

/** An optional text, as a property only where it is present. */
function optional<Key extends string>(
  reader: FlatBufferReader,
  key: Key,
  text: number,
): { readonly [K in Key]?: string } {
  if (text === 0) return {};
  const property: { [K in Key]?: string } = {};
  property[key] = reader.decodeText(text);
  return property;
}

function readSystemInformation(reader: FlatBufferReader, table: number): SystemInformation {
  return {
    kind: 'SystemInformation',
    ...optional(reader, 'operatingSystem', reader.text(table, SYSTEM_OS, 'SystemInformation.os_info')),
    ...optional(reader, 'kernel', reader.text(table, SYSTEM_KERNEL, 'SystemInformation.kernel_info')),
    ...optional(reader, 'hardware', reader.text(table, SYSTEM_HARDWARE, 'SystemInformation.hw_info')),
  };
}

function readListeningPorts(reader: FlatBufferReader, table: number): ListeningPorts {
  const v4 = reader.structs(table, LISTENING_PORTS_V4, V4_PORT_BYTES, 'ListeningPorts.ipv4_ports');
  const v6 = reader.structs(table, LISTENING_PORTS_V6, V6_PORT_BYTES, 'ListeningPorts.ipv6_ports');
  const countV4 = reader.count(v4);
  const ports = reader.lists.of(countV4 + reader.count(v6), (index) =>
    index < countV4
      ? readPort(reader, 4, v4 + index * V4_PORT_BYTES)
      : readPort(reader, 6, v6 + (index - countV4) * V6_PORT_BYTES),
  );
  return { kind: 'ListeningPorts', ports };
}

function readPort({ view }: FlatBufferReader, family: AddressFamily, at: number): ListeningPort {
  const size = family === 4 ? 4 : 16;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, size);
  return {
    family,
    protocol: nameOf(PROTOCOL_NAMES, view.getInt8(at + size + 2)),
    localAddress: formatAddress(bytes),
    localPort: view.getUint16(at + size, true),
  };
}

function readBaseline(reader: FlatBufferReader, table: number): Baseline {
  const checks = readTables(reader, table, BASELINE_CHECKS, 'Baseline.baseline_checks', readCheck);
  return { kind: 'Baseline', checks };
}

function readCheck(reader: FlatBufferReader, check: number): BaselineCheck {
  return {
    id: reader.decodeText(reader.requiredText(check, CHECK_ID, 'BaselineCheck.id')),
    result: nameOf(BASELINE_RESULTS, reader.i8(check, CHECK_RESULT, 'BaselineCheck.result')),
    severity: nameOf(BASELINE_SEVERITIES, reader.i8(check, CHECK_SEVERITY, 'BaselineCheck.severity')),
    ...optional(reader, 'error', reader.text(check, CHECK_ERROR, 'BaselineCheck.error')),
    ...optional(reader, 'description', reader.text(check, CHECK_DESCRIPTION, 'BaselineCheck.description')),
    ...optional(reader, 'remediation', reader.text(check, CHECK_REMEDIATION, 'BaselineCheck.remediation')),
  };
}

function readProcess(reader: FlatBufferReader, table: number): ProcessEvent {
  return {
    kind: 'Process',
    event: nameOf(PROCESS_EVENTS, reader.i8(table, PROCESS_EVENT, 'Process.event_type')),
    processId: reader.u32(table, PROCESS_ID, 'Process.process_id'),
    parentProcessId: reader.u32(table, PROCESS_PARENT, 'Process.parent_process_id'),
    userId: reader.u32(table, PROCESS_USER_ID, 'Process.user_id'),
    hitCount: reader.u32(table, PROCESS_HIT_COUNT, 'Process.hit_count', 1),
    ...optional(reader, 'executable', reader.text(table, PROCESS_EXECUTABLE, 'Process.executable')),
    ...optional(reader, 'commandLine', reader.text(table, PROCESS_COMMAND_LINE, 'Process.commandline')),
    ...optional(reader, 'userName', reader.text(table, PROCESS_USER_NAME, 'Process.user_name')),
  };
}

function readLog(reader: FlatBufferReader, table: number): Log {
  return { kind: 'Log', records: readTables(reader, table, LOG_RECORDS, 'Log.logs', readRecord) };
}

function readRecord(reader: FlatBufferReader, record: number): LogRecord {
  return {
    level: nameOf(LOG_LEVELS, reader.i8(record, LOG_LEVEL, 'Record.level')),
    message: reader.decodeText(reader.requiredText(record, LOG_MESSAGE, 'Record.message')),
    fileName: reader.decodeText(reader.requiredText(record, LOG_FILE, 'Record.filename')),
    line: reader.u32(record, LOG_LINE, 'Record.line'),
    timestamp: reader.u64(record, LOG_TIMESTAMP, 'Record.timestamp'),
  };
}

function readTables<Row>(
  reader: FlatBufferReader,
  table: number,
  id: number,
  what: string,
  read: (reader: FlatBufferReader, row: number) => Row,
): readonly Row[] {
  const offsets = reader.offsets(table, id, what);
  return reader.lists.of(reader.count(offsets), (index) =>
    read(reader, reader.table(offsets + index * OFFSET, what)),
  );
}
