// Which flows of an inspection are printed: those that pass the filter, the largest first, up to a count.

import type { FlowFilter } from '../host/inspection/flow-filter.ts';
import type { FlowTotals } from '../host/inspection/flow-totals.ts';

export interface ShownFlows {
  /** Numbers for FlowTotals.total: a capture can have millions, so each is made where it is printed, and forgotten. */
  readonly flows: Uint32Array;
  /** Flows that pass the filter. */
  readonly matching: number;
}

export function shownFlows(
  totals: FlowTotals,
  filter: FlowFilter | undefined,
  top = Number.POSITIVE_INFINITY,
): ShownFlows {
  const all = totals.byBytes();
  const matching = filter === undefined ? all : all.filter((flow) => filter(totals.total(flow)));
  return { flows: matching.subarray(0, top), matching: matching.length };
}
