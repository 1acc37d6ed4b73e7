// The loop that every host drives a core with: observe until it stops, let time come to where it stopped, observe the rest.

import type { Core } from '../../bindings/js/core.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_TIME } from '../../schema/frame.ts';

/**
 * A frame may stop the core for its due time, for a jump of the clock, for a full table, and for each message of a collection of which
 * an outbox holds one at a time (`lean`); more is a fault.
 */
const STOPS_MAX = 16;

export class FrameFeed {
  readonly #core: Core;
  readonly #view: DataView;
  readonly #ticked: (timeMs: number) => void;
  #stops = 0;
  /** ms since 1970: the latest frame at which the core had to be told the time; -1 where there was none. */
  latestStopMs = -1;
  /** ms since 1970: the frame at which it was told last. */
  stopMs = -1;

  /** ticked: after every tick, with its time; takes the messages. */
  constructor(core: Core, ticked: (timeMs: number) => void) {
    this.#core = core;
    this.#view = new DataView(core.input.buffer, core.input.byteOffset, core.input.length);
    this.#ticked = ticked;
  }

  /** Counts the frames that stand in the core's input[0, length). */
  observeInput(length: number): void {
    for (let at = 0; ; ) {
      at = this.#take(at, length);
      if (at === length) return;
      this.#tick(at);
    }
  }

  /**
   * Counts whole frames (schema/frame.ts) of any number; each is cut to what the core's input holds.
   * @throws WardletError WL_BAD_FRAME when the last one is cut: all before it are counted
   */
  observe(frames: Uint8Array): void {
    const steps = this.observing(frames);
    while (!steps.next().done);
  }

  /** The same with a pause before each tick, in which the core's input may be used for other things. */
  *observing(frames: Uint8Array): Generator<undefined, void> {
    const source = new DataView(frames.buffer, frames.byteOffset, frames.length);
    for (let from = 0; from < frames.length; ) {
      const { length, next } = this.#copy(frames, source, from);
      for (let at = 0; ; ) {
        at = this.#take(at, length);
        if (at === length) break;
        yield;
        this.#copy(frames, source, from);
        this.#tick(at);
      }
      from = next;
    }
  }

  /** Observes input[at, length) until the core stops; returns where. */
  #take(at: number, length: number): number {
    const stopped = this.#core.observe(at, length - at);
    if (stopped === length) {
      this.#stops = 0;
      return stopped;
    }
    this.#stops = stopped === at ? this.#stops + 1 : 1;
    if (this.#stops > STOPS_MAX) {
      this.#stops = 0;
      throw new WardletError('WL_BAD_CORE', `the core does not take the frame at ${stopped} of its input`, {
        hint: 'please report this with the capture',
      });
    }
    return stopped;
  }

  /** First what is due is collected, as on a device whose clock runs; then the time of the frame at `at` has come. */
  #tick(at: number): void {
    const core = this.#core;
    const frameMs = frameTime(this.#view, at);
    this.stopMs = frameMs;
    this.latestStopMs = Math.max(this.latestStopMs, frameMs);
    const timeMs = this.#stops === 1 ? Math.min(frameMs, Math.max(core.due, core.now)) : frameMs;
    core.tick(timeMs);
    this.#ticked(timeMs);
  }

  /** As many frames as fit into the core's input; how long they are there, and where the next one is. */
  #copy(frames: Uint8Array, source: DataView, from: number): { length: number; next: number } {
    const { input } = this.#core;
    let length = 0;
    let at = from;
    while (at < frames.length) {
      const captured = capturedAt(source, at);
      if (captured < 0) {
        if (length > 0) break;
        throw new WardletError(
          'WL_BAD_FRAME',
          `the frame at byte ${at} claims more bytes than the batch holds`,
          {
            hint: 'FRAME_CAPTURED must count the bytes that follow the 16-byte header (schema/frame.ts)',
          },
        );
      }
      const kept = Math.min(captured, input.length - FRAME_HEADER);
      if (length + FRAME_HEADER + kept > input.length) break;
      input.set(frames.subarray(at, at + FRAME_HEADER + kept), length);
      this.#view.setUint16(length + FRAME_CAPTURED, kept, true);
      length += FRAME_HEADER + kept;
      at += FRAME_HEADER + captured;
    }
    return { length, next: at };
  }
}

/** ms since 1970 of the frame whose header is at `at`. */
export function frameTime(view: DataView, at: number): number {
  const low = view.getUint32(at + FRAME_TIME, true);
  return view.getUint32(at + FRAME_TIME + 4, true) * 0x1_0000_0000 + low;
}

/** Captured bytes of the frame at `at`; -1 where it is cut. */
function capturedAt(view: DataView, at: number): number {
  if (at + FRAME_HEADER > view.byteLength) return -1;
  const captured = view.getUint16(at + FRAME_CAPTURED, true);
  return at + FRAME_HEADER + captured > view.byteLength ? -1 : captured;
}
