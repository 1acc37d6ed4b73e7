// Two attacks at once: the loud one is there to hide the other.

import { seedFor } from '../random.ts';
import { attackVariants, DEVICE_NAMES, MONDAY_MS } from './detection-scenarios.ts';
import { type AttackVariant, type Scenario, scenario } from './scenario.ts';

const HOUR = 3_600_000;
const LEAD_IN_MS = 20 * 60_000;

/** What hides, and behind what: the first of the variants that fit. */
const PAIRS: ReadonlyArray<readonly [quiet: Pattern, loud: Pattern]> = [
  [/HORIZONTAL_SCAN out IPv4 1.4 .*8291/, /SYN_FLOOD in IPv4 1000 .*spoofed/],
  [/HORIZONTAL_SCAN out IPv4 0.1 .*2323/, /UDP_FLOOD out IPv4 1000 /],
  [/HORIZONTAL_SCAN out IPv6 1.4 .*refused/, /SYN_FLOOD in IPv6 10000 .*spoofed/],
  [/VERTICAL_SCAN in IPv4 0.2 /, /SYN_FLOOD in IPv4 1000 .*50 bots/],
  [/BRUTE_FORCE in IPv4 6 .*22222/, /SYN_FLOOD in IPv4 200 .*spoofed/],
  [/BEACON out IPv4 10 .*answered/, /ICMP_FLOOD in IPv4 1000 .*spoofed/],
  [/BEACON out IPv4 60 .*silent/, /HORIZONTAL_SCAN out IPv4 10 .*2323/],
  [/DNS_TUNNEL out IPv4 2 /, /UDP_FLOOD in IPv4 1000 .*spoofed/],
  [/ICMP_TUNNEL out IPv4 2 /, /ADDRESS_SWEEP out IPv4 10 /],
];
type Pattern = RegExp;

/** The quiet attack goes on while the loud one comes back again and again. */
export function* mixedScenarios(seed: number): Generator<Scenario> {
  const variants = [...attackVariants()];
  const find = (pattern: Pattern): AttackVariant => {
    const found = variants.find((variant) => pattern.test(labelOf(variant)));
    if (found === undefined) throw new RangeError(`no attack is ${pattern}`);
    return found;
  };
  for (const [i, [quietly, loudly]] of PAIRS.entries()) {
    const quiet = find(quietly);
    const loud = find(loudly);
    const device = DEVICE_NAMES[i % DEVICE_NAMES.length] ?? 'lock';
    const name = `${labelOf(quiet)} behind ${labelOf(loud)}; ${device}`;
    const startMs = MONDAY_MS + 10 * HOUR;
    const quietMs = startMs + LEAD_IN_MS;
    const attacks = [{ variant: quiet, startMs: quietMs }];
    const endMs = quietMs + quiet.durationMs;
    for (
      let loudMs = quietMs - 2000;
      loudMs < endMs && attacks.length < 9;
      loudMs += 6 * loud.durationMs + 20_000
    ) {
      attacks.push({ variant: loud, startMs: loudMs });
    }
    yield scenario({
      name,
      seed: seedFor(name, seed),
      device,
      period: { startMs, endMs: endMs + LEAD_IN_MS },
      attacks,
    });
  }
}

function labelOf({ kind, direction, family, rate, unit, manner }: AttackVariant): string {
  return `${kind} ${direction} ${family} ${rate} ${unit}, ${manner}`;
}
