// A message of compact protobuf as message-reader.ts gives one of schema 2.3, so that the same books can be kept of both.

import { parseAddress } from '../../bindings/js/address.ts';
import { decodeMessage } from '../../bindings/js/messages/decode.ts';
import type { Flow, SecurityEvent } from '../../bindings/js/messages/security-message.ts';
import { hex, type ReadEvent, type ReadFlow, type ReadMessage } from './message-reader.ts';

export function readCompactMessage(bytes: Uint8Array): ReadMessage {
  const { moduleId, events } = decodeMessage(bytes, '3.0-protobuf');
  return { moduleId, moduleVersion: 0, events: events.map(readEvent) };
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
    case 'SystemInformation':
    case 'Heartbeat':
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
