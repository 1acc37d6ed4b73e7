// The internet checksum, RFC 1071: the complement of the ones' complement sum of 16-bit words.

/** Adds big-endian 16-bit words to `sum`; an odd last byte is a word's upper half. Carries are not folded yet. */
export function addWords(bytes: Uint8Array, sum = 0): number {
  let total = sum;
  const even = bytes.length & ~1;
  for (let at = 0; at < even; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (even < bytes.length) total += (bytes[even] ?? 0) << 8;
  return total;
}

/** sum: 0 to 2^32 - 1, carries not folded. */
export function checksumOf(sum: number): number {
  let folded = (sum & 0xffff) + (sum >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}
