// One line on standard error that says how far a long read is; only on a terminal, only after a second.

import { byteSize } from './terminal.ts';

const QUIET_MS = 1000;
const EVERY_MS = 200;

export class Progress {
  readonly #startMs = performance.now();
  readonly #size: number | undefined;
  #shownMs = 0;

  /** size: bytes in all, where known. */
  constructor(size: number | undefined) {
    this.#size = size;
  }

  update(bytes: number): void {
    const now = performance.now();
    // The clock first: asking what standard error is takes 5 ms, and short runs need not know.
    if (now - this.#startMs < QUIET_MS || now - this.#shownMs < EVERY_MS || !process.stderr.isTTY) return;
    this.#shownMs = now;
    const speed = byteSize(Math.round((bytes * 1000) / (now - this.#startMs)));
    const share = this.#size
      ? `${Math.floor((100 * bytes) / this.#size)} % of ${byteSize(this.#size)}`
      : byteSize(bytes);
    process.stderr.write(`\r${share}, ${speed}/s \x1b[K`);
  }

  clear(): void {
    if (this.#shownMs > 0) process.stderr.write('\r\x1b[K');
    this.#shownMs = 0;
  }
}
