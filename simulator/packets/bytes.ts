// Big-endian numbers and pieces of packets, put where they belong.

export function set16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

/** value: modulo 2^32. */
export function set32(bytes: Uint8Array, at: number, value: number): void {
  const whole = value >>> 0;
  bytes[at] = whole >>> 24;
  bytes[at + 1] = whole >>> 16;
  bytes[at + 2] = whole >>> 8;
  bytes[at + 3] = whole;
}

/** Quicker than set() for the few bytes of an address. */
export function copyInto(bytes: Uint8Array, at: number, from: Uint8Array): void {
  if (from.length > SHORT) bytes.set(from, at);
  else for (let i = 0; i < from.length; i++) bytes[at + i] = from[i] ?? 0;
}

const SHORT = 32;

/** Zeros, cut from a larger piece: one allocation for some dozens of packets, not for each. */
export function allocate(length: number): Uint8Array {
  if (length > PIECE / 8) return new Uint8Array(length);
  if (used + length > PIECE) {
    piece = new ArrayBuffer(PIECE);
    used = 0;
  }
  const bytes = new Uint8Array(piece, used, length);
  used += (length + 7) & ~7;
  return bytes;
}

const PIECE = 65_536;
let piece = new ArrayBuffer(0);
let used = PIECE;
