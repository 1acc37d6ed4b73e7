// Writes messages of schema 3.0 as protobuf for tests, with the encoder of protobufjs and the schema itself: it shares
// nothing with the reader.

import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { parseAddress } from '../../bindings/js/address.ts';
import {
  BASELINE_RESULTS,
  BASELINE_SEVERITIES,
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
  type SecurityMessage,
} from '../../bindings/js/messages/security-message.ts';

const SCHEMA = new URL('../../schema/message-3.0.proto', import.meta.url);
export const Message = protobuf.parse(readFileSync(SCHEMA, 'utf8')).root.lookupType('wardlet.v3.Message');

export function encodeProtobuf(message: SecurityMessage): Uint8Array {
  return rawProtobuf(plainMessage(message));
}

/** Whatever a test wants to be there, by the schema's names. */
export function rawProtobuf(plain: object): Uint8Array {
  return Uint8Array.from(Message.encode(Message.fromObject(plain)).finish());
}

export function plainMessage(message: SecurityMessage): object {
  const { time = 0, bootId = '', moduleId, moduleVersion, sequence, uptimeSeconds, counters } = message;
  const [major = 0, minor = 0, patch = 0] = moduleVersion.split('.').map(Number);
  const base = tenths(time);
  return {
    bootId: Uint8Array.from(Buffer.from(bootId.replaceAll('-', ''), 'hex')),
    sequence,
    time: base,
    uptime: uptimeSeconds,
    moduleVersion: major * 2 ** 24 + minor * 2 ** 16 + patch,
    moduleId: moduleId === 'wardlet' ? '' : moduleId,
    ...(counters ? { counters } : {}),
    events: message.events.map((event) => ({
      time: tenths(event.time) - base,
      interval: event.collectionIntervalSeconds,
      ...plainPayload(event.payload, tenths(event.time)),
    })),
  };
}

export function tenths(seconds: number): number {
  return Math.round(seconds * 10);
}

function plainPayload(payload: Payload, time: number): object {
  const { kind, ...fields } = payload;
  switch (payload.kind) {
    case 'NetworkActivity': {
      const of = (family: number) => payload.flows.filter((flow) => flow.family === family);
      return { networkActivity: { ipv4: flowTable(of(4), time), ipv6: flowTable(of(6), time) } };
    }
    case 'ListeningPorts': {
      const ports = payload.ports.map(({ localAddress, localPort, protocol }) => ({
        address: parseAddress(localAddress),
        port: localPort,
        protocol: enumValue(PROTOCOL_NAMES, protocol),
      }));
      return { listeningPorts: { ports } };
    }
    case 'Baseline': {
      const checks = payload.checks.map((check) => ({
        ...check,
        result: enumValue(BASELINE_RESULTS, check.result),
        severity: enumValue(BASELINE_SEVERITIES, check.severity),
      }));
      return { baseline: { checks } };
    }
    case 'Process':
      return { process: { ...fields, event: enumValue(PROCESS_EVENTS, payload.event) } };
    case 'Log':
      return {
        log: { records: payload.records.map((one) => ({ ...one, level: enumValue(LOG_LEVELS, one.level) })) },
      };
    case 'Detection': {
      const { peers, lastSeen, firstSeen } = payload;
      return {
        detection: {
          ...fields,
          kind: enumValue(DETECTION_KINDS, payload.detection),
          severity: enumValue(DETECTION_SEVERITIES, payload.severity),
          direction: enumValue(DETECTION_DIRECTIONS, payload.direction),
          state: enumValue(DETECTION_STATES, payload.state),
          protocol: enumValue(PROTOCOL_NAMES, payload.protocol),
          peers: joined(peers.map(parseAddress)),
          peersIpv6: peers.some((peer) => peer.includes(':')),
          lastSeen: time - tenths(lastSeen),
          duration: tenths(lastSeen) - tenths(firstSeen),
        },
      };
    }
    default:
      return { [`${kind.charAt(0).toLowerCase()}${kind.slice(1)}`]: fields };
  }
}

function flowTable(given: readonly Flow[], time: number): object {
  const locals: string[] = [];
  const ofClass = new Map<number, Flow[]>();
  const remotes: Uint8Array[] = [];
  const services: number[] = [];
  const clients: number[] = [];
  let service = 0;
  for (const flow of given) {
    const number = classOf(flow, locals);
    ofClass.set(number, [...(ofClass.get(number) ?? []), flow]);
  }
  const flows = [...ofClass.values()].flat();
  for (const flow of flows) {
    if (isEverythingElse(flow)) continue;
    remotes.push(parseAddress(flow.remoteAddress));
    if (flow.protocol === 'ICMP') continue;
    const ports = [flow.localPort, flow.remotePort] as const;
    const [here, there] = flow.initiator === 'remote' ? ports : [ports[1], ports[0]];
    services.push(here - service);
    service = here;
    clients.push(there >> 8, there & 255);
  }
  const column = (values: readonly number[]) => (values.every((value) => value === 0) ? [] : values);
  const received = flows.filter(hasReceived);
  const sent = flows.filter(hasSent);
  return {
    localAddresses: joined(locals.map(parseAddress)),
    classes: [...ofClass].flatMap(([number, { length }]) => [number, length]),
    remoteAddresses: joined(remotes),
    servicePorts: column(services),
    clientPorts: Uint8Array.from(column(clients)),
    lastSeen: column(flows.map(({ lastSeen = 0 }) => time - tenths(lastSeen))),
    duration: column(flows.map(({ firstSeen = 0, lastSeen = 0 }) => tenths(lastSeen) - tenths(firstSeen))),
    packetsIn: column(received.map(({ packetsIn = 0 }) => packetsIn)),
    packetsOut: column(sent.map(({ packetsOut = 0 }) => packetsOut)),
    bytesIn: column(received.map(({ bytesIn }) => bytesIn)),
    bytesOut: column(sent.map(({ bytesOut }) => bytesOut)),
  };
}

function classOf(flow: Flow, locals: string[]): number {
  const { protocol, initiator, outcome, tcpFlagsOut = 0, tcpFlagsIn = 0, localAddress } = flow;
  const isRest = isEverythingElse(flow);
  if (!isRest && !locals.includes(localAddress)) locals.push(localAddress);
  const parts: ReadonlyArray<readonly [value: number, bit: number]> = [
    [enumValue(PROTOCOL_NAMES, protocol), 0],
    [enumValue(INITIATORS, initiator ?? ''), 2],
    [enumValue(OUTCOMES, outcome ?? ''), 4],
    [Number(hasReceived(flow)), 7],
    [Number(hasSent(flow)), 8],
    [Number(isRest), 9],
    [tcpFlagsOut, 10],
    [tcpFlagsIn, 18],
    [isRest ? 0 : locals.indexOf(localAddress), 26],
  ];
  return parts.reduce((sum, [value, bit]) => sum + value * 2 ** bit, 0);
}

function hasReceived({ packetsIn = 0, bytesIn }: Flow): boolean {
  return packetsIn + bytesIn > 0;
}

function hasSent({ packetsOut = 0, bytesOut }: Flow): boolean {
  return packetsOut + bytesOut > 0;
}

export function enumValue(names: readonly string[], name: string): number {
  const value = names.indexOf(name);
  if (value < 0) throw new RangeError(name);
  return value;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
