// All flows of one NetworkActivity as FlatBuffers, of schema 2.3 or 3.0, checked, one after the other and without an object for
// any. The one reader of flows: decodeMessage and visitFlows both stand on it, so they agree.

import {
  ACTIVITY_V4,
  ACTIVITY_V6,
  COMMON_BYTES_IN,
  COMMON_BYTES_OUT,
  COMMON_COMMAND_LINE,
  COMMON_EXECUTABLE,
  COMMON_LOCAL_PORT,
  COMMON_PROCESS_ID,
  COMMON_PROTOCOL,
  COMMON_REMOTE_PORT,
  COMMON_USER_ID,
  FLOW_ADDRESSES,
  FLOW_COMMON,
} from '../../../schema/message-2.3.ts';
import {
  COMMON_DURATION,
  COMMON_INITIATOR,
  COMMON_LAST_SEEN,
  COMMON_OUTCOME,
  COMMON_PACKETS_IN,
  COMMON_PACKETS_OUT,
  COMMON_TCP_FLAGS_IN,
  COMMON_TCP_FLAGS_OUT,
} from '../../../schema/message-3.0-flatbuffers.ts';
import type { FlatBufferReader } from './flatbuffer-reader.ts';
import type { AddressFamily } from './security-message.ts';
import { LayoutCache, TableLayout } from './table-layout.ts';
import { FlowCursor } from './visited-flow.ts';

const OFFSET = 4;
const COMMON = 'NetworkActivityCommon';

/** Positions in it are those of the reader's view. */
export type FlowSink = (flow: FlowCursor) => void;

/** Of the two schemas, which one to read by. */
export type FlowSchema = '2.3' | '3.0';

/** NetworkActivityV4 and V6: where in the table its two fields stand. */
class FlowLayout extends TableLayout {
  readonly addresses: number;
  readonly common: number;

  constructor(reader: FlatBufferReader, table: number, what: string, addressesBytes: number) {
    super(reader, table, what);
    this.addresses = reader.required(table, FLOW_ADDRESSES, addressesBytes, `${what}.addresses`) - table;
    this.common = reader.required(table, FLOW_COMMON, OFFSET, `${what}.common`) - table;
  }
}

/** NetworkActivityCommon: where in the table a field stands; 0 when absent. */
class CommonLayout extends TableLayout {
  readonly localPort: number;
  readonly remotePort: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly protocol: number;
  readonly processId: number;
  readonly userId: number;
  readonly executable: number;
  readonly commandLine: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly lastSeen: number;
  readonly duration: number;
  readonly initiator: number;
  readonly outcome: number;
  readonly tcpFlagsIn: number;
  readonly tcpFlagsOut: number;

  constructor(reader: FlatBufferReader, table: number, schema: FlowSchema) {
    super(reader, table, COMMON);
    const place = (id: number, width: number, name: string): number => {
      const at = reader.field(table, id, width, `${COMMON}.${name}`);
      return at === 0 ? 0 : at - table;
    };
    const added = schema === '3.0' ? place : () => 0;
    this.localPort = place(COMMON_LOCAL_PORT, 2, 'local_port');
    this.remotePort = place(COMMON_REMOTE_PORT, 2, 'remote_port');
    this.bytesIn = place(COMMON_BYTES_IN, 4, 'bytes_in');
    this.bytesOut = place(COMMON_BYTES_OUT, 4, 'bytes_out');
    this.protocol = place(COMMON_PROTOCOL, 1, 'protocol');
    this.processId = place(COMMON_PROCESS_ID, 2, 'process_id');
    this.userId = place(COMMON_USER_ID, 2, 'user_id');
    this.executable = place(COMMON_EXECUTABLE, OFFSET, 'executable');
    this.commandLine = place(COMMON_COMMAND_LINE, OFFSET, 'commandline');
    this.packetsIn = added(COMMON_PACKETS_IN, 4, 'packets_in');
    this.packetsOut = added(COMMON_PACKETS_OUT, 4, 'packets_out');
    this.lastSeen = added(COMMON_LAST_SEEN, 4, 'last_seen');
    this.duration = added(COMMON_DURATION, 4, 'duration');
    this.initiator = added(COMMON_INITIATOR, 1, 'initiator');
    this.outcome = added(COMMON_OUTCOME, 1, 'outcome');
    this.tcpFlagsIn = added(COMMON_TCP_FLAGS_IN, 1, 'tcp_flags_in');
    this.tcpFlagsOut = added(COMMON_TCP_FLAGS_OUT, 1, 'tcp_flags_out');
  }
}

/**
 * The flows of one NetworkActivity: IPv4 first. `time`: the event's, in tenths of a second.
 * @throws WardletError WL_BAD_MESSAGE
 */
export class FlowVectors {
  readonly count: number;
  /** The flow read last. */
  readonly flow = new FlowCursor();
  readonly #reader: FlatBufferReader;
  readonly #schema: FlowSchema;
  readonly #v4: FlowVector;
  readonly #v6: FlowVector;
  readonly #commons: LayoutCache<CommonLayout>;

  constructor(reader: FlatBufferReader, activity: number, time: number, schema: FlowSchema) {
    this.#reader = reader;
    this.#schema = schema;
    this.#commons = new LayoutCache(reader, COMMON, (table) => new CommonLayout(reader, table, schema));
    this.#v4 = flowVector(reader, activity, 4);
    this.#v6 = flowVector(reader, activity, 6);
    this.count = this.#v4.count + this.#v6.count;
    // A flow is two tables.
    reader.charge(this.count * 2, 'NetworkActivity', activity);
    this.flow.time = time;
    this.flow.firstSeen = time;
    this.flow.lastSeen = time;
  }

  /** Reads the flow at `index`, below `count`. @throws WardletError WL_BAD_MESSAGE */
  read(index: number): FlowCursor {
    const isV4 = index < this.#v4.count;
    const vector = isV4 ? this.#v4 : this.#v6;
    const slot = vector.elements + (isV4 ? index : index - this.#v4.count) * OFFSET;
    const reader = this.#reader;
    const { view } = reader;
    const cursor = this.flow;
    const flow = reader.target(slot, vector.what);
    const shape = vector.shapes.of(flow);
    const common = reader.target(flow + shape.common, COMMON);
    const at = this.#commons.of(common);
    cursor.family = vector.family;
    cursor.local = flow + shape.addresses;
    cursor.remote = cursor.local + vector.addressBytes;
    cursor.protocol = at.protocol === 0 ? 0 : view.getInt8(common + at.protocol);
    cursor.localPort = at.localPort === 0 ? 0 : view.getUint16(common + at.localPort, true);
    cursor.remotePort = at.remotePort === 0 ? 0 : view.getUint16(common + at.remotePort, true);
    cursor.bytesIn = at.bytesIn === 0 ? 0 : view.getUint32(common + at.bytesIn, true);
    cursor.bytesOut = at.bytesOut === 0 ? 0 : view.getUint32(common + at.bytesOut, true);
    cursor.processId = at.processId === 0 ? 0 : common + at.processId;
    cursor.userId = at.userId === 0 ? 0 : common + at.userId;
    cursor.executable =
      at.executable === 0 ? 0 : reader.textAt(common + at.executable, `${COMMON}.executable`);
    cursor.commandLine =
      at.commandLine === 0 ? 0 : reader.textAt(common + at.commandLine, `${COMMON}.commandline`);
    if (this.#schema === '3.0') readAdded(view, common, at, cursor);
    return cursor;
  }
}

/** All flows, IPv4 first. @throws WardletError WL_BAD_MESSAGE; flows before the fault are out */
export function walkFlows(
  reader: FlatBufferReader,
  activity: number,
  time: number,
  schema: FlowSchema,
  sink: FlowSink,
): void {
  const flows = new FlowVectors(reader, activity, time, schema);
  for (let index = 0; index < flows.count; index++) sink(flows.read(index));
}

/** The flows of a family. */
interface FlowVector {
  readonly family: AddressFamily;
  readonly addressBytes: number;
  readonly what: string;
  readonly elements: number;
  readonly count: number;
  readonly shapes: LayoutCache<FlowLayout>;
}

function flowVector(reader: FlatBufferReader, activity: number, family: AddressFamily): FlowVector {
  const isV4 = family === 4;
  const what = isV4 ? 'NetworkActivityV4' : 'NetworkActivityV6';
  const addressBytes = isV4 ? 4 : 16;
  const elements = reader.offsets(
    activity,
    isV4 ? ACTIVITY_V4 : ACTIVITY_V6,
    `NetworkActivity.ipv${family}_activity`,
  );
  return {
    family,
    addressBytes,
    what,
    elements,
    count: reader.count(elements),
    shapes: new LayoutCache(reader, what, (table) => new FlowLayout(reader, table, what, 2 * addressBytes)),
  };
}

function readAdded(view: DataView, common: number, at: CommonLayout, cursor: FlowCursor): void {
  cursor.packetsIn = at.packetsIn === 0 ? 0 : view.getUint32(common + at.packetsIn, true);
  cursor.packetsOut = at.packetsOut === 0 ? 0 : view.getUint32(common + at.packetsOut, true);
  cursor.lastSeen = cursor.time - (at.lastSeen === 0 ? 0 : view.getUint32(common + at.lastSeen, true));
  cursor.firstSeen = cursor.lastSeen - (at.duration === 0 ? 0 : view.getUint32(common + at.duration, true));
  cursor.initiator = at.initiator === 0 ? 0 : view.getInt8(common + at.initiator);
  cursor.outcome = at.outcome === 0 ? 0 : view.getInt8(common + at.outcome);
  cursor.tcpFlagsIn = at.tcpFlagsIn === 0 ? 0 : view.getUint8(common + at.tcpFlagsIn);
  cursor.tcpFlagsOut = at.tcpFlagsOut === 0 ? 0 : view.getUint8(common + at.tcpFlagsOut);
}
