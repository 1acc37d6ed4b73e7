// A capture through the real core, faster than it happened: frames in, messages out, messages decoded again and summed.
// Nothing of Node in here: the page inspects dropped captures with it.

import type { Core, CoreMessage } from '../../bindings/js/core.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import { type FlowVisitor, visitFlows } from '../../bindings/js/messages/flow-visitor.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import type { CoreStatus } from '../../bindings/js/status.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_TIME } from '../../schema/frame.ts';
import { type Capture, MIN_TARGET } from '../capture/capture.ts';
import { FlowTotals } from './flow-totals.ts';

export interface InspectionOptions {
  /** Addresses of the device, each with /prefix if known. */
  readonly localAddresses: readonly string[];
  /** Seconds between collections on the capture's own clock, or one collection for all of it. Default 10. */
  readonly intervalSeconds?: number | 'capture';
  /** 32 bytes: makes event ids, and the messages byte for byte, repeatable. */
  readonly seed: Uint8Array;
  readonly format?: MessageFormat;
  /** Called with each message before it is acknowledged; its bytes are a view, valid during the call. */
  readonly onMessage?: (message: CoreMessage) => void;
  /** Called after each batch of frames with the bytes of the capture read so far. */
  readonly onProgress?: (bytesRead: number) => void;
}

export interface Inspection {
  readonly packets: CoreStatus['packets'];
  readonly flows: FlowTotals;
  readonly messages: { readonly count: number; readonly bytes: number };
  /** ms since 1970 of the first frame and of the latest; undefined without frames. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** What ended the capture before its end; all that was read up to there is counted. */
  readonly failure: unknown;
}

const DEFAULT_INTERVAL_SECONDS = 10;
/** The longest interval a core takes: 30 days. */
const WHOLE_CAPTURE_SECONDS = 2_592_000;
/** A frame may stop the core for its due time, for a jump of the clock and for a full table; more is a fault. */
const STOPS_MAX = 4;

/** core: fresh, not started; profile gateway unless the losses of a smaller table are to be seen. */
export async function inspectCapture(
  capture: Capture,
  core: Core,
  options: InspectionOptions,
): Promise<Inspection> {
  const inspector = new Inspector(core, options);
  // Frames go straight into the core's input where a whole record fits there.
  const target = core.input.length >= MIN_TARGET ? core.input : new Uint8Array(MIN_TARGET * 64);
  let failure: unknown;
  try {
    for (;;) {
      const filled = capture.fill(target);
      const length = typeof filled === 'number' ? filled : await filled;
      if (length === 0) break;
      if (target === core.input) inspector.observe(length);
      else inspector.observeCopied(target.subarray(0, length));
      options.onProgress?.(capture.bytesRead);
    }
  } catch (thrown) {
    // What came before a damaged or cut record stands.
    if (!(thrown instanceof WardletError) || !thrown.code.endsWith('_CAPTURE')) throw thrown;
    failure = thrown;
  }
  return inspector.finish(failure);
}

class Inspector {
  readonly #core: Core;
  readonly #input: DataView;
  readonly #memory: DataView;
  readonly #options: InspectionOptions;
  readonly #wholeCapture: boolean;
  readonly #intervalMs: number;
  readonly #flows = new FlowTotals();
  readonly #messages = { count: 0, bytes: 0 };
  #firstMs: number | undefined;
  #lastMs = 0;

  constructor(core: Core, options: InspectionOptions) {
    const { intervalSeconds = DEFAULT_INTERVAL_SECONDS, localAddresses, seed, format } = options;
    const seconds = intervalSeconds === 'capture' ? WHOLE_CAPTURE_SECONDS : intervalSeconds;
    core.configure({
      seed,
      localAddresses,
      unicastOnly: false,
      intervalSeconds: { high: seconds, medium: seconds, low: seconds },
      firstCollectionSeconds: 0,
      collectors: {
        NetworkActivity: { enabled: true, group: 'High' },
        SystemInformation: { enabled: false, group: 'Low' },
        Heartbeat: { enabled: false, group: 'Low' },
      },
      ...(format === undefined ? {} : { format }),
    });
    this.#core = core;
    this.#options = options;
    this.#input = new DataView(core.input.buffer, core.input.byteOffset, core.input.length);
    this.#memory = new DataView(core.exports.memory.buffer);
    this.#wholeCapture = intervalSeconds === 'capture';
    this.#intervalMs = seconds * 1000;
  }

  /** Counts the frames in the core's input[0, length). */
  observe(length: number): void {
    this.#firstMs ?? this.#start(this.#frameTime(0));
    if (this.#wholeCapture) this.#stopClock(length);
    const core = this.#core;
    let at = 0;
    let stops = 0;
    for (;;) {
      const stopped = core.observe(at, length - at);
      if (stopped === length) return;
      stops = stopped === at ? stops + 1 : 1;
      if (stops > STOPS_MAX) {
        throw new WardletError('WL_BAD_CORE', `the core does not take the frame at ${stopped} of its input`, {
          hint: 'please report this with the capture',
        });
      }
      at = stopped;
      const time = this.#frameTime(at);
      this.#lastMs = Math.max(this.#lastMs, time);
      // First what is due is collected, as on a device whose clock runs; then the frame's own time has come.
      this.#tick(stops === 1 ? Math.min(time, Math.max(core.due, core.now)) : time);
    }
  }

  /** For cores whose input is small: whole frames, cut to what fits. */
  observeCopied(frames: Uint8Array): void {
    const { input } = this.#core;
    const view = new DataView(frames.buffer, frames.byteOffset, frames.length);
    let filled = 0;
    for (let at = 0; at < frames.length; ) {
      const captured = view.getUint16(at + FRAME_CAPTURED, true);
      const kept = Math.min(captured, input.length - FRAME_HEADER);
      if (filled + FRAME_HEADER + kept > input.length) {
        this.observe(filled);
        filled = 0;
      }
      input.set(frames.subarray(at, at + FRAME_HEADER + kept), filled);
      this.#input.setUint16(filled + FRAME_CAPTURED, kept, true);
      filled += FRAME_HEADER + kept;
      at += FRAME_HEADER + captured;
    }
    this.observe(filled);
  }

  finish(failure: unknown): Inspection {
    if (this.#firstMs !== undefined) {
      const { now } = this.#core;
      this.#lastMs = Math.max(this.#lastMs, now);
      // The end of the interval that the last frame is in.
      const end = this.#wholeCapture ? this.#lastMs : gridBefore(now, this.#intervalMs) + this.#intervalMs;
      this.#core.collect(end);
      this.#drain(end);
    }
    return {
      packets: this.#core.status().packets,
      flows: this.#flows,
      messages: this.#messages,
      firstMs: this.#firstMs,
      lastMs: this.#firstMs === undefined ? undefined : this.#lastMs,
      failure,
    };
  }

  #start(firstMs: number): void {
    this.#firstMs = firstMs;
    this.#lastMs = firstMs;
    this.#core.start(this.#wholeCapture ? firstMs : gridBefore(firstMs, this.#intervalMs));
    this.#core.connect();
  }

  #frameTime(at: number): number {
    const low = this.#input.getUint32(at + FRAME_TIME, true);
    return this.#input.getUint32(at + FRAME_TIME + 4, true) * 0x1_0000_0000 + low;
  }

  /** One collection for all: every frame gets the time of the first, so that neither intervals nor jumps collect. */
  #stopClock(length: number): void {
    const first = BigInt(this.#firstMs ?? 0);
    for (let at = 0; at < length; at += FRAME_HEADER + this.#input.getUint16(at + FRAME_CAPTURED, true)) {
      this.#lastMs = Math.max(this.#lastMs, this.#frameTime(at));
      this.#input.setBigUint64(at + FRAME_TIME, first, true);
    }
  }

  #tick(timeMs: number): void {
    this.#core.tick(timeMs);
    this.#drain(timeMs);
  }

  /** Takes every message; a collection that waited for room goes on. */
  #drain(timeMs: number): void {
    const core = this.#core;
    for (;;) {
      for (let message = core.nextMessage(); message; message = core.nextMessage()) this.#take(message);
      if (core.due > core.now) return;
      core.tick(Math.max(timeMs, core.now));
    }
  }

  readonly #addFlow: FlowVisitor = (
    family,
    protocol,
    localPort,
    remotePort,
    bytesIn,
    bytesOut,
    addresses,
  ) => {
    this.#flows.add(
      family === 6,
      this.#memory,
      addresses,
      localPort,
      remotePort,
      protocol,
      bytesIn,
      bytesOut,
    );
  };

  #take(message: CoreMessage): void {
    this.#messages.count++;
    this.#messages.bytes += message.bytes.length;
    visitFlows(this.#memory, message.bytes.byteOffset, message.bytes.length, this.#addFlow);
    this.#options.onMessage?.(message);
    this.#core.acknowledge(message.sequence);
  }
}

/** Intervals are counted from 1970: the same capture cut in two has the same collections. */
function gridBefore(timeMs: number, intervalMs: number): number {
  return Math.floor(timeMs / intervalMs) * intervalMs;
}
