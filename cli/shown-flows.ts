// Which flows of an inspection are printed: those that pass the filter, the largest first, up to a count.

import type { FlowFilter } from '../host/inspection/flow-filter.ts';
import type { FlowTotal, FlowTotals } from '../host/inspection/flow-totals.ts';

export interface ShownFlows {
  /** To be gone through once: a capture can have millions. */
  readonly rows: Iterable<FlowTotal>;
  /** Flows that pass the filter. */
  readonly matching: number;
}

export function shownFlows(
  totals: FlowTotals,
  filter: FlowFilter | undefined,
  top: number | undefined,
): ShownFlows {
  if (filter === undefined) return { rows: first(totals.byBytes(), top), matching: totals.count };
  const matching = [...totals.byBytes()].filter(filter);
  return { rows: first(matching, top), matching: matching.length };
}

function* first(flows: Iterable<FlowTotal>, count = Number.POSITIVE_INFINITY): Generator<FlowTotal> {
  let left = count;
  for (const flow of flows) {
    if (left-- <= 0) return;
    yield flow;
  }
}
