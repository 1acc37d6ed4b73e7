// A flow as visitors see it: numbers, and where the addresses stand. One object is shown for every flow of a message.

import type { AddressFamily } from './security-message.ts';

/** What one five-tuple carried in the interval. Valid while it is visited: the next flow takes its place. */
export interface VisitedFlow {
  readonly family: AddressFamily;
  /** 0 TCP, 1 UDP, 2 ICMP, others unknown. */
  readonly protocol: number;
  /** Where in the bytes its addresses stand, 4 or 16 bytes each in network order; below 0: all zero, of everything else. */
  readonly local: number;
  readonly remote: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** Transport header and payload. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The event's, tenths of a second since 1970. */
  readonly time: number;
  // Schema 2.3 does not say these: 0, and first and last seen are the event's time.
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** Tenths of a second since 1970. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** 0 unknown, 1 local, 2 remote. */
  readonly initiator: number;
  /** 0 undecided, 1 established, 2 refused, 3 unanswered, 4 reset; others unknown. */
  readonly outcome: number;
  /** TCP: each the OR of all segments. */
  readonly tcpFlagsIn: number;
  readonly tcpFlagsOut: number;
}

/** Sees one flow after the other. */
export type FlowVisitor = (flow: VisitedFlow) => void;

/** The one object, for those who read. */
export class FlowCursor implements VisitedFlow {
  family: AddressFamily = 4;
  protocol = 0;
  local = 0;
  remote = 0;
  localPort = 0;
  remotePort = 0;
  bytesIn = 0;
  bytesOut = 0;
  time = 0;
  packetsIn = 0;
  packetsOut = 0;
  firstSeen = 0;
  lastSeen = 0;
  initiator = 0;
  outcome = 0;
  tcpFlagsIn = 0;
  tcpFlagsOut = 0;
  // FlatBuffers: where in the bytes the value stands, of texts where they begin; 0 when absent.
  processId = 0;
  userId = 0;
  executable = 0;
  commandLine = 0;
}
