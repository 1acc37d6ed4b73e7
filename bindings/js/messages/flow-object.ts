// A visited flow as decodeMessage returns it: with names and texts, to be kept.

import { formatAddress } from '../address.ts';
import { type Flow, INITIATORS, nameOf, OUTCOMES, PROTOCOL_NAMES } from './security-message.ts';
import type { VisitedFlow } from './visited-flow.ts';

const TCP = 0;

/** As schema 2.3 has it. */
export function flowObject23(flow: VisitedFlow, bytes: Uint8Array): Flow {
  const size = flow.family === 4 ? 4 : 16;
  return {
    family: flow.family,
    protocol: nameOf(PROTOCOL_NAMES, flow.protocol),
    localAddress: formatAddress(bytes, flow.local, size),
    localPort: flow.localPort,
    remoteAddress: formatAddress(bytes, flow.remote, size),
    remotePort: flow.remotePort,
    bytesIn: flow.bytesIn,
    bytesOut: flow.bytesOut,
  };
}

/** As schema 3.0 has it. `localAddress`: its text, which most flows of a message share. */
export function flowObject30(flow: VisitedFlow, bytes: Uint8Array, localAddress: string): Flow {
  const size = flow.family === 4 ? 4 : 16;
  const object = {
    family: flow.family,
    protocol: nameOf(PROTOCOL_NAMES, flow.protocol),
    localAddress,
    localPort: flow.localPort,
    remoteAddress: flow.remote < 0 ? unspecified(flow) : formatAddress(bytes, flow.remote, size),
    remotePort: flow.remotePort,
    bytesIn: flow.bytesIn,
    bytesOut: flow.bytesOut,
    packetsIn: flow.packetsIn,
    packetsOut: flow.packetsOut,
    firstSeen: flow.firstSeen / 10,
    lastSeen: flow.lastSeen / 10,
    initiator: nameOf(INITIATORS, flow.initiator),
    outcome: nameOf(OUTCOMES, flow.outcome),
  };
  if (flow.protocol !== TCP) return object;
  return { ...object, tcpFlagsIn: flow.tcpFlagsIn, tcpFlagsOut: flow.tcpFlagsOut };
}

/** The address of everything else. */
export function unspecified({ family }: VisitedFlow): string {
  return family === 4 ? '0.0.0.0' : '::';
}
