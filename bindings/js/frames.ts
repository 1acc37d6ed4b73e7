// Building frames for the core's input buffer one by one (schema/frame.ts). Capture files write the layout themselves.

import {
  FRAME_CAPTURED,
  FRAME_HEADER,
  FRAME_LINK,
  FRAME_ORIGINAL,
  FRAME_TIME,
  LINK_ETHERNET,
} from '../../schema/frame.ts';
import { WardletError } from './errors.ts';

/** Enough for every header the core reads, but for the longest IPv6 extension chains. */
export const DEFAULT_SNAP = 96;

export interface FrameOptions {
  /** Bytes on the wire; default: as many as are given. */
  readonly originalLength?: number;
  /** LINKTYPE_; default Ethernet. */
  readonly linkType?: number;
  /** Bytes of the frame to hand over; default DEFAULT_SNAP. */
  readonly snap?: number;
}

/** Writes one frame at `offset` of a core's input. Returns where the next one goes, or `offset` when it does not fit. */
export function writeFrame(
  input: Uint8Array,
  offset: number,
  timeMs: number,
  bytes: Uint8Array,
  options: FrameOptions = {},
): number {
  const { originalLength = bytes.length, linkType = LINK_ETHERNET, snap = DEFAULT_SNAP } = options;
  const captured = Math.min(bytes.length, snap);
  if (captured > 0xffff || FRAME_HEADER + captured > input.length) {
    throw new WardletError(
      'WL_BAD_FRAME',
      `a frame of ${captured} bytes does not fit an input of ${input.length}`,
      {
        hint: 'hand over the first 96 bytes: the core reads headers only',
      },
    );
  }
  const end = offset + FRAME_HEADER + captured;
  if (end > input.length) return offset;
  const view = new DataView(input.buffer, input.byteOffset + offset, FRAME_HEADER);
  view.setBigUint64(FRAME_TIME, BigInt(Math.max(0, Math.trunc(timeMs))), true);
  view.setUint32(FRAME_ORIGINAL, originalLength, true);
  view.setUint16(FRAME_CAPTURED, captured, true);
  view.setUint16(FRAME_LINK, linkType, true);
  input.set(bytes.subarray(0, captured), offset + FRAME_HEADER);
  return end;
}
