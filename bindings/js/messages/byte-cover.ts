// Who has explained which byte: ranges are claimed in any order, and each byte goes to its first claimer.

export interface ByteRun {
  readonly offset: number;
  readonly length: number;
}

/** Costs little more than one step per byte and one per claim, however the claims overlap. */
export class ByteCover {
  /** By byte: itself while free, else a later byte on the way to the next free one. */
  readonly #next: Int32Array;
  readonly length: number;

  constructor(length: number) {
    this.length = length;
    this.#next = Int32Array.from({ length: length + 1 }, (_, at) => at);
  }

  /** Takes what is still free of [offset, offset + length). */
  claim(offset: number, length: number): ByteRun[] {
    const end = offset + length;
    const runs: ByteRun[] = [];
    for (let at = this.#nextFree(offset); at < end; at = this.#nextFree(at)) {
      const start = at;
      while (at < end && this.#next[at] === at) this.#next[at] = ++at;
      runs.push({ offset: start, length: at - start });
    }
    return runs;
  }

  #nextFree(from: number): number {
    const next = this.#next;
    let at = from;
    for (;;) {
      const hop = next[at] ?? at;
      if (hop === at) return at;
      const further = next[hop] ?? hop;
      // Halves the way for whoever comes next.
      next[at] = further;
      at = further;
    }
  }
}
