// Time as the host gives it: the machine's, or one that a simulator or a test drives.

export interface Clock {
  /** ms since 1970. May jump or run backwards, as clocks do. */
  now(): number;
  /** Calls back once, `delayMs` of this clock from now. Returns what calls it off. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** Longer delays overflow the 32 bits of setTimeout and would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_MS));
    return () => clearTimeout(timer);
  },
};
