// A capture through the real core, faster than it happened: frames in, messages out, messages decoded again and summed.
// Nothing of Node in here: the page inspects dropped captures with it.

import type { Core, CoreMessage } from '../../bindings/js/core.ts';
import type { DetectionRecord } from '../../bindings/js/detections.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import { type FlowVisitor, visitFlows } from '../../bindings/js/messages/flow-visitor.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import type { CoreStatus } from '../../bindings/js/status.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_TIME } from '../../schema/frame.ts';
import { type Capture, MIN_TARGET, type PcapRewriter } from '../capture/capture.ts';
import { FrameFeed, frameTime } from '../frames/frame-feed.ts';
import { DetectionLog } from './detection-log.ts';
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
  /** In order of their first evidence; undefined where none were looked for: in the lean profiles, and while the clock stands still. */
  readonly detections: readonly DetectionRecord[] | undefined;
  /** ms since 1970 of the first frame and of the latest; undefined without frames. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** What ended the capture before its end; all that was read up to there is counted. */
  readonly failure: unknown;
}

const DEFAULT_INTERVAL_SECONDS = 10;
/** After the last frame: answers are waited for 3 s, and what was merged is looked at for as long. */
const LAST_WAIT_MS = 8_000;
/** The longest interval a core takes: 30 days. */
const WHOLE_CAPTURE_SECONDS = 2_592_000;

/** core: fresh, not started; profile gateway unless the losses of a smaller table are to be seen. */
export async function inspectCapture(
  capture: Capture,
  core: Core,
  options: InspectionOptions,
): Promise<Inspection> {
  const inspector = new Inspector(core, options);
  // Frames go straight into the core's input where a whole record fits there.
  const target = core.input.length >= MIN_TARGET ? core.input : new Uint8Array(MIN_TARGET * 64);
  const rewriter: PcapRewriter | undefined =
    target === core.input
      ? (length, link, nanoseconds) => core.pcapToFrames(length, link, nanoseconds)
      : undefined;
  let failure: unknown;
  try {
    for (;;) {
      const filled = capture.fill(target, rewriter);
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
  readonly #feed: FrameFeed;
  readonly #flows = new FlowTotals();
  readonly #messages = { count: 0, bytes: 0 };
  readonly #addFlow: FlowVisitor = (flow) => this.#flows.add(flow, this.#memory, this.#messageAt);
  readonly #detections: DetectionLog | undefined;
  #firstMs: number | undefined;
  #lastMs = 0;
  /** Where in the core's memory the message stands that is being read. */
  #messageAt = 0;

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
      ...(core.detectionChanges === undefined
        ? {}
        : { detection: { enabled: intervalSeconds !== 'capture' } }),
    });
    this.#core = core;
    this.#detections =
      core.detectionChanges === undefined || intervalSeconds === 'capture'
        ? undefined
        : new DetectionLog(core);
    this.#feed = new FrameFeed(core, (timeMs) => this.#drain(timeMs));
    this.#options = options;
    this.#input = new DataView(core.input.buffer, core.input.byteOffset, core.input.length);
    this.#memory = new DataView(core.exports.memory.buffer);
    this.#wholeCapture = intervalSeconds === 'capture';
    this.#intervalMs = seconds * 1000;
  }

  /** Counts the frames in the core's input[0, length). */
  observe(length: number): void {
    this.#begin(this.#input, length);
    this.#feed.observeInput(length);
  }

  /** For cores whose input is small. */
  observeCopied(frames: Uint8Array): void {
    this.#begin(new DataView(frames.buffer, frames.byteOffset, frames.length), frames.length);
    this.#feed.observe(frames);
  }

  finish(failure: unknown): Inspection {
    if (this.#firstMs !== undefined) {
      const { now } = this.#core;
      this.#lastMs = Math.max(this.#lastMs, this.#feed.latestStopMs, now);
      // The end of the interval that the last frame is in.
      const end = this.#wholeCapture ? this.#lastMs : gridBefore(now, this.#intervalMs) + this.#intervalMs;
      if (this.#detections) this.#runTo(end);
      this.#core.collect(end);
      this.#drain(end);
      if (this.#detections) this.#runTo(end + LAST_WAIT_MS);
    }
    return {
      packets: this.#core.status().packets,
      flows: this.#flows,
      messages: this.#messages,
      detections: this.#detections?.all(),
      firstMs: this.#firstMs,
      lastMs: this.#firstMs === undefined ? undefined : this.#lastMs,
      failure,
    };
  }

  /** Nothing comes any more: time passes, and what detection waits for is judged. */
  #runTo(endMs: number): void {
    const core = this.#core;
    for (let due = core.due; due <= endMs; due = core.due) {
      core.tick(due);
      this.#drain(due);
      if (core.due <= due) return;
    }
  }

  #begin(frames: DataView, length: number): void {
    if (this.#firstMs === undefined) this.#start(frameTime(frames, 0));
    if (this.#wholeCapture) this.#stopClock(frames, length);
  }

  #start(firstMs: number): void {
    this.#firstMs = firstMs;
    this.#lastMs = firstMs;
    this.#core.start(this.#wholeCapture ? firstMs : gridBefore(firstMs, this.#intervalMs));
    this.#core.connect();
  }

  /** One collection for all: every frame gets the time of the first, so that neither intervals nor jumps collect. */
  #stopClock(frames: DataView, length: number): void {
    const first = BigInt(this.#firstMs ?? 0);
    for (let at = 0; at < length; at += FRAME_HEADER + frames.getUint16(at + FRAME_CAPTURED, true)) {
      this.#lastMs = Math.max(this.#lastMs, frameTime(frames, at));
      frames.setBigUint64(at + FRAME_TIME, first, true);
    }
  }

  /** Takes every message; a collection that waited for room goes on. */
  #drain(timeMs: number): void {
    const core = this.#core;
    this.#detections?.look();
    for (;;) {
      for (let message = core.nextMessage(); message; message = core.nextMessage()) this.#take(message);
      if (core.due > core.now) return;
      core.tick(Math.max(timeMs, core.now));
    }
  }

  #take(message: CoreMessage): void {
    this.#messages.count++;
    this.#messages.bytes += message.bytes.length;
    this.#messageAt = message.bytes.byteOffset;
    visitFlows(message.bytes, message.format, this.#addFlow);
    this.#options.onMessage?.(message);
    this.#core.acknowledge(message.sequence);
  }
}

/** Intervals are counted from 1970: the same capture cut in two has the same collections. */
function gridBefore(timeMs: number, intervalMs: number): number {
  return Math.floor(timeMs / intervalMs) * intervalMs;
}
