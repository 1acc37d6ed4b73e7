// Reported events that wait for room in the outbox, oldest first.

import { WardletError } from '../../bindings/js/errors.ts';
import { eventItems, type ReportedEvent } from '../../bindings/js/event-block.ts';

const WAITING_MAX = 1_000;

/** Hands an event to the core; what found no room comes back. */
export type Report = (event: ReportedEvent) => ReportedEvent | undefined;

export class ReportQueue {
  readonly #waiting: ReportedEvent[] = [];

  /** Reports the event, or keeps what finds no room. Throws what `report` throws, and WL_TOO_MANY_EVENTS: then it is not kept. */
  add(event: ReportedEvent, nowMs: number, report: Report): void {
    if (this.#waiting.length >= WAITING_MAX) throw tooManyEvents();
    // Those before it go first; whether it can be reported is said now all the same.
    if (this.#waiting.length > 0) eventItems(event, nowMs);
    const rest = this.#waiting.length > 0 ? event : report(event);
    if (rest) this.#waiting.push(rest);
  }

  /** As many of those that wait as there is room for now. */
  handIn(report: Report): void {
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) {
      const rest = report(event);
      if (rest) {
        this.#waiting.unshift(rest);
        return;
      }
    }
  }
}

function tooManyEvents(): WardletError {
  return new WardletError(
    'WL_TOO_MANY_EVENTS',
    `${WAITING_MAX} reported events wait for room in the outbox`,
    {
      hint: 'report less while there is no hub, or give the agent a spool',
    },
  );
}
