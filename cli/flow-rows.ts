// The flows of an inspection as rows for programs: JSON and CSV. A capture can hold millions, so none becomes an object.

import { INITIATORS, nameOf, OUTCOMES, PROTOCOL_NAMES } from '../bindings/js/messages/security-message.ts';
import { type FlowRow, type FlowTotals, newRow } from '../host/inspection/flow-totals.ts';
import { type ByteOutput, type Constant, constant } from './byte-output.ts';

/** What the messages say of a flow: schema 2.3 knows of no packets, and a stopped clock of no times. */
export interface KnownFields {
  readonly packets: boolean;
  readonly times: boolean;
}

/** What stands between the values of a row. */
interface RowShape {
  readonly begin: Constant;
  readonly localAddress: Constant;
  readonly localPort: Constant;
  readonly remoteAddress: Constant;
  readonly remotePort: Constant;
  readonly bytesIn: Constant;
  readonly bytesOut: Constant;
  readonly packetsIn: Constant;
  readonly packetsOut: Constant;
  readonly firstSeen: Constant;
  readonly lastSeen: Constant;
  readonly initiator: Constant;
  readonly outcome: Constant;
  /** A time that is not known. */
  readonly noTime: Constant;
  /** Behind outcome, and behind a row that ends with bytesOut. */
  readonly end: Constant;
  readonly shortEnd: Constant;
}

const FIELDS = ['localAddress', 'localPort', 'remoteAddress', 'remotePort', 'bytesIn', 'bytesOut'];
const ADDED_FIELDS = ['packetsIn', 'packetsOut', 'firstSeen', 'lastSeen', 'initiator', 'outcome'];
/** More than any row takes. */
const ROW_MAX = 1024;
const COMMA = constant(',');

const JSON_ROW: RowShape = {
  begin: constant('{"protocol":"'),
  localAddress: constant('","localAddress":"'),
  localPort: constant('","localPort":'),
  remoteAddress: constant(',"remoteAddress":"'),
  remotePort: constant('","remotePort":'),
  bytesIn: constant(',"bytesIn":'),
  bytesOut: constant(',"bytesOut":'),
  packetsIn: constant(',"packetsIn":'),
  packetsOut: constant(',"packetsOut":'),
  firstSeen: constant(',"firstSeen":'),
  lastSeen: constant(',"lastSeen":'),
  initiator: constant(',"initiator":"'),
  outcome: constant('","outcome":"'),
  noTime: constant('null'),
  end: constant('"}'),
  shortEnd: constant('}'),
};

const CSV_ROW: RowShape = {
  begin: constant(''),
  localAddress: COMMA,
  localPort: COMMA,
  remoteAddress: COMMA,
  remotePort: COMMA,
  bytesIn: COMMA,
  bytesOut: COMMA,
  packetsIn: COMMA,
  packetsOut: COMMA,
  firstSeen: COMMA,
  lastSeen: COMMA,
  initiator: COMMA,
  outcome: COMMA,
  noTime: constant(''),
  end: constant('\r\n'),
  shortEnd: constant('\r\n'),
};

/** A JSON array. No value holds anything to escape. */
export function writeJsonRows(
  output: ByteOutput,
  totals: FlowTotals,
  flows: Uint32Array,
  known: KnownFields,
): void {
  const row = newRow();
  output.reserve(ROW_MAX);
  output.text('[');
  for (let index = 0; index < flows.length; index++) {
    output.reserve(ROW_MAX);
    if (index > 0) output.constant(COMMA);
    totals.read(flows[index] as number, row);
    writeRow(output, row, JSON_ROW, known);
  }
  output.reserve(ROW_MAX);
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
  output.reserve(ROW_MAX);
  output.text(`${['protocol', ...FIELDS, ...(known.packets ? ADDED_FIELDS : [])].join(',')}\r\n`);
  for (let index = 0; index < flows.length; index++) {
    output.reserve(ROW_MAX);
    totals.read(flows[index] as number, row);
    writeRow(output, row, CSV_ROW, known);
  }
}

function writeRow(output: ByteOutput, row: FlowRow, shape: RowShape, known: KnownFields): void {
  const size = row.family === 4 ? 4 : 16;
  output.constant(shape.begin);
  output.constant(nameOfValue(PROTOCOLS, PROTOCOL_NAMES, row.protocol));
  output.constant(shape.localAddress);
  output.address(row.octets, row.local, size);
  output.constant(shape.localPort);
  output.number(row.localPort);
  output.constant(shape.remoteAddress);
  output.address(row.octets, row.remote, size);
  output.constant(shape.remotePort);
  output.number(row.remotePort);
  output.constant(shape.bytesIn);
  output.number(row.bytesIn);
  output.constant(shape.bytesOut);
  output.number(row.bytesOut);
  if (!known.packets) {
    output.constant(shape.shortEnd);
    return;
  }
  output.constant(shape.packetsIn);
  output.number(row.packetsIn);
  output.constant(shape.packetsOut);
  output.number(row.packetsOut);
  output.constant(shape.firstSeen);
  if (known.times) output.tenths(row.firstSeen);
  else output.constant(shape.noTime);
  output.constant(shape.lastSeen);
  if (known.times) output.tenths(row.lastSeen);
  else output.constant(shape.noTime);
  output.constant(shape.initiator);
  output.constant(nameOfValue(BEGUN_BY, INITIATORS, row.initiator));
  output.constant(shape.outcome);
  output.constant(nameOfValue(BECAME, OUTCOMES, row.outcome));
  output.constant(shape.end);
}

const PROTOCOLS = PROTOCOL_NAMES.map(constant);
const BEGUN_BY = INITIATORS.map(constant);
const BECAME = OUTCOMES.map(constant);

/** One that a later schema has given a name is written as it is. */
function nameOfValue(known: readonly Constant[], names: readonly string[], value: number): Constant {
  return known[value] ?? constant(nameOf(names, value));
}
