// What happens around the device, whatever kind it is, and what it does not choose.
import type { Period } from './schedule.ts';

export interface Conditions {
  /** Nothing comes back from outside; the gateway still answers names from what it remembers. */
  readonly outages: readonly Period[];
  /** From then on names are asked of another resolver, outside. */
  readonly resolverChangeMs?: number;
  /** Names have addresses of IPv6, and nothing ever comes back from them: every connection tries them first (RFC 8305). */
  readonly isV6Broken?: boolean;
}

export const CALM: Conditions = { outages: [] };

/** When the outage ends in which this time falls. */
export function outageEnd({ outages }: Conditions, timeMs: number): number | undefined {
  return outages.find(({ startMs, endMs }) => timeMs >= startMs && timeMs < endMs)?.endMs;
}
