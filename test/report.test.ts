// Events that a host reports: written by the core in every format, read back as they were meant; a bad one changes nothing.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../bindings/js/core.ts';
import type { ReportedEvent } from '../bindings/js/event-block.ts';
import { writeFrame } from '../bindings/js/frames.ts';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { MessageFormat, Payload, SecurityEvent } from '../bindings/js/messages/security-message.ts';
import {
  BAD_EVENT,
  BAD_LENGTH,
  BAD_VERSION,
  EVENT_TOO_LARGE,
  NOT_STARTED,
  UNSUPPORTED_EVENT,
} from '../schema/codes.ts';
import { EVENT_BLOCK_HEADER } from '../schema/event-block.ts';
import { FLATC, flatcBinary, flatcFaults, flatcText } from './support/flatc.ts';
import { frame } from './support/packets.ts';
import { newExports, PROFILES, type Profile } from './support/profiles.ts';
import { comparable, randomReport } from './support/reported-events.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { codeOf } from './support/thrown-error.ts';

const SEED = seedOfRun();
const START = 1_700_000_040_000;
const FORMATS: readonly MessageFormat[] = ['2.3', '3.0-protobuf', '3.0-flatbuffers'];
const LARGE = ['standard', 'gateway'] as const;

function startedCore(format: MessageFormat, profile: Profile = 'standard'): Core {
  const core = new Core(newExports(profile));
  core.configure({
    seed: new Uint8Array(32).fill(3),
    localAddresses: ['10.0.0.5/24'],
    intervalSeconds: { high: 3_600, medium: 3_600, low: 3_600 },
    format,
  });
  core.start(START);
  return core;
}

/** All that waits, what shares a message included; acknowledged. */
function takeAll(core: Core, timeMs: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const take = () => {
    for (let next = core.nextMessage(); next; next = core.nextMessage()) {
      messages.push(next.bytes.slice());
      core.acknowledge(next.sequence);
    }
  };
  take();
  core.collect(timeMs, ['NetworkActivity']);
  take();
  return messages;
}

/** Until all of it is reported; acknowledges wherever there is no room. */
function reportWhole(core: Core, event: ReportedEvent, timeMs: number, messages: Uint8Array[]): void {
  let rest: ReportedEvent | undefined = event;
  for (let turn = 0; rest; turn++) {
    assert.ok(turn < 100, 'every turn takes something');
    rest = core.report(rest, timeMs);
    if (rest) messages.push(...takeAll(core, timeMs));
  }
}

function eventsOf(messages: readonly Uint8Array[], format: MessageFormat): SecurityEvent[] {
  return messages.flatMap((bytes) => decodeMessage(bytes, format).events);
}

/** Each entry of a list, or the event itself, with the interval of its event. */
function rowsOf([event, interval]: readonly [Payload | ReportedEvent, number]): unknown[] {
  const rows =
    event.kind === 'ListeningPorts'
      ? event.ports
      : event.kind === 'Baseline'
        ? event.checks
        : event.kind === 'Log'
          ? event.records
          : [comparable(event)];
  return rows.map((row) => [event.kind, row, interval]);
}

/** Lists of one event that was split, joined again; ports by family, as FlatBuffers has them. */
function joined(payloads: readonly Payload[]): unknown[] {
  const whole: Payload[] = [];
  for (const payload of payloads) {
    const last = whole.at(-1);
    if (payload.kind === 'Log' && last?.kind === 'Log')
      whole.splice(-1, 1, { kind: 'Log', records: [...last.records, ...payload.records] });
    else if (payload.kind === 'Baseline' && last?.kind === 'Baseline')
      whole.splice(-1, 1, { kind: 'Baseline', checks: [...last.checks, ...payload.checks] });
    else if (payload.kind === 'ListeningPorts' && last?.kind === 'ListeningPorts')
      whole.splice(-1, 1, { kind: 'ListeningPorts', ports: [...last.ports, ...payload.ports] });
    else whole.push(payload);
  }
  return whole;
}

for (const profile of LARGE) {
  for (const format of FORMATS) {
    test(`${profile}, ${format}: what was reported is read back, event by event, SEED=${SEED}`, () => {
      const random = new SeededRandom(SEED);
      const core = startedCore(format, profile);
      const reported: ReportedEvent[] = [];
      const messages: Uint8Array[] = [];
      let time = START;
      for (let count = 0; count < 400; count++) {
        time += random.pick([0, 10, 999, 60_000]);
        const event = randomReport(random, time, format === '2.3' ? '2.3' : '3.0');
        reported.push(event);
        reportWhole(core, event, time, messages);
        if (random.once(10)) messages.push(...takeAll(core, time));
      }
      messages.push(...takeAll(core, time));
      const events = eventsOf(messages, format).filter(({ payload }) => payload.kind !== 'Heartbeat');
      // Where little room is left a list is split: then its rows are compared.
      const told = events.map(
        ({ payload, collectionIntervalSeconds }) => [payload, collectionIntervalSeconds] as const,
      );
      const meant = reported.map((event) => [event, event.collectionIntervalSeconds ?? 0] as const);
      assert.equal(told.flatMap(rowsOf), meant.flatMap(rowsOf));
      if (profile === 'gateway') assert.is(told.length, meant.length);
      assert.is(new Set(events.map(({ id }) => id)).size, events.length, 'no id comes twice');
    });
  }
}

test(`the same events are the same in all formats, times to what each of them tells, SEED=${SEED}`, () => {
  const [strict = [], dense = [], wide = []] = FORMATS.map((format) => {
    const random = new SeededRandom(SEED);
    const core = startedCore(format, 'gateway');
    for (let count = 0; count < 50; count++)
      core.report(randomReport(random, START + count * 777, '2.3'), START + count * 777);
    return eventsOf(takeAll(core, START + 60_000), format).map(({ id: _, ...event }) => event);
  });
  assert.equal(dense, wide);
  assert.equal(
    dense.map((event) => ({ ...event, time: Math.floor(event.time) })),
    strict,
  );
});

for (const format of FORMATS) {
  test(`${format}: a list of any length is split, in its order, and every message keeps its limit`, () => {
    const core = startedCore(format);
    const text = 'x'.repeat(100);
    const lists: readonly ReportedEvent[] = [
      {
        kind: 'Log',
        records: Array.from({ length: 200 }, (_, line) => ({
          level: 'INFO',
          message: `${line} ${text}`,
          fileName: line % 3 ? 'a.c' : '',
          line,
          timestamp: line * 2 ** 33,
        })),
      },
      {
        kind: 'Baseline',
        checks: Array.from({ length: 200 }, (_, number) => ({
          id: `CIS ${number}`,
          result: 'FAIL',
          severity: 'CRITICAL',
          ...(number % 2 ? { error: text } : { description: text, remediation: text }),
        })),
      },
      {
        kind: 'ListeningPorts',
        ports: Array.from({ length: 1_000 }, (_, port) => ({
          family: port < 500 ? 4 : 6,
          protocol: 'UDP',
          localAddress: port < 500 ? '0.0.0.0' : '2001:db8::5',
          localPort: port,
        })),
      },
      {
        kind: 'Baseline',
        checks: Array.from({ length: 300 }, () => ({ id: '', result: 'PASS', severity: 'CRITICAL' })),
      },
    ];
    for (const event of lists) {
      const messages: Uint8Array[] = [];
      reportWhole(core, event, START, messages);
      messages.push(...takeAll(core, START));
      assert.ok(messages.every(({ length }) => length <= 4_096));
      const payloads = eventsOf(messages, format).map(({ payload }) => payload);
      assert.equal(joined(payloads), [event], event.kind);
    }
  });

  test(`${format}: an empty list is an event, and says so`, () => {
    const core = startedCore(format);
    core.report({ kind: 'ListeningPorts', ports: [] }, START);
    core.report({ kind: 'Log', records: [] }, START);
    core.report({ kind: 'Baseline', checks: [] }, START);
    const payloads = eventsOf(takeAll(core, START), format).map(({ payload }) => payload);
    assert.equal(payloads, [
      { kind: 'ListeningPorts', ports: [] },
      { kind: 'Log', records: [] },
      { kind: 'Baseline', checks: [] },
    ]);
  });
}

const PORTSCAN: ReportedEvent = {
  kind: 'Detection',
  detection: 'VERTICAL_SCAN',
  severity: 'HIGH',
  direction: 'INBOUND',
  state: 'BEGUN',
  number: 1,
  protocol: 'TCP',
  peers: ['192.0.2.7'],
  peerCount: 1,
  ports: [22, 23, 65_535],
  portCount: 900,
  count: 900,
  limit: 100,
  firstSeen: START / 1_000 - 3.2,
  lastSeen: START / 1_000 - 0.4,
};

for (const format of ['3.0-protobuf', '3.0-flatbuffers'] as const) {
  test(`${format}: a detection of severity high goes at once, one of medium waits to share a message`, () => {
    const core = startedCore(format);
    core.configure({ maxBatchDelaySeconds: 60 });
    core.report({ ...PORTSCAN, severity: 'MEDIUM' }, START);
    assert.is(core.nextMessage(), undefined);
    core.report(PORTSCAN, START);
    const message = core.nextMessage();
    assert.ok(message);
    const { events } = decodeMessage(message.bytes, format);
    assert.equal(
      events.map(({ payload }) => payload),
      [{ ...PORTSCAN, severity: 'MEDIUM' }, PORTSCAN],
    );
  });

  test(`${format}: an event from another time has a message of its own`, () => {
    const core = startedCore(format);
    core.configure({ maxBatchDelaySeconds: 60 });
    const late = START + 1e12;
    core.report({ kind: 'Log', records: [] }, START);
    core.report({ kind: 'Log', records: [] }, late);
    const times = takeAll(core, late).flatMap((bytes) =>
      decodeMessage(bytes, format).events.map(({ time, payload }) => [time * 1_000, payload.kind]),
    );
    assert.equal(times.slice(0, 2), [
      [START, 'Log'],
      [late, 'Log'],
    ]);
  });

  test(`${format}: statistics are the core's counters, all of them, and what the host has given up`, () => {
    const core = startedCore(format);
    const length = writeFrame(core.input, 0, START + 5, frame().bytes);
    core.observe(0, length);
    core.report({ kind: 'Statistics', counters: { messagesLost: 7 } }, START + 10);
    const [first, ...others] = eventsOf(takeAll(core, START + 10), format).filter(
      ({ payload }) => payload.kind === 'Statistics',
    );
    assert.equal(others, []);
    assert.ok(first?.payload.kind === 'Statistics');
    assert.is(first.payload.counters.packetsCounted, 1);
    assert.is(first.payload.counters.messagesLost, 7);
    assert.is(first.payload.flowsIpv4, 1);
    assert.is(first.payload.flowCapacity, 64);
  });
}

for (const format of ['3.0-protobuf', '3.0-flatbuffers'] as const) {
  test(`${format}: the core says its statistics by itself, once a day`, () => {
    const core = startedCore(format);
    core.connect();
    const days: number[] = [];
    for (let hour = 0; hour <= 72; hour++) {
      core.tick(START + hour * 3_600_000);
      for (let next = core.nextMessage(); next; next = core.nextMessage()) {
        for (const { time, payload } of decodeMessage(next.bytes, format).events) {
          if (payload.kind === 'Statistics') days.push(Math.floor((time * 1_000 - START) / 86_400_000));
        }
        core.acknowledge(next.sequence);
      }
    }
    assert.equal(days.slice(0, 2), [1, 2]);
    assert.ok(days.length <= 3);
  });
}

test('FlatBuffers: kinds that 2.3 does not have come in messages without others', () => {
  const core = startedCore('3.0-flatbuffers');
  const random = new SeededRandom(SEED);
  const messages: Uint8Array[] = [];
  for (let count = 0; count < 200; count++)
    reportWhole(core, randomReport(random, START + count, '3.0'), START + count, messages);
  messages.push(...takeAll(core, START + 1_000));
  for (const bytes of messages) {
    const kinds = new Set(
      decodeMessage(bytes, '3.0-flatbuffers').events.map(({ payload }) =>
        ['Statistics', 'Detection'].includes(payload.kind),
      ),
    );
    assert.ok(kinds.size <= 1);
  }
});

if (FLATC !== undefined) {
  test(`flatc finds no fault with reported events, reads 2.3 in them, and writes them again, SEED=${SEED}`, () => {
    for (const format of ['2.3', '3.0-flatbuffers'] as const) {
      const random = new SeededRandom(SEED);
      const core = startedCore(format);
      const messages: Uint8Array[] = [];
      for (let count = 0; count < 60; count++)
        reportWhole(core, randomReport(random, START, format === '2.3' ? '2.3' : '3.0'), START, messages);
      messages.push(...takeAll(core, START));
      const schema = format === '2.3' ? '2.3' : '3.0';
      for (const bytes of messages) {
        assert.equal(flatcFaults(schema, bytes), []);
        const again = flatcBinary(schema, flatcText(schema, bytes));
        assert.equal(decodeMessage(again, format), decodeMessage(bytes, format));
        const { events } = decodeMessage(bytes, '2.3');
        if (events.some(({ payload }) => payload.kind === 'Unknown')) continue;
        const seen = JSON.parse(flatcText('2.3', bytes)) as { events: Array<{ payload_type: string }> };
        assert.equal(
          seen.events.map(({ payload_type }) => payload_type),
          events.map(({ payload }) => payload.kind),
        );
      }
    }
  });
}

// --- what is refused ------------------------------------------------------------------------------------------------

test('2.3 has neither statistics nor detections: refused with a code of their own', () => {
  const core = startedCore('2.3');
  assert.is(
    codeOf(() => core.report(PORTSCAN, START)),
    'WL_UNSUPPORTED_EVENT',
  );
  assert.is(
    codeOf(() => core.report({ kind: 'Statistics' }, START)),
    'WL_UNSUPPORTED_EVENT',
  );
});

for (const profile of PROFILES.filter((name) => name.startsWith('lean'))) {
  test(`${profile}: takes no events`, () => {
    const core = startedCore(profile === 'lean-strict' ? '2.3' : '3.0-protobuf', profile);
    assert.is(
      codeOf(() => core.report({ kind: 'Log', records: [] }, START)),
      'WL_UNSUPPORTED_EVENT',
    );
  });
}

test('values that none can have are refused by name, and nothing of the event is written', () => {
  const core = startedCore('3.0-protobuf');
  const port = { family: 4, protocol: 'TCP', localAddress: '10.0.0.5', localPort: 1 } as const;
  const bad: ReadonlyArray<readonly [string, unknown]> = [
    ['WL_BAD_EVENT', { kind: 'NetworkActivity', flows: [] }],
    ['WL_BAD_EVENT', { kind: 'ListeningPorts', ports: [port, { ...port, localPort: 65_536 }] }],
    ['WL_BAD_EVENT', { kind: 'ListeningPorts', ports: [{ ...port, protocol: 'Unknown(7)' }] }],
    ['WL_BAD_EVENT', { kind: 'ListeningPorts', ports: [{ ...port, family: 6 }] }],
    ['WL_BAD_ADDRESS', { kind: 'ListeningPorts', ports: [{ ...port, localAddress: '10.0.0' }] }],
    ['WL_BAD_EVENT', { ...PORTSCAN, peers: ['10.0.0.1', '::1'] }],
    ['WL_BAD_EVENT', { ...PORTSCAN, count: -1 }],
    ['WL_BAD_EVENT', { ...PORTSCAN, limit: 0.5 }],
    ['WL_BAD_EVENT', { ...PORTSCAN, number: 2 ** 32 }],
    ['WL_BAD_EVENT', { ...PORTSCAN, severity: 'CRITICAL' }],
    ['WL_BAD_EVENT', { ...PORTSCAN, firstSeen: PORTSCAN.kind === 'Detection' ? PORTSCAN.lastSeen + 1 : 0 }],
    ['WL_BAD_EVENT', { kind: 'Statistics', collectionIntervalSeconds: -1 }],
    [
      'WL_EVENT_TOO_LARGE',
      { kind: 'Baseline', checks: [{ id: 'x'.repeat(4_000), result: 'PASS', severity: 'WARNING' }] },
    ],
    ['WL_EVENT_TOO_LARGE', { ...PORTSCAN, ports: Array.from({ length: 1_700 }, () => 40_000) }],
    ['WL_EVENT_TOO_LARGE', { ...PORTSCAN, ports: Array.from({ length: 1_400 }, () => 40_000) }],
  ];
  for (const [code, event] of bad) {
    assert.is(
      codeOf(() => core.report(event as ReportedEvent, START)),
      code,
      JSON.stringify(event).slice(0, 200),
    );
  }
  assert.equal(eventsOf(takeAll(core, START), '3.0-protobuf'), []);
});

test(`any block: a code or a message that reads, and nothing changed by what is refused, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  for (const format of FORMATS) {
    const core = startedCore(format);
    const { exports } = core;
    const memory = new Uint8Array(exports.memory.buffer);
    const input = memory.subarray(exports.INPUT.value, exports.INPUT.value + exports.INPUT_SIZE.value);
    const report = exports.report ?? (() => Number.NaN);
    let accepted = 0;
    for (let round = 0; round < 2_000; round++) {
      const length = randomBlock(random, input);
      const before = memory.slice(0, exports.__heap_base.value);
      const code = report(length, BigInt(START + round));
      if (code < 0) {
        assert.ok(
          [BAD_LENGTH, BAD_VERSION, BAD_EVENT, UNSUPPORTED_EVENT, EVENT_TOO_LARGE].includes(code),
          `${code}`,
        );
        assert.equal(
          Buffer.compare(before, memory.subarray(0, exports.__heap_base.value)),
          0,
          `code ${code}`,
        );
        continue;
      }
      accepted++;
      for (const bytes of takeAll(core, START + round)) decodeMessage(bytes, format);
    }
    assert.ok(accepted > 50, `${accepted} were taken`);
  }
});

const WRITER = startedCore('3.0-protobuf');

/** A block of a real event, mostly mutated; into `input`. Returns its length. */
function randomBlock(random: SeededRandom, input: Uint8Array): number {
  let length = 0;
  const noteLength = (given: number) => {
    length = given;
    return 1_000;
  };
  const fake = new Core({ ...WRITER.exports, report: noteLength });
  fake.report(randomReport(random, START, '3.0'), START);
  input.set(fake.input.subarray(0, length));
  for (let left = random.below(3); left > 0; left--)
    input[random.below(length)] = random.pick([0, 1, 255, random.below(256)]);
  return random.once(5)
    ? random.pick([-1, 0, 11, length - 1, length + 1, input.length + 1, 2 ** 31 - 1])
    : length;
}

test('a suspended agent writes nothing; a block before start is refused', () => {
  const core = startedCore('3.0-protobuf');
  core.tick(START + 300_000);
  core.tick(START + 600_000);
  assert.is(core.status().state, 'suspended');
  const log: ReportedEvent = { kind: 'Log', records: [] };
  assert.equal(core.report(log, START + 600_000), log);
  const fresh = newExports('standard');
  assert.is(fresh.report?.(EVENT_BLOCK_HEADER, 0n), NOT_STARTED);
});

test.run();
