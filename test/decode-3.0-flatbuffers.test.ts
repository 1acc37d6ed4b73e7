// Schema 3.0 as FlatBuffers: the same model as protobuf, and a reader of schema 2.3 reads it.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { Flow, SecurityMessage } from '../bindings/js/messages/security-message.ts';
import { encodeFlatBuffers } from './support/encode-3.0-flatbuffers.ts';
import { encodeProtobuf } from './support/encode-3.0-protobuf.ts';
import { EVERY_PAYLOAD, event, message as message23 } from './support/every-payload.ts';
import { FLATC, flatcBinary, flatcText } from './support/flatc.ts';
import { asFlatBuffers, randomMessage } from './support/random-message-3.0.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { errorOf } from './support/thrown-error.ts';

const SEED = seedOfRun();

test(`random messages of all kinds: read as they were meant, in both formats alike, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 200; round++) {
    const message = randomMessage(random);
    const decoded = decodeMessage(encodeFlatBuffers(message), '3.0-flatbuffers');
    assert.equal(decoded, asFlatBuffers(message), `round ${round}`);
    const protobuf = decodeMessage(encodeProtobuf(message), '3.0-protobuf');
    assert.equal(decoded, asFlatBuffers(protobuf), `round ${round}`);
  }
});

test(`our reader of 2.3 reads 3.0, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED + 1);
  for (let round = 0; round < 100; round++) {
    const message = randomMessage(random);
    assert.equal(decodeMessage(encodeFlatBuffers(message), '2.3'), as23(message), `round ${round}`);
  }
});

test('a message of 2.3 is none of 3.0: the boot id is missing', () => {
  const all = EVERY_PAYLOAD.map(({ type, table }) => event(type, table));
  const error = errorOf(() => decodeMessage(message23(...all), '3.0-flatbuffers'));
  assert.is(error.code, 'WL_BAD_MESSAGE');
  assert.match(error.message, /Message\.boot_id .* required/);
});

if (FLATC !== undefined) {
  test(`flatc with the schema of 2.3 reads 3.0: all flows, all kinds, SEED=${SEED}`, () => {
    const message = { ...randomMessage(new SeededRandom(SEED + 2)), events: eventsOf23() };
    const bytes = encodeFlatBuffers(message);
    const said = JSON.parse(flatcText('2.3', bytes)) as FlatcMessage;
    const [first] = decodeMessage(bytes, '2.3').events;
    const flows = first?.payload.kind === 'NetworkActivity' ? first.payload.flows : [];
    const ours = flows.map(({ localPort, remotePort, bytesIn, bytesOut }) => [
      ...[localPort, remotePort, bytesIn, bytesOut],
    ]);
    const activity = said.events[0]?.payload;
    const theirs = [...(activity?.ipv4_activity ?? []), ...(activity?.ipv6_activity ?? [])].map(
      ({ common }) => [
        ...[common.local_port ?? 0, common.remote_port ?? 0, common.bytes_in ?? 0, common.bytes_out ?? 0],
      ],
    );
    assert.ok(theirs.length > 0);
    assert.equal(theirs, ours);
    assert.equal(
      said.events.map(({ payload_type }) => payload_type),
      message.events.map(({ payload }) => payload.kind),
    );
  });

  test(`flatc with the schema of 3.0 writes what we read, and reads what the tests write, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED + 3);
    for (let round = 0; round < 10; round++) {
      const message = randomMessage(random);
      const bytes = encodeFlatBuffers(message);
      const again = flatcBinary('3.0', flatcText('3.0', bytes));
      assert.equal(decodeMessage(again, '3.0-flatbuffers'), asFlatBuffers(message), `round ${round}`);
    }
  });
}

interface FlatcMessage {
  readonly events: ReadonlyArray<{
    readonly payload_type: string;
    readonly payload: {
      readonly ipv4_activity?: ReadonlyArray<{ readonly common: Readonly<Record<string, number>> }>;
      readonly ipv6_activity?: ReadonlyArray<{ readonly common: Readonly<Record<string, number>> }>;
    };
  }>;
}

/** Flows, and one of every other kind that 2.3 has. */
function eventsOf23(): SecurityMessage['events'] {
  const random = new SeededRandom(SEED + 4);
  const events: SecurityMessage['events'][number][] = [];
  for (const kind of ['NetworkActivity', 'SystemInformation', 'Heartbeat'] as const) {
    for (let found = false; !found; ) {
      for (const one of randomMessage(random).events) {
        const isEmpty = one.payload.kind === 'NetworkActivity' && one.payload.flows.length < 3;
        if (found || one.payload.kind !== kind || isEmpty) continue;
        events.push(one);
        found = true;
      }
    }
  }
  return events;
}

/** What a reader of 2.3 tells: whole seconds, no new fields, kinds of 3.0 unknown. */
function as23(message: SecurityMessage): SecurityMessage {
  const { moduleId, moduleVersion } = message;
  return {
    format: '2.3',
    moduleId,
    moduleVersion,
    events: asFlatBuffers(message).events.map(({ id, time, collectionIntervalSeconds, payload }) => ({
      id,
      time: Math.floor(Math.round(time * 10) / 10),
      collectionIntervalSeconds,
      payload:
        payload.kind === 'NetworkActivity'
          ? { kind: payload.kind, flows: payload.flows.map(flow23) }
          : payload.kind === 'Statistics'
            ? { kind: 'Unknown', type: 8 }
            : payload.kind === 'Detection'
              ? { kind: 'Unknown', type: 9 }
              : payload,
    })),
  };
}

function flow23(flow: Flow): Flow {
  const { family, protocol, localAddress, localPort, remoteAddress, remotePort, bytesIn, bytesOut } = flow;
  return { family, protocol, localAddress, localPort, remoteAddress, remotePort, bytesIn, bytesOut };
}

test.run();
