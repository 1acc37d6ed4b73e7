import type { PcapFrame } from '../host/capture/pcap-writer.ts';

/** Collects what several activities send at once, each in its own order, into one capture. */
export class Timeline {
  readonly #frames: PcapFrame[] = [];

  /** timeMs: since 1970, kept to the microsecond. */
  add(timeMs: number, bytes: Uint8Array): void {
    this.#frames.push({ timeMs: Math.round(timeMs * 1000) / 1000, bytes });
  }

  /** In order of time; of the same time, in the order of adding. */
  frames(): PcapFrame[] {
    return this.#frames.toSorted((one, other) => one.timeMs - other.timeMs);
  }
}
