// Which of several hubs has which message already, while another one still lacks it: kept beside the spool, so that a restart does not send
// them again. What stands here was true when it was written: one that is old or lost costs a message twice, never one less.

import type { OutgoingMessage } from './transport.ts';

type Named = Pick<OutgoingMessage, 'bootId' | 'sequence'>;
/** Of each boot: what the hub has. */
type Boots = Map<string, Set<number>>;

const VERSION = 1;
/** Of one hub; more are forgotten, the oldest first. */
const MOST = 100_000;

export class HubMarks {
  readonly #hubs = new Map<string, Boots>();
  /** Something has changed since `text` was asked. */
  isChanged = false;

  /** Takes in what `text` gave; anything else is as good as nothing. */
  load(text: string): void {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      return;
    }
    if (!isObject(document) || document.version !== VERSION || !isObject(document.hubs)) return;
    for (const [hub, boots] of Object.entries(document.hubs)) {
      if (!isObject(boots)) continue;
      for (const [bootId, ranges] of Object.entries(boots)) {
        if (Array.isArray(ranges)) for (const range of ranges) this.#addRange(hub, bootId, range);
      }
    }
    this.isChanged = false;
  }

  has(hub: string, { bootId, sequence }: Named): boolean {
    return this.#hubs.get(hub)?.get(bootId)?.has(sequence) === true;
  }

  add(hub: string, { bootId, sequence }: Named): void {
    const boots: Boots = this.#hubs.get(hub) ?? new Map();
    const sequences = boots.get(bootId) ?? new Set();
    this.#hubs.set(hub, boots);
    boots.set(bootId, sequences);
    sequences.add(sequence);
    this.isChanged = true;
    if (sequences.size <= MOST) return;
    const [oldest] = sequences;
    if (oldest !== undefined) sequences.delete(oldest);
  }

  /** Every hub has it, and it has left the spool. */
  forget({ bootId, sequence }: Named): void {
    for (const [hub, boots] of this.#hubs) {
      const sequences = boots.get(bootId);
      if (sequences?.delete(sequence) !== true) continue;
      this.isChanged = true;
      if (sequences.size === 0) boots.delete(bootId);
      if (boots.size === 0) this.#hubs.delete(hub);
    }
  }

  /** Nothing waits any more. */
  clear(): void {
    this.isChanged ||= this.#hubs.size > 0;
    this.#hubs.clear();
  }

  text(): string {
    this.isChanged = false;
    const hubs = [...this.#hubs].map(([hub, boots]) => [
      hub,
      Object.fromEntries([...boots].map(([bootId, sequences]) => [bootId, rangesOf(sequences)])),
    ]);
    return JSON.stringify({ version: VERSION, hubs: Object.fromEntries(hubs) });
  }

  #addRange(hub: string, bootId: string, range: unknown): void {
    const [first, count] = Array.isArray(range) ? (range as unknown[]) : [];
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count)) return;
    for (let at = 0; at < Math.min(Number(count), MOST); at++)
      this.add(hub, { bootId, sequence: Number(first) + at });
  }
}

/** [first, count] each. */
function rangesOf(sequences: ReadonlySet<number>): ReadonlyArray<readonly [number, number]> {
  const ranges: Array<[number, number]> = [];
  for (const sequence of [...sequences].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last && last[0] + last[1] === sequence) last[1]++;
    else ranges.push([sequence, 1]);
  }
  return ranges;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
