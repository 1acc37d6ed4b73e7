// Protobuf, written front to back: every length is known before the first byte.

/** Wire type of length-delimited fields; varints have 0. */
const LENGTH_DELIMITED: u32 = 2;

/** Returns the end. Small, so that the compiler puts it where it is called: most numbers are one byte. */
export function putVarint(at: usize, value: u64): usize {
  if (value > 0x7f) return putLong(at, value);
  store<u8>(at, <u32>value);
  return at + 1;
}

function putLong(at: usize, value: u64): usize {
  let left = value;
  do {
    store<u8>(at++, <u32>left | 0x80);
    left >>= 7;
  } while (left > 0x7f);
  store<u8>(at, <u32>left);
  return at + 1;
}

/** Bytes that putVarint takes. */
export function varintSize(value: u64): u32 {
  // 7 bits a byte: (bits * 9 + 64) / 64 is bits / 7, rounded up, for up to 64 bits.
  return (<u32>(64 - clz<u64>(value | 1)) * 9 + 64) >> 6;
}

/** Differences of either sign: 0, -1, 1, -2 ... as 0, 1, 2, 3 ... */
export function zigzag(value: i32): u32 {
  return <u32>((value << 1) ^ (value >> 31));
}

/** A varint field; zero is left out. field: below 16. */
export function putNumber(at: usize, field: u32, value: u64): usize {
  if (value === 0) return at;
  store<u8>(at, field << 3);
  return putVarint(at + 1, value);
}

/** Bytes that putNumber takes. */
export function numberSize(value: u64): u32 {
  return value === 0 ? 0 : 1 + varintSize(value);
}

/** Bytes of a length-delimited field of `length` bytes; an empty one is left out. */
export function fieldSize(length: u32): u32 {
  return length === 0 ? 0 : 1 + varintSize(length) + length;
}

/** Tag and length of what follows. */
export function beginField(at: usize, field: u32, length: u32): usize {
  store<u8>(at, (field << 3) | LENGTH_DELIMITED);
  return putVarint(at + 1, length);
}
