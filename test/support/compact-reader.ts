// A message of compact protobuf as message-reader.ts gives one of schema 2.3, so that the same books can be kept of both.

import { parseAddress } from '../../bindings/js/address.ts';
import { decodeMessage } from '../../bindings/js/messages/decode.ts';
import type { Flow, SecurityEvent } from '../../bindings/js/messages/security-message.ts';
import { hex, type ReadEvent, type ReadFlow, type ReadMessage } from './message-reader.ts';
import type { Profile } from './profiles.ts';

export function readCompactMessage(bytes: Uint8Array): ReadMessage {
  const { moduleId, time = 0, events } = decodeMessage(bytes, '3.0-protobuf');
  // Without events it says no more than that the device is alive.
  const heartbeat: ReadEvent = { id: '', time, interval: 0, kind: 'Heartbeat', flows: [], system: {} };
  return { moduleId, moduleVersion: 0, events: events.length === 0 ? [heartbeat] : events.map(readEvent) };
}

/** What is read of a message with events of these kinds: in compact protobuf any event is a heartbeat too. */
export function kindsOf<Kind extends string>(profile: Profile, kinds: readonly Kind[]): readonly Kind[] {
  return profile !== 'lean' || kinds.length === 1
    ? kinds
    : kinds.filter((kind) => !kind.endsWith('Heartbeat'));
}

function readEvent({ id, time, collectionIntervalSeconds, payload }: SecurityEvent): ReadEvent {
  const base = {
    id: id.replaceAll('-', ''),
    time,
    interval: collectionIntervalSeconds,
    flows: [],
    system: {},
  };
  switch (payload.kind) {
    case 'NetworkActivity':
      return { ...base, kind: payload.kind, flows: payload.flows.map(readFlow) };
    case 'SystemInformation': {
      const { operatingSystem: os, kernel, hardware } = payload;
      const texts = Object.entries({ os, kernel, hardware }).filter(([, value]) => value !== undefined);
      return { ...base, kind: payload.kind, system: Object.fromEntries(texts) };
    }
    case 'Heartbeat':
    case 'Statistics':
    case 'Detection':
      return { ...base, kind: payload.kind };
    default:
      throw new Error(`a core does not write ${payload.kind}`);
  }
}

function readFlow(flow: Flow): ReadFlow {
  const { family, protocol, localPort, remotePort, bytesIn, bytesOut } = flow;
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'ICMP')
    throw new Error(`protocol ${protocol}`);
  // Of the two the one at hand: a flow has packets wherever it has bytes.
  if ((bytesIn > 0 && !flow.packetsIn) || (bytesOut > 0 && !flow.packetsOut))
    throw new Error('bytes without packets');
  const local = hex(parseAddress(flow.localAddress));
  const remote = hex(parseAddress(flow.remoteAddress));
  return { family, protocol, local, remote, localPort, remotePort, bytesIn, bytesOut };
}
