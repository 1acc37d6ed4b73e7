// All flows of one NetworkActivity of schema 2.3, checked, one after the other and without an object for any.
// The one reader of flows: decodeMessage and visitFlows both stand on it, so they agree.

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
import type { FlatBufferReader } from './flatbuffer-reader.ts';
import type { AddressFamily } from './security-message.ts';
import { LayoutCache, TableLayout } from './table-layout.ts';

const OFFSET = 4;
const COMMON = 'NetworkActivityCommon';

/** Counts are u32, ports u16. What follows `time` are positions in the reader's view, 0 when absent. */
export type FlowSink = (
  family: AddressFamily,
  protocol: number,
  localPort: number,
  remotePort: number,
  bytesIn: number,
  bytesOut: number,
  /** Local, then remote address: 4 or 16 bytes each, network order. */
  addresses: number,
  time: number,
  processId: number,
  userId: number,
  executable: number,
  commandLine: number,
  /** The table NetworkActivityCommon: for fields of a later schema. */
  common: number,
) => void;

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

  constructor(reader: FlatBufferReader, table: number) {
    super(reader, table, COMMON);
    const place = (id: number, width: number, name: string): number => {
      const at = reader.field(table, id, width, `${COMMON}.${name}`);
      return at === 0 ? 0 : at - table;
    };
    this.localPort = place(COMMON_LOCAL_PORT, 2, 'local_port');
    this.remotePort = place(COMMON_REMOTE_PORT, 2, 'remote_port');
    this.bytesIn = place(COMMON_BYTES_IN, 4, 'bytes_in');
    this.bytesOut = place(COMMON_BYTES_OUT, 4, 'bytes_out');
    this.protocol = place(COMMON_PROTOCOL, 1, 'protocol');
    this.processId = place(COMMON_PROCESS_ID, 2, 'process_id');
    this.userId = place(COMMON_USER_ID, 2, 'user_id');
    this.executable = place(COMMON_EXECUTABLE, OFFSET, 'executable');
    this.commandLine = place(COMMON_COMMAND_LINE, OFFSET, 'commandline');
  }
}

/** IPv4 first. `time` is handed on to the sink. @throws WardletError WL_BAD_MESSAGE; flows before the fault are out */
export function walkFlows(reader: FlatBufferReader, activity: number, time: number, sink: FlowSink): void {
  const commons = new LayoutCache(reader, COMMON, (table) => new CommonLayout(reader, table));
  const v4 = reader.offsets(activity, ACTIVITY_V4, 'NetworkActivity.ipv4_activity');
  const v6 = reader.offsets(activity, ACTIVITY_V6, 'NetworkActivity.ipv6_activity');
  walkFamily(reader, v4, 4, commons, time, sink);
  walkFamily(reader, v6, 6, commons, time, sink);
}

function walkFamily(
  reader: FlatBufferReader,
  flows: number,
  family: AddressFamily,
  commons: LayoutCache<CommonLayout>,
  time: number,
  sink: FlowSink,
): void {
  const count = reader.count(flows);
  if (count === 0) return;
  const { view } = reader;
  const what = family === 4 ? 'NetworkActivityV4' : 'NetworkActivityV6';
  const shapes = new LayoutCache(
    reader,
    what,
    (table) => new FlowLayout(reader, table, what, family === 4 ? 8 : 32),
  );
  // A flow is two tables.
  reader.charge(count * 2, what, flows);
  for (let slot = flows, end = flows + count * OFFSET; slot < end; slot += OFFSET) {
    const flow = reader.target(slot, what);
    const shape = shapes.of(flow);
    const common = reader.target(flow + shape.common, COMMON);
    const at = commons.of(common);
    sink(
      family,
      at.protocol === 0 ? 0 : view.getInt8(common + at.protocol),
      at.localPort === 0 ? 0 : view.getUint16(common + at.localPort, true),
      at.remotePort === 0 ? 0 : view.getUint16(common + at.remotePort, true),
      at.bytesIn === 0 ? 0 : view.getUint32(common + at.bytesIn, true),
      at.bytesOut === 0 ? 0 : view.getUint32(common + at.bytesOut, true),
      flow + shape.addresses,
      time,
      at.processId === 0 ? 0 : common + at.processId,
      at.userId === 0 ? 0 : common + at.userId,
      at.executable === 0 ? 0 : reader.textAt(common + at.executable, `${COMMON}.executable`),
      at.commandLine === 0 ? 0 : reader.textAt(common + at.commandLine, `${COMMON}.commandline`),
      common,
    );
  }
}
