// Time that frames make: it stands where the latest one is. Nobody's timer fires: a core is told the time by the frames themselves.

import type { Clock } from '../agent/clock.ts';

export class FrameClock implements Clock {
  #timeMs = 0;

  now(): number {
    return this.#timeMs;
  }

  setTimer(): () => void {
    return () => {};
  }

  set(timeMs: number): void {
    this.#timeMs = timeMs;
  }
}
