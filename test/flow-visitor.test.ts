// Flows without objects: the same that decodeMessage returns, with addresses where they stand.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../bindings/js/address.ts';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { visitFlows } from '../bindings/js/messages/flow-visitor.ts';
import { coreMessages } from './support/core-messages.ts';
import { EVENT_TIME, EVERY_PAYLOAD, event, message } from './support/every-payload.ts';
import { struct, table, tables, u8 } from './support/flatbuffers-writer.ts';
import { peerV4, peerV6 } from './support/packets.ts';
import { errorOf } from './support/thrown-error.ts';
import { decodedFlows, visitedFlows } from './support/visited-flows.ts';

const PACKETS = Array.from({ length: 60 }, (_, number) => ({
  to: number % 2 ? peerV4(number) : peerV6(number),
  protocol: (['TCP', 'UDP', 'ICMP'] as const)[number % 3] ?? 'TCP',
  payload: number,
}));

test('the visitor sees what decodeMessage returns, in its order', async () => {
  const every = message(...EVERY_PAYLOAD.map(({ type, table: payload }) => event(type, payload)));
  for (const bytes of [
    every,
    ...(await coreMessages(PACKETS)),
    ...(await coreMessages(PACKETS, {}, 'gateway')),
  ]) {
    const visited = visitedFlows(bytes);
    assert.ok(visited.length > 0);
    assert.equal(visited, decodedFlows(decodeMessage(bytes)));
  }
});

test('a message is read where it stands in a larger memory', async () => {
  const [bytes = new Uint8Array()] = await coreMessages(PACKETS);
  const memory = new Uint8Array(bytes.length + 64).fill(0xaa);
  memory.set(bytes, 32);
  const flows: string[] = [];
  visitFlows(
    new DataView(memory.buffer),
    32,
    bytes.length,
    (family, _protocol, _local, _remote, _in, _out, at) => {
      const size = family === 4 ? 4 : 16;
      flows.push(`${formatAddress(memory, at, size)} ${formatAddress(memory, at + size, size)}`);
    },
  );
  const expected = decodedFlows(decodeMessage(bytes));
  assert.equal(
    flows,
    expected.map(({ localAddress, remoteAddress }) => `${localAddress} ${remoteAddress}`),
  );
  // Offsets count from the beginning of the view, also of one that begins inside its buffer.
  const local = new DataView(memory.buffer, 16, bytes.length + 20);
  visitFlows(local, 16, bytes.length, (family, _protocol, _local, _remote, _in, _out, at) => {
    if (family === 4) assert.is(local.getUint32(at), 0x0a000005);
  });
  assert.match(errorOf(() => visitFlows(local, 21, bytes.length, () => {})).message, /reach over/);
});

test('the time is that of the event', () => {
  const times: number[] = [];
  const payload = EVERY_PAYLOAD[0]?.table ?? table();
  const later = table({ 0: struct(new Uint8Array(16)), 3: u8(1), 4: payload });
  visitFlows(message(event(1, payload), later), (...flow) => {
    times.push(flow[7]);
  });
  assert.equal(times, [EVENT_TIME, EVENT_TIME, EVENT_TIME, 0, 0, 0]);
});

test('what decodeMessage refuses is refused in the same words, wherever it stands', () => {
  const broken = [
    event(7, table({ 0: tables(table()) })),
    event(1, table({ 0: tables(table({ 1: table() })) })),
    event(2, table({ 0: u8(1) })),
  ];
  for (const last of broken) {
    const bytes = message(event(1, EVERY_PAYLOAD[0]?.table ?? table()), last);
    let seen = 0;
    const error = errorOf(() => visitFlows(bytes, () => seen++));
    assert.is(error.message, errorOf(() => decodeMessage(bytes)).message);
    assert.is(seen, 3);
  }
});

test('an error of the visitor comes through', () => {
  const bytes = message(event(1, EVERY_PAYLOAD[0]?.table ?? table()));
  assert.throws(() => {
    visitFlows(bytes, () => {
      throw new RangeError('full');
    });
  }, /^full$/);
});

test.run();
