// An Interface Description Block (draft-ietf-opsawg-pcapng 4.2): link type, snap length, and how its clock counts.

const OPTION_END = 0;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;
/** if_tsresol where it is absent: microseconds. */
const DEFAULT_RESOLUTION = 6;
const TWO_32 = 0x1_0000_0000;

export interface PcapngInterface {
  readonly link: number;
  /** Bytes kept of a frame; 0: all. */
  readonly snapLength: number;
  /** A timestamp of two 32-bit halves as whole milliseconds since 1970, at least 0. */
  toMs(high: number, low: number): number;
}

/** block: a whole block of at least 20 bytes, its length checked. */
export function readInterface(block: DataView, littleEndian: boolean): PcapngInterface {
  let resolution = DEFAULT_RESOLUTION;
  let offsetMs = 0;
  const end = block.byteLength - 4;
  for (let at = 16; at + 4 <= end; ) {
    const option = block.getUint16(at, littleEndian);
    const length = block.getUint16(at + 2, littleEndian);
    const value = at + 4;
    // An option that runs past its block ends the list; the fields before it stand.
    if (option === OPTION_END || value + length > end) break;
    if (option === OPTION_TSRESOL && length === 1) resolution = block.getUint8(value);
    if (option === OPTION_TSOFFSET && length === 8) {
      offsetMs = Number(block.getBigInt64(value, littleEndian)) * 1000;
    }
    at = value + ((length + 3) & ~3);
  }
  const toMs = clock(resolution);
  return {
    link: block.getUint16(8, littleEndian),
    snapLength: block.getUint32(12, littleEndian),
    toMs: (high, low) => Math.min(Math.max(0, toMs(high, low) + offsetMs), Number.MAX_SAFE_INTEGER),
  };
}

/** if_tsresol: units per second, 10^n, or 2^n when bit 7 is set. */
function clock(resolution: number): (high: number, low: number) => number {
  const exponent = resolution & 0x7f;
  const isPowerOfTwo = (resolution & 0x80) !== 0;
  if (!isPowerOfTwo && exponent >= 3 && exponent <= 9) {
    // Exact in doubles: the remainder is below 10^6, so times 2^32 it stays below 2^53.
    const unitsPerMs = 10 ** (exponent - 3);
    return (high, low) => {
      const whole = Math.floor(high / unitsPerMs);
      return whole * TWO_32 + Math.floor(((high - whole * unitsPerMs) * TWO_32 + low) / unitsPerMs);
    };
  }
  const unitsPerSecond = (isPowerOfTwo ? 2n : 10n) ** BigInt(exponent);
  return (high, low) => Number((((BigInt(high) << 32n) | BigInt(low)) * 1000n) / unitsPerSecond);
}
