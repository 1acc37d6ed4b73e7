// The flows of a message in the words that visitFlows and decodeMessage have in common.

import { formatAddress } from '../../bindings/js/address.ts';
import { visitFlows } from '../../bindings/js/messages/flow-visitor.ts';
import {
  type Flow,
  nameOf,
  PROTOCOL_NAMES,
  type SecurityMessage,
} from '../../bindings/js/messages/security-message.ts';

export type VisitedFlow = Omit<Flow, 'processId' | 'userId' | 'executable' | 'commandLine'>;

export function visitedFlows(bytes: Uint8Array): VisitedFlow[] {
  const flows: VisitedFlow[] = [];
  visitFlows(bytes, (family, protocol, localPort, remotePort, bytesIn, bytesOut, addresses) => {
    const size = family === 4 ? 4 : 16;
    flows.push({
      family,
      protocol: nameOf(PROTOCOL_NAMES, protocol),
      localAddress: formatAddress(bytes, addresses, size),
      localPort,
      remoteAddress: formatAddress(bytes, addresses + size, size),
      remotePort,
      bytesIn,
      bytesOut,
    });
  });
  return flows;
}

export function decodedFlows({ events }: SecurityMessage): VisitedFlow[] {
  return events
    .flatMap(({ payload }) => (payload.kind === 'NetworkActivity' ? payload.flows : []))
    .map(({ processId, userId, executable, commandLine, ...flow }) => flow);
}
