import type { PcapFrame } from '../host/capture/pcap-writer.ts';

/**
 * What one party does. Each time that it yields is a promise: no frame it adds from now on is earlier. So a short session may be
 * laid out as a whole, well ahead of time, and a long one yields at its pauses.
 *
 * @example
 * function* pings(network: HomeNetwork, period: Period): Activity {
 *   for (let timeMs = period.startMs; timeMs < period.endMs; timeMs += 1000) {
 *     yield timeMs;
 *     network.fromDevice(timeMs, '192.0.2.1', echoRequest());
 *   }
 * }
 */
export type Activity = Generator<number, void, void>;

/** Where the frames of a network go: several activities at once, each in its own order. */
export interface FrameSink {
  /** timeMs: since 1970, kept to the microsecond. */
  add(timeMs: number, bytes: Uint8Array): void;
}

/** Collects them all into one capture. Playback is for what is too long to be held. */
export class Timeline implements FrameSink {
  readonly #frames: PcapFrame[] = [];

  add(timeMs: number, bytes: Uint8Array): void {
    this.#frames.push({ timeMs: toMicroseconds(timeMs), bytes });
  }

  /** In order of time; of the same time, in the order of adding. */
  frames(): PcapFrame[] {
    return this.#frames.toSorted((one, other) => one.timeMs - other.timeMs);
  }
}

/** Of a time in ms: rounded to whole microseconds. */
export function toMicroseconds(timeMs: number): number {
  return Math.round(timeMs * 1000) / 1000;
}
