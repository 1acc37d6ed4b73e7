// What a core writes in schema 3.0, in both encodings: held against an independent model of the same packets, and against what a person
// would say of a connection.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { type Flow, isEverythingElse, type MessageFormat } from '../bindings/js/messages/security-message.ts';
import { FORMAT_3_0_FLATBUFFERS, KEY_CACHE_SIZE, KEY_FORMAT, KEY_OS } from '../schema/configuration-block.ts';
import { PROTOBUF_MESSAGES } from '../schema/message-3.0.ts';
import * as compact from '../schema/message-3.0-numbers.ts';
import { STATUS_BYTES, STATUS_NOW, STATUS_REPORTED_BYTES } from '../schema/status.ts';
import { COMPACT, type Entry, intervals, numbers, text } from './support/configuration-block.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { captured, DEVICE_V4, DEVICE_V6, frame, PEER_V4, peerV4, peerV6 } from './support/packets.ts';
import { neighbourhood, RandomFrames } from './support/random-frames.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const SUPERSET = numbers(KEY_FORMAT, FORMAT_3_0_FLATBUFFERS);
const ENCODINGS = [
  ['protobuf', COMPACT],
  ['FlatBuffers', SUPERSET],
] as const;

type Totals = Map<string, { bytesIn: number; bytesOut: number }>;

function keyOf(flow: Flow): string {
  const { family, protocol, localAddress, localPort, remoteAddress, remotePort } = flow;
  return `${family} ${protocol} ${localAddress}:${localPort} ${remoteAddress}:${remotePort}`;
}

interface Run {
  readonly totals: Totals;
  readonly messages: number;
  packets: number;
  core: DrivenCore;
}

const formatOf = (entry: Entry): MessageFormat => (entry === COMPACT ? '3.0-protobuf' : '3.0-flatbuffers');

/** The same frames into a core, everything it says added up. */
function run(profile: 'standard' | 'gateway', seedNumber: number, entries: readonly Entry[]): Run {
  const random = new SeededRandom(seedNumber);
  const [remotes, ports] = random.pick([
    [2, 2],
    [40, 5],
    [300, 500],
  ] as const);
  const frames = new RandomFrames(
    random,
    neighbourhood([DEVICE_V4, DEVICE_V6], remotes, ports, random.pick([0, 4]), 120),
  );
  const core = startedCore(profile, intervals(1, 1, 2), ...entries);
  const totals: Totals = new Map();
  let packets = 0;
  let messages = 0;
  let sequence = 0;
  const take = () => {
    for (let taken = core.take(); taken !== undefined; taken = core.take()) {
      const format = entries.find((entry) => entry === COMPACT || entry === SUPERSET);
      const message = decodeMessage(taken.bytes, format ? formatOf(format) : '2.3');
      if (format) assert.is(message.sequence, sequence++);
      for (const { payload } of message.events) {
        if (payload.kind !== 'NetworkActivity') continue;
        for (const flow of payload.flows) {
          const total = totals.get(keyOf(flow)) ?? { bytesIn: 0, bytesOut: 0 };
          total.bytesIn += flow.bytesIn;
          total.bytesOut += flow.bytesOut;
          totals.set(keyOf(flow), total);
          packets += (flow.packetsIn ?? 0) + (flow.packetsOut ?? 0);
        }
      }
      messages++;
      core.exports.acknowledge(taken.sequence);
    }
  };
  let time = EPOCH;
  for (let count = 0; count < 4_000; count++) {
    time += random.below(20);
    if (random.once(1_000)) time += random.pick([90_000, -90_000, 4e10]);
    const next = frames.next();
    core.observe(next, time);
    take();
  }
  // What found no room in the outbox comes with the next call.
  for (let before = -1; before < messages; ) {
    before = messages;
    core.collect(core.u64(STATUS_NOW), 1);
    take();
  }
  return { totals, messages, packets, core };
}

for (const profile of ['standard', 'gateway'] as const) {
  for (const [cacheSize, [encoding, FORMAT]] of [64, 3].flatMap((size) =>
    ENCODINGS.map((each) => [size, each] as const),
  )) {
    test(`${profile}, ${encoding}, ${cacheSize} flows: says of every packet what schema 2.3 says, SEED=${SEED}`, () => {
      for (let round = 0; round < 6; round++) {
        const entries = [numbers(KEY_CACHE_SIZE, cacheSize)];
        const strict = run(profile, SEED + round, entries);
        const dense = run(profile, SEED + round, [...entries, FORMAT]);
        const named = (totals: Totals) =>
          [...totals].filter(([, { bytesIn, bytesOut }]) => bytesIn + bytesOut > 0).sort();
        // A smaller message leaves more room in the outbox: flows may be named that were merged. Their sum is the same.
        if (cacheSize === 64 && profile === 'gateway')
          assert.equal(named(dense.totals), named(strict.totals));
        const sum = ({ totals }: Run) =>
          [...totals.values()].reduce((all, { bytesIn, bytesOut }) => all + bytesIn + bytesOut, 0);
        assert.is(sum(dense), sum(strict));
        assert.is(sum(dense), dense.core.u64(STATUS_BYTES));
        assert.is(dense.core.u64(STATUS_REPORTED_BYTES), dense.core.u64(STATUS_BYTES));
        assert.is(dense.packets, dense.core.verdicts()[0], 'every counted packet is in a message');
      }
    });
  }
}

const PORT = 40_001;

/** flags, to the peer or from it, after so many ms. */
type Segment = readonly [direction: 'out' | 'in', flags: number, at: number];
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;

function segment(direction: 'out' | 'in', flags: number): ReturnType<typeof frame> {
  const made =
    direction === 'out'
      ? frame({ fromPort: PORT, toPort: 443 })
      : frame({ from: PEER_V4, to: DEVICE_V4, fromPort: 443, toPort: PORT });
  return flagged(made, flags);
}

/** Flags mean nothing in what is not TCP. */
function flagged(made: ReturnType<typeof frame>, flags: number): ReturnType<typeof frame> {
  // Ethernet and IPv4 headers, then the flags of TCP.
  const bytes = made.bytes.slice();
  bytes[14 + 20 + 13] = flags;
  return { ...made, bytes };
}

function flowsOf(core: DrivenCore, format: Entry = COMPACT): Flow[] {
  const flows: Flow[] = [];
  for (let taken = core.take(); taken !== undefined; taken = core.take()) {
    core.exports.acknowledge(taken.sequence);
    for (const { payload } of decodeMessage(taken.bytes, formatOf(format)).events) {
      if (payload.kind === 'NetworkActivity') flows.push(...payload.flows);
    }
  }
  return flows;
}

function flowAfter(format: Entry, ...segments: readonly Segment[]): Flow | undefined {
  const core = startedCore('standard', intervals(3_600, 3_600, 3_600), format);
  for (const [direction, flags, at] of segments) core.observe(segment(direction, flags), EPOCH + at);
  core.collect(EPOCH + 10_000);
  return flowsOf(core, format)[0];
}

const CONNECTIONS: ReadonlyArray<readonly [string, readonly Segment[], Flow['initiator'], Flow['outcome']]> =
  [
    [
      'answered',
      [
        ['out', SYN, 0],
        ['in', SYN | ACK, 30],
        ['out', ACK, 60],
      ],
      'local',
      'established',
    ],
    [
      'answered to the remote',
      [
        ['in', SYN, 0],
        ['out', SYN | ACK, 30],
        ['in', ACK, 60],
      ],
      'remote',
      'established',
    ],
    [
      'seen from its answer on',
      [
        ['in', SYN | ACK, 30],
        ['out', ACK, 60],
      ],
      'local',
      'established',
    ],
    [
      'refused',
      [
        ['out', SYN, 0],
        ['in', RST | ACK, 30],
      ],
      'local',
      'refused',
    ],
    [
      'refused to the remote',
      [
        ['in', SYN, 0],
        ['out', RST | ACK, 1],
      ],
      'remote',
      'refused',
    ],
    [
      'unanswered',
      [
        ['out', SYN, 0],
        ['out', SYN, 1_000],
        ['out', SYN, 3_000],
      ],
      'local',
      'unanswered',
    ],
    [
      'half open and dropped: a SYN scan',
      [
        ['out', SYN, 0],
        ['in', SYN | ACK, 30],
        ['out', RST, 31],
      ],
      'local',
      'reset',
    ],
    [
      'reset after data',
      [
        ['out', SYN, 0],
        ['in', SYN | ACK, 9],
        ['out', PSH | ACK, 20],
        ['in', RST, 50],
      ],
      'local',
      'reset',
    ],
    [
      'there before the agent was',
      [
        ['out', PSH | ACK, 0],
        ['in', ACK, 30],
      ],
      'unknown',
      'established',
    ],
    ['one way, there before the agent was', [['out', PSH | ACK, 0]], 'unknown', 'undecided'],
  ];

for (const [encoding, format] of ENCODINGS) {
  for (const [name, segments, initiator, outcome] of CONNECTIONS) {
    test(`${encoding}: a connection that is ${name}: begun by ${initiator}, ${outcome}`, () => {
      const flow = flowAfter(format, ...segments);
      assert.is(flow?.initiator, initiator);
      assert.is(flow?.outcome, outcome);
      const or = (direction: string) =>
        segments.reduce((all, [of, flags]) => (of === direction ? all | flags : all), 0);
      assert.is(flow?.tcpFlagsOut ?? 0, or('out'));
      assert.is(flow?.tcpFlagsIn ?? 0, or('in'));
      assert.is(flow?.localPort, PORT);
      assert.is(flow?.remotePort, 443);
    });
  }

  test(`${encoding}: what came of a connection is still known when it goes on in a later interval`, () => {
    const core = startedCore('standard', intervals(3_600, 3_600, 3_600), format);
    core.observe(segment('out', SYN), EPOCH);
    core.observe(segment('in', SYN | ACK), EPOCH + 20);
    core.collect(EPOCH + 1_000);
    assert.is(flowsOf(core, format)[0]?.outcome, 'established');
    core.observe(segment('out', PSH | ACK), EPOCH + 2_000);
    core.collect(EPOCH + 3_000);
    const [later] = flowsOf(core, format);
    assert.is(later?.initiator, 'local');
    assert.is(later?.outcome, 'established');
    assert.is(later?.packetsIn ?? 0, 0);
  });

  test(`${encoding}: times are to the tenth, whenever they are collected: first and last packet`, () => {
    for (const later of [0, 1, 37, 99, 150]) {
      const core = startedCore('standard', intervals(3_600, 3_600, 3_600), format);
      // The interval before ends at any time, too.
      core.collect(EPOCH + 1_000 + later);
      for (const [direction, flags, at] of [
        ['out', SYN, 1_234],
        ['in', SYN | ACK, 1_290],
        ['out', ACK, 7_777],
      ] as const) {
        core.observe(segment(direction, flags), EPOCH + at);
      }
      core.collect(EPOCH + 10_000 + later);
      const [flow] = flowsOf(core, format);
      assert.is(flow?.firstSeen, (EPOCH + 1_200) / 1_000, `${later}`);
      assert.is(flow?.lastSeen, (EPOCH + 7_700) / 1_000, `${later}`);
    }
  });

  test(`${encoding}: more than fits one message is split, never cut`, () => {
    const core = startedCore('gateway', intervals(3_600, 3_600, 3_600), format);
    for (let peer = 0; peer < 20_000; peer++) {
      core.observe(
        frame({ to: peer % 2 ? peerV4(peer) : peerV6(peer), from: peer % 2 ? DEVICE_V4 : DEVICE_V6 }),
        EPOCH + 1,
      );
    }
    core.collect(EPOCH + 1_000);
    const flows: Flow[] = [];
    // The outbox does not hold all of it at once.
    for (let more = flowsOf(core, format); more.length > 0; more = flowsOf(core, format)) {
      flows.push(...more);
      core.collect(EPOCH + 1_000);
    }
    // The last of it waits to share its message.
    core.collect(EPOCH + 1_000);
    flows.push(...flowsOf(core, format));
    assert.is(flows.length, 20_000);
    assert.is(new Set(flows.map(keyOf)).size, 20_000);
    assert.not.ok(flows.some(isEverythingElse));
  });

  test(`${encoding}: system information says what the host gave`, () => {
    const core = startedCore(
      'standard',
      intervals(3_600, 3_600, 3_600),
      format,
      text(KEY_OS, 'Azure RTOS 6.3'),
    );
    core.collect(EPOCH + 1_000, 2);
    const { events } = decodeMessage(core.take()?.bytes ?? new Uint8Array(), formatOf(format));
    assert.equal(events[0]?.payload, { kind: 'SystemInformation', operatingSystem: 'Azure RTOS 6.3' });
  });
}

function sizeOf(core: DrivenCore): number {
  let size = 0;
  for (let taken = core.take(); taken !== undefined; taken = core.take()) size += taken.bytes.length;
  return size;
}

/** Random peers and ports, both ways; of one class, or of whatever a device does. */
function sizeWith(flows: number, isMixed = false, format: Entry = COMPACT): number {
  return sizeOf(collected('standard', flows, isMixed, format));
}

function collected(profile: 'lean' | 'standard', flows: number, isMixed: boolean, format: Entry): DrivenCore {
  const random = new SeededRandom(SEED);
  const core = startedCore(profile, intervals(3_600, 3_600, 3_600), format);
  for (let flow = 0; flow < flows; flow++) {
    const protocol = isMixed ? random.pick(['TCP', 'TCP', 'UDP'] as const) : 'TCP';
    const ways = isMixed ? random.pick(['out', 'in', 'both', 'both'] as const) : 'both';
    const flags = isMixed ? random.pick([SYN, ACK, PSH | ACK, SYN | ACK, RST | ACK, 1 | ACK]) : ACK;
    const peer = Uint8Array.of(random.between(11, 200), ...random.bytes(3));
    const port = random.between(32_768, 60_999);
    const remotePort = random.pick([443, 8883, 443, 53]);
    const begin = random.below(4_000);
    for (let packet = 0; packet < 5; packet++) {
      const time = EPOCH + begin + packet * 900;
      const payload = random.between(300, 1_000);
      const out = frame({ to: peer, fromPort: port, toPort: remotePort, payload, protocol });
      const back = { from: peer, to: DEVICE_V4, fromPort: remotePort, toPort: port, payload, protocol };
      if (ways !== 'in') core.observe(captured(flagged(out, flags), 96), time);
      if (ways !== 'out') core.observe(captured(flagged(frame(back), flags), 96), time + 50);
    }
  }
  core.collect(EPOCH + 10_000, 1);
  return core;
}

test(`64 flows of random peers and ports take at most 1,150 bytes, 5 at most 170, SEED=${SEED}`, () => {
  assert.ok(sizeWith(64) <= 1_150, `${sizeWith(64)}`);
  assert.ok(sizeWith(5) <= 170, `${sizeWith(5)}`);
  assert.ok(sizeWith(64, true) <= 1_150, `${sizeWith(64, true)} of mixed classes`);
});

test(`FlatBuffers: 64 flows of random peers and ports, both ways, fit one message of 4 KB, SEED=${SEED}`, () => {
  assert.ok(sizeWith(64, false, SUPERSET) < 4_096, `${sizeWith(64, false, SUPERSET)}`);
});

test(`64 flows of random peers and ports share one message in the outbox of lean, SEED=${SEED}`, () => {
  const core = collected('lean', 64, false, COMPACT);
  const [taken, ...others] = core.drain();
  assert.is(taken?.message.events[0]?.flows.length, 64);
  assert.is(others.length, 0);
});

test('a heartbeat takes at most 40 bytes, and is a message without events', () => {
  const core = startedCore('standard', intervals(3_600, 3_600, 3_600), COMPACT);
  core.collect(EPOCH + 86_400_000, 4);
  const taken = core.take();
  assert.ok(taken && taken.bytes.length <= 40, `${taken?.bytes.length}`);
  const message = decodeMessage(taken?.bytes ?? new Uint8Array(), '3.0-protobuf');
  assert.equal(message.events, []);
  assert.is(message.uptimeSeconds, 86_400);
});

test('the numbers that the core writes are those of the schema', () => {
  const messages: Readonly<Record<string, string>> = {
    MESSAGE: 'Message',
    EVENT: 'Event',
    ACTIVITY: 'NetworkActivity',
    SYSTEM: 'SystemInformation',
    TABLE: 'FlowTable',
    COUNTERS: 'Counters',
  };
  let compared = 0;
  for (const [name, number] of Object.entries(compact)) {
    const [, prefix = '', field = ''] = /^([A-Z]+)_(.*)$/.exec(name) ?? [];
    const message = messages[prefix];
    if (message === undefined) continue;
    assert.is(PROTOBUF_MESSAGES[message]?.[number]?.name, field.toLowerCase(), name);
    compared++;
  }
  assert.ok(compared >= 30);
});

test.run();
