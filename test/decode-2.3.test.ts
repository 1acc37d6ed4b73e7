// Messages of schema 2.3 decoded: what our core writes, and every payload other agents write.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import {
  isEverythingElse,
  type MessageFormat,
  type SecurityMessage,
} from '../bindings/js/messages/security-message.ts';
import { coreMessages, START } from './support/core-messages.ts';
import {
  EVENT_ID_TEXT,
  EVENT_TIME,
  EVERY_PAYLOAD,
  event,
  flowV4,
  message,
  messageTable,
} from './support/every-payload.ts';
import {
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
  Vector,
} from './support/flatbuffers-writer.ts';
import { hex, readMessage } from './support/message-reader.ts';
import { peerV4, peerV6 } from './support/packets.ts';
import { codeOf, errorOf } from './support/thrown-error.ts';

test('a message of the core says what the device said and heard', async () => {
  const [bytes, ...more] = await coreMessages([
    { to: peerV4(1), payload: 100 },
    { to: peerV4(1), payload: 11 },
    {
      from: peerV4(2),
      to: Uint8Array.of(10, 0, 0, 5),
      protocol: 'UDP',
      fromPort: 53,
      toPort: 5353,
      payload: 30,
    },
    { to: peerV6(3), protocol: 'ICMP', payload: 4 },
  ]);
  assert.is(more.length, 0);
  const { events, ...head } = decodeMessage(bytes ?? new Uint8Array());
  assert.equal(head, { format: '2.3', moduleId: 'wardlet', moduleVersion: '0.1.0' });
  const times = events.map(({ time, collectionIntervalSeconds }) => [
    time - START / 1000,
    collectionIntervalSeconds,
  ]);
  assert.equal(times, [
    [10, 10],
    [10, 60],
    [10, 60],
  ]);
  for (const { id } of events) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  assert.equal(
    events.map(({ payload }) => payload),
    [
      {
        kind: 'NetworkActivity',
        flows: [
          {
            family: 4,
            protocol: 'TCP',
            localAddress: '10.0.0.5',
            localPort: 40_000,
            remoteAddress: '198.18.0.1',
            remotePort: 443,
            bytesIn: 0,
            bytesOut: 151,
          },
          {
            family: 4,
            protocol: 'UDP',
            localAddress: '10.0.0.5',
            localPort: 5353,
            remoteAddress: '198.18.0.2',
            remotePort: 53,
            bytesIn: 38,
            bytesOut: 0,
          },
          {
            family: 6,
            protocol: 'ICMP',
            localAddress: '2001:db8::5',
            localPort: 0,
            remoteAddress: '2001:db8:1::4',
            remotePort: 0,
            bytesIn: 0,
            bytesOut: 12,
          },
        ],
      },
      { kind: 'SystemInformation', operatingSystem: 'Test OS 1' },
      { kind: 'Heartbeat' },
    ],
  );
});

test('many flows decode as an independent reader reads them, in every profile', async () => {
  const packets = Array.from({ length: 300 }, (_, number) => ({
    to: number % 3 ? peerV4(number) : peerV6(number),
    protocol: (['TCP', 'UDP', 'ICMP'] as const)[number % 5] ?? 'TCP',
    payload: number,
  }));
  for (const profile of ['lean-strict', 'standard', 'gateway'] as const) {
    const messages = await coreMessages(packets, {}, profile);
    assert.ok(messages.length > 0);
    for (const bytes of messages) {
      const read = readMessage(bytes).events.map(({ flows, interval, id, time, kind }) => ({
        id,
        time,
        interval,
        kind,
        flows: flows.map(({ local, remote, ...flow }) => flow),
      }));
      const decoded = decodeMessage(bytes).events.map(({ id, time, collectionIntervalSeconds, payload }) => ({
        id: id.replaceAll('-', ''),
        time,
        interval: collectionIntervalSeconds,
        kind: payload.kind,
        flows:
          payload.kind === 'NetworkActivity'
            ? payload.flows.map(({ localAddress, remoteAddress, ...flow }) => flow)
            : [],
      }));
      assert.equal(decoded, read);
    }
  }
});

test('flows that a full table could not name are told from all others', async () => {
  const packets = Array.from({ length: 5 }, (_, number) => [
    { to: peerV4(number), payload: 10 },
    { to: peerV6(number), payload: 10 },
  ]).flat();
  const [bytes] = await coreMessages(packets, { cacheSize: 2 });
  const flows = flowsOf(decodeMessage(bytes ?? new Uint8Array()));
  assert.equal(
    flows.filter(isEverythingElse).map(({ family, bytesOut }) => [family, bytesOut]),
    [
      [4, 90],
      [6, 90],
    ],
  );
  assert.is(flows.length, 6);
  const [merged] = flows.filter(isEverythingElse);
  assert.ok(merged);
  assert.not.ok(isEverythingElse({ ...merged, remotePort: 1 }));
  assert.not.ok(isEverythingElse({ ...merged, remoteAddress: '0.0.0.1' }));
});

for (const { name, type, table: payload, decoded } of EVERY_PAYLOAD) {
  test(`payload: ${name}`, () => {
    assert.equal(decodeMessage(message(event(type, payload))), {
      format: '2.3',
      moduleId: 'field-agent',
      moduleVersion: '1.2.3',
      events: [{ id: EVENT_ID_TEXT, time: EVENT_TIME, collectionIntervalSeconds: 60, payload: decoded }],
    });
  });
}

test('events keep their order, and a message may have none', () => {
  const events = EVERY_PAYLOAD.map(({ type, table: payload }) => event(type, payload));
  const decoded = decodeMessage(message(...events));
  assert.equal(
    decoded.events.map(({ payload }) => payload),
    EVERY_PAYLOAD.map(({ decoded: expected }) => expected),
  );
  assert.equal(decodeMessage(message()).events, []);
});

test('what is absent has its default; what a later schema adds is passed over', () => {
  const later = table({
    0: struct(new Uint8Array(16)),
    3: u8(4),
    4: table({ 0: u32(5), 3: text('new') }),
    5: u64(1n),
    9: tables(table()),
  });
  const bytes = flatbuffer(table({ 0: text(''), 3: tables(later), 4: u32(77), 6: text('more') }));
  assert.equal(decodeMessage(bytes), {
    format: '2.3',
    moduleId: '',
    moduleVersion: '0.0.0',
    events: [
      {
        id: '00000000-0000-0000-0000-000000000000',
        time: 0,
        collectionIntervalSeconds: 0,
        payload: { kind: 'Heartbeat' },
      },
    ],
  });
});

test('a required field that is missing is named', () => {
  const id = struct(new Uint8Array(16));
  const heartbeat = table({ 0: id, 3: u8(4), 4: table() });
  const flow = (row: Table) => message(event(1, table({ 0: tables(row) })));
  const faults: ReadonlyArray<readonly [name: RegExp, bytes: Uint8Array]> = [
    [/security_module_id/, flatbuffer(table({ 3: tables(heartbeat) }))],
    [/Message\.events/, flatbuffer(table({ 0: text('agent') }))],
    [/Event\.id/, message(table({ 3: u8(4), 4: table() }))],
    [/Event\.payload/, message(table({ 0: id, 3: u8(4) }))],
    [/Event\.payload/, message(table({ 0: id, 4: table() }))],
    [/NetworkActivityV4\.addresses/, flow(table({ 1: table() }))],
    [/NetworkActivityV4\.common/, flow(table({ 0: struct(new Uint8Array(8), 4) }))],
    [
      /NetworkActivityV6\.common/,
      message(event(1, table({ 1: tables(table({ 0: struct(new Uint8Array(32), 4) })) }))),
    ],
    [/BaselineCheck\.id/, message(event(5, table({ 0: tables(table({ 1: u8(1) })) })))],
    [/Record\.message/, message(event(7, table({ 0: tables(table({ 4: text('f') })) })))],
    [/Record\.filename/, message(event(7, table({ 0: tables(table({ 0: text('m') })) })))],
  ];
  for (const [name, bytes] of faults) {
    const error = errorOf(() => decodeMessage(bytes));
    assert.is(error.code, 'WL_BAD_MESSAGE', String(name));
    assert.match(error.message, name);
  }
});

test('a struct too short for its field, or a field of the wrong width, is refused', () => {
  const short = table({ 0: struct(new Uint8Array(12)) });
  assert.match(errorOf(() => decodeMessage(message(short))).message, /^Event\.id at byte \d+: 16 bytes at 4/);
  const narrow = table({ 7: u16(1) });
  assert.match(
    errorOf(() => decodeMessage(message(event(6, narrow)))).message,
    /^Process\.hit_count at byte/,
  );
});

test('a timestamp beyond 2^53 becomes the nearest double', () => {
  const record = table({ 0: text(''), 2: u64(2n ** 63n + 1n), 4: text('') });
  const [decoded] = decodeMessage(message(event(7, table({ 0: tables(record) })))).events;
  assert.ok(decoded?.payload.kind === 'Log');
  assert.is(decoded.payload.records[0]?.timestamp, 2 ** 63);
});

test('a decoded message is plain data of its own', () => {
  const bytes = message(...EVERY_PAYLOAD.map(({ type, table: payload }) => event(type, payload)));
  // In the middle of a larger buffer, as from a socket.
  const buffer = new Uint8Array(bytes.length + 13).fill(0xff);
  buffer.set(bytes, 7);
  const decoded = decodeMessage(buffer.subarray(7, 7 + bytes.length));
  buffer.fill(0);
  assert.equal(decoded, decodeMessage(bytes));
  assert.equal(JSON.parse(JSON.stringify(decoded)), decoded);
});

test('a message cut anywhere is refused or still whole', async () => {
  const [bytes = new Uint8Array()] = await coreMessages([{ to: peerV4(1) }, { to: peerV6(1) }]);
  const whole = JSON.stringify(decodeMessage(bytes));
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    // Only padding at the end can be missed by nobody.
    if (codeOf(() => decodeMessage(cut)) === undefined) {
      assert.is(JSON.stringify(decodeMessage(cut)), whole);
      assert.match(hex(bytes.subarray(length)), /^(00){1,3}$/);
    } else
      assert.is(
        codeOf(() => decodeMessage(cut)),
        'WL_BAD_MESSAGE',
      );
  }
});

test('honest sharing costs nothing: one program, one peer in a thousand flows', () => {
  const common = table({ 0: u16(443), 7: text('/usr/bin/agent'), 8: text(`agent ${'-v '.repeat(60)}`) });
  const flows = Array.from({ length: 1000 }, (_, number) =>
    flowV4([192, 0, number >> 8, number & 255], common),
  );
  const decoded = decodeMessage(message(event(1, table({ 0: tables(...flows) }))));
  assert.is(flowsOf(decoded).length, 1000);
});

test('a message that costs more than it is long is refused', () => {
  const times = (count: number, one: Table) => new Vector(new Array(count).fill(one));
  const flow = flowV4([192, 0, 2, 1], table());
  const flows = times(65_535, flow);
  const few = event(1, table({ 0: tables(flow, flow, flow) }));
  const log = event(7, table({ 0: times(1000, table({ 0: text(''), 4: text('') })) }));
  const port = Uint8Array.of(127, 0, 0, 1, 53, 0, 1, 0);
  const ports = event(3, table({ 0: new Structs(new Array(8000).fill(port)) }));
  const hostile: ReadonlyArray<readonly [what: string, bytes: Uint8Array]> = [
    ['one flow 65,535 times', message(event(1, table({ 0: flows })))],
    ['the same flows in both families', message(event(1, table({ 0: flows, 1: flows })))],
    ['one event 65,535 times', flatbuffer(messageTable(times(65_535, few)))],
    ['one log in all events', flatbuffer(messageTable(times(1000, log)))],
    ['the same ports in all events', flatbuffer(messageTable(times(1000, ports)))],
  ];
  for (const [what, bytes] of hostile) {
    assert.match(errorOf(() => decodeMessage(bytes)).message, /used too often/, what);
  }
  // Each once is honest.
  assert.is(decodeMessage(message(ports, few)).events.length, 2);
});

test('another format is refused by its name', () => {
  const error = errorOf(() => decodeMessage(message(), '4.0-protobuf' as MessageFormat));
  assert.is(error.code, 'WL_UNSUPPORTED_FORMAT');
  assert.match(error.message, /4\.0-protobuf/);
});

function flowsOf({ events }: SecurityMessage) {
  return events.flatMap(({ payload }) => (payload.kind === 'NetworkActivity' ? payload.flows : []));
}

test.run();
