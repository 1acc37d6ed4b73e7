// The flows of an inspection as rows for programs: JSON and CSV. A capture can hold millions, so none becomes an object.

import { INITIATORS, nameOf, OUTCOMES, PROTOCOL_NAMES } from '../bindings/js/messages/security-message.ts';
import { type FlowRow, type FlowTotals, newRow } from '../host/inspection/flow-totals.ts';
import { type ByteOutput, constant } from './byte-output.ts';

/** What the messages say of a flow: schema 2.3 knows of no packets, and a stopped clock of no times. */
export interface KnownFields {
  readonly packets: boolean;
  readonly times: boolean;
}

/** What stands before the values of a row, and after the last; rows between each other. */
interface RowShape {
  readonly begin: Uint8Array;
  readonly fields: readonly Uint8Array[];
  readonly unknownTimes: Uint8Array;
  readonly end: Uint8Array;
}

const FIELDS = ['localAddress', 'localPort', 'remoteAddress', 'remotePort', 'bytesIn', 'bytesOut'];
const ADDED_FIELDS = ['packetsIn', 'packetsOut', 'firstSeen', 'lastSeen', 'initiator', 'outcome'];

const JSON_ROW: RowShape = {
  begin: constant('{"protocol":"'),
  fields: [
    '","localAddress":"',
    '","localPort":',
    ',"remoteAddress":"',
    '","remotePort":',
    ',"bytesIn":',
    ',"bytesOut":',
    ',"packetsIn":',
    ',"packetsOut":',
    ',"firstSeen":',
    ',"lastSeen":',
    ',"initiator":"',
    '","outcome":"',
  ].map(constant),
  unknownTimes: constant('null'),
  end: constant('"}'),
};
const COMMA = constant(',');
const JSON_END = constant('}');

const CSV_ROW: RowShape = {
  begin: constant(''),
  fields: new Array(FIELDS.length + ADDED_FIELDS.length).fill(COMMA),
  unknownTimes: constant(''),
  end: constant('\r\n'),
};

/** A JSON array. No value holds anything to escape. */
export function writeJsonRows(
  output: ByteOutput,
  totals: FlowTotals,
  flows: Uint32Array,
  known: KnownFields,
): void {
  const row = newRow();
  output.text('[');
  for (let index = 0; index < flows.length; index++) {
    if (index > 0) output.bytes(COMMA);
    totals.read(flows[index] ?? 0, row);
    writeRow(output, row, JSON_ROW, known, JSON_END);
  }
  output.text(']');
}

/** RFC 4180, with a heading. No value needs quotes. */
export function writeCsvRows(
  output: ByteOutput,
  totals: FlowTotals,
  flows: Uint32Array,
  known: KnownFields,
): void {
  const row = newRow();
  output.text(`${['protocol', ...FIELDS, ...(known.packets ? ADDED_FIELDS : [])].join(',')}\r\n`);
  for (let index = 0; index < flows.length; index++) {
    totals.read(flows[index] ?? 0, row);
    writeRow(output, row, CSV_ROW, known, CSV_ROW.end);
  }
}

/** shortEnd: behind a row that ends with a number. */
function writeRow(
  output: ByteOutput,
  row: FlowRow,
  { begin, fields, unknownTimes, end }: RowShape,
  known: KnownFields,
  shortEnd: Uint8Array,
): void {
  const size = row.family === 4 ? 4 : 16;
  const before = (field: number) => output.bytes(fields[field] ?? COMMA);
  output.bytes(begin);
  output.bytes(nameBytes(PROTOCOLS, PROTOCOL_NAMES, row.protocol));
  before(0);
  output.address(row.octets, row.local, size);
  before(1);
  output.number(row.localPort);
  before(2);
  output.address(row.octets, row.remote, size);
  before(3);
  output.number(row.remotePort);
  before(4);
  output.number(row.bytesIn);
  before(5);
  output.number(row.bytesOut);
  if (!known.packets) {
    output.bytes(shortEnd);
    return;
  }
  before(6);
  output.number(row.packetsIn);
  before(7);
  output.number(row.packetsOut);
  before(8);
  if (known.times) output.tenths(row.firstSeen);
  else output.bytes(unknownTimes);
  before(9);
  if (known.times) output.tenths(row.lastSeen);
  else output.bytes(unknownTimes);
  before(10);
  output.bytes(nameBytes(BEGUN_BY, INITIATORS, row.initiator));
  before(11);
  output.bytes(nameBytes(BECAME, OUTCOMES, row.outcome));
  output.bytes(end);
}

const PROTOCOLS = PROTOCOL_NAMES.map(constant);
const BEGUN_BY = INITIATORS.map(constant);
const BECAME = OUTCOMES.map(constant);

function nameBytes(known: readonly Uint8Array[], names: readonly string[], value: number): Uint8Array {
  return known[value] ?? constant(nameOf(names, value));
}
