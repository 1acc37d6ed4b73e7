// Honest timing on a noisy machine: all cases take turns in every round, the order reversed each time, and ratios are taken
// within a round, where both sides ran at the same clock speed.

/** Something to time. */
export interface Case {
  readonly name: string;
  /** Does a few milliseconds of work and returns nanoseconds per unit. */
  sample(): number;
}

export interface Measured {
  readonly name: string;
  /** Median, ns per unit. */
  readonly ns: number;
  /** Median over rounds of this case's time by the first case's; the first has 1. */
  readonly ratio: number;
}

/** The first case is the yardstick. warm: samples thrown away before, while the engine still compiles. */
export function measure(cases: readonly Case[], rounds: number, warm = 5): Measured[] {
  const samples = cases.map(() => [] as number[]);
  for (let round = -warm; round < rounds; round++) {
    const order = cases.map((_, index) => index);
    if (round & 1) order.reverse();
    for (const index of order) {
      const ns = cases[index]?.sample() ?? Number.NaN;
      if (round >= 0) samples[index]?.push(ns);
    }
  }
  const yardstick = samples[0] ?? [];
  return cases.map(({ name }, index) => {
    const own = samples[index] ?? [];
    return {
      name,
      ns: median(own),
      ratio: median(own.map((ns, round) => ns / (yardstick[round] ?? Number.NaN))),
    };
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[Math.max(0, middle - 1)] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** ns that `work` takes. */
export function elapsed(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start);
}
