// Long lists of a decoded message: made when they are read, and arrays to whoever reads them.

import { inspect } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { CHECKED_LIST, Lists, MADE_AT_ONCE, madeWhenRead } from '../bindings/js/messages/lists.ts';
import type { Flow, SecurityMessage } from '../bindings/js/messages/security-message.ts';
import { encodeFlatBuffers } from './support/encode-3.0-flatbuffers.ts';
import { encodeProtobuf } from './support/encode-3.0-protobuf.ts';
import { asFlatBuffers, randomMessage } from './support/random-message-3.0.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { decodedFlows, visitedFlows } from './support/visited-flows.ts';

const SEED = seedOfRun();

test('such a list is an array: every way of reading one gives what a plain one gives', () => {
  const plain = Array.from({ length: 12 }, (_, index) => ({ index }));
  const list = madeWhenRead(12, (index) => ({ index }));
  assert.ok(Array.isArray(list));
  assert.is(list.length, 12);
  assert.equal(list[7], { index: 7 });
  assert.is(list[12], undefined);
  assert.is((list as unknown as Record<string, unknown>)['01'], undefined);
  assert.equal(list.at(-1), { index: 11 });
  assert.equal([...list], plain);
  assert.equal(list, plain);
  assert.equal(
    list.map(({ index }) => index),
    plain.map(({ index }) => index),
  );
  assert.equal(list.slice(2, 4), plain.slice(2, 4));
  assert.equal([list, list].flat(), [...plain, ...plain]);
  assert.equal(
    list.filter(({ index }) => index % 5 === 0),
    [{ index: 0 }, { index: 5 }, { index: 10 }],
  );
  assert.is(
    list.reduce((sum, { index }) => sum + index, 0),
    66,
  );
  assert.is(JSON.stringify(list), JSON.stringify(plain));
  assert.is(inspect(list), inspect(plain));
  assert.equal(Object.keys(list), Object.keys(plain));
  assert.equal(Object.entries(list), Object.entries(plain));
  assert.ok(3 in list && !(12 in list));
  assert.is(Object.getPrototypeOf(list), Array.prototype);
});

test('it cannot be changed', () => {
  const list = madeWhenRead(3, (index) => index) as number[];
  assert.throws(() => list.push(4), TypeError);
  assert.throws(() => {
    list[0] = 4;
  }, TypeError);
  assert.throws(() => list.sort(), TypeError);
  assert.equal([...list], [0, 1, 2]);
});

test('the first ones of a message are made at once, and what cannot be read is refused at once', () => {
  const lists = new Lists();
  let made = 0;
  const make = (index: number) => {
    made++;
    if (index === 5000) throw new RangeError('no such');
    return index;
  };
  const first = lists.of(MADE_AT_ONCE, make);
  const second = lists.of(10, make);
  assert.is(made, MADE_AT_ONCE + 10);
  assert.is(first[3], second[3]);
  assert.is(made, MADE_AT_ONCE + 11);
  assert.throws(() => lists.of(5001, make), /no such/);
  made = 0;
  lists.of(5001, make, CHECKED_LIST);
  assert.is(made, 0);
});

test(`a long message says the same in every format, in any order of reading, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  const message = longMessage(random);
  const forms = [
    ['3.0-protobuf', encodeProtobuf(message), message],
    ['3.0-flatbuffers', encodeFlatBuffers(message), asFlatBuffers(message)],
  ] as const;
  for (const [format, bytes, expected] of forms) {
    const decoded = decodeMessage(bytes, format);
    // What it stands on is its own.
    const visited = visitedFlows(bytes, format);
    bytes.fill(0xff);
    assert.equal(decoded, expected, format);
    assert.equal(decodedFlows(decoded), visited, format);
    const flows = flowsOf(decoded);
    assert.ok(flows.length > MADE_AT_ONCE, format);
    for (let round = 0; round < 300; round++) {
      const index = random.below(flows.length);
      assert.equal(flows[index], flowsOf(expected)[index], `${format} ${index}`);
    }
  }
});

/** Random messages joined, until there are flows enough. */
function longMessage(random: SeededRandom): SecurityMessage {
  for (;;) {
    const message = randomMessage(random);
    const [first] = message.events;
    if (first?.payload.kind !== 'NetworkActivity' || message.events.length > 10) continue;
    const { flows } = first.payload;
    const named = flows.filter(({ family, remoteAddress }) => family === 4 && remoteAddress !== '0.0.0.0');
    if (named.length === 0) continue;
    const many = Array.from({ length: 1000 }, (_, index): Flow => {
      const flow = named[index % named.length] as Flow;
      return { ...flow, remoteAddress: `198.18.${index >> 8}.${index & 255}` };
    });
    const payload = { kind: 'NetworkActivity', flows: inClassOrder(many) } as const;
    return { ...message, events: [{ ...first, payload }, ...message.events.slice(1)] };
  }
}

/** As a table has them. */
function inClassOrder(flows: readonly Flow[]): Flow[] {
  const keyOf = ({ remoteAddress, localPort, remotePort, ...flow }: Flow) =>
    JSON.stringify([
      flow.protocol,
      flow.initiator,
      flow.outcome,
      (flow.packetsIn ?? 0) > 0 || flow.bytesIn > 0,
      (flow.packetsOut ?? 0) > 0 || flow.bytesOut > 0,
      flow.tcpFlagsIn,
      flow.tcpFlagsOut,
      flow.localAddress,
    ]);
  const classes = new Map<string, Flow[]>();
  for (const flow of flows) {
    const key = keyOf(flow);
    classes.set(key, [...(classes.get(key) ?? []), flow]);
  }
  return [...classes.values()].flat();
}

function flowsOf({ events }: SecurityMessage): readonly Flow[] {
  return events.flatMap(({ payload }) => (payload.kind === 'NetworkActivity' ? payload.flows : []));
}

test.run();
