// Messages of schema 2.3 with payloads that our core does not write, and what they decode to.

import type { Flow, Payload } from '../../bindings/js/messages/security-message.ts';
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

export const EVENT_ID = Uint8Array.from({ length: 16 }, (_, index) => index * 17);
export const EVENT_ID_TEXT = '00112233-4455-6677-8899-aabbccddeeff';
export const EVENT_TIME = 1_700_000_000;

export interface NamedPayload {
  readonly name: string;
  /** Number in the union. */
  readonly type: number;
  readonly table: Table;
  readonly decoded: Payload;
}

export function message(...events: readonly Table[]): Uint8Array {
  return flatbuffer(messageTable(tables(...events)));
}

/** events: a vector, or what a test puts in its place. */
export function messageTable(events: Field): Table {
  return table({ 0: text('field-agent'), 1: u32(0x01020003), 3: events });
}

export function event(type: number, payload: Field): Table {
  return table({ 0: struct(EVENT_ID), 1: u32(EVENT_TIME), 2: u32(60), 3: u8(type), 4: payload });
}

export function flowV4(remote: readonly number[], common: Table): Table {
  return table({ 0: struct([10, 0, 0, 5, ...remote], 4), 1: common });
}

const PORT_443 = [0xbb, 0x01];
const TCP_AND_PADDING = [0, 0];
const UNKNOWN_PROTOCOL = [7, 0];
const V6_LOCAL = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
const V6_REMOTE = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

const DNS: Flow = {
  family: 4,
  protocol: 'UDP',
  localAddress: '10.0.0.5',
  localPort: 53000,
  remoteAddress: '8.8.8.8',
  remotePort: 53,
  bytesIn: 4_294_967_295,
  bytesOut: 38,
  processId: 4711,
  userId: 0,
  executable: '/usr/bin/dig',
  commandLine: 'dig +short härte.example',
};

export const EVERY_PAYLOAD: readonly NamedPayload[] = [
  {
    name: 'network activity with processes',
    type: 1,
    table: table({
      0: tables(
        flowV4(
          [8, 8, 8, 8],
          table({
            0: u16(53000),
            1: u16(53),
            2: u32(4_294_967_295),
            3: u32(38),
            4: u8(1),
            5: u16(4711),
            6: u16(0),
            7: text('/usr/bin/dig'),
            8: text('dig +short härte.example'),
          }),
        ),
        flowV4([192, 0, 2, 1], table({ 4: u8(0x84) })),
      ),
      1: tables(table({ 0: struct([...V6_LOCAL, ...V6_REMOTE], 4), 1: table({ 3: u32(8), 4: u8(2) }) })),
    }),
    decoded: {
      kind: 'NetworkActivity',
      flows: [
        DNS,
        {
          family: 4,
          protocol: 'Unknown(-124)',
          localAddress: '10.0.0.5',
          localPort: 0,
          remoteAddress: '192.0.2.1',
          remotePort: 0,
          bytesIn: 0,
          bytesOut: 0,
        },
        {
          family: 6,
          protocol: 'ICMP',
          localAddress: '2001:db8::5',
          localPort: 0,
          remoteAddress: 'fe80::1',
          remotePort: 0,
          bytesIn: 0,
          bytesOut: 8,
        },
      ],
    },
  },
  {
    name: 'no network activity',
    type: 1,
    table: table(),
    decoded: { kind: 'NetworkActivity', flows: [] },
  },
  {
    name: 'system information',
    type: 2,
    table: table({ 0: text('Azure RTOS 6.3'), 2: text('') }),
    decoded: { kind: 'SystemInformation', operatingSystem: 'Azure RTOS 6.3', hardware: '' },
  },
  {
    name: 'listening ports',
    type: 3,
    table: table({
      0: new Structs([
        Uint8Array.of(0, 0, 0, 0, ...PORT_443, ...TCP_AND_PADDING),
        Uint8Array.of(127, 0, 0, 1, 53, 0, 1, 0),
      ]),
      1: new Structs([Uint8Array.of(...V6_LOCAL, ...PORT_443, ...UNKNOWN_PROTOCOL)]),
    }),
    decoded: {
      kind: 'ListeningPorts',
      ports: [
        { family: 4, protocol: 'TCP', localAddress: '0.0.0.0', localPort: 443 },
        { family: 4, protocol: 'UDP', localAddress: '127.0.0.1', localPort: 53 },
        { family: 6, protocol: 'Unknown(7)', localAddress: '2001:db8::5', localPort: 443 },
      ],
    },
  },
  { name: 'heartbeat', type: 4, table: table(), decoded: { kind: 'Heartbeat' } },
  {
    name: 'baseline',
    type: 5,
    table: table({
      0: tables(
        table({
          0: text('CIS 1.1'),
          1: u8(1),
          3: text('no /tmp of its own'),
          4: u8(2),
          5: text('mount it'),
        }),
        table({ 0: text('CIS 1.2'), 1: u8(2), 2: text('no permission') }),
        table({ 0: text('CIS 1.3'), 4: u8(9) }),
      ),
    }),
    decoded: {
      kind: 'Baseline',
      checks: [
        {
          id: 'CIS 1.1',
          result: 'FAIL',
          severity: 'WARNING',
          description: 'no /tmp of its own',
          remediation: 'mount it',
        },
        { id: 'CIS 1.2', result: 'ERROR', severity: 'CRITICAL', error: 'no permission' },
        { id: 'CIS 1.3', result: 'PASS', severity: 'Unknown(9)' },
      ],
    },
  },
  {
    name: 'process',
    type: 6,
    table: table({
      0: text('/bin/sh'),
      1: u32(70_000),
      2: u32(1),
      3: u32(1000),
      4: text('pi'),
      5: text('sh -c id'),
      6: u8(1),
      7: u32(12),
    }),
    decoded: {
      kind: 'Process',
      event: 'EXEC',
      processId: 70_000,
      parentProcessId: 1,
      userId: 1000,
      hitCount: 12,
      executable: '/bin/sh',
      commandLine: 'sh -c id',
      userName: 'pi',
    },
  },
  {
    name: 'process by defaults',
    type: 6,
    table: table(),
    decoded: { kind: 'Process', event: 'FORK', processId: 0, parentProcessId: 0, userId: 0, hitCount: 1 },
  },
  {
    name: 'log',
    type: 7,
    table: table({
      0: tables(
        table({
          0: text('out of memory'),
          1: u8(2),
          2: u64(1_700_000_000_123n),
          3: u32(77),
          4: text('main.c'),
        }),
        table({ 0: text(''), 4: text('') }),
      ),
    }),
    decoded: {
      kind: 'Log',
      records: [
        {
          level: 'ERROR',
          message: 'out of memory',
          fileName: 'main.c',
          line: 77,
          timestamp: 1_700_000_000_123,
        },
        { level: 'NOTSET', message: '', fileName: '', line: 0, timestamp: 0 },
      ],
    },
  },
  {
    name: 'a kind of a later schema',
    type: 9,
    table: table({ 0: text('detection'), 1: u64(5n), 2: tables(table()) }),
    decoded: { kind: 'Unknown', type: 9 },
  },
];
