// CoAP (RFC 7252): a confirmable message, and its acknowledgement with an answer in it.
import type { ByteSource } from './noise.ts';

export const COAP_PORT = 5683;
const CONFIRMABLE = 0x40;
const ACKNOWLEDGEMENT = 0x60;
const TOKEN_LENGTH = 4;
const POST = 0x02;
const CHANGED = 0x44;
const PAYLOAD_MARKER = 0xff;
const URI_PATH = 11;

export function coapPost(source: ByteSource, id: number, path: string, payload: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(path);
  return Uint8Array.of(
    CONFIRMABLE | TOKEN_LENGTH,
    POST,
    id >> 8,
    id,
    ...source.bytes(TOKEN_LENGTH),
    (URI_PATH << 4) | name.length,
    ...name,
    PAYLOAD_MARKER,
    ...payload,
  );
}

/** "Changed", with nothing more to say. */
export function coapChanged(post: Uint8Array): Uint8Array {
  return Uint8Array.of(ACKNOWLEDGEMENT | TOKEN_LENGTH, CHANGED, ...post.subarray(2, 4 + TOKEN_LENGTH));
}
