// How long messages have waited, on a clock that may jump.

/** A longer step of the clock is taken for a jump, or for time switched off: nobody can tell them apart. */
const LONGEST_STEP_MS = 3_600_000;

/**
 * The spool's own time, in ms: it goes on with the clock given, but by one hour at most from call to call, and never back. So a clock that
 * is set from 1970 to today ages messages by an hour instead of giving them all up, a clock set back makes none wait twice as long,
 * and a day without power counts as an hour: what was kept when the lights went out is still sent when they come back.
 */
export class WaitingTime {
  #now: number;
  #clockMs: number | undefined;

  /** nowMs, clockMs: where it stood when the spool was last written to. */
  constructor(nowMs = 0, clockMs?: number) {
    this.#now = nowMs;
    this.#clockMs = clockMs;
  }

  get now(): number {
    return this.#now;
  }

  advance(clockMs: number): number {
    if (!Number.isFinite(clockMs)) return this.#now;
    const step = clockMs - (this.#clockMs ?? clockMs);
    this.#clockMs = clockMs;
    this.#now += Math.min(Math.max(0, step), LONGEST_STEP_MS);
    return this.#now;
  }
}
