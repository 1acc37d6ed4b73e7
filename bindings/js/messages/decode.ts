// One door to all message formats.

import { WardletError } from '../errors.ts';
import { decodeMessage23 } from './decode-2.3.ts';
import { decodeFlatBuffers30 } from './decode-3.0-flatbuffers.ts';
import { decodeProtobuf30 } from './decode-3.0-protobuf.ts';
import { MADE_AT_ONCE } from './lists.ts';
import type { MessageFormat, SecurityMessage } from './security-message.ts';

/**
 * Decodes a security message. The format is not in the bytes: an IoT Hub message says it in its property `mti`, a core
 * in CoreMessage.format. The bytes are not trusted, and may be overwritten afterwards.
 *
 * What is returned takes at most ten times the memory of the bytes, or 192 KB: a list of more than a few hundred elements makes each
 * of them when it is read, anew each time. It reads as any array; `[...list]` is a plain one, to be changed or sent to a worker.
 *
 * @example
 * const { moduleId, events } = decodeMessage(bytes);
 * for (const { payload } of events) if (payload.kind === 'NetworkActivity') console.table(payload.flows);
 *
 * @throws WardletError WL_BAD_MESSAGE, WL_UNSUPPORTED_FORMAT
 */
export function decodeMessage(bytes: Uint8Array, format: MessageFormat = '2.3'): SecurityMessage {
  // Of a long list each element is read when it is asked for.
  const own = bytes.length > MADE_AT_ONCE ? bytes.slice() : bytes;
  switch (format) {
    case '2.3':
      return decodeMessage23(own);
    case '3.0-flatbuffers':
      return decodeFlatBuffers30(own);
    case '3.0-protobuf':
      return decodeProtobuf30(own);
    default:
      throw new WardletError('WL_UNSUPPORTED_FORMAT', `this release cannot decode format ${format}`, {
        hint: 'use a release whose bindings read the format',
      });
  }
}
