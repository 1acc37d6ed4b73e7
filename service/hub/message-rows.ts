// Rows of the table `messages`, many with one statement: a call into SQLite costs as much as a row.

import type { HubDatabase } from './database.ts';
import type { Properties } from './property-bag.ts';
import type { ReceivedMessage } from './received-message.ts';

export type NewMessage = Omit<ReceivedMessage, 'id'>;

/** Rows of one statement; more gain nothing. */
const ROWS = 20;
/** What a row takes beside its texts and body, about. */
const ROW_BYTES = 64;

type Column = string | number | null | Uint8Array;

export class MessageRows {
  readonly #one;
  readonly #many;
  /** A device sends the same properties again and again, and they are the same object then. */
  readonly #texts = new WeakMap<Properties, string>();

  constructor(database: HubDatabase) {
    this.#one = database.prepare<Column[]>(statement(1));
    this.#many = database.prepare<Column[]>(statement(ROWS));
  }

  /** Adds them in their order; inside a transaction. Returns them as they are stored, and their bytes. */
  insert(messages: readonly NewMessage[]): {
    readonly stored: readonly ReceivedMessage[];
    readonly bytes: number;
  } {
    const stored: ReceivedMessage[] = [];
    let bytes = 0;
    for (let start = 0; start < messages.length; ) {
      const count = messages.length - start >= ROWS ? ROWS : 1;
      const group = messages.slice(start, start + count);
      const columns: Column[] = [];
      for (const { deviceId, moduleId, enqueuedMs, properties, body } of group) {
        const text = this.#text(properties);
        const size = ROW_BYTES + text.length + body.length;
        columns.push(deviceId, moduleId ?? null, enqueuedMs, text, body, size);
        bytes += size;
      }
      const { lastInsertRowid } = (count === 1 ? this.#one : this.#many).run(...columns);
      // Nobody else writes meanwhile, so ids of one statement follow each other.
      let id = Number(lastInsertRowid) - count;
      for (const { deviceId, moduleId, enqueuedMs, properties, body } of group) {
        id++;
        stored.push(
          moduleId === undefined
            ? { id, deviceId, enqueuedMs, properties, body }
            : { id, deviceId, moduleId, enqueuedMs, properties, body },
        );
      }
      start += count;
    }
    return { stored, bytes };
  }

  #text(properties: Properties): string {
    let text = this.#texts.get(properties);
    if (text === undefined) {
      text = JSON.stringify(properties);
      this.#texts.set(properties, text);
    }
    return text;
  }
}

function statement(rows: number): string {
  const values = Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?)').join(', ');
  return `INSERT INTO messages (deviceId, moduleId, enqueuedMs, properties, body, bytes) VALUES ${values}`;
}
