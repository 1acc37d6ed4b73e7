// Every byte of a message of schema 3.0 has one meaning.

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { explainMessage } from '../bindings/js/messages/explain.ts';
import type { TableShape } from '../bindings/js/messages/explain-schema-2.3.ts';
import { SCHEMA_3_0 } from '../bindings/js/messages/explain-schema-3.0.ts';
import { encodeFlatBuffers } from './support/encode-3.0-flatbuffers.ts';
import { encodeProtobuf, rawProtobuf } from './support/encode-3.0-protobuf.ts';
import { randomMessage } from './support/random-message-3.0.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const BOOT = Uint8Array.from({ length: 16 }, (_, index) => index * 17);

test('a small message, byte by byte', () => {
  const table = {
    localAddresses: Uint8Array.of(10, 0, 0, 5),
    classes: [1, 1],
    remoteAddresses: Uint8Array.of(8, 8, 8, 8),
    servicePorts: [53],
    clientPorts: Uint8Array.of(0xcf, 8),
  };
  const bytes = rawProtobuf({
    bootId: BOOT,
    moduleVersion: 0x01020003,
    events: [{ heartbeat: {} }, { time: -1, networkActivity: { ipv4: table } }],
  });
  const said = explainMessage(bytes, '3.0-protobuf').map(
    ({ offset, length, path, meaning, value }) =>
      `${offset}+${length} ${path}: ${meaning}${value === undefined ? '' : ` = ${value}`}`,
  );
  const [event, flows] = ['Message.events[1]', 'Message.events[1].network_activity.ipv4'];
  assert.equal(said, [
    '0+1 Message.boot_id: field 1 of Message: boot_id',
    '1+1 Message.boot_id: length in bytes = 16',
    '2+16 Message.boot_id: UUID = 00112233-4455-6677-8899-aabbccddeeff',
    '18+1 Message.module_version: field 5 of Message: module_version',
    '19+4 Message.module_version: uint32 = 1.2.3',
    '23+1 Message.events[0]: field 7 of Message: events',
    '24+1 Message.events[0]: length in bytes = 2',
    '25+1 Message.events[0].heartbeat: field 6 of Event: heartbeat',
    '26+1 Message.events[0].heartbeat: length in bytes = 0',
    `27+1 ${event}: field 7 of Message: events`,
    `28+1 ${event}: length in bytes = 29`,
    `29+1 ${event}.time: field 1 of Event: time`,
    `30+1 ${event}.time: sint32 = -1`,
    `31+1 ${event}.network_activity: field 3 of Event: network_activity`,
    `32+1 ${event}.network_activity: length in bytes = 25`,
    `33+1 ${flows}: field 1 of NetworkActivity: ipv4`,
    `34+1 ${flows}: length in bytes = 23`,
    `35+1 ${flows}.local_addresses: field 1 of FlowTable: local_addresses`,
    `36+1 ${flows}.local_addresses: length in bytes = 4`,
    `37+4 ${flows}.local_addresses[0]: address = 10.0.0.5`,
    `41+1 ${flows}.classes: field 2 of FlowTable: classes`,
    `42+1 ${flows}.classes: length in bytes = 2`,
    `43+1 ${flows}.classes[0]: uint32 = 1`,
    `44+1 ${flows}.classes[1]: uint32, flows of the class = 1`,
    `45+1 ${flows}.remote_addresses: field 3 of FlowTable: remote_addresses`,
    `46+1 ${flows}.remote_addresses: length in bytes = 4`,
    `47+4 ${flows}.remote_addresses[0]: address = 8.8.8.8`,
    `51+1 ${flows}.service_ports: field 4 of FlowTable: service_ports`,
    `52+1 ${flows}.service_ports: length in bytes = 1`,
    `53+1 ${flows}.service_ports[0]: sint32 = 53`,
    `54+1 ${flows}.client_ports: field 5 of FlowTable: client_ports`,
    `55+1 ${flows}.client_ports: length in bytes = 2`,
    `56+2 ${flows}.client_ports[0]: port, big-endian = 53000`,
  ]);
});

test(`every byte of random messages is explained once, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 60; round++) {
    const message = randomMessage(random);
    const forms = [
      ['3.0-protobuf', encodeProtobuf(message)],
      ['3.0-flatbuffers', encodeFlatBuffers(message)],
    ] as const;
    for (const [format, bytes] of forms) {
      let end = 0;
      for (const { offset, length, path, meaning } of explainMessage(bytes, format)) {
        assert.is(offset, end, `${path} ${meaning}`);
        assert.not.match(meaning, /schema does not have|unreferenced|no field|part of/, path);
        end += length;
      }
      assert.is(end, bytes.length, format);
    }
  }
});

test(`FlatBuffers: the explanation tells what the decoder reads, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  const seen = new Set<string>();
  for (let round = 0; round < 60; round++) {
    const message = randomMessage(random);
    const bytes = encodeFlatBuffers(message);
    const values = new Map(explainMessage(bytes, '3.0-flatbuffers').map(({ path, value }) => [path, value]));
    const { bootId, sequence, time, events } = decodeMessage(bytes, '3.0-flatbuffers');
    assert.is(values.get('Message.boot_id'), bootId);
    assert.is(values.get('Message.sequence') ?? 0, sequence);
    assert.is(values.get('Message.time') ?? 0, (time ?? 0) * 10);
    events.forEach(({ payload }, index) => {
      const told = (field: string) => values.get(`Message.events[${index}].payload.${field}`) ?? 0;
      if (payload.kind === 'Detection') {
        payload.peers.forEach((peer, at) => {
          assert.is(told(`peers[${at}]`), peer);
        });
        payload.ports.forEach((port, at) => {
          assert.is(told(`ports[${at}]`), port);
        });
        assert.is(told('count'), payload.count);
      }
      if (payload.kind === 'Statistics') assert.is(told('counters.evicted'), payload.counters.evicted);
      if (payload.kind === 'NetworkActivity') {
        payload.flows
          .filter(({ family }) => family === 4)
          .forEach(({ packetsIn, outcome }, at) => {
            assert.is(told(`ipv4_activity[${at}].common.packets_in`), packetsIn);
            const named = values.get(`Message.events[${index}].payload.ipv4_activity[${at}].common.outcome`);
            assert.is(named ?? 'undecided', outcome);
          });
      }
      seen.add(payload.kind);
    });
  }
  for (const kind of ['Detection', 'Statistics', 'NetworkActivity']) assert.ok(seen.has(kind), kind);
});

test('the explanation knows every field of schema/message-3.0.fbs, and no other', () => {
  const tables = new Map<string, string[]>();
  const source = readFileSync(new URL('../schema/message-3.0.fbs', import.meta.url), 'utf8').replace(
    /\/\/.*/g,
    '',
  );
  for (const [, name = '', body = ''] of source.matchAll(/table (\w+) \{([^}]*)\}/g)) {
    const fields = [...body.matchAll(/(\w+):/g)].map(([, field = '']) => field);
    // A union takes two fields.
    tables.set(
      name,
      fields.flatMap((field) => (field === 'payload' ? ['payload_type', field] : [field])),
    );
  }
  const known = new Map<string, readonly string[]>();
  const visit = ({ name, fields }: TableShape): void => {
    known.set(
      name,
      fields.map((field) => field.name),
    );
    for (const field of fields) if (field.type === 'table' || field.type === 'tables') visit(field.table);
  };
  visit(SCHEMA_3_0.message);
  for (const payload of SCHEMA_3_0.payloads.values()) visit(payload);
  assert.equal(Object.fromEntries([...known].sort()), Object.fromEntries([...tables].sort()));
});

test.run();
