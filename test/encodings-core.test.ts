// What a core writes of the same packets in its three formats: one model, and the two of FlatBuffers are read by flatc as well.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { Flow, MessageFormat, SecurityMessage } from '../bindings/js/messages/security-message.ts';
import {
  FORMAT_2_3,
  FORMAT_3_0_FLATBUFFERS,
  FORMAT_3_0_PROTOBUF,
  KEY_BATCH_DELAY,
  KEY_CACHE_SIZE,
  KEY_FORMAT,
  KEY_HARDWARE,
  KEY_OS,
} from '../schema/configuration-block.ts';
import { STATUS_NOW } from '../schema/status.ts';
import { intervals, numbers, text } from './support/configuration-block.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { FLATC, flatcFaults, flatcText } from './support/flatc.ts';
import { DEVICE_V4, DEVICE_V6, frame } from './support/packets.ts';
import { neighbourhood, RandomFrames } from './support/random-frames.ts';
import { asFlatBuffers } from './support/random-message-3.0.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const FORMATS: Readonly<Record<MessageFormat, number>> = {
  '2.3': FORMAT_2_3,
  '3.0-protobuf': FORMAT_3_0_PROTOBUF,
  '3.0-flatbuffers': FORMAT_3_0_FLATBUFFERS,
};

/** Everything that a core of this seed says of random packets, copied. */
function messagesOf(format: MessageFormat, seed: number, profile: 'standard' | 'gateway' = 'standard') {
  const random = new SeededRandom(seed);
  const frames = new RandomFrames(
    random,
    neighbourhood([DEVICE_V4, DEVICE_V6], 2, 2, random.pick([0, 16]), 120),
  );
  const core = startedCore(
    profile,
    intervals(60, 60, 60),
    numbers(KEY_FORMAT, FORMATS[format]),
    // A collection, a message: the two encodings do not share messages alike.
    numbers(KEY_BATCH_DELAY, 0),
    numbers(KEY_CACHE_SIZE, random.pick([64, 5])),
    text(KEY_OS, 'Azure RTOS 6.3'),
    text(KEY_HARDWARE, 'härte'),
  );
  const messages: Uint8Array[] = [];
  let time = EPOCH;
  for (let count = 0; count < 1_000; count++) {
    time += random.below(300);
    core.observe(frames.next(), time);
    messages.push(...taken(core));
  }
  core.collect(core.u64(STATUS_NOW) + 50);
  return [...messages, ...taken(core)];
}

function taken(core: DrivenCore): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let message = core.take(); message; message = core.take()) {
    messages.push(message.bytes);
    core.exports.acknowledge(message.sequence);
  }
  return messages;
}

/** Flows in an order of their own: compact protobuf has them by class. */
function sorted(message: SecurityMessage): SecurityMessage {
  const name = (flow: Flow) => JSON.stringify(flow);
  return {
    ...message,
    events: message.events.map((event) => {
      const { payload } = event;
      if (payload.kind !== 'NetworkActivity') return event;
      const flows = [...payload.flows].sort((one, other) => name(one).localeCompare(name(other)));
      return { ...event, payload: { ...payload, flows } };
    }),
  };
}

test(`both encodings of 3.0 say the same, message by message, SEED=${SEED}`, () => {
  let compared = 0;
  for (let round = 0; round < 10; round++) {
    // Of a gateway, where neither has to be split.
    const dense = messagesOf('3.0-protobuf', SEED + round, 'gateway');
    const wide = messagesOf('3.0-flatbuffers', SEED + round, 'gateway');
    assert.is(wide.length, dense.length);
    wide.forEach((bytes, index) => {
      const decoded = decodeMessage(bytes, '3.0-flatbuffers');
      const other = decodeMessage(dense[index] ?? new Uint8Array(), '3.0-protobuf');
      assert.equal(sorted(decoded), sorted(asFlatBuffers(other)), `round ${round}, message ${index}`);
      compared++;
    });
  }
  assert.ok(compared > 20, 'something was to be compared');
});

test(`2.3 says of the same packets what a reader of 2.3 finds in 3.0, SEED=${SEED}`, () => {
  for (let round = 0; round < 10; round++) {
    const strict = messagesOf('2.3', SEED + round).map((bytes) => decodeMessage(bytes, '2.3'));
    const wide = messagesOf('3.0-flatbuffers', SEED + round).map((bytes) => decodeMessage(bytes, '2.3'));
    assert.equal(flowsByTime(wide), flowsByTime(strict), `round ${round}`);
  }
});

/** Flows with bytes, by the second of their collection: the larger format may split where the other does not. */
function flowsByTime(messages: readonly SecurityMessage[]): Array<readonly [number, readonly string[]]> {
  const found = new Map<number, string[]>();
  for (const { time, payload } of messages.flatMap(({ events }) => events)) {
    if (payload.kind !== 'NetworkActivity') continue;
    const flows = payload.flows.filter(({ bytesIn, bytesOut }) => bytesIn + bytesOut > 0);
    found.set(time, [...(found.get(time) ?? []), ...flows.map((flow) => JSON.stringify(flow))]);
  }
  return [...found];
}

test('3.0 as FlatBuffers: nothing to say is a heartbeat that a reader of 2.3 knows', () => {
  const core = startedCore('standard', intervals(60, 60, 60), numbers(KEY_FORMAT, FORMAT_3_0_FLATBUFFERS));
  core.collect(EPOCH + 5_250, 4);
  const [bytes = new Uint8Array()] = taken(core);
  const [event, ...others] = decodeMessage(bytes, '2.3').events;
  assert.equal(others, []);
  assert.equal(event?.payload, { kind: 'Heartbeat' });
  const { time, uptimeSeconds, sequence } = decodeMessage(bytes, '3.0-flatbuffers');
  assert.is(time, (EPOCH + 5_200) / 1_000);
  assert.is(uptimeSeconds, 5);
  assert.is(sequence, 0);
});

test('a count above 2^32 - 1 comes as several entries of one five-tuple, none of it lost', () => {
  const core = startedCore(
    'standard',
    intervals(3_600, 3_600, 3_600),
    numbers(KEY_FORMAT, FORMAT_3_0_FLATBUFFERS),
  );
  // 65,000 bytes a packet, of which the ports are captured: more than 8 GB one way.
  const whole = frame({ payload: 64_980 });
  const long = { ...whole, bytes: whole.bytes.slice(0, 64) };
  const packets = 140_000;
  for (let put = 0; put < packets; put++) {
    if (core.put(long, EPOCH)) continue;
    core.flush();
    core.put(long, EPOCH);
  }
  core.flush();
  core.collect(EPOCH + 1_000, 1);
  const flows = taken(core).flatMap((bytes) => {
    const [event] = decodeMessage(bytes, '3.0-flatbuffers').events;
    return event?.payload.kind === 'NetworkActivity' ? event.payload.flows : [];
  });
  assert.ok(flows.length > 1);
  const sum = (key: 'bytesOut' | 'packetsOut') => flows.reduce((all, flow) => all + (flow[key] ?? 0), 0);
  assert.is(sum('packetsOut'), packets);
  assert.ok(sum('bytesOut') > 2 * 2 ** 32);
});

if (FLATC !== undefined) {
  test(`flatc finds no fault with what a core writes, by either schema, SEED=${SEED}`, () => {
    for (const profile of ['standard', 'gateway'] as const) {
      for (const [format, schema] of [
        ['2.3', '2.3'],
        ['3.0-flatbuffers', '3.0'],
        ['3.0-flatbuffers', '2.3'],
      ] as const) {
        for (const bytes of messagesOf(format, SEED, profile)) {
          // What 3.0 has more is unknown to 2.3.
          const isKnown = format.startsWith(schema);
          const faults = flatcFaults(schema, bytes);
          assert.equal(
            isKnown ? faults : faults.filter((line) => line.includes('ERROR')),
            [],
            `${profile}, ${format} by ${schema}`,
          );
        }
      }
    }
  });

  test(`flatc with the schema of 2.3 reads in 3.0 what it reads in 2.3, SEED=${SEED}`, () => {
    const strict = messagesOf('2.3', SEED);
    const wide = messagesOf('3.0-flatbuffers', SEED);
    assert.equal(wide.flatMap(flatcFlows), strict.flatMap(flatcFlows));
    const kinds = (messages: readonly Uint8Array[]) => new Set(messages.flatMap(flatcEvents).map(kindOf));
    assert.equal(kinds(wide), new Set(['NetworkActivity', 'SystemInformation']));
  });
}

interface FlatcEvent {
  readonly payload_type: string;
  readonly payload: { readonly ipv4_activity?: unknown[]; readonly ipv6_activity?: unknown[] };
}

function kindOf({ payload_type }: FlatcEvent): string {
  return payload_type;
}

function flatcEvents(bytes: Uint8Array): readonly FlatcEvent[] {
  return (JSON.parse(flatcText('2.3', bytes)) as { readonly events: readonly FlatcEvent[] }).events;
}

/** Flows as flatc has them by schema 2.3, without zeros that are spelt out. */
function flatcFlows(bytes: Uint8Array): string[] {
  const isDefault = (value: unknown) => value === 0 || value === 'TCP';
  return flatcEvents(bytes)
    .flatMap(({ payload }) => [...(payload.ipv4_activity ?? []), ...(payload.ipv6_activity ?? [])])
    .map((flow) => JSON.stringify(flow, (_, value: unknown) => (isDefault(value) ? undefined : value)))
    .filter((flow) => flow.includes('bytes_'));
}

test.run();
