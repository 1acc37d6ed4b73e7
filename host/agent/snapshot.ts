// The memory of a core as the answer to a direct method: what it knows, byte for byte, for whoever looks for a fault.

import type { Core } from '../../bindings/js/core.ts';
import type { MethodResult } from '../transport/hub-services.ts';

/** IoT Hub takes answers of up to 128 KB; base64 makes four bytes of three. */
const LARGEST = 96_000;
/** Characters that String.fromCharCode takes at once. */
const CHUNK = 8_192;

export function snapshot({ exports, profile, version }: Core): MethodResult {
  const length = exports.__heap_base.value;
  if (length > LARGEST) {
    const error = {
      code: 'WL_BAD_LENGTH',
      message: `the memory of a ${profile} core is ${length} bytes, an answer holds ${LARGEST}`,
      hint: 'wardlet.status tells its counters',
    };
    return { status: 413, payload: { error } };
  }
  const bytes = new Uint8Array(exports.memory.buffer, 0, length);
  let text = '';
  for (let at = 0; at < length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + CHUNK, length)));
  }
  return { status: 200, payload: { profile, version, length, memory: btoa(text) } };
}
