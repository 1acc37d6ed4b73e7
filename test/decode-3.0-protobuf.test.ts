// Schema 3.0 as protobuf: what another encoder writes is read as it was meant, and nothing that lies about itself is.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { Flow, SecurityMessage } from '../bindings/js/messages/security-message.ts';
import { encodeProtobuf, Message, plainMessage, rawProtobuf } from './support/encode-3.0-protobuf.ts';
import { derivedId, randomMessage } from './support/random-message-3.0.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { errorOf } from './support/thrown-error.ts';

const SEED = seedOfRun();
const BOOT = Uint8Array.from({ length: 16 }, (_, index) => index * 17);
const FORMAT = '3.0-protobuf';

test(`random messages of all kinds: read as they were meant, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 300; round++) {
    const message = randomMessage(random);
    assert.equal(decodeMessage(encodeProtobuf(message), FORMAT), message, `round ${round}`);
  }
});

test('the bytes may be part of a buffer, and overwritten afterwards', () => {
  const message = randomMessage(new SeededRandom(SEED + 1));
  const bytes = encodeProtobuf(message);
  const buffer = new Uint8Array(bytes.length + 20);
  buffer.set(bytes, 7);
  const decoded = decodeMessage(buffer.subarray(7, 7 + bytes.length), FORMAT);
  buffer.fill(255);
  assert.equal(decoded, message);
});

test('a message without events says that the device is alive', () => {
  const decoded = decodeMessage(rawProtobuf({ bootId: BOOT, time: 17_000_000_001, uptime: 5 }), FORMAT);
  assert.equal(decoded, {
    format: FORMAT,
    moduleId: 'wardlet',
    moduleVersion: '0.0.0',
    bootId: '00112233-4455-6677-8899-aabbccddeeff',
    sequence: 0,
    time: 1_700_000_000.1,
    uptimeSeconds: 5,
    events: [],
  });
});

test('ids of events: the boot id, its end XOR sequence and number', () => {
  const [id] = decodeMessage(
    rawProtobuf({ bootId: BOOT, sequence: 0x01020304, events: [{}] }),
    FORMAT,
  ).events;
  assert.is(id?.id, '00112233-4455-6677-8899-aabacedeeaff');
  const last = decodeMessage(rawProtobuf({ bootId: BOOT, sequence: 2 ** 32 - 1, events: [{}, {}] }), FORMAT)
    .events[1];
  assert.is(last?.id, derivedId(BOOT, 2 ** 32 - 1, 1));
});

test('a payload of a later schema is kept as unknown, a later field is passed over', () => {
  const [event, later] = [Uint8Array.of(8, 0, 0x62, 1, 0), Uint8Array.of(0xa2, 6, 2, 9, 9)];
  const bytes = Uint8Array.of(...rawProtobuf({ bootId: BOOT }), 0x3a, event.length, ...event, ...later);
  assert.equal(decodeMessage(bytes, FORMAT).events[0]?.payload, { kind: 'Unknown', type: 10 });
  assert.is(Message.decode(bytes).toJSON().bootId, Buffer.from(BOOT).toString('base64'));
});

test('a flow takes from a column only what its class has', () => {
  const received = 1 | (1 << 2) | (1 << 7);
  const sent = 1 | (2 << 2) | (1 << 8);
  const flows = flowsOf({
    localAddresses: [10, 0, 0, 5],
    classes: [received, 1, sent, 1],
    remoteAddresses: [8, 8, 8, 8, 9, 9, 9, 9],
    servicePorts: [53, -30],
    clientPorts: [1, 0, 2, 0],
    bytesIn: [100],
    bytesOut: [7],
    packetsIn: [3],
    packetsOut: [4],
  });
  assert.equal(
    flows.map(({ localPort, remotePort, bytesIn, bytesOut, packetsIn, packetsOut, initiator }) => [
      ...[localPort, remotePort, bytesIn, bytesOut, packetsIn, packetsOut, initiator],
    ]),
    [
      [256, 53, 100, 0, 3, 0, 'local'],
      [23, 512, 0, 7, 0, 4, 'remote'],
    ],
  );
});

const UDP = 1;
const ONE_FLOW = {
  localAddresses: [10, 0, 0, 5],
  classes: [UDP, 1],
  remoteAddresses: [8, 8, 8, 8],
};
const REST = 1 | (1 << 9);
const LIES: ReadonlyArray<readonly [what: string, table: object, says: RegExp]> = [
  ['flows without addresses', { ...ONE_FLOW, classes: [UDP, 2 ** 32 - 1] }, /remote_addresses: .* less/],
  ['flows without a class', { ...ONE_FLOW, classes: [] }, /remote_addresses: it has more/],
  ['a class without a count', { ...ONE_FLOW, classes: [UDP] }, /a class has no count/],
  ['a class without flows', { ...ONE_FLOW, classes: [UDP, 1, 2, 0] }, /a class has no flow/],
  ['a local address that is not there', { ...ONE_FLOW, classes: [UDP + 2 ** 26, 1] }, /no local address 1/],
  ['half an address', { ...ONE_FLOW, localAddresses: [10, 0, 0, 5, 1] }, /5 bytes are no addresses/],
  ['too many addresses', { ...ONE_FLOW, remoteAddresses: [1, 2, 3, 4, 5] }, /remote_addresses: it has more/],
  ['a port over the top', { ...ONE_FLOW, servicePorts: [65_536] }, /65536 is no port/],
  ['a port below zero', { ...ONE_FLOW, servicePorts: [-1] }, /-1 is no port/],
  ['half a port', { ...ONE_FLOW, clientPorts: [1] }, /client_ports: it has less/],
  ['times of nobody', { ...ONE_FLOW, lastSeen: [1, 2] }, /last_seen: it has more/],
  ['bytes of nobody', { ...ONE_FLOW, bytesIn: [1] }, /bytes_in: it has more/],
  ['everything else twice', { classes: [REST, 2] }, /more than one flow/],
  ['everything else with an address', { ...ONE_FLOW, classes: [REST, 1] }, /remote_addresses: it has more/],
];
for (const [what, table, says] of LIES) {
  test(`refused: ${what}`, () => {
    const error = errorOf(() => flowsOf(table));
    assert.is(error.code, 'WL_BAD_MESSAGE');
    assert.match(error.message, says);
  });
}

test('refused: what no encoder of the schema writes', () => {
  const boot = rawProtobuf({ bootId: BOOT });
  const cases: ReadonlyArray<readonly [bytes: readonly number[], says: RegExp]> = [
    [[], /boot_id: 0 bytes/],
    [[0x0a, 4, 1, 2, 3, 4], /boot_id: 4 bytes/],
    [[...boot, ...boot], /boot_id at byte 18: it stands twice/],
    [[...boot, 0x12, 1, 0], /sequence at byte 18: wire type 2/],
    [[...boot, 0x10, 0xff, 0xff, 0xff, 0xff, 0x1f], /sequence at byte 19: a number is cut, or larger/],
    [[...boot, 0x10], /sequence at byte 19: a number is cut/],
    [[...boot, 0x3a, 5, 0], /events at byte 18: 5 bytes reach over/],
    [[...boot, 0x3b], /no wire type 3/],
    [[...boot, 0x00, 0], /cannot have such a number/],
    [[...boot, 0x3a, 4, 0x32, 0, 0x32, 0], /stands twice/],
    [[...boot, 0x3a, 4, 0x32, 0, 0x22, 0], /has a payload already/],
    [[...boot, ...Array.from({ length: 300 }, () => [0x3a, 2, 0x32, 0]).flat()], /too many for the length/],
    [
      [...boot, ...Array.from({ length: 257 }, () => [0x3a, 6, 0x10, 0xff, 0xff, 3, 0x32, 0]).flat()],
      /more than 256/,
    ],
    // Not packed.
    [[...boot, 0x3a, 6, 0x1a, 4, 0x0a, 2, 0x10, 0], /classes at byte 24: wire type 0/],
  ];
  for (const [bytes, says] of cases) {
    const error = errorOf(() => decodeMessage(Uint8Array.from(bytes), FORMAT));
    assert.is(error.code, 'WL_BAD_MESSAGE');
    assert.match(error.message, says);
  }
});

test(`cut anywhere: refused, or a shorter message, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  const message = randomMessage(random);
  const bytes = encodeProtobuf(message);
  for (let length = 0; length < bytes.length; length += 1 + random.below(20)) {
    let decoded: SecurityMessage | undefined;
    try {
      decoded = decodeMessage(bytes.subarray(0, length), FORMAT);
    } catch (error) {
      assert.is((error as { code?: string }).code, 'WL_BAD_MESSAGE');
    }
    assert.not.equal(decoded, message);
  }
});

test('the schema as protobufjs reads it agrees with what is written', () => {
  const message = randomMessage(new SeededRandom(SEED + 2));
  assert.ok(Message.verify(Message.fromObject(plainMessage(message))) === null);
});

function flowsOf(table: object): readonly Flow[] {
  const bytes = rawProtobuf({ bootId: BOOT, events: [{ networkActivity: { ipv4: withBytes(table) } }] });
  const payload = decodeMessage(bytes, FORMAT).events[0]?.payload;
  return payload?.kind === 'NetworkActivity' ? payload.flows : [];
}

function withBytes(table: object): object {
  const bytes = ['localAddresses', 'remoteAddresses', 'clientPorts'];
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => [key, bytes.includes(key) ? Uint8Array.from(value) : value]),
  );
}

test.run();
