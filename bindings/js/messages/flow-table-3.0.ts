// The flows of one FlowTable of schema 3.0 as protobuf: what they share is in classes, the rest in columns.

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
  flows: number;
}

/**
 * Appends the table's flows. `time`: the event's, in tenths of a second.
 * @throws WardletError WL_BAD_MESSAGE where columns, classes and addresses do not agree
 */
export function readFlowTable(table: FlowTable, family: AddressFamily, time: number, flows: Flow[]): void {
  const size = family === 4 ? 4 : 16;
  const nowhere = family === 4 ? '0.0.0.0' : '::';
  const locals = localAddresses(table.localAddresses, size);
  const classes = readClasses(table.flowClasses);
  const numbers = new NumberColumn(table.classes, 'classes');
  const count = flowCount(table, classes, numbers);
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

  for (let index = 0; index < count; index++) {
    const number = numbers.next();
    const of = classes[number];
    if (of === undefined) refuse('FlowTable.classes', `there is no class ${number}`);
    let localAddress = nowhere;
    let remoteAddress = nowhere;
    let localPort = 0;
    let remotePort = 0;
    if (of.isEverythingElse) {
      if (++of.flows > 1) refuse('FlowTable.classes', 'a class of everything else has more than one flow');
    } else {
      localAddress =
        locals[of.local] ?? refuse('FlowTable.flow_classes', `there is no local address ${of.local}`);
      remoteAddress = formatAddress(table.remoteAddresses, remotes.next(), size);
      if (of.protocol === TCP || of.protocol === UDP) {
        service += zigzag(servicePorts.next());
        if (service < 0 || service > PORT_MAX) refuse('FlowTable.service_ports', `${service} is no port`);
        const client = clientPorts.isLeftOut ? 0 : bigEndian(table.clientPorts, clientPorts.next());
        [localPort, remotePort] = of.initiator === REMOTE ? [service, client] : [client, service];
      }
    }
    const last = time - lastSeen.next();
    const first = last - durations.next();
    const flow: Flow = {
      family,
      protocol: nameOf(PROTOCOL_NAMES, of.protocol),
      localAddress,
      localPort,
      remoteAddress,
      remotePort,
      bytesIn: of.hasReceived ? bytesIn.next() : 0,
      bytesOut: of.hasSent ? bytesOut.next() : 0,
      packetsIn: of.hasReceived ? packetsIn.next() : 0,
      packetsOut: of.hasSent ? packetsOut.next() : 0,
      firstSeen: first / 10,
      lastSeen: last / 10,
      initiator: nameOf(INITIATORS, of.initiator),
      outcome: nameOf(OUTCOMES, of.outcome),
      ...(of.protocol === TCP ? { tcpFlagsIn: of.tcpFlagsIn, tcpFlagsOut: of.tcpFlagsOut } : {}),
    };
    flows.push(flow);
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

function readClasses(column: Uint8Array): FlowClass[] {
  const numbers = new NumberColumn(column, 'flow_classes');
  return Array.from({ length: numbers.count() }, () => {
    const bits = numbers.next();
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
      flows: 0,
    };
  });
}

function flowCount({ count }: FlowTable, classes: readonly FlowClass[], numbers: NumberColumn): number {
  const numbered = numbers.count();
  if (numbered > 0) {
    if (count !== 0 && count !== numbered) {
      refuse('FlowTable.count', `it says ${count}, and ${numbered} flows have a class`);
    }
    return numbered;
  }
  if (count > 0 && classes.length !== 1) {
    refuse('FlowTable.count', `${count} flows share one class, and there are ${classes.length}`);
  }
  return count;
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
