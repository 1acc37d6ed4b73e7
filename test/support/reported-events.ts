// Random events as a host reports them, and as a reader should tell them.

import type { ReportedEvent } from '../../bindings/js/event-block.ts';
import type { Payload } from '../../bindings/js/messages/security-message.ts';
import { randomPayload } from './random-message-3.0.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Of randomPayload's kinds those that a host reports; the last two are not in schema 2.3. */
const KINDS_23 = [2, 4, 5, 6] as const;
const KINDS_30 = [...KINDS_23, 7, 8] as const;

/** timeMs: the event's. */
export function randomReport(random: SeededRandom, timeMs: number, schema: '2.3' | '3.0'): ReportedEvent {
  const payload = randomPayload(
    random,
    random.pick(schema === '2.3' ? KINDS_23 : KINDS_30),
    Math.floor(timeMs / 100),
  );
  const interval = random.pick([0, 60, 2 ** 32 - 1]);
  return { ...(payload as ReportedEvent), collectionIntervalSeconds: interval };
}

/** What matters of a payload, so that what was reported and what was read can be held against each other. */
export function comparable(payload: Payload | ReportedEvent): unknown {
  const { collectionIntervalSeconds: _, ...rest } = payload as ReportedEvent;
  if (rest.kind !== 'Statistics') return rest;
  // The other counters are the core's.
  return { kind: rest.kind, messagesLost: rest.counters?.messagesLost ?? 0 };
}
