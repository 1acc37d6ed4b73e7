// Reading a spool's folder as a crash, a power cut or a damaged disk left it.

import { type IdRange, NO_STATE, type SpoolState, scan } from './record.ts';
import { Segment } from './segment.ts';
import type { SpoolFolder } from './spool-folder.ts';
import { WaitingTime } from './waiting-time.ts';

export interface Recovered {
  /** Oldest first; ids rise from one to the next. */
  readonly segments: Segment[];
  readonly nextId: number;
  readonly state: SpoolState;
  /** Ids found lost: to be written down, so that they are counted once. */
  readonly lost: IdRange[];
  readonly time: WaitingTime;
  readonly tornBytes: number;
  readonly skippedBytes: number;
}

/** Cuts what is torn off the last segment and has the rest of it synced. Rejects with what the folder rejects with. */
export async function recover(folder: SpoolFolder): Promise<Recovered> {
  const segments = (await folder.list())
    .map((name) => Segment.named(name))
    .filter((segment) => segment !== undefined)
    .sort((one, other) => one.number - other.number);
  const found = new Findings();
  for (const [index, segment] of segments.entries()) {
    const bytes = await folder.read(segment.name);
    const whole = found.take(segment, bytes, segments[index + 1]?.firstId ?? Number.POSITIVE_INFINITY);
    segment.size = bytes.length;
    segment.sealed = index < segments.length - 1;
    if (segment.sealed) found.skippedBytes += bytes.length - whole;
    else await cut(folder, segment, whole, found);
  }
  return found.conclude(segments);
}

async function cut(folder: SpoolFolder, segment: Segment, whole: number, found: Findings): Promise<void> {
  const file = await folder.open(segment.name);
  try {
    if (whole < segment.size) await file.truncate(whole);
    // What a killed process had written and not synced is in the spool now, as firmly as the rest.
    await file.sync();
    await folder.sync();
  } finally {
    await file.close();
  }
  found.tornBytes += segment.size - whole;
  segment.size = whole;
  segment.settled = whole > 0;
}

class Findings {
  tornBytes = 0;
  skippedBytes = 0;
  #state = NO_STATE;
  readonly #marks: IdRange[] = [];
  #gaps: IdRange[] = [];
  #clockMs: number | undefined;
  #waitingTime = 0;

  /** Returns where its last whole record ends. Messages from endId on were never accepted. */
  take(segment: Segment, bytes: Uint8Array, endId: number): number {
    let whole = 0;
    for (const record of scan(bytes, segment.marker)) {
      this.skippedBytes += record.offset - whole;
      whole = record.end;
      if (record.kind === 'state') {
        if (record.offset === 0) segment.head = record.end;
        this.#state = latest(this.#state, record.state);
        for (const range of record.ranges) this.#marks.push(range);
      } else if (record.kind === 'message') {
        const { id, offset, end, enqueuedMs, waitingSince } = record;
        // An id takes up bytes, even a lost one's: a larger one would be no work of ours.
        if (!Number.isSafeInteger(id) || id < segment.endId || id >= endId || id - segment.firstId > offset)
          continue;
        if (id > segment.endId) this.#gaps.push([segment.endId, id - segment.endId]);
        segment.add(id, offset, end, waitingSince);
        if (Number.isFinite(enqueuedMs)) this.#clockMs = enqueuedMs;
        this.#waitingTime = Math.max(this.#waitingTime, waitingSince);
      }
    }
    if (Number.isFinite(endId) && segment.endId < endId) {
      this.#gaps.push([segment.endId, endId - segment.endId]);
    }
    return whole;
  }

  conclude(segments: Segment[]): Recovered {
    const lost = this.#lost();
    for (const segment of segments) {
      for (let id = segment.next(0); id !== undefined && id < this.#state.floor; id = segment.next(id + 1))
        segment.drop(id);
    }
    for (const [first, count] of this.#marks) dropAll(segments, first, first + count);
    const marked = this.#marks.reduce((end, [first, count]) => Math.max(end, first + count), 0);
    const state = {
      ...this.#state,
      damagedMessages: this.#state.damagedMessages + lost.reduce((sum, [, count]) => sum + count, 0),
    };
    return {
      segments,
      nextId: Math.max(segments.at(-1)?.endId ?? 0, state.floor, marked),
      state,
      lost,
      time: new WaitingTime(this.#waitingTime, this.#clockMs),
      tornBytes: this.tornBytes,
      skippedBytes: this.skippedBytes,
    };
  }

  /** Ids that are nowhere, and that no state record knows to be delivered, given up or lost. */
  #lost(): IdRange[] {
    const { floor } = this.#state;
    return this.#gaps.flatMap(([first, count]) => {
      const lost: IdRange[] = [];
      let from = Math.max(first, floor);
      const end = first + count;
      const known = this.#marks
        .filter(([mark, marks]) => mark < end && mark + marks > from)
        .sort(([one], [other]) => one - other);
      for (const [mark, marks] of [...known, [end, 0] as const]) {
        if (mark > from) lost.push([from, mark - from]);
        from = Math.max(from, mark + marks);
      }
      return lost;
    });
  }
}

/** Counts only grow, so the larger one is the later one. */
function latest(one: SpoolState, other: SpoolState): SpoolState {
  return {
    floor: Math.max(one.floor, other.floor),
    ageMessages: Math.max(one.ageMessages, other.ageMessages),
    ageBytes: Math.max(one.ageBytes, other.ageBytes),
    sizeMessages: Math.max(one.sizeMessages, other.sizeMessages),
    sizeBytes: Math.max(one.sizeBytes, other.sizeBytes),
    damagedMessages: Math.max(one.damagedMessages, other.damagedMessages),
  };
}

function dropAll(segments: readonly Segment[], from: number, end: number): void {
  for (const segment of segments) {
    if (segment.firstId >= end || segment.endId <= from) continue;
    for (let id = segment.next(from); id !== undefined && id < end; id = segment.next(id + 1))
      segment.drop(id);
  }
}
