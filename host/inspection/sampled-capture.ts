// A look at the beginning of a capture that can be read only once: what was looked at comes out again first.

import type { Capture, PcapRewriter } from '../capture/capture.ts';

const CHUNK = 65536;

export class SampledCapture implements Capture {
  readonly #capture: Capture;
  readonly #chunks: Uint8Array[];
  #next = 0;

  private constructor(capture: Capture, chunks: Uint8Array[]) {
    this.#capture = capture;
    this.#chunks = chunks;
  }

  /** Reads about `bytes` bytes of frames ahead. A fault met on the way comes again when the capture is read. */
  static async open(capture: Capture, bytes: number): Promise<SampledCapture> {
    const chunks: Uint8Array[] = [];
    try {
      for (let left = bytes; left > 0; ) {
        const chunk = new Uint8Array(CHUNK);
        const length = await capture.fill(chunk);
        if (length === 0) break;
        chunks.push(chunk.subarray(0, length));
        left -= length;
      }
    } catch {
      // A capture that failed once fails the same way at every later read.
    }
    return new SampledCapture(capture, chunks);
  }

  /** Whole frames (schema/frame.ts). */
  get sample(): readonly Uint8Array[] {
    return this.#chunks;
  }

  get format(): Capture['format'] {
    return this.#capture.format;
  }

  get links(): ReadonlySet<number> {
    return this.#capture.links;
  }

  get bytesRead(): number {
    return this.#capture.bytesRead;
  }

  /** target: 65,536 bytes or more. */
  fill(target: Uint8Array, rewriter?: PcapRewriter): number | Promise<number> {
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined) return this.#capture.fill(target, rewriter);
    this.#next++;
    target.set(chunk);
    return chunk.length;
  }

  close(): void | Promise<void> {
    return this.#capture.close();
  }
}
