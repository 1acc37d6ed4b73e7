// The flows of a protobuf event of schema 3.0 by their number. Columns are read front to back: now and then the places of all of them
// are noted, so that a flow in the middle is a few steps from the note before it.

import { formatAddress } from '../address.ts';
import { flowObject30, unspecified } from './flow-object.ts';
import { FlowTableReader, type TablePlace } from './flow-table-3.0.ts';
import type { Flow } from './security-message.ts';

/** Flows from note to note. */
const STEP = 64;

/** What reads a table, while it is read: it is larger than what it reads. One for all the tables of a message. */
export class TableReading {
  #table: NotedTable | undefined;
  #reader: FlowTableReader | undefined;
  /** The flow that the reader reads next. */
  #next = 0;
  #localAt = Number.NaN;
  #localText = '';

  /** The flow at `index` of the table, as an object. */
  flow(table: NotedTable, index: number): Flow {
    const reader = this.#readerAt(table, index);
    while (this.#next <= index) {
      reader.next();
      this.#next++;
    }
    const { flow } = reader;
    if (flow.local !== this.#localAt) {
      this.#localAt = flow.local;
      this.#localText =
        flow.local < 0
          ? unspecified(flow)
          : formatAddress(table.bytes, flow.local, flow.family === 4 ? 4 : 16);
    }
    return flowObject30(flow, table.bytes, this.#localText);
  }

  /** At the flow, a few before it, or just behind it. */
  #readerAt(table: NotedTable, index: number): FlowTableReader {
    const isNear = index >= this.#next - 1 && index < this.#next + STEP;
    if (this.#table === table && this.#reader !== undefined && isNear) return this.#reader;
    const reader = new FlowTableReader(table.bytes, table.place, table.time);
    const note = Math.floor(index / STEP);
    if (note > 0) reader.goTo(table.notes, note - 1);
    if (this.#table !== table) this.#localAt = Number.NaN;
    this.#table = table;
    this.#reader = reader;
    this.#next = note * STEP;
    return reader;
  }
}

/** A table that has been checked. */
class NotedTable {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly place: TablePlace;
  readonly time: number;
  /** Of every STEP-th flow but the first. */
  readonly notes: readonly number[];

  /** @throws WardletError WL_BAD_MESSAGE */
  constructor(bytes: Uint8Array, place: TablePlace, time: number) {
    this.bytes = bytes;
    this.place = place;
    this.time = time;
    const reader = new FlowTableReader(bytes, place, time);
    const notes: number[] = [];
    let count = 0;
    while (reader.next()) if (++count % STEP === 0) reader.note(notes);
    this.count = count;
    this.notes = notes;
  }
}

/** Checked when it is made. */
export class FlowList {
  readonly count: number;
  readonly #reading: TableReading;
  readonly #tables: readonly NotedTable[];

  /** @throws WardletError WL_BAD_MESSAGE */
  constructor(bytes: Uint8Array, places: readonly TablePlace[], time: number, reading: TableReading) {
    this.#reading = reading;
    this.#tables = places.map((place) => new NotedTable(bytes, place, time));
    this.count = this.#tables.reduce((sum, { count }) => sum + count, 0);
  }

  /** An object for it. */
  at(index: number): Flow {
    let from = 0;
    for (const table of this.#tables) {
      if (index < from + table.count) return this.#reading.flow(table, index - from);
      from += table.count;
    }
    throw new RangeError(`there is no flow ${index}`);
  }
}
