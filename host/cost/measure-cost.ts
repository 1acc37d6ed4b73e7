// What a device would pay a hub for reporting the traffic of a capture: cores live through it on its own clock, acknowledged as
// by a hub, and their messages are counted. Nothing of Node in here.

import type { CoreConfiguration } from '../../bindings/js/configuration.ts';
import type { Core } from '../../bindings/js/core.ts';
import { FRAME_CAPTURED, FRAME_HEADER } from '../../schema/frame.ts';
import type { Capture } from '../capture/capture.ts';
import { FrameFeed, frameTime } from '../frames/frame-feed.ts';
import { type Cost, CostMeter, propertyBytes } from './hub-units.ts';

/** One device. */
export interface CostPlan {
  /** Fresh, not started. */
  readonly core: Core;
  /** With a seed. */
  readonly configuration: CoreConfiguration;
  /** Called with each message, whose bytes are valid during the call. */
  readonly onMessage?: (bytes: Uint8Array) => void;
}

export interface MeasuredCost {
  /** Of the capture, without the jumps of its clock: what the costs are for. */
  readonly durationMs: number;
  /** In the order of the plans. */
  readonly costs: readonly Cost[];
}

/** A longer silence is a capture put together from several: its clock jumps, and nobody pays for the time between. */
const SILENCE_MAX_MS = 7 * 86_400_000;
const BATCH_BYTES = 65_536;

/** All plans live through the capture at once. */
export async function measureCost(
  capture: Capture,
  plans: readonly CostPlan[],
  onProgress: (bytesRead: number) => void = () => {},
): Promise<MeasuredCost> {
  const frames = new Uint8Array(BATCH_BYTES);
  const time = new CaptureTime();
  const devices = plans.map((plan) => new MeteredDevice(plan));
  for (;;) {
    const length = await capture.fill(frames);
    if (length === 0) break;
    time.see(frames, length);
    for (const device of devices) device.observe(frames.subarray(0, length));
    onProgress(capture.bytesRead);
  }
  return { durationMs: time.durationMs, costs: devices.map((device) => device.finish()) };
}

/** How long a capture is, however its clock jumps. */
class CaptureTime {
  durationMs = 0;
  #latestMs: number | undefined;

  see(frames: Uint8Array, length: number): void {
    const view = new DataView(frames.buffer, frames.byteOffset, length);
    for (let at = 0; at < length; at += FRAME_HEADER + view.getUint16(at + FRAME_CAPTURED, true)) {
      const timeMs = frameTime(view, at);
      const passed = timeMs - (this.#latestMs ?? timeMs);
      if (isSteady(passed)) this.durationMs += Math.max(0, passed);
      // A packet may be a little older than the one before.
      if (passed >= 0 || !isSteady(passed)) this.#latestMs = timeMs;
    }
  }
}

class MeteredDevice {
  readonly #core: Core;
  readonly #feed: FrameFeed;
  readonly #meter = new CostMeter();
  readonly #onMessage: CostPlan['onMessage'];
  #isStarted = false;

  constructor({ core, configuration, onMessage }: CostPlan) {
    core.configure(configuration);
    this.#core = core;
    this.#onMessage = onMessage;
    this.#feed = new FrameFeed(core, () => this.#catchUp());
  }

  observe(frames: Uint8Array): void {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#core.start(frameTime(new DataView(frames.buffer, frames.byteOffset, frames.length), 0));
      this.#core.connect();
    }
    this.#feed.observe(frames);
    this.#drain();
  }

  finish(): Cost {
    if (this.#isStarted) {
      this.#core.collect(this.#core.now);
      this.#drain();
    }
    return this.#meter.cost;
  }

  /** A device is awake between two packets: everything that is due before the next one is done at its time. */
  #catchUp(): void {
    const core = this.#core;
    this.#drain();
    const until = this.#feed.stopMs;
    if (!isSteady(until - core.now)) return;
    while (core.due < until) {
      const { due } = core;
      core.tick(due);
      this.#drain();
      if (core.due <= due) return;
    }
  }

  #drain(): void {
    const core = this.#core;
    for (let message = core.nextMessage(); message; message = core.nextMessage()) {
      const { sequence, format, bytes } = message;
      this.#meter.add(bytes.length, propertyBytes({ bootId: core.status().bootId, sequence, format }));
      this.#onMessage?.(bytes);
      core.acknowledge(sequence);
    }
  }
}

function isSteady(passedMs: number): boolean {
  return Math.abs(passedMs) <= SILENCE_MAX_MS;
}
