const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The 16 bytes at `offset` as a UUID's text (RFC 4122): 8-4-4-4-12 lower-case hexadecimal digits. */
export function uuidText(bytes: Uint8Array, offset = 0): string {
  let text = '';
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-';
    text += HEX[bytes[offset + index] ?? 0];
  }
  return text;
}
