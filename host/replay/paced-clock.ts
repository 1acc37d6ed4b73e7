// Time that runs N times as fast as another clock, from the time of a capture on.

import type { Clock } from '../agent/clock.ts';

export class PacedClock implements Clock {
  readonly #real: Clock;
  readonly #speed: number;
  #startMs = 0;
  #realStartMs = 0;

  constructor(real: Clock, speed: number) {
    this.#real = real;
    this.#speed = speed;
  }

  now(): number {
    return Math.floor(this.#startMs + (this.#real.now() - this.#realStartMs) * this.#speed);
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    return this.#real.setTimer(callback, Math.max(1, Math.ceil(delayMs / this.#speed)));
  }

  /** It is `timeMs` now, and goes on from there. */
  set(timeMs: number): void {
    this.#startMs = timeMs;
    this.#realStartMs = this.#real.now();
  }
}

/** Elapsed time that no one sets back or forward. */
export const steadyClock: Clock = {
  now: () => performance.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};
