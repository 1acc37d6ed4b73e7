// Where in a protobuf message of schema 3.0 its events, payloads and lists stand: the walk that checks a message finds them.

import {
  ACTIVITY_IPV6,
  EVENT_INTERVAL,
  EVENT_TIME,
  MESSAGE_EVENTS,
} from '../../../schema/message-3.0-numbers.ts';
import { TablePlace } from './flow-table-3.0.ts';
import { zigzag } from './protobuf-columns.ts';
import { type FieldRun, varint, walkProtobuf } from './protobuf-walk.ts';

export interface EventPlace {
  /** Tenths of a second from the message to it. */
  readonly time: number;
  /** Seconds. */
  readonly interval: number;
  /** The field of its payload, one of a later schema too; 0 for none. */
  readonly payload: number;
  /** Where the payload begins and ends. */
  readonly start: number;
  readonly end: number;
  /** Of network activity. */
  readonly tables: readonly TablePlace[];
  /** Of ports, checks and records: where each begins and ends, in turn. */
  readonly items: Uint32Array;
}

const NO_TABLES: readonly TablePlace[] = [];
const NO_ITEMS = new Uint32Array(0);
/** Places for items, to begin with; twice as many when they are full. */
const ITEMS_FIRST = 16;
/** Messages that are lists of others. */
const LISTS: ReadonlySet<string> = new Set(['ListeningPorts', 'Baseline', 'Log']);

/** Checks the message. @throws WardletError WL_BAD_MESSAGE */
export function placesIn(bytes: Uint8Array): readonly EventPlace[] {
  const search = new Search(bytes);
  walkProtobuf(bytes, search);
  return search.events;
}

class Search {
  readonly events: MutablePlace[] = [];
  readonly #bytes: Uint8Array;
  /** In which the walk is. */
  #event: MutablePlace = newPlace();
  #table = new TablePlace(4);
  #items = NO_ITEMS;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  field(run: FieldRun): void {
    const { message, number, field, content, end } = run;
    if (message === 'FlowTable') this.#table.set(number, content, end);
    else if (message === 'Event') this.#eventField(run);
    else if (field === undefined) return;
    else if (LISTS.has(message)) this.#item(content, end);
    else if (message === 'NetworkActivity') this.#beginTable(number === ACTIVITY_IPV6);
    else if (message === 'Message' && number === MESSAGE_EVENTS) this.#beginEvent();
  }

  #beginEvent(): void {
    this.#event = newPlace();
    this.events.push(this.#event);
  }

  #eventField({ number, field, wireType, content, end }: FieldRun): void {
    const event = this.#event;
    if (number === EVENT_TIME) event.time = zigzag(varint(this.#bytes, content, end));
    else if (number === EVENT_INTERVAL) event.interval = varint(this.#bytes, content, end);
    else if (field !== undefined || (wireType === 2 && event.start === 0)) {
      // A kind of a later schema counts where there is none of ours.
      event.payload = number;
      event.start = content;
      event.end = end;
    }
  }

  #beginTable(isV6: boolean): void {
    this.#table = new TablePlace(isV6 ? 6 : 4);
    const { tables } = this.#event;
    this.#event.tables = isV6 ? [...tables, this.#table] : [this.#table, ...tables];
  }

  #item(start: number, end: number): void {
    if (this.#count + 2 > this.#items.length) {
      const larger = new Uint32Array(Math.max(ITEMS_FIRST, 2 * this.#items.length));
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.#count++] = start;
    this.#items[this.#count++] = end;
  }

  /** After the last field of a message. */
  leave({ message }: FieldRun): void {
    if (message !== 'Event' || this.#count === 0) return;
    this.#event.items = this.#items.slice(0, this.#count);
    this.#count = 0;
  }
}

type MutablePlace = { -readonly [Key in keyof EventPlace]: EventPlace[Key] };

/** Of which nothing is known. */
export const NO_EVENT: EventPlace = newPlace();

function newPlace(): MutablePlace {
  return { time: 0, interval: 0, payload: 0, start: 0, end: 0, tables: NO_TABLES, items: NO_ITEMS };
}
