// Every byte of a message has one meaning, and the meanings together say what decodeMessage says.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ByteMeaning, explainMessage } from '../bindings/js/messages/explain.ts';
import { coreMessages } from './support/core-messages.ts';
import { EVENT_ID_TEXT, EVERY_PAYLOAD, event, message, messageTable } from './support/every-payload.ts';
import { flatbuffer, struct, table, tables, text, u8, u32 } from './support/flatbuffers-writer.ts';
import { peerV4, peerV6 } from './support/packets.ts';
import { codeOf } from './support/thrown-error.ts';

test('a heartbeat, byte by byte', async () => {
  const [bytes = new Uint8Array()] = await coreMessages([], {
    collectors: {
      SystemInformation: { enabled: false, group: 'Low' },
      NetworkActivity: { enabled: false, group: 'High' },
    },
  });
  const all = explainMessage(bytes).map(({ offset, length, path, meaning, value }) => {
    const said = value === undefined ? '' : path.endsWith('.id') ? ' = ...' : ` = ${value}`;
    return `${offset}+${length} ${path === '' ? '' : `${path}: `}${meaning}${said}`;
  });
  const message = 'Message: vtable of Message:';
  const event = 'Message.events[0]: vtable of Event:';
  assert.equal(all, [
    '0+4 Message: where the table Message begins = 16',
    `4+2 ${message} its size = 12`,
    `6+2 ${message} size of the table = 16`,
    `8+2 ${message} where in the table security_module_id stands = 4`,
    `10+2 ${message} where in the table security_module_version stands = 8`,
    `12+2 ${message} no timezone`,
    `14+2 ${message} where in the table events stands = 12`,
    '16+4 Message: where the vtable of Message begins = 4',
    '20+4 Message.security_module_id: where the text begins = 32',
    '24+4 Message.security_module_version: version of the agent = 0.1.0',
    '28+4 Message.events: where the vector begins = 44',
    '32+4 Message.security_module_id: length of the text = 7',
    '36+7 Message.security_module_id: the agent = wardlet',
    '43+1 Message.security_module_id: end of the text',
    '44+4 Message.events: number of elements = 1',
    '48+4 Message.events[0]: where the table Event begins = 68',
    `52+2 ${event} its size = 14`,
    `54+2 ${event} size of the table = 36`,
    `56+2 ${event} where in the table id stands = 4`,
    `58+2 ${event} where in the table time stands = 20`,
    `60+2 ${event} where in the table collection_interval stands = 24`,
    `62+2 ${event} where in the table payload_type stands = 32`,
    `64+2 ${event} where in the table payload stands = 28`,
    '66+2 padding',
    '68+4 Message.events[0]: where the vtable of Event begins = 52',
    '72+16 Message.events[0].id: id of the event = ...',
    '88+4 Message.events[0].time: when it was collected, unix seconds = 1700000010',
    '92+4 Message.events[0].collection_interval: seconds it covers = 60',
    '96+4 Message.events[0].payload: where the table Heartbeat begins = 108',
    '100+1 Message.events[0].payload_type: kind of payload = Heartbeat',
    '101+3 Message.events[0]: padding',
    '104+2 Message.events[0].payload: vtable of Heartbeat: its size = 4',
    '106+2 Message.events[0].payload: vtable of Heartbeat: size of the table = 4',
    '108+4 Message.events[0].payload: where the vtable of Heartbeat begins = 104',
  ]);
});

test('every byte of every message of the core is explained once, none unreferenced', async () => {
  const packets = Array.from({ length: 60 }, (_, number) => ({
    to: number % 2 ? peerV4(number) : peerV6(number),
    protocol: (['TCP', 'UDP', 'ICMP'] as const)[number % 3] ?? 'TCP',
  }));
  for (const profile of ['standard', 'gateway'] as const) {
    for (const bytes of await coreMessages(packets, {}, profile)) {
      const meanings = explainMessage(bytes);
      assertCovers(meanings, bytes);
      assert.equal(
        meanings.filter(({ meaning }) => /unreferenced|no field|part of/.test(meaning)),
        [],
      );
    }
  }
});

test('every kind of payload is explained to the last byte', () => {
  const bytes = message(...EVERY_PAYLOAD.map(({ type, table: payload }) => event(type, payload)));
  const meanings = explainMessage(bytes);
  assertCovers(meanings, bytes);
  const said = new Map(
    meanings.filter(({ value }) => value !== undefined).map(({ path, value }) => [path, value]),
  );
  const expected: ReadonlyArray<readonly [path: string, value: string | number]> = [
    ['Message.security_module_version', '1.2.3'],
    ['Message.events[0].id', EVENT_ID_TEXT],
    ['Message.events[0].payload.ipv4_activity[0].addresses.remote_address', '8.8.8.8'],
    ['Message.events[0].payload.ipv4_activity[0].common.protocol', 'UDP'],
    ['Message.events[0].payload.ipv4_activity[1].common.protocol', 'Unknown(-124)'],
    ['Message.events[0].payload.ipv6_activity[0].addresses.local_address', '2001:db8::5'],
    ['Message.events[3].payload.ipv4_ports[1].common.local_port', 53],
    ['Message.events[5].payload.baseline_checks[0].severity', 'WARNING'],
    ['Message.events[6].payload.hit_count', 12],
    ['Message.events[8].payload.logs[0].timestamp', 1_700_000_000_123],
  ];
  for (const [path, value] of expected) assert.is(said.get(path), value, path);
  for (const wanted of ['dig +short härte.example', 'mount it', 'sh -c id', 'main.c', 'Azure RTOS 6.3']) {
    assert.ok(
      meanings.some(({ value }) => value === wanted),
      wanted,
    );
  }
});

test('what two objects share is explained once', () => {
  const common = table({ 3: u32(8) });
  const flow = (last: number) => table({ 0: struct([10, 0, 0, 5, 192, 0, 2, last], 4), 1: common });
  const first = flow(1);
  const bytes = message(event(1, table({ 0: tables(first, first, flow(2)) })));
  const meanings = explainMessage(bytes);
  assertCovers(meanings, bytes);
  const paths = meanings.map(({ path }) => path).filter((path) => path.endsWith('bytes_out'));
  assert.equal(paths, ['Message.events[0].payload.ipv4_activity[0].common.bytes_out']);
  const commons = meanings.filter(
    ({ meaning }) => meaning === 'where the table NetworkActivityCommon begins',
  );
  assert.is(commons.length, 2);
});

test('fields of a later schema, bytes nobody points to and padding are told apart', () => {
  const later = table({ 0: struct(new Uint8Array(16)), 3: u8(4), 4: table(), 5: u32(7) });
  const inner = flatbuffer(messageTable(tables(later)));
  const bytes = new Uint8Array(inner.length + 9);
  bytes.set(inner);
  const meanings = explainMessage(bytes);
  assertCovers(meanings, bytes);
  assert.ok(
    meanings.some(({ meaning }) => meaning === 'vtable of Event: fields that this schema does not have'),
  );
  assert.ok(meanings.some(({ meaning }) => meaning.startsWith('a field that this schema does not have')));
  assert.is(meanings.at(-1)?.meaning, 'unreferenced');
});

test('objects that overlap are explained as far as they are their own', () => {
  const bytes = message(event(2, table({ 0: text('first'), 1: text('second') })));
  const meanings = explainMessage(bytes);
  const at = meanings.find(
    ({ path, meaning }) => path.endsWith('kernel_info') && meaning.startsWith('where'),
  );
  const os = meanings.find(({ path, meaning }) => path.endsWith('os_info') && meaning.startsWith('length'));
  assert.ok(at && os);
  // kernel_info now begins in the terminator of the other text, and is empty.
  const view = new DataView(bytes.buffer);
  view.setUint32(at.offset, os.offset + 4 + 5 - at.offset, true);
  assertCovers(explainMessage(bytes), bytes);
});

test('what cannot be decoded is not explained', () => {
  assert.is(
    codeOf(() => explainMessage(new Uint8Array(16))),
    'WL_BAD_MESSAGE',
  );
});

function assertCovers(meanings: readonly ByteMeaning[], bytes: Uint8Array): void {
  let end = 0;
  for (const { offset, length, path, meaning } of meanings) {
    assert.is(offset, end, `${path} ${meaning}`);
    assert.ok(length > 0 && meaning !== '');
    end += length;
  }
  assert.is(end, bytes.length);
}

test.run();
