// Flows without objects: the same that decodeMessage returns, with addresses where they stand.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { visitFlows } from '../bindings/js/messages/flow-visitor.ts';
import { coreMessages } from './support/core-messages.ts';
import { encodeFlatBuffers } from './support/encode-3.0-flatbuffers.ts';
import { encodeProtobuf } from './support/encode-3.0-protobuf.ts';
import { EVENT_TIME, EVERY_PAYLOAD, event, message } from './support/every-payload.ts';
import { struct, table, tables, u8 } from './support/flatbuffers-writer.ts';
import { peerV4, peerV6 } from './support/packets.ts';
import { randomMessage } from './support/random-message-3.0.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { errorOf } from './support/thrown-error.ts';
import { decodedFlows, visitedFlows } from './support/visited-flows.ts';

const SEED = seedOfRun();
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

test(`so it does of random messages of schema 3.0, in both encodings, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 100; round++) {
    const message = randomMessage(random);
    const forms = [
      ['3.0-protobuf', encodeProtobuf(message)],
      ['3.0-flatbuffers', encodeFlatBuffers(message)],
    ] as const;
    for (const [format, bytes] of forms) {
      assert.equal(visitedFlows(bytes, format), decodedFlows(decodeMessage(bytes, format)));
    }
  }
});

test('of schema 2.3: what it does not say is nothing', () => {
  visitFlows(message(event(1, EVERY_PAYLOAD[0]?.table ?? table())), '2.3', (flow) => {
    assert.equal([flow.packetsIn, flow.packetsOut, flow.initiator, flow.outcome], [0, 0, 0, 0]);
    assert.equal([flow.firstSeen, flow.lastSeen], [EVENT_TIME * 10, EVENT_TIME * 10]);
  });
});

test('positions are those of the bytes given, also of a view into a larger memory', async () => {
  const [bytes = new Uint8Array()] = await coreMessages(PACKETS);
  const memory = new Uint8Array(bytes.length + 64).fill(0xaa);
  memory.set(bytes, 32);
  const view = memory.subarray(32, 32 + bytes.length);
  assert.equal(visitedFlows(view), visitedFlows(bytes));
});

test('the time is that of the event', () => {
  const times: number[] = [];
  const payload = EVERY_PAYLOAD[0]?.table ?? table();
  const later = table({ 0: struct(new Uint8Array(16)), 3: u8(1), 4: payload });
  visitFlows(message(event(1, payload), later), '2.3', ({ time }) => {
    times.push(time);
  });
  const tenths = EVENT_TIME * 10;
  assert.equal(times, [tenths, tenths, tenths, 0, 0, 0]);
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
    const error = errorOf(() => visitFlows(bytes, '2.3', () => seen++));
    assert.is(error.message, errorOf(() => decodeMessage(bytes)).message);
    assert.is(seen, 3);
  }
});

test('an error of the visitor comes through', () => {
  const bytes = message(event(1, EVERY_PAYLOAD[0]?.table ?? table()));
  assert.throws(() => {
    visitFlows(bytes, '2.3', () => {
      throw new RangeError('full');
    });
  }, /^full$/);
});

test.run();
