import type { Random } from './random.ts';

/** Times since 1970; the end is not part of it. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

/** Every so many seconds from firstSeconds after the start to the end, by that share more or less. */
export function* every(
  random: Random,
  { startMs, endMs }: Period,
  seconds: number,
  firstSeconds: number,
  jitter = 0.1,
): Generator<number> {
  const step = () => seconds * random.between(1 - jitter, 1 + jitter) * 1000;
  for (let timeMs = startMs + firstSeconds * 1000; timeMs < endMs; timeMs += step()) yield timeMs;
}

/** Share of the step by which it is longer or shorter; 'random': steps that know nothing of each other. */
export type Jitter = number | 'random';

/** From the start to the end, so many a second on average. */
export function* paced(
  random: Random,
  { startMs, endMs }: Period,
  perSecond: number,
  jitter: Jitter,
): Generator<number> {
  const stepMs = 1000 / perSecond;
  let timeMs = startMs;
  while (timeMs < endMs) {
    yield timeMs;
    if (jitter === 'random') timeMs += random.exponential(stepMs);
    else timeMs += jitter === 0 ? stepMs : stepMs * random.between(1 - jitter, 1 + jitter);
  }
}
