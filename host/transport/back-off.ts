// How long to wait before the next attempt: exponential with full jitter, so that a fleet does not come back all at once.

export interface BackOffOptions {
  /** Of the first retry, ms; may change. */
  baseMs: number;
  /** No retry waits longer, ms. */
  readonly capMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Full jitter may draw a wait of nothing; an attempt a moment after the last one helps nobody. */
const LEAST_MS = 100;

export class BackOff {
  readonly #options: BackOffOptions;
  #failures = 0;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** ms until the next attempt, evenly in [0, min(cap, base * 2^failures)): half of that on average. */
  next(): number {
    const { baseMs, capMs, random } = this.#options;
    const limit = Math.min(capMs, baseMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return Math.max(LEAST_MS, Math.floor(random() * limit));
  }

  set baseMs(baseMs: number) {
    this.#options.baseMs = baseMs;
  }

  /** The hub took a message, or a connection lasted: the next failure is a first one. */
  reset(): void {
    this.#failures = 0;
  }
}
