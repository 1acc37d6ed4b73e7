// The flows of an inspection as rows for programs: JSON and CSV. A capture can hold millions, so none becomes an object.

import { INITIATORS, nameOf, OUTCOMES, PROTOCOL_NAMES } from '../bindings/js/messages/security-message.ts';
import { type FlowRow, type FlowTotals, newRow } from '../host/inspection/flow-totals.ts';
import type { ByteOutput } from './byte-output.ts';

/** What the messages say of a flow: schema 2.3 knows of no packets, and a stopped clock of no times. */
export interface KnownFields {
  readonly packets: boolean;
  readonly times: boolean;
}

const COLUMNS = 'protocol,localAddress,localPort,remoteAddress,remotePort,bytesIn,bytesOut';
const ADDED_COLUMNS = ',packetsIn,packetsOut,firstSeen,lastSeen,initiator,outcome';

/** A JSON array. No value holds anything to escape. */
export function writeJsonRows(
  output: ByteOutput,
  totals: FlowTotals,
  flows: Uint32Array,
  known: KnownFields,
): void {
  const row = newRow();
  let separator = '[{"protocol":"';
  for (const flow of flows) {
    totals.read(flow, row);
    output.text(separator);
    separator = '},{"protocol":"';
    jsonRow(output, row, known);
  }
  output.text(flows.length === 0 ? '[]' : '}]');
}

function jsonRow(output: ByteOutput, row: FlowRow, known: KnownFields): void {
  const size = row.family === 4 ? 4 : 16;
  output.text(nameOf(PROTOCOL_NAMES, row.protocol));
  output.text('","localAddress":"');
  output.address(row.octets, row.local, size);
  output.text('","localPort":');
  output.number(row.localPort);
  output.text(',"remoteAddress":"');
  output.address(row.octets, row.remote, size);
  output.text('","remotePort":');
  output.number(row.remotePort);
  output.text(',"bytesIn":');
  output.number(row.bytesIn);
  output.text(',"bytesOut":');
  output.number(row.bytesOut);
  if (!known.packets) return;
  output.text(',"packetsIn":');
  output.number(row.packetsIn);
  output.text(',"packetsOut":');
  output.number(row.packetsOut);
  if (known.times) {
    output.text(',"firstSeen":');
    output.tenths(row.firstSeen);
    output.text(',"lastSeen":');
    output.tenths(row.lastSeen);
  } else {
    output.text(',"firstSeen":null,"lastSeen":null');
  }
  output.text(',"initiator":"');
  output.text(nameOf(INITIATORS, row.initiator));
  output.text('","outcome":"');
  output.text(nameOf(OUTCOMES, row.outcome));
  output.text('"');
}

/** RFC 4180, with a heading. No value needs quotes. */
export function writeCsvRows(
  output: ByteOutput,
  totals: FlowTotals,
  flows: Uint32Array,
  known: KnownFields,
): void {
  const row = newRow();
  output.text(`${COLUMNS}${known.packets ? ADDED_COLUMNS : ''}\r\n`);
  for (const flow of flows) {
    totals.read(flow, row);
    csvRow(output, row, known);
    output.text('\r\n');
  }
}

function csvRow(output: ByteOutput, row: FlowRow, known: KnownFields): void {
  const size = row.family === 4 ? 4 : 16;
  output.text(nameOf(PROTOCOL_NAMES, row.protocol));
  output.text(',');
  output.address(row.octets, row.local, size);
  output.text(',');
  output.number(row.localPort);
  output.text(',');
  output.address(row.octets, row.remote, size);
  for (const count of [row.remotePort, row.bytesIn, row.bytesOut]) {
    output.text(',');
    output.number(count);
  }
  if (!known.packets) return;
  for (const count of [row.packetsIn, row.packetsOut]) {
    output.text(',');
    output.number(count);
  }
  for (const time of [row.firstSeen, row.lastSeen]) {
    output.text(',');
    if (known.times) output.tenths(time);
  }
  output.text(`,${nameOf(INITIATORS, row.initiator)},${nameOf(OUTCOMES, row.outcome)}`);
}
