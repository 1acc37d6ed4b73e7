// The flows of one FlowTable of schema 3.0 as protobuf: in the order of their classes, the rest in columns.

import { formatAddress } from '../address.ts';
import type { FlowTable } from './generated/message-3.0.js';
import { BytesColumn, NumberColumn, zigzag } from './protobuf-columns.ts';
import { refuse } from './protobuf-walk.ts';
import {
  type AddressFamily,
  type Flow,
  INITIATORS,
  nameOf,
  OUTCOMES,
  PROTOCOL_NAMES,
} from './security-message.ts';

const TCP = 0;
const UDP = 1;
const REMOTE = 2;
const PORT_MAX = 65_535;

interface FlowClass {
  readonly protocol: number;
  readonly initiator: number;
  readonly outcome: number;
  readonly hasReceived: boolean;
  readonly hasSent: boolean;
  readonly isEverythingElse: boolean;
  readonly tcpFlagsOut: number;
  readonly tcpFlagsIn: number;
  readonly local: number;
}

/**
 * Appends the table's flows. `time`: the event's, in tenths of a second.
 * @throws WardletError WL_BAD_MESSAGE where columns, classes and addresses do not agree
 */
export function readFlowTable(table: FlowTable, family: AddressFamily, time: number, flows: Flow[]): void {
  const size = family === 4 ? 4 : 16;
  const nowhere = family === 4 ? '0.0.0.0' : '::';
  const locals = localAddresses(table.localAddresses, size);
  const classes = new NumberColumn(table.classes, 'classes');
  const remotes = new BytesColumn(table.remoteAddresses, 'remote_addresses', size);
  const servicePorts = new NumberColumn(table.servicePorts, 'service_ports', 'sint32');
  const clientPorts = new BytesColumn(table.clientPorts, 'client_ports', 2);
  const lastSeen = new NumberColumn(table.lastSeen, 'last_seen');
  const durations = new NumberColumn(table.duration, 'duration');
  const packetsIn = new NumberColumn(table.packetsIn, 'packets_in');
  const packetsOut = new NumberColumn(table.packetsOut, 'packets_out');
  const bytesIn = new NumberColumn(table.bytesIn, 'bytes_in', 'uint64');
  const bytesOut = new NumberColumn(table.bytesOut, 'bytes_out', 'uint64');
  let service = 0;

  while (classes.hasMore) {
    const its = readClass(classes.next());
    if (!classes.hasMore) refuse('FlowTable.classes', 'a class has no count');
    const count = classes.next();
    if (count === 0) refuse('FlowTable.classes', 'a class has no flow');
    if (its.isEverythingElse && count > 1)
      refuse('FlowTable.classes', 'a class of everything else has more than one flow');
    const localAddress = its.isEverythingElse
      ? nowhere
      : (locals[its.local] ?? refuse('FlowTable.classes', `there is no local address ${its.local}`));
    const hasPorts = !its.isEverythingElse && (its.protocol === TCP || its.protocol === UDP);
    const protocol = nameOf(PROTOCOL_NAMES, its.protocol);
    const initiator = nameOf(INITIATORS, its.initiator);
    const outcome = nameOf(OUTCOMES, its.outcome);
    for (let left = count; left > 0; left--) {
      let remoteAddress = nowhere;
      let localPort = 0;
      let remotePort = 0;
      if (!its.isEverythingElse) remoteAddress = formatAddress(table.remoteAddresses, remotes.next(), size);
      if (hasPorts) {
        service += zigzag(servicePorts.next());
        if (service < 0 || service > PORT_MAX) refuse('FlowTable.service_ports', `${service} is no port`);
        const client = clientPorts.isLeftOut ? 0 : bigEndian(table.clientPorts, clientPorts.next());
        [localPort, remotePort] = its.initiator === REMOTE ? [service, client] : [client, service];
      }
      const last = time - lastSeen.next();
      const first = last - durations.next();
      flows.push({
        family,
        protocol,
        localAddress,
        localPort,
        remoteAddress,
        remotePort,
        bytesIn: its.hasReceived ? bytesIn.next() : 0,
        bytesOut: its.hasSent ? bytesOut.next() : 0,
        packetsIn: its.hasReceived ? packetsIn.next() : 0,
        packetsOut: its.hasSent ? packetsOut.next() : 0,
        firstSeen: first / 10,
        lastSeen: last / 10,
        initiator,
        outcome,
        ...(its.protocol === TCP ? { tcpFlagsIn: its.tcpFlagsIn, tcpFlagsOut: its.tcpFlagsOut } : {}),
      });
    }
  }
  const columns = [
    remotes,
    servicePorts,
    clientPorts,
    lastSeen,
    durations,
    packetsIn,
    packetsOut,
    bytesIn,
    bytesOut,
  ];
  for (const column of columns) column.finish();
}

function localAddresses(bytes: Uint8Array, size: number): string[] {
  if (bytes.length % size !== 0)
    refuse('FlowTable.local_addresses', `${bytes.length} bytes are no addresses`);
  const locals: string[] = [];
  for (let at = 0; at < bytes.length; at += size) locals.push(formatAddress(bytes, at, size));
  return locals;
}

function readClass(bits: number): FlowClass {
  return {
    protocol: bits & 3,
    initiator: (bits >>> 2) & 3,
    outcome: (bits >>> 4) & 7,
    hasReceived: (bits & 0x80) !== 0,
    hasSent: (bits & 0x100) !== 0,
    isEverythingElse: (bits & 0x200) !== 0,
    tcpFlagsOut: (bits >>> 10) & 0xff,
    tcpFlagsIn: (bits >>> 18) & 0xff,
    local: bits >>> 26,
  };
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
