// Writes messages of schema 3.0 as FlatBuffers for tests: field ids are written out here, none shared with the reader.

import { parseAddress } from '../../bindings/js/address.ts';
import {
  BASELINE_RESULTS,
  BASELINE_SEVERITIES,
  COUNTER_NAMES,
  type CounterName,
  DETECTION_DIRECTIONS,
  DETECTION_KINDS,
  DETECTION_SEVERITIES,
  DETECTION_STATES,
  type Flow,
  INITIATORS,
  LOG_LEVELS,
  OUTCOMES,
  type Payload,
  PROCESS_EVENTS,
  PROTOCOL_NAMES,
  type SecurityEvent,
  type SecurityMessage,
} from '../../bindings/js/messages/security-message.ts';
import { enumValue, joined, tenths } from './encode-3.0-protobuf.ts';
import {
  type Field,
  flatbuffer,
  Structs,
  struct,
  type Table,
  table,
  tables,
  text,
  u8,
  u16,
  u32,
  u64,
} from './flatbuffers-writer.ts';
import { splitFlow } from './random-message-3.0.ts';

export function encodeFlatBuffers(message: SecurityMessage): Uint8Array {
  const [major = 0, minor = 0, patch = 0] = message.moduleVersion.split('.').map(Number);
  const { bootId = '', sequence = 0, time = 0, uptimeSeconds = 0, counters } = message;
  return flatbuffer(
    table({
      0: text(message.moduleId),
      1: u32(major * 2 ** 24 + minor * 2 ** 16 + patch),
      3: tables(...message.events.map(eventTable)),
      4: uuid(bootId),
      5: u32(sequence),
      6: u64(BigInt(tenths(time))),
      7: u32(uptimeSeconds),
      ...(counters ? { 8: countersTable(counters) } : {}),
    }),
  );
}

function eventTable(event: SecurityEvent): Table {
  const time = tenths(event.time);
  const [type, payload] = payloadTable(event.payload, time);
  return table({
    0: uuid(event.id),
    1: u32(Math.floor(time / 10)),
    2: u32(event.collectionIntervalSeconds),
    3: u8(type),
    4: payload,
    ...(time % 10 === 0 ? {} : { 5: u8(time % 10) }),
  });
}

function payloadTable(payload: Payload, time: number): readonly [type: number, payload: Table] {
  switch (payload.kind) {
    case 'NetworkActivity': {
      const of = (family: number) =>
        payload.flows.filter((flow) => flow.family === family).flatMap(splitFlow);
      const flows = (family: number) => tables(...of(family).map((flow) => flowTable(flow, time)));
      return [1, table({ 0: flows(4), 1: flows(6) })];
    }
    case 'SystemInformation':
      return [2, table(texts({ 0: payload.operatingSystem, 1: payload.kernel, 2: payload.hardware }))];
    case 'ListeningPorts': {
      const ports = (family: number) =>
        new Structs(
          payload.ports
            .filter((port) => port.family === family)
            .map(({ localAddress, localPort, protocol }) =>
              Uint8Array.of(
                ...parseAddress(localAddress),
                localPort & 255,
                localPort >> 8,
                enumValue(PROTOCOL_NAMES, protocol),
                0,
              ),
            ),
        );
      return [3, table({ 0: ports(4), 1: ports(6) })];
    }
    case 'Heartbeat':
      return [4, table()];
    case 'Baseline': {
      const checks = payload.checks.map((check) =>
        table({
          0: text(check.id),
          1: u8(enumValue(BASELINE_RESULTS, check.result)),
          4: u8(enumValue(BASELINE_SEVERITIES, check.severity)),
          ...texts({ 2: check.error, 3: check.description, 5: check.remediation }),
        }),
      );
      return [5, table({ 0: tables(...checks) })];
    }
    case 'Process':
      return [
        6,
        table({
          1: u32(payload.processId),
          2: u32(payload.parentProcessId),
          3: u32(payload.userId),
          6: u8(enumValue(PROCESS_EVENTS, payload.event)),
          7: u32(payload.hitCount),
          ...texts({ 0: payload.executable, 4: payload.userName, 5: payload.commandLine }),
        }),
      ];
    case 'Log': {
      const records = payload.records.map((record) =>
        table({
          0: text(record.message),
          1: u8(enumValue(LOG_LEVELS, record.level)),
          2: u64(BigInt(record.timestamp)),
          3: u32(record.line),
          4: text(record.fileName),
        }),
      );
      return [7, table({ 0: tables(...records) })];
    }
    case 'Statistics':
      return [
        8,
        table({
          0: countersTable(payload.counters),
          1: u32(payload.flowsIpv4),
          2: u32(payload.flowsIpv6),
          3: u32(payload.flowCapacity),
        }),
      ];
    case 'Detection':
      return [
        9,
        table({
          0: u8(enumValue(DETECTION_KINDS, payload.detection)),
          1: u8(enumValue(DETECTION_SEVERITIES, payload.severity)),
          2: u8(enumValue(DETECTION_DIRECTIONS, payload.direction)),
          3: u8(enumValue(DETECTION_STATES, payload.state)),
          4: u32(payload.number),
          5: u8(enumValue(PROTOCOL_NAMES, payload.protocol)),
          6: new Structs([...joined(payload.peers.map(parseAddress))].map((byte) => Uint8Array.of(byte))),
          7: u8(Number(payload.peers.some((peer) => peer.includes(':')))),
          8: u32(payload.peerCount),
          9: new Structs(payload.ports.map((port) => Uint8Array.of(port & 255, port >> 8))),
          10: u32(payload.portCount),
          11: u64(BigInt(payload.count)),
          12: u64(BigInt(payload.limit)),
          13: u32(time - tenths(payload.lastSeen)),
          14: u32(tenths(payload.lastSeen) - tenths(payload.firstSeen)),
        }),
      ];
    case 'Unknown':
      return [payload.type, table()];
  }
}

function flowTable(flow: Flow, time: number): Table {
  const { firstSeen = 0, lastSeen = 0 } = flow;
  const common = table({
    0: u16(flow.localPort),
    1: u16(flow.remotePort),
    2: u32(flow.bytesIn),
    3: u32(flow.bytesOut),
    4: u8(enumValue(PROTOCOL_NAMES, flow.protocol)),
    9: u32(flow.packetsIn ?? 0),
    10: u32(flow.packetsOut ?? 0),
    11: u32(time - tenths(lastSeen)),
    12: u32(tenths(lastSeen) - tenths(firstSeen)),
    13: u8(enumValue(INITIATORS, flow.initiator ?? '')),
    14: u8(enumValue(OUTCOMES, flow.outcome ?? '')),
    15: u8(flow.tcpFlagsIn ?? 0),
    16: u8(flow.tcpFlagsOut ?? 0),
  });
  const addresses = [...parseAddress(flow.localAddress), ...parseAddress(flow.remoteAddress)];
  return table({ 0: struct(addresses, 4), 1: common });
}

function countersTable(counters: Readonly<Partial<Record<CounterName, number>>>): Table {
  return table(Object.fromEntries(COUNTER_NAMES.map((name, id) => [id, u64(BigInt(counters[name] ?? 0))])));
}

function texts(all: Readonly<Record<number, string | undefined>>): Record<number, Field> {
  const fields: Record<number, Field> = {};
  for (const [id, content] of Object.entries(all))
    if (content !== undefined) fields[Number(id)] = text(content);
  return fields;
}

function uuid(words: string): Field {
  return struct(Buffer.from(words.replaceAll('-', ''), 'hex'));
}
