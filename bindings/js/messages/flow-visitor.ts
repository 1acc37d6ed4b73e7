// The flows of a message without objects: for tools that add up a million of them.

import { WardletError } from '../errors.ts';
import { type ActivityReader, decodeMessage23 } from './decode-2.3.ts';
import { decodeFlatBuffers30 } from './decode-3.0-flatbuffers.ts';
import { decodeProtobuf30 } from './decode-3.0-protobuf.ts';
import { FlowTableReader } from './flow-table-3.0.ts';
import { walkFlows } from './flow-walk-2.3.ts';
import type { MessageFormat, NetworkActivity } from './security-message.ts';
import type { FlowVisitor } from './visited-flow.ts';

export type { FlowVisitor, VisitedFlow } from './visited-flow.ts';

const NO_FLOWS: NetworkActivity = { kind: 'NetworkActivity', flows: [] };

/**
 * Calls `visitor` for every flow of a message, in the order decodeMessage returns them. The bytes are not trusted; what
 * decodeMessage refuses this refuses too, and flows before the fault may have been visited.
 *
 * @example
 * visitFlows(message.bytes, message.format, ({ bytesIn }) => {
 *   total += bytesIn;
 * });
 *
 * @throws WardletError WL_BAD_MESSAGE, WL_UNSUPPORTED_FORMAT
 */
export function visitFlows(bytes: Uint8Array, format: MessageFormat, visitor: FlowVisitor): void {
  const activity: ActivityReader = (reader, _bytes, table, time, schema) => {
    walkFlows(reader, table, time, schema, visitor);
    return NO_FLOWS;
  };
  switch (format) {
    case '2.3':
      decodeMessage23(bytes, activity);
      break;
    case '3.0-flatbuffers':
      decodeFlatBuffers30(bytes, activity);
      break;
    case '3.0-protobuf':
      decodeProtobuf30(bytes, (_bytes, tables, time) => {
        for (const table of tables) visitTable(new FlowTableReader(bytes, table, time), visitor);
        return NO_FLOWS;
      });
      break;
    default:
      throw new WardletError('WL_UNSUPPORTED_FORMAT', `this release cannot read format ${format}`, {
        hint: 'use a release whose bindings read the format',
      });
  }
}

function visitTable(reader: FlowTableReader, visitor: FlowVisitor): void {
  const { flow } = reader;
  while (reader.next()) visitor(flow);
}
