// The flows of a message in the words that visitFlows and decodeMessage have in common.

import { formatAddress } from '../../bindings/js/address.ts';
import { visitFlows } from '../../bindings/js/messages/flow-visitor.ts';
import {
  type Flow,
  INITIATORS,
  type MessageFormat,
  nameOf,
  OUTCOMES,
  PROTOCOL_NAMES,
  type SecurityMessage,
} from '../../bindings/js/messages/security-message.ts';

export type FlowInWords = Omit<Flow, 'processId' | 'userId' | 'executable' | 'commandLine'>;

export function visitedFlows(bytes: Uint8Array, format: MessageFormat = '2.3'): FlowInWords[] {
  const flows: FlowInWords[] = [];
  visitFlows(bytes, format, (flow) => {
    const { family, protocol, localPort, remotePort, bytesIn, bytesOut } = flow;
    const size = family === 4 ? 4 : 16;
    const address = (at: number) =>
      formatAddress(at < 0 ? new Uint8Array(size) : bytes, Math.max(at, 0), size);
    const words = {
      family,
      protocol: nameOf(PROTOCOL_NAMES, protocol),
      localAddress: address(flow.local),
      localPort,
      remoteAddress: address(flow.remote),
      remotePort,
      bytesIn,
      bytesOut,
    };
    if (format === '2.3') {
      flows.push(words);
      return;
    }
    const { packetsIn, packetsOut, firstSeen, lastSeen, tcpFlagsIn, tcpFlagsOut } = flow;
    flows.push({
      ...words,
      packetsIn,
      packetsOut,
      firstSeen: firstSeen / 10,
      lastSeen: lastSeen / 10,
      initiator: nameOf(INITIATORS, flow.initiator),
      outcome: nameOf(OUTCOMES, flow.outcome),
      ...(protocol === 0 ? { tcpFlagsIn, tcpFlagsOut } : {}),
    });
  });
  return flows;
}

export function decodedFlows({ events }: SecurityMessage): FlowInWords[] {
  return events
    .flatMap(({ payload }) => (payload.kind === 'NetworkActivity' ? payload.flows : []))
    .map(({ processId, userId, executable, commandLine, ...flow }) => flow);
}
