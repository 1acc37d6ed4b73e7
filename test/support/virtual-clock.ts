// Time that a test lets pass: timers run on elapsed time, as setTimeout does, whatever the clock is set to.

import type { Clock } from '../../host/agent/clock.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export class VirtualClock implements Clock {
  #elapsed = 0;
  #offset: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs: number) {
    this.#offset = startMs;
  }

  now(): number {
    return this.#offset + this.#elapsed;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    if (!Number.isFinite(delayMs) || delayMs < 0) throw new RangeError(`a delay of ${delayMs} ms`);
    const timer = { at: this.#elapsed + delayMs, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Sets the clock; timers do not notice. */
  set(nowMs: number): void {
    this.#offset = nowMs - this.#elapsed;
  }

  /** Timers fire in their order; between two of them promises are kept. */
  async pass(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (let fired = 0; ; fired++) {
      if (fired > 1_000_000) throw new Error('timers never end');
      const [next] = [...this.#timers].sort((one, other) => one.at - other.at);
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.callback();
      await settled();
    }
    this.#elapsed = end;
    await settled();
  }
}

/** Every promise that can be kept by now is kept. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
