// Frames in the core's input buffer (schema/frame.ts), written byte by byte.

import { FRAME_CAPTURED, FRAME_HEADER, FRAME_LINK, FRAME_ORIGINAL, FRAME_TIME } from '../../schema/frame.ts';
import type { Frame } from './packet-model.ts';

/** Bytes of `frame` in a batch. */
export function batchedSize(frame: Frame): number {
  return FRAME_HEADER + frame.bytes.length;
}

/** Writes one frame at `at`; returns where the next one goes. */
export function writeFrameAt(view: DataView, at: number, frame: Frame, time: bigint): number {
  view.setBigInt64(at + FRAME_TIME, time, true);
  view.setUint32(at + FRAME_ORIGINAL, frame.original, true);
  view.setUint16(at + FRAME_CAPTURED, frame.bytes.length, true);
  view.setUint16(at + FRAME_LINK, frame.link, true);
  new Uint8Array(view.buffer, view.byteOffset).set(frame.bytes, at + FRAME_HEADER);
  return at + batchedSize(frame);
}
