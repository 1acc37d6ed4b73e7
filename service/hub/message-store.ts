// Where device-to-cloud messages become durable. Everything that arrives in one turn of the event loop shares one transaction, and
// nothing is acknowledged before it has been committed.

import type { Identity } from './client-identity.ts';
import { type HubDatabase, inTransaction } from './database.ts';
import type { HubHappening } from './hub-events.ts';
import { MessageRows, type NewMessage } from './message-rows.ts';
import type { Properties } from './property-bag.ts';
import type { ReceivedMessage } from './received-message.ts';
import { Settings } from './settings.ts';

/**
 * Takes messages in the transaction that stores them, before they are acknowledged: what it writes through `database` is there
 * exactly when they are. When it throws, none of the batch is stored, and the devices send it again.
 */
export type MessageSink = (messages: readonly ReceivedMessage[], database: HubDatabase) => void;

export interface ArrivedMessage extends Identity {
  readonly properties: Properties;
  readonly body: Uint8Array;
}

/** Called once: the message is durable, or it could not be stored. */
export type Stored = (error?: Error) => void;

export interface MessageStoreOptions {
  readonly maxStoreBytes: number;
  readonly maxStoreAgeMs: number;
  readonly now: () => number;
  readonly sink?: MessageSink | undefined;
  readonly listener: (message: ReceivedMessage) => void;
  readonly record: (happening: HubHappening) => void;
}

interface Waiting {
  readonly message: NewMessage;
  readonly stored: Stored;
}

/** A batch ends earlier at so many messages or bytes. */
const MAX_BATCH = 5_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** Deleted in one transaction, and how many of those in a row for age. */
const PURGE_ROWS = 1_000;
const AGED_TURNS = 20;

export class MessageStore {
  readonly #database: HubDatabase;
  readonly #options: MessageStoreOptions;
  readonly #settings: Settings;
  readonly #rows: MessageRows;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #scheduled: NodeJS.Immediate | undefined;
  #storedBytes: number;
  #isFailing = false;

  constructor(database: HubDatabase, options: MessageStoreOptions) {
    this.#database = database;
    this.#options = options;
    this.#settings = new Settings(database);
    this.#storedBytes = this.#settings.number('messageBytes');
    this.#rows = new MessageRows(database);
  }

  append({ deviceId, moduleId, properties, body }: ArrivedMessage, stored: Stored): void {
    const enqueuedMs = this.#options.now();
    const message =
      moduleId === undefined
        ? { deviceId, enqueuedMs, properties, body }
        : { deviceId, moduleId, enqueuedMs, properties, body };
    this.#waiting.push({ message, stored });
    this.#waitingBytes += body.length;
    if (this.#waiting.length >= MAX_BATCH || this.#waitingBytes >= MAX_BATCH_BYTES) this.flush();
    else this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** Commits what waits, then tells each sender. */
  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;

    let messages: readonly ReceivedMessage[];
    try {
      messages = this.#commit(batch);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.#isFailing = true;
      this.#options.record({ kind: 'storage_failed', count: batch.length, detail: error.message });
      for (const { stored } of batch) stored(error);
      return;
    }
    if (this.#isFailing) this.#options.record({ kind: 'storage_recovered' });
    this.#isFailing = false;
    for (const { stored } of batch) stored();
    for (const message of messages) this.#options.listener(message);
    while (this.#storedBytes > this.#options.maxStoreBytes) if (this.#purge('size') === 0) break;
  }

  /** Gives up what is older than the limit. */
  purgeAged(): void {
    for (let turn = 0; turn < AGED_TURNS; turn++) if (this.#purge('age') < PURGE_ROWS) break;
  }

  #commit(batch: readonly Waiting[]): readonly ReceivedMessage[] {
    let bytes = this.#storedBytes;
    const messages = inTransaction(this.#database, () => {
      const { stored, bytes: added } = this.#rows.insert(batch.map(({ message }) => message));
      bytes += added;
      this.#options.sink?.(stored, this.#database);
      this.#settings.set('messageBytes', bytes);
      return stored;
    });
    this.#storedBytes = bytes;
    return messages;
  }

  /** Returns how many went. */
  #purge(reason: 'size' | 'age'): number {
    const oldestMs = this.#options.now() - this.#options.maxStoreAgeMs;
    let bytes = 0;
    let count = 0;
    let lastId = 0;
    try {
      inTransaction(this.#database, () => {
        const rows = this.#database
          .prepare(`SELECT id, enqueuedMs, bytes FROM messages ORDER BY id LIMIT ${PURGE_ROWS}`)
          .all() as Array<{ id: number; enqueuedMs: number; bytes: number }>;
        for (const row of rows) {
          const goes =
            reason === 'age'
              ? row.enqueuedMs < oldestMs
              : this.#storedBytes - bytes > this.#options.maxStoreBytes;
          if (!goes) break;
          bytes += row.bytes;
          count++;
          lastId = row.id;
        }
        if (count === 0) return;
        this.#database.prepare('DELETE FROM messages WHERE id <= ?').run(lastId);
        this.#settings.set('messageBytes', this.#storedBytes - bytes);
      });
    } catch {
      // Tried again with the next batch.
      return 0;
    }
    if (count === 0) return 0;
    this.#storedBytes -= bytes;
    this.#options.record({ kind: 'messages_purged', reason, count, bytes });
    return count;
  }
}
