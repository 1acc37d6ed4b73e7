// One door to all message formats.

import { WardletError } from '../errors.ts';
import { decodeMessage23 } from './decode-2.3.ts';
import { decodeFlatBuffers30 } from './decode-3.0-flatbuffers.ts';
import { decodeProtobuf30 } from './decode-3.0-protobuf.ts';
import type { MessageFormat, SecurityMessage } from './security-message.ts';

/**
 * Decodes a security message. The format is not in the bytes: an IoT Hub message says it in its property `mti`, a core
 * in CoreMessage.format. The bytes are not trusted, and may be overwritten afterwards.
 *
 * @example
 * const { moduleId, events } = decodeMessage(bytes);
 * for (const { payload } of events) if (payload.kind === 'NetworkActivity') console.table(payload.flows);
 *
 * @throws WardletError WL_BAD_MESSAGE, WL_UNSUPPORTED_FORMAT
 */
export function decodeMessage(bytes: Uint8Array, format: MessageFormat = '2.3'): SecurityMessage {
  switch (format) {
    case '2.3':
      return decodeMessage23(bytes);
    case '3.0-flatbuffers':
      return decodeFlatBuffers30(bytes);
    case '3.0-protobuf':
      return decodeProtobuf30(bytes);
    default:
      throw new WardletError('WL_UNSUPPORTED_FORMAT', `this release cannot decode format ${format}`, {
        hint: 'use a release whose bindings read the format',
      });
  }
}
