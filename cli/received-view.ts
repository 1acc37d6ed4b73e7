// A message that the hub received: as lines for people, as an object for scripts.

import { WardletError } from '../bindings/js/errors.ts';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { parseMessageType } from '../bindings/js/messages/message-type.ts';
import {
  type Flow,
  isEverythingElse,
  type Payload,
  type SecurityEvent,
  type SecurityMessage,
} from '../bindings/js/messages/security-message.ts';
import type { ReceivedMessage } from '../service/hub/received-message.ts';
import { out } from './colours.ts';
import { byteSize, endpoint, grouped, printable } from './terminal.ts';

/** What a body turned out to be. */
export type ReadBody =
  | { readonly kind: 'security'; readonly message: SecurityMessage }
  | { readonly kind: 'other' }
  | { readonly kind: 'broken'; readonly error: WardletError };

const SECURITY_INTERFACE = 'urn:azureiot:Security:SecurityAgent:1';

/** By `mti`; a body with the security interface id alone is tried as 2.3. */
export function readBody({ properties, body }: ReceivedMessage): ReadBody {
  const mti = properties.mti;
  if (mti === undefined && properties['$.ifid'] !== SECURITY_INTERFACE) return { kind: 'other' };
  const type = mti === undefined ? undefined : parseMessageType(mti ?? '');
  if (mti !== undefined && type === undefined) {
    const hint = 'use a release of wardlet that knows the type';
    return {
      kind: 'broken',
      error: new WardletError('WL_UNSUPPORTED_FORMAT', `message type ${mti} is not known`, { hint }),
    };
  }
  try {
    return { kind: 'security', message: decodeMessage(body, type?.format) };
  } catch (error) {
    if (error instanceof WardletError) return { kind: 'broken', error };
    throw error;
  }
}

/** One object, for JSON lines. A body that is no security message comes as base64. */
export function receivedJson(received: ReceivedMessage): object {
  const { id, deviceId, moduleId, enqueuedMs, properties, body } = received;
  const read = readBody(received);
  const error = read.kind === 'broken' ? read.error : undefined;
  return {
    type: 'message',
    id,
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    enqueued: new Date(enqueuedMs).toISOString(),
    properties,
    ...(read.kind === 'security'
      ? { message: read.message }
      : { body: Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64') }),
    ...(error ? { error: { code: error.code, message: error.message, hint: error.hint } } : {}),
  };
}

/** One line an event: time, device, what. */
export function receivedLines(received: ReceivedMessage): string[] {
  const { deviceId, moduleId, enqueuedMs, body } = received;
  const who = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
  const line = (what: string) => `${clockTime(enqueuedMs)}  ${out.bold(printable(who).padEnd(12))}  ${what}`;
  const read = readBody(received);
  if (read.kind === 'other') return [line(out.dim(`telemetry, ${grouped(body.length)} bytes`))];
  if (read.kind === 'broken') {
    return [
      line(out.red(`${grouped(body.length)} bytes that cannot be decoded: ${printable(read.error.message)}`)),
    ];
  }
  const { events } = read.message;
  // In schema 3.0 any message says that the device is alive, and one without events says only that.
  return events.length === 0 ? [line('heartbeat')] : events.map((event) => line(eventText(event)));
}

/** Of the day, local time. */
export function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

function eventText({ payload, collectionIntervalSeconds }: SecurityEvent): string {
  return `${payloadTitle(payload).padEnd(18)}  ${payloadText(payload, collectionIntervalSeconds)}`.trimEnd();
}

function payloadTitle({ kind }: Payload): string {
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

function payloadText(payload: Payload, seconds: number): string {
  switch (payload.kind) {
    case 'NetworkActivity':
      return activityText(payload.flows, seconds);
    case 'SystemInformation':
      return [payload.operatingSystem, payload.kernel, payload.hardware]
        .filter((text) => text !== undefined && text !== '')
        .map((text) => printable(text ?? ''))
        .join(', ');
    case 'ListeningPorts':
      return `${grouped(payload.ports.length)} ports`;
    case 'Baseline':
      return `${payload.checks.filter(({ result }) => result !== 'PASS').length} of ${payload.checks.length} checks not passed`;
    case 'Process':
      return `${payload.event} ${printable(payload.executable ?? '')}`;
    case 'Log':
      return `${grouped(payload.records.length)} records`;
    case 'Heartbeat':
      return '';
    case 'Statistics':
      return `${grouped(payload.counters.packetsCounted)} packets counted since start, ${grouped(payload.flowsIpv4 + payload.flowsIpv6)} flows in the table`;
    case 'Detection':
      return `${payload.detection} ${payload.number}, ${payload.severity}, ${payload.state}: ${grouped(payload.peerCount)} peers, ${grouped(payload.portCount)} ports`;
    case 'Unknown':
      return `payload ${payload.type} of a later schema`;
  }
}

function activityText(flows: readonly Flow[], seconds: number): string {
  const [first] = flows;
  if (first === undefined) return `nothing in ${seconds} s`;
  let largest = first;
  let bytesIn = 0;
  let bytesOut = 0;
  for (const flow of flows) {
    bytesIn += flow.bytesIn;
    bytesOut += flow.bytesOut;
    if (flow.bytesIn + flow.bytesOut > largest.bytesIn + largest.bytesOut) largest = flow;
  }
  const count = `${grouped(flows.length)} ${flows.length === 1 ? 'flow' : 'flows'} in ${seconds} s`;
  const bytes = `${byteSize(bytesIn)} in, ${byteSize(bytesOut)} out`;
  const peer = isEverythingElse(largest)
    ? out.yellow('everything else')
    : `${endpoint(largest.remoteAddress, largest.remotePort)} ${largest.protocol}`;
  return `${count}, ${bytes}, ${flows.length === 1 ? 'with' : 'most with'} ${peer}`;
}
