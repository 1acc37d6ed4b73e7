// The flows of a message without objects: for tools that add up a million of them.

import { PAYLOAD_NETWORK_ACTIVITY } from '../../../schema/message-2.3.ts';
import { readEnvelope, readEventHead } from './envelope-2.3.ts';
import { FlatBufferReader } from './flatbuffer-reader.ts';
import { type FlowSink, walkFlows } from './flow-walk-2.3.ts';
import { readPayload } from './payload-2.3.ts';
import type { AddressFamily } from './security-message.ts';

/**
 * Sees one flow: protocol 0 TCP, 1 UDP, 2 ICMP, others unknown; counts of transport header + payload.
 * `addresses` is where the local address stands, the remote one behind it, 4 or 16 bytes each in network order: an
 * offset into the bytes or the view given. `time` is the event's, unix seconds.
 */
export type FlowVisitor = (
  family: AddressFamily,
  protocol: number,
  localPort: number,
  remotePort: number,
  bytesIn: number,
  bytesOut: number,
  addresses: number,
  time: number,
) => void;

/**
 * Calls `visitor` for every flow of a message of schema 2.3, in the order decodeMessage returns them. The bytes are not
 * trusted; what decodeMessage refuses this refuses too, with the flows before the fault already visited.
 * With a view over a core's memory, nothing is allocated for the message's flows.
 *
 * @example
 * const view = new DataView(core.exports.memory.buffer);
 * visitFlows(view, message.bytes.byteOffset, message.bytes.length, (family, protocol, localPort, remotePort, bytesIn) => {
 *   total += bytesIn;
 * });
 *
 * @throws WardletError WL_BAD_MESSAGE
 */
export function visitFlows(bytes: Uint8Array, visitor: FlowVisitor): void;
export function visitFlows(view: DataView, start: number, length: number, visitor: FlowVisitor): void;
export function visitFlows(
  source: Uint8Array | DataView,
  ...rest: [visitor: FlowVisitor] | [start: number, length: number, visitor: FlowVisitor]
): void {
  const [start, length, visitor] = rest.length === 1 ? [0, source.byteLength, rest[0]] : rest;
  const view =
    source instanceof DataView ? source : new DataView(source.buffer, source.byteOffset, source.byteLength);
  visit(new FlatBufferReader(view, start, length), visitor);
}

function visit(reader: FlatBufferReader, sink: FlowSink): void {
  const envelope = readEnvelope(reader);
  for (let index = 0; index < envelope.count; index++) {
    const { time, payloadType, payload } = readEventHead(reader, envelope, index);
    if (payloadType === PAYLOAD_NETWORK_ACTIVITY) walkFlows(reader, payload, time, sink);
    // Decoded to check it: these are few and small.
    else readPayload(reader, payloadType, payload);
  }
}
