// Days of traffic without holding them: activities lay out a little of what they do at a time, and frames leave as soon as nobody
// can come before them any more.
import type { PcapFrame } from '../host/capture/pcap-writer.ts';
import { TimeHeap } from './time-heap.ts';
import { type Activity, type FrameSink, toMicroseconds } from './timeline.ts';

/** Where activities add their frames, and where these are taken from in order of time. Holds what is laid out ahead, no more. */
export class Playback implements FrameSink {
  readonly #activities = new TimeHeap<Activity>();
  readonly #frames = new TimeHeap<PcapFrame>();
  /** Of the latest promise that was called in: everything before it has been handed out. */
  #handedOutMs = Number.NEGATIVE_INFINITY;

  /** How many frames wait to be handed out. */
  get waiting(): number {
    return this.#frames.size;
  }

  /** @throws RangeError for a frame that comes before one already handed out */
  add(timeMs: number, bytes: Uint8Array): void {
    const time = toMicroseconds(timeMs);
    if (time < this.#handedOutMs) {
      throw new RangeError(`a frame of ${time} after frames up to ${this.#handedOutMs} have been handed out`);
    }
    this.#frames.push(time, { timeMs: time, bytes });
  }

  /** Lets an activity run up to its first promise; activities may start others. */
  start(...activities: readonly Activity[]): this {
    for (const activity of activities) this.#advance(activity);
    return this;
  }

  /** To the end of all activities, once. */
  *frames(): Generator<PcapFrame, void, void> {
    for (;;) {
      const promiseMs = this.#activities.firstMs;
      while (this.#frames.firstMs < promiseMs) yield this.#frames.pop() as PcapFrame;
      const activity = this.#activities.pop();
      if (activity === undefined) return;
      this.#handedOutMs = promiseMs;
      this.#advance(activity);
    }
  }

  #advance(activity: Activity): void {
    const { done, value } = activity.next();
    if (done === true) return;
    if (Number.isNaN(value)) throw new RangeError('an activity promised what is no time');
    this.#activities.push(Math.max(toMicroseconds(value), this.#handedOutMs), activity);
  }
}
