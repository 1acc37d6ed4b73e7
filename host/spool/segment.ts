// One segment file of the spool, as memory knows it: its name, its size, and where its undelivered messages stand.
//
// The name says what must be known even where every byte inside is damaged: `00000012-000000000345-9f3a11c1.spool` is segment 12, its
// first message has or would have id 345, and its records begin with the marker 0x9f3a11c1, drawn by chance, so that no
// message can pretend to be a record. Ids count up by one; those from the next segment's first id on were never accepted.

import { MESSAGE_OVERHEAD } from './record.ts';

const NAME = /^(\d{8,})-(\d{12,})-([0-9a-f]{8})\.spool$/;
const GONE = -1;

export class Segment {
  readonly name: string;
  readonly number: number;
  readonly firstId: number;
  readonly marker: number;
  /** Bytes written. */
  size = 0;
  /** Nothing is appended to it any more. */
  sealed = false;
  /** Holds the spool's state, on the disk for good. */
  settled = false;
  /** Bytes of the state it begins with. */
  head = 0;
  /** Undelivered messages, and the bytes of the messages themselves. */
  messages = 0;
  bytes = 0;
  // By id - firstId.
  readonly #offsets: number[] = [];
  readonly #ends: number[] = [];
  readonly #since: number[] = [];
  /** Nothing undelivered stands before it. */
  #oldest = 0;

  constructor(number: number, firstId: number, marker: number) {
    this.number = number;
    this.firstId = firstId;
    this.marker = marker;
    const digits = (value: number, least: number) => String(value).padStart(least, '0');
    this.name = `${digits(number, 8)}-${digits(firstId, 12)}-${marker.toString(16).padStart(8, '0')}.spool`;
  }

  /** undefined: not the name of a segment. */
  static named(name: string): Segment | undefined {
    const [, number, firstId, marker] = NAME.exec(name) ?? [];
    if (number === undefined || firstId === undefined || marker === undefined) return undefined;
    const segment = new Segment(Number(number), Number(firstId), Number.parseInt(marker, 16));
    return segment.name === name && Number.isSafeInteger(segment.firstId) ? segment : undefined;
  }

  /** One more than the last id it knows. */
  get endId(): number {
    return this.firstId + this.#offsets.length;
  }

  /** Ids in between that are not added are gone. */
  add(id: number, offset: number, end: number, waitingSince: number): void {
    while (this.endId < id) this.#push(GONE, 0, 0);
    this.#push(offset, end, waitingSince);
    this.messages++;
    this.bytes += end - offset - MESSAGE_OVERHEAD;
  }

  #push(offset: number, end: number, since: number): void {
    this.#offsets.push(offset);
    this.#ends.push(end);
    this.#since.push(since);
  }

  /** Bytes of the message that is now delivered or given up; undefined: it was none of the undelivered. */
  drop(id: number): number | undefined {
    const place = this.placeOf(id);
    if (place === undefined) return undefined;
    this.#offsets[id - this.firstId] = GONE;
    const bytes = place.end - place.offset - MESSAGE_OVERHEAD;
    this.messages--;
    this.bytes -= bytes;
    return bytes;
  }

  /** Where an undelivered message stands, and since when it waits. */
  placeOf(id: number): { offset: number; end: number; waitingSince: number } | undefined {
    const index = id - this.firstId;
    const offset = this.#offsets[index] ?? GONE;
    if (offset === GONE) return undefined;
    return { offset, end: this.#ends[index] ?? 0, waitingSince: this.#since[index] ?? 0 };
  }

  /** The first undelivered id from `from` on. */
  next(from: number): number | undefined {
    while (this.#offsets[this.#oldest] === GONE) this.#oldest++;
    for (let index = Math.max(from - this.firstId, this.#oldest); index < this.#offsets.length; index++) {
      if (this.#offsets[index] !== GONE) return this.firstId + index;
    }
    return undefined;
  }
}
