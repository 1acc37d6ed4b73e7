// Random messages of schema 3.0 as their readers should tell them, extremes included.

import { formatAddress } from '../../bindings/js/address.ts';
import {
  BASELINE_RESULTS,
  BASELINE_SEVERITIES,
  COUNTER_NAMES,
  type CounterName,
  DETECTION_DIRECTIONS,
  DETECTION_KINDS,
  DETECTION_SEVERITIES,
  DETECTION_STATES,
  type Flow,
  INITIATORS,
  isEverythingElse,
  LOG_LEVELS,
  OUTCOMES,
  type Payload,
  PROCESS_EVENTS,
  PROTOCOL_NAMES,
  type SecurityEvent,
  type SecurityMessage,
} from '../../bindings/js/messages/security-message.ts';
import { uuidText } from '../../bindings/js/uuid.ts';
import type { SeededRandom } from './seeded-random.ts';

const U32_MAX = 2 ** 32 - 1;
const LOCALS_MAX = 64;
const KINDS = 9;

/** format: what the message says of itself. */
export function randomMessage(random: SeededRandom): SecurityMessage {
  const bootId = random.bytes(16);
  const sequence = random.pick([0, 1, U32_MAX, random.u32()]);
  const tenths = random.pick([17_000_000_000, 1_000_000_000 + random.u32()]);
  const count = random.once(20) ? 50 : random.below(5);
  return {
    format: '3.0-protobuf',
    moduleId: random.once(2) ? 'wardlet' : 'field-agent ä',
    moduleVersion: `${random.below(256)}.${random.below(256)}.${random.below(65_536)}`,
    bootId: uuidText(bootId),
    sequence,
    time: tenths / 10,
    uptimeSeconds: random.pick([0, U32_MAX, random.below(100_000)]),
    ...(random.once(2) ? { counters: someCounters(random) } : {}),
    events: Array.from({ length: count }, (_, index) =>
      randomEvent(random, count > 10 ? 3 : random.below(KINDS), bootId, sequence, tenths, index),
    ),
  };
}

/** As message-3.0.proto derives it. */
export function derivedId(bootId: Uint8Array, sequence: number, index: number): string {
  const id = Uint8Array.from(bootId);
  let mask = (BigInt(sequence) << 8n) | BigInt(index);
  for (let at = 15; at >= 10; at--, mask >>= 8n) id[at] = (id[at] ?? 0) ^ Number(mask & 0xffn);
  return uuidText(id);
}

/** What a reader of the FlatBuffers form tells: counts above 2^32 - 1 come as several entries. */
export function asFlatBuffers(message: SecurityMessage): SecurityMessage {
  const events = message.events.map(({ payload, ...event }): SecurityEvent => {
    if (payload.kind !== 'NetworkActivity') return { ...event, payload };
    return { ...event, payload: { ...payload, flows: payload.flows.flatMap(splitFlow) } };
  });
  return { ...message, format: '3.0-flatbuffers', events };
}

export function splitFlow(flow: Flow): Flow[] {
  const entries: Flow[] = [];
  let { bytesIn, bytesOut } = flow;
  do {
    const [first, second] = [Math.min(bytesIn, U32_MAX), Math.min(bytesOut, U32_MAX)];
    // Packets stand in the last entry of their direction.
    const packets = {
      ...(bytesIn > U32_MAX || (entries.length > 0 && bytesIn === 0) ? { packetsIn: 0 } : {}),
      ...(bytesOut > U32_MAX || (entries.length > 0 && bytesOut === 0) ? { packetsOut: 0 } : {}),
    };
    entries.push({ ...flow, ...packets, bytesIn: first, bytesOut: second });
    bytesIn -= first;
    bytesOut -= second;
  } while (bytesIn > 0 || bytesOut > 0);
  return entries;
}

function randomEvent(
  random: SeededRandom,
  kind: number,
  bootId: Uint8Array,
  sequence: number,
  messageTenths: number,
  index: number,
): SecurityEvent {
  const tenths = messageTenths + random.pick([0, -1, 1, -random.below(1e8), random.below(1e8)]);
  return {
    id: derivedId(bootId, sequence, index),
    time: tenths / 10,
    collectionIntervalSeconds: random.pick([0, 60, U32_MAX]),
    payload: randomPayload(random, kind, tenths),
  };
}

export function randomPayload(random: SeededRandom, kind: number, tenths: number): Payload {
  const text = (): string => random.pick(['x', 'härte', 'Linux 6.1 ', 'y'.repeat(1 + random.below(300))]);
  const maybe = <Key extends string>(key: Key) =>
    (random.once(2) ? { [key]: text() } : {}) as { readonly [K in Key]?: string };
  const u32 = () => random.pick([0, 1, U32_MAX, random.u32()]);
  const list = <Row>(one: () => Row) => Array.from({ length: random.below(4) }, one);
  switch (kind) {
    case 0:
      return {
        kind: 'NetworkActivity',
        flows: [...randomFlows(random, 4, tenths), ...randomFlows(random, 6, tenths)],
      };
    case 1:
      return {
        kind: 'SystemInformation',
        ...maybe('operatingSystem'),
        ...maybe('kernel'),
        ...maybe('hardware'),
      };
    case 2: {
      const ports = list(() => {
        const family = random.pick([4, 6] as const);
        const localAddress = formatAddress(random.bytes(family === 4 ? 4 : 16));
        return {
          family,
          protocol: random.pick(PROTOCOL_NAMES),
          localAddress,
          localPort: random.below(65_536),
        };
      });
      return { kind: 'ListeningPorts', ports: ports.sort((one, other) => one.family - other.family) };
    }
    case 3:
      return { kind: 'Heartbeat' };
    case 4:
      return {
        kind: 'Baseline',
        checks: list(() => ({
          id: text(),
          result: random.pick(BASELINE_RESULTS),
          severity: random.pick(BASELINE_SEVERITIES),
          ...maybe('error'),
          ...maybe('description'),
          ...maybe('remediation'),
        })),
      };
    case 5:
      return {
        kind: 'Process',
        event: random.pick(PROCESS_EVENTS),
        processId: u32(),
        parentProcessId: u32(),
        userId: u32(),
        hitCount: random.pick([1, 2, U32_MAX]),
        ...maybe('executable'),
        ...maybe('commandLine'),
        ...maybe('userName'),
      };
    case 6:
      return {
        kind: 'Log',
        records: list(() => ({
          level: random.pick(LOG_LEVELS),
          message: text(),
          fileName: text(),
          line: u32(),
          timestamp: u64(random),
        })),
      };
    case 7: {
      const some = someCounters(random);
      const counters = Object.fromEntries(COUNTER_NAMES.map((name) => [name, some[name] ?? 0]));
      return {
        kind: 'Statistics',
        counters: counters as Record<CounterName, number>,
        flowsIpv4: u32(),
        flowsIpv6: u32(),
        flowCapacity: u32(),
      };
    }
    default: {
      const size = random.pick([4, 16]);
      const last = tenths - random.below(1000);
      return {
        kind: 'Detection',
        detection: random.pick(DETECTION_KINDS),
        severity: random.pick(DETECTION_SEVERITIES),
        direction: random.pick(DETECTION_DIRECTIONS),
        state: random.pick(DETECTION_STATES),
        number: u32(),
        protocol: random.pick(PROTOCOL_NAMES),
        peers: list(() => formatAddress(random.bytes(size))),
        peerCount: u32(),
        ports: list(() => random.pick([0, 65_535, random.below(65_536)])),
        portCount: u32(),
        count: u64(random),
        limit: u64(random),
        firstSeen: (last - random.below(1000)) / 10,
        lastSeen: last / 10,
      };
    }
  }
}

function randomFlows(random: SeededRandom, family: 4 | 6, tenths: number): Flow[] {
  const address = () => formatAddress(random.bytes(family === 4 ? 4 : 16));
  const locals = Array.from({ length: random.pick([1, 1, 2, LOCALS_MAX]) }, address);
  const services = [443, 53, 0, 65_535, random.below(65_536)];
  const isPlain = random.once(3);
  const count = random.pick([0, 1, 2, 64, random.below(300)]);
  const one = isPlain ? randomFlow(random, family, locals, services, address, tenths) : undefined;
  const flows = Array.from({ length: count }, (): Flow => {
    const flow = randomFlow(random, family, locals, services, address, tenths);
    // All of one class.
    if (!one) return flow;
    return { ...one, remoteAddress: flow.remoteAddress };
  });
  if (random.once(4)) {
    const nowhere = family === 4 ? '0.0.0.0' : '::';
    for (const protocol of ['TCP', 'UDP'] as const) {
      const {
        tcpFlagsIn: _in,
        tcpFlagsOut: _out,
        ...flow
      } = randomFlow(random, family, locals, services, address, tenths);
      flows.push({
        ...flow,
        protocol,
        initiator: 'unknown',
        outcome: 'undecided',
        localAddress: nowhere,
        remoteAddress: nowhere,
        localPort: 0,
        remotePort: 0,
        ...(protocol === 'TCP' ? { tcpFlagsIn: 255, tcpFlagsOut: 2 } : {}),
      });
    }
  }
  // No flow of a name is by chance what everything else is.
  return inClassOrder(flows.filter((flow, index) => index >= count || !isEverythingElse(flow)));
}

/** As protobuf has them. */
function inClassOrder(flows: readonly Flow[]): Flow[] {
  const ofClass = new Map<string, Flow[]>();
  for (const flow of flows) {
    const { protocol, initiator, outcome, localAddress, tcpFlagsIn, tcpFlagsOut } = flow;
    const { bytesIn, bytesOut, packetsIn = 0, packetsOut = 0 } = flow;
    const directions = [bytesIn + packetsIn > 0, bytesOut + packetsOut > 0, isEverythingElse(flow)];
    const key = `${[protocol, initiator, outcome, localAddress, tcpFlagsIn, tcpFlagsOut, ...directions]}`;
    ofClass.set(key, [...(ofClass.get(key) ?? []), flow]);
  }
  return [...ofClass.values()].flat();
}

function randomFlow(
  random: SeededRandom,
  family: 4 | 6,
  locals: readonly string[],
  services: readonly number[],
  address: () => string,
  tenths: number,
): Flow {
  const protocol = random.pick(PROTOCOL_NAMES);
  const last = tenths - random.pick([0, 1, random.below(600)]);
  const hasPorts = protocol !== 'ICMP';
  const [receives, sends] = random.pick([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ] as const);
  return {
    family,
    protocol,
    localAddress: random.pick(locals),
    localPort: hasPorts ? random.pick([...services, random.below(65_536)]) : 0,
    remoteAddress: address(),
    remotePort: hasPorts ? random.pick([...services, random.below(65_536)]) : 0,
    bytesIn: receives ? bytesOf(random) : 0,
    bytesOut: sends ? bytesOf(random) : 0,
    packetsIn: receives ? random.pick([1, U32_MAX, random.below(1000)]) : 0,
    packetsOut: sends ? random.pick([1, U32_MAX, random.below(1000)]) : 0,
    firstSeen: (last - random.pick([0, random.below(36_000)])) / 10,
    lastSeen: last / 10,
    initiator: random.pick(INITIATORS),
    outcome: random.pick(OUTCOMES),
    ...(protocol === 'TCP' ? { tcpFlagsIn: random.below(256), tcpFlagsOut: random.below(256) } : {}),
  };
}

function bytesOf(random: SeededRandom): number {
  return random.once(30) ? 3 * U32_MAX + random.below(1000) : random.below(100_000);
}

function u64(random: SeededRandom): number {
  return random.pick([0, 1, U32_MAX, 2 ** 53 - 1, 2 ** 63, random.u32() * 2 ** 20 + random.below(1000)]);
}

function someCounters(random: SeededRandom): Partial<Record<CounterName, number>> {
  const u32Only: readonly CounterName[] = ['outboxWaits', 'clockJumps', 'messagesLost'];
  const some: Partial<Record<CounterName, number>> = {};
  for (const name of COUNTER_NAMES) {
    const value = random.once(2) ? 0 : u32Only.includes(name) ? random.u32() : u64(random);
    if (value !== 0) some[name] = value;
  }
  return some;
}
