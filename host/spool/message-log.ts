// The spool as a log in segment files: append at the end, delete whole files at the beginning.
//
// Appends, marks of delivery and counts of what was given up go one way: a loop takes all that wait, writes them with one
// write and one sync (a group commit), then resolves them. Marks alone are written without a sync; the next append's covers them.
// Space comes back a segment at a time, the oldest first: giving up for size gives up a segment, a sixteenth of the spool at most, or 1 MB.

import type { OutgoingMessage } from '../transport/transport.ts';
import {
  checkMessage,
  type IdRange,
  MESSAGE_OVERHEAD,
  type MessageRecord,
  messageRecord,
  readMessage,
  type SpoolState,
  stateLength,
  stateRecord,
} from './record.ts';
import { type Recovered, recover } from './recover.ts';
import { Segment } from './segment.ts';
import {
  checkFits,
  resolveSpoolOptions,
  type Spool,
  type SpooledMessage,
  type SpoolNotes,
  type SpoolOptions,
  type SpoolStatistics,
} from './spool.ts';
import { closedError, spoolError } from './spool-error.ts';
import type { SpoolFile, SpoolFolder } from './spool-folder.ts';
import type { WaitingTime } from './waiting-time.ts';

const LARGEST_SEGMENT = 2 ** 20;
/** Bytes that one read of undelivered messages takes from a file. */
const READ_SPAN = 2 ** 18;
/** Ids are kept as ranges; more than these wait for the next record. */
const MOST_RANGES = 1_000;

interface Waiting {
  readonly message: OutgoingMessage;
  readonly enqueuedMs: number;
  readonly waitingSince: number;
  readonly resolve: (id: number) => void;
  readonly reject: (reason: unknown) => void;
}

export interface MessageLogOptions extends SpoolOptions {
  readonly onClose?: () => Promise<void>;
  readonly notes?: SpoolNotes;
}

/** Throws WL_BAD_OPTION, WL_BAD_SPOOL, WL_SPOOL_FULL. Nothing else may write to the folder meanwhile: see spool-lock.ts. */
export async function openMessageLog(folder: SpoolFolder, given: MessageLogOptions = {}): Promise<Spool> {
  const options = resolveSpoolOptions(given);
  try {
    return new MessageLog(folder, options, await recover(folder), given);
  } catch (cause) {
    throw spoolError('open', cause);
  }
}

class MessageLog implements Spool {
  readonly notes: SpoolNotes | undefined;
  readonly #folder: SpoolFolder;
  #maxBytes: number;
  #maxAgeMs: number;
  #segmentBytes: number;
  readonly #onClose: (() => Promise<void>) | undefined;
  readonly #segments: Segment[];
  readonly #time: WaitingTime;
  readonly #repaired: SpoolStatistics['repaired'];
  #state: SpoolState;
  /** Delivered, or lost and counted, and not yet written down. */
  #marks: IdRange[];
  /** Something was given up, and its count is not yet on the disk for good. */
  #countsWait = false;
  #nextId: number;
  readonly #queue: Waiting[] = [];
  /** The last segment's file, while it is open. */
  #file: SpoolFile | undefined;
  #folderWaits = false;
  #working: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    folder: SpoolFolder,
    { maxBytes, maxAgeMs }: Required<SpoolOptions>,
    found: Recovered,
    { onClose, notes }: MessageLogOptions,
  ) {
    this.notes = notes;
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#maxAgeMs = maxAgeMs;
    this.#segmentBytes = segmentBytes(maxBytes);
    this.#onClose = onClose;
    this.#segments = found.segments;
    this.#time = found.time;
    this.#state = found.state;
    this.#marks = found.lost;
    this.#nextId = found.nextId;
    this.#repaired = { tornBytes: found.tornBytes, skippedBytes: found.skippedBytes };
    // The state of a damaged segment may be gone: another copy for good measure.
    this.#countsWait = found.tornBytes + found.skippedBytes > 0;
    // A new segment where the ids would leave a gap, or nothing says how far the state had come.
    const last = this.#segments.at(-1);
    if (last && (last.endId !== this.#nextId || !last.settled)) last.sealed = true;
  }

  append(message: OutgoingMessage, nowMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closedError();
      checkMessage(message);
      checkFits(MESSAGE_OVERHEAD + message.bytes.length + 2 * stateLength([]), this.#maxBytes);
      const waitingSince = this.#time.advance(nowMs);
      this.#queue.push({ message, enqueuedMs: nowMs, waitingSince, resolve, reject });
      this.#wake();
    });
  }

  async read({
    afterId = -1,
    limit = 64,
  }: {
    afterId?: number;
    limit?: number;
  } = {}): Promise<readonly SpooledMessage[]> {
    for (let from = afterId + 1; limit > 0; ) {
      if (this.#closed) throw closedError();
      const segment = this.#segments.find((candidate) => candidate.next(from) !== undefined);
      const first = segment?.next(from);
      if (segment === undefined || first === undefined) return [];
      const messages = await this.#readFrom(segment, first, limit);
      if (messages.length > 0) return messages;
      // All of them were given up, delivered or found damaged meanwhile.
      from = first;
    }
    return [];
  }

  async #readFrom(segment: Segment, first: number, limit: number): Promise<SpooledMessage[]> {
    const places: Array<{ id: number; offset: number; end: number }> = [];
    let start = 0;
    for (
      let id: number | undefined = first;
      id !== undefined && places.length < limit;
      id = segment.next(id + 1)
    ) {
      const place = segment.placeOf(id);
      if (place === undefined) break;
      if (places.length === 0) start = place.offset;
      else if (place.end - start > READ_SPAN) break;
      places.push({ id, offset: place.offset, end: place.end });
    }
    let bytes: Uint8Array;
    try {
      bytes = await this.#folder.read(segment.name, start, places.at(-1)?.end);
    } catch (cause) {
      if (!this.#segments.includes(segment)) return [];
      throw spoolError('read', cause);
    }
    return places.flatMap(({ id, offset, end }) => {
      const record = readMessage(bytes.subarray(offset - start, end - start), segment.marker);
      if (record?.id === id) {
        const { message, enqueuedMs } = record;
        return segment.placeOf(id) === undefined ? [] : [{ ...message, id, enqueuedMs }];
      }
      this.#damaged(segment, id);
      return [];
    });
  }

  /** Sound when it was written, no longer so. */
  #damaged(segment: Segment, id: number): void {
    if (segment.drop(id) === undefined) return;
    this.#state = { ...this.#state, damagedMessages: this.#state.damagedMessages + 1 };
    this.#mark(id);
    this.#wake();
  }

  delivered(id: number): void {
    const segment = this.#segments.findLast(({ firstId }) => firstId <= id);
    if (this.#closed || segment?.drop(id) === undefined) return;
    this.#mark(id);
    this.#wake();
  }

  #mark(id: number): void {
    const [first, count] = this.#marks.at(-1) ?? [0, 0];
    if (count > 0 && first + count === id) this.#marks[this.#marks.length - 1] = [first, count + 1];
    else this.#marks.push([id, 1]);
  }

  giveUpOld(nowMs: number): void {
    if (this.#closed) return;
    this.#time.advance(nowMs);
    this.#giveUpAged();
    if (this.#countsWait) this.#wake();
  }

  statistics(): SpoolStatistics {
    const { ageMessages, ageBytes, sizeMessages, sizeBytes, damagedMessages } = this.#state;
    const sum = (of: (segment: Segment) => number) =>
      this.#segments.reduce((total, segment) => total + of(segment), 0);
    return {
      messages: sum(({ messages }) => messages),
      bytes: sum(({ bytes }) => bytes),
      occupiedBytes: sum(({ size }) => size),
      givenUp: {
        age: { messages: ageMessages, bytes: ageBytes },
        size: { messages: sizeMessages, bytes: sizeBytes },
      },
      damagedMessages,
      repaired: this.#repaired,
    };
  }

  limit(options: SpoolOptions): void {
    const { maxBytes, maxAgeMs } = resolveSpoolOptions(options);
    this.#maxBytes = maxBytes;
    this.#maxAgeMs = maxAgeMs;
    this.#segmentBytes = segmentBytes(maxBytes);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // Not before #closed is set: what is appended from now on is refused.
    await undefined;
    await this.#working;
    // Where this fails marks of delivery are lost at worst, and what they mark is sent twice.
    await this.#file?.sync().catch(() => undefined);
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    await this.#onClose?.();
  }

  #wake(): void {
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    // All that is appended in one go shares the first commit already.
    await undefined;
    while (this.#queue.length > 0 || this.#marks.length > 0 || this.#countsWait) {
      const batch = this.#takeBatch();
      try {
        const first = await this.#commit(batch);
        batch.forEach(({ resolve }, index) => {
          resolve(first + index);
        });
      } catch (cause) {
        const reason = spoolError('write to', cause);
        for (const { reject } of batch) reject(reason);
        // Marks and counts wait for the next append or mark to be tried again.
        if (batch.length === 0 && this.#queue.length === 0) break;
      }
    }
    this.#working = undefined;
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    const end = this.#queue.findIndex(({ message }, index) => {
      bytes += MESSAGE_OVERHEAD + message.bytes.length;
      return index > 0 && bytes > this.#segmentBytes;
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  /** Returns the id of the first one. */
  async #commit(batch: readonly Waiting[]): Promise<number> {
    this.#giveUpAged();
    const length = batch.reduce((sum, { message }) => sum + MESSAGE_OVERHEAD + message.bytes.length, 0);
    // Marks that come in from here on wait for the next commit: room is made for these.
    const marks = this.#marks.slice(0, MOST_RANGES);
    let most = marks.length;
    await this.#makeRoom(length + stateLength(marks) + stateLength([]));
    const { floor } = this.#state;
    if (this.#countsWait) this.#marks = this.#marks.filter(([first, count]) => first + count > floor);
    // The last segment holds the state before any other goes, and what is given up is counted before it goes.
    if (this.#segments[0]?.messages === 0 && !this.#segments.at(-1)?.settled) this.#countsWait = true;
    if (this.#countsWait) {
      await this.#write([], true, most);
      most = 0;
    }
    await this.#removeDone();
    const first = this.#nextId;
    await this.#write(batch, batch.length > 0, most);
    return first;
  }

  #giveUpAged(): void {
    const limit = this.#time.now - this.#maxAgeMs;
    for (const segment of this.#segments) {
      for (let id = segment.next(0); id !== undefined; id = segment.next(id + 1)) {
        if ((segment.placeOf(id)?.waitingSince ?? 0) >= limit) return;
        this.#giveUp(segment, id, 'age');
      }
    }
  }

  /** Until `bytes` more fit. */
  async #makeRoom(bytes: number): Promise<void> {
    const last = this.#segments.at(-1);
    let occupied = this.#segments.reduce((sum, { size }) => sum + size, bytes);
    for (const segment of this.#segments) {
      if (segment.messages > 0 || segment === last) {
        if (occupied <= this.#maxBytes) return;
        for (let id = segment.next(0); id !== undefined; id = segment.next(id + 1)) {
          this.#giveUp(segment, id, 'size');
        }
      }
      occupied -= segment.size;
    }
    if (last === undefined || last.size === 0) return;
    await this.#seal(last);
    // The next one begins with the state; only then can this one go.
    this.#countsWait = true;
  }

  #giveUp(segment: Segment, id: number, reason: 'age' | 'size'): void {
    const bytes = segment.drop(id) ?? 0;
    const { ageMessages, ageBytes, sizeMessages, sizeBytes } = this.#state;
    this.#state = {
      ...this.#state,
      floor: id + 1,
      ...(reason === 'age'
        ? { ageMessages: ageMessages + 1, ageBytes: ageBytes + bytes }
        : { sizeMessages: sizeMessages + 1, sizeBytes: sizeBytes + bytes }),
    };
    this.#countsWait = true;
  }

  /** Segments without an undelivered message, the oldest first, so that the marks of an older one outlive it. */
  async #removeDone(): Promise<void> {
    if (!this.#segments.at(-1)?.settled) return;
    let removed = false;
    for (
      let oldest = this.#segments[0];
      oldest?.messages === 0 && this.#segments.length > 1;
      oldest = this.#segments[0]
    ) {
      this.#segments.shift();
      try {
        await this.#folder.remove(oldest.name);
      } catch (cause) {
        if ((cause as { code?: unknown }).code === 'ENOENT') continue;
        this.#segments.unshift(oldest);
        throw cause;
      }
      removed = true;
    }
    if (!removed) return;
    const { firstId = 0 } = this.#segments[0] ?? {};
    this.#marks = this.#marks.filter(([first, count]) => first + count > firstId);
    await this.#folder.sync();
  }

  /** One write of state and messages; on failure nothing of it counts. */
  async #write(batch: readonly Waiting[], sync: boolean, mostMarks: number): Promise<void> {
    const marks = this.#marks.slice(0, mostMarks);
    if (batch.length === 0 && marks.length === 0 && !this.#countsWait) return;
    const length = batch.reduce(
      (sum, { message }) => sum + MESSAGE_OVERHEAD + message.bytes.length,
      stateLength(marks),
    );
    const [segment, file] = await this.#lastFile(length);
    const { marker, size } = segment;
    const records: MessageRecord[] = batch.map(({ message, enqueuedMs, waitingSince }, index) => {
      return { id: this.#nextId + index, enqueuedMs, waitingSince, message };
    });
    const parts = records.map((record) => messageRecord(marker, record));
    const state = this.#state;
    const withState = size === 0 || marks.length > 0 || this.#countsWait;
    if (withState) parts.unshift(stateRecord(marker, state, marks));
    const bytes = join(parts);
    let written = false;
    try {
      await file.write(bytes, size);
      written = true;
      if (sync) await file.sync();
      if (sync && this.#folderWaits) {
        await this.#folder.sync();
        this.#folderWaits = false;
      }
    } catch (cause) {
      await this.#takeBack(segment, file, bytes.length, written);
      throw cause;
    }
    if (size === 0) segment.head = parts[0]?.length ?? 0;
    segment.size += bytes.length;
    this.#marks = this.#without(marks);
    if (sync) {
      segment.settled = true;
      if (this.#state === state) this.#countsWait = false;
    }
    let at = segment.size - bytes.length + (withState ? (parts[0]?.length ?? 0) : 0);
    for (const { id, waitingSince, message } of records) {
      const end = at + MESSAGE_OVERHEAD + message.bytes.length;
      segment.add(id, at, end, waitingSince);
      at = end;
    }
    this.#nextId += batch.length;
  }

  /** Marks may have been added, and the last one written may have grown, since these were written. */
  #without(written: readonly IdRange[]): IdRange[] {
    const rest = this.#marks.slice(written.length);
    const last = written.length - 1;
    const [first, count] = written[last] ?? [0, 0];
    const [, grown = 0] = this.#marks[last] ?? [];
    return grown > count ? [[first + count, grown - count], ...rest] : rest;
  }

  /** After a failed sync nobody knows what of the file's end is on the disk: nothing more is built on it. */
  async #takeBack(segment: Segment, file: SpoolFile, length: number, written: boolean): Promise<void> {
    let cut = false;
    try {
      await file.truncate(segment.size);
      cut = true;
    } catch {
      // Its ids are given again in the next segment, so that what stands there does not count.
    }
    if (!cut) segment.size += length;
    if (written || !cut) await this.#seal(segment);
    if (this.#segments.every(({ messages }) => messages === 0)) await this.#clear();
  }

  /** Everything is delivered: on a full disk the room it stands in may be all there is to go on with. Each file's state stays. */
  async #clear(): Promise<void> {
    this.#state = { ...this.#state, floor: this.#nextId };
    this.#marks = [];
    this.#countsWait = true;
    for (const segment of this.#segments.filter(({ size, head }) => size > head)) {
      await this.#seal(segment);
      try {
        const file = await this.#folder.open(segment.name);
        await file.truncate(segment.head).finally(() => file.close());
        segment.size = segment.head;
      } catch {
        // Tried again when the next write fails.
      }
    }
  }

  async #seal(segment: Segment): Promise<void> {
    segment.sealed = true;
    if (segment !== this.#segments.at(-1)) return;
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  /** The last segment's file, or a new one's where that is sealed or full. */
  async #lastFile(length: number): Promise<[Segment, SpoolFile]> {
    const last = this.#segments.at(-1);
    if (last && last.size > 0 && last.size + length > this.#segmentBytes && !last.sealed) {
      // Marks in it may not be synced yet, and nothing will sync them later.
      if (this.#file) await this.#file.sync();
      await this.#seal(last);
    }
    if (last && !last.sealed) {
      this.#file ??= await this.#folder.open(last.name);
      return [last, this.#file];
    }
    const segment = new Segment((last?.number ?? 0) + 1, this.#nextId, randomMarker());
    this.#file = await this.#folder.create(segment.name);
    this.#folderWaits = true;
    this.#segments.push(segment);
    return [segment, this.#file];
  }
}

function segmentBytes(maxBytes: number): number {
  return Math.min(LARGEST_SEGMENT, Math.floor(maxBytes / 16));
}

function randomMarker(): number {
  const [marker = 0] = crypto.getRandomValues(new Uint32Array(1));
  // Disks leave zeros where a write did not come through.
  return marker === 0 ? randomMarker() : marker;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
