// What only the gateway exports, beside index.ts (docs/abi.md): the records of a capture file become frames where they stand.

import { BAD_LENGTH } from '../schema/codes';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_LINK, FRAME_ORIGINAL, FRAME_TIME } from '../schema/frame';
import { INPUT, INPUT_SIZE } from './memory';

// A record's header (draft-ietf-opsawg-pcap), u32 each; it has as many bytes as a frame's.
const RECORD_SECONDS: usize = 0;
const RECORD_FRACTION: usize = 4;
const RECORD_CAPTURED: usize = 8;
const RECORD_ORIGINAL: usize = 12;

/**
 * Turns little-endian pcap records in INPUT[0, length) into frames, up to the first one that is cut by the end or has more captured
 * bytes than a frame holds. link: LINKTYPE_ of all; nanoseconds: 0 where fractions of a second are microseconds.
 * Returns records << 32 | the offset of their end, or BAD_LENGTH.
 */
export function pcapToFrames(length: i32, link: i32, nanoseconds: i32): i64 {
  if (<u32>length > <u32>INPUT_SIZE) return BAD_LENGTH;
  let at = INPUT;
  const end = at + length;
  let records: u64 = 0;
  while (at + FRAME_HEADER <= end) {
    const captured = load<u32>(at, RECORD_CAPTURED);
    if (captured > u16.MAX_VALUE) break;
    const next = at + FRAME_HEADER + captured;
    if (next > end) break;
    const fraction = load<u32>(at, RECORD_FRACTION);
    // Two constants: a multiplication each, where a variable would be a division.
    const ms = nanoseconds ? fraction / 1_000_000 : fraction / 1_000;
    const time = <u64>load<u32>(at, RECORD_SECONDS) * 1_000 + ms;
    const original = load<u32>(at, RECORD_ORIGINAL);
    store<u64>(at, time, FRAME_TIME);
    store<u32>(at, max<u32>(original, captured), FRAME_ORIGINAL);
    store<u16>(at, captured, FRAME_CAPTURED);
    store<u16>(at, link, FRAME_LINK);
    records++;
    at = next;
  }
  return (records << 32) | (at - INPUT);
}
