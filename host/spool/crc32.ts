// CRC-32 (ISO-HDLC: reflected, polynomial 0x04c11db7), eight bytes at a time. `zlib.crc32` is not in every Node 20.

/** TABLES[k * 256 + b]: what byte b does to the sum k bytes later. */
const TABLES = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  TABLES[byte] = sum;
}
for (let index = 256; index < TABLES.length; index++) {
  const before = table(index - 256);
  TABLES[index] = (before >>> 8) ^ table(before & 255);
}

function table(index: number): number {
  return TABLES[index] as number;
}

/** Of bytes [from, to), as an unsigned number. */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let sum = -1;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    sum ^=
      byteAt(bytes, at) |
      (byteAt(bytes, at + 1) << 8) |
      (byteAt(bytes, at + 2) << 16) |
      (byteAt(bytes, at + 3) << 24);
    sum =
      table(1792 + (sum & 255)) ^
      table(1536 + ((sum >>> 8) & 255)) ^
      table(1280 + ((sum >>> 16) & 255)) ^
      table(1024 + (sum >>> 24)) ^
      table(768 + byteAt(bytes, at + 4)) ^
      table(512 + byteAt(bytes, at + 5)) ^
      table(256 + byteAt(bytes, at + 6)) ^
      table(byteAt(bytes, at + 7));
  }
  for (; at < to; at++) sum = (sum >>> 8) ^ table((sum ^ byteAt(bytes, at)) & 255);
  return ~sum >>> 0;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
