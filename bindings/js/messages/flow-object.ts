// A visited flow as decodeMessage returns it: with names and texts, to be kept.

import { formatAddress } from '../address.ts';
import { type Flow, INITIATORS, nameOf, OUTCOMES, PROTOCOL_NAMES } from './security-message.ts';
import type { VisitedFlow } from './visited-flow.ts';

const TCP = 0;

/** As schema 2.3 has it. `localAddress`: its text, which most flows of a message share. */
export function flowObject23(flow: VisitedFlow, bytes: Uint8Array, localAddress: string): Flow {
  const size = flow.family === 4 ? 4 : 16;
  return {
    family: flow.family,
    protocol: nameOf(PROTOCOL_NAMES, flow.protocol),
    localAddress,
    localPort: flow.localPort,
    remoteAddress: formatAddress(bytes, flow.remote, size),
    remotePort: flow.remotePort,
    bytesIn: flow.bytesIn,
    bytesOut: flow.bytesOut,
  };
}

/** As schema 3.0 has it. */
export function flowObject30(flow: VisitedFlow, bytes: Uint8Array, localAddress: string): Flow {
  return flow.protocol === TCP
    ? tcpObject(flow, localAddress, remoteAddress(flow, bytes))
    : otherObject(flow, localAddress, remoteAddress(flow, bytes));
}

function remoteAddress(flow: VisitedFlow, bytes: Uint8Array): string {
  return flow.remote < 0 ? unspecified(flow) : formatAddress(bytes, flow.remote, flow.family === 4 ? 4 : 16);
}

// Whole literals: an object put together from two costs ten times as much.

function tcpObject(flow: VisitedFlow, localAddress: string, remoteAddress: string): Flow {
  return {
    family: flow.family,
    protocol: 'TCP',
    localAddress,
    localPort: flow.localPort,
    remoteAddress,
    remotePort: flow.remotePort,
    bytesIn: flow.bytesIn,
    bytesOut: flow.bytesOut,
    packetsIn: flow.packetsIn,
    packetsOut: flow.packetsOut,
    firstSeen: flow.firstSeen / 10,
    lastSeen: flow.lastSeen / 10,
    initiator: nameOf(INITIATORS, flow.initiator),
    outcome: nameOf(OUTCOMES, flow.outcome),
    tcpFlagsIn: flow.tcpFlagsIn,
    tcpFlagsOut: flow.tcpFlagsOut,
  };
}

function otherObject(flow: VisitedFlow, localAddress: string, remoteAddress: string): Flow {
  return {
    family: flow.family,
    protocol: nameOf(PROTOCOL_NAMES, flow.protocol),
    localAddress,
    localPort: flow.localPort,
    remoteAddress,
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
}

/** The address of everything else. */
export function unspecified({ family }: VisitedFlow): string {
  return family === 4 ? '0.0.0.0' : '::';
}
