// The spool in a browser's IndexedDB. Each database has three stores: `messages` by id, `entries` (what must be known of each message to give it
// up, read at opening without the messages themselves) and `state` (counts of what was given up, next id). One process at a time: a Web Lock
// of the database's name, which the browser takes back when the page goes, however it goes.

import { WardletError } from '../../bindings/js/errors.ts';
import type { OutgoingMessage } from '../transport/transport.ts';
import {
  type Amount,
  checkFits,
  resolveSpoolOptions,
  type Spool,
  type SpooledMessage,
  type SpoolOptions,
  type SpoolStatistics,
} from './spool.ts';
import { closedError } from './spool-error.ts';
import { WaitingTime } from './waiting-time.ts';

const VERSION = 1;
/** What a message takes up beside its bytes, about: keys, entry, boot id. */
const OVERHEAD = 128;
const BATCH = 500;

interface Entry {
  readonly id: number;
  readonly bytes: number;
  readonly waitingSince: number;
}

interface Counts {
  readonly nextId: number;
  readonly age: Amount;
  readonly size: Amount;
  readonly clockMs?: number;
  readonly waitingTime: number;
}

interface Waiting {
  readonly message: OutgoingMessage;
  readonly enqueuedMs: number;
  readonly waitingSince: number;
  readonly resolve: (id: number) => void;
  readonly reject: (reason: unknown) => void;
}

const NOTHING: Amount = { messages: 0, bytes: 0 };
const NO_COUNTS: Counts = { nextId: 0, age: NOTHING, size: NOTHING, waitingTime: 0 };

/** Throws WL_BAD_OPTION, or WL_BAD_SPOOL when another page has it or the browser keeps no data. */
export async function openIndexedDbSpool(name: string, given: SpoolOptions = {}): Promise<Spool> {
  const options = resolveSpoolOptions(given);
  const unlock = await lock(`wardlet-spool-${name}`);
  try {
    const database = await openDatabase(name);
    const read = database.transaction(['entries', 'state']);
    const entries = outcome<Entry[]>(read.objectStore('entries').getAll());
    const counts = outcome<Counts | undefined>(read.objectStore('state').get(0));
    return new IndexedDbSpool(database, options, await entries, (await counts) ?? NO_COUNTS, unlock);
  } catch (cause) {
    await unlock();
    throw spoolFault('open', cause);
  }
}

class IndexedDbSpool implements Spool {
  readonly #database: IDBDatabase;
  #options: Required<SpoolOptions>;
  readonly #unlock: () => Promise<void>;
  readonly #time: WaitingTime;
  /** Undelivered, oldest first: a Map keeps the order of its keys. */
  readonly #entries: Map<number, Entry>;
  #bytes = 0;
  #counts: Counts;
  /** Delivered or given up, and still in the database. */
  readonly #gone: number[] = [];
  readonly #queue: Waiting[] = [];
  #working: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    database: IDBDatabase,
    options: Required<SpoolOptions>,
    entries: readonly Entry[],
    counts: Counts,
    unlock: () => Promise<void>,
  ) {
    this.#database = database;
    this.#options = options;
    this.#unlock = unlock;
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { bytes } of entries) this.#bytes += bytes;
    this.#counts = counts;
    this.#time = new WaitingTime(counts.waitingTime, counts.clockMs);
  }

  append(message: OutgoingMessage, nowMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closedError();
      checkFits(message.bytes.length + OVERHEAD, this.#options.maxBytes);
      const waitingSince = this.#time.advance(nowMs);
      this.#queue.push({ message, enqueuedMs: nowMs, waitingSince, resolve, reject });
      this.#wake();
    });
  }

  async read({ afterId = -1, limit = 64 } = {}): Promise<readonly SpooledMessage[]> {
    if (this.#closed) throw closedError();
    if (limit < 1) return [];
    try {
      const range = IDBKeyRange.lowerBound(afterId, true);
      const store = this.#database.transaction('messages').objectStore('messages');
      const messages = await outcome<SpooledMessage[]>(store.getAll(range, limit + this.#gone.length));
      return messages.filter(({ id }) => this.#entries.has(id)).slice(0, limit);
    } catch (cause) {
      throw spoolFault('read', cause);
    }
  }

  delivered(id: number): void {
    if (!this.#closed && this.#drop(id)) this.#wake();
  }

  giveUpOld(nowMs: number): void {
    if (this.#closed) return;
    this.#time.advance(nowMs);
    this.#giveUpAged();
    if (this.#gone.length > 0) this.#wake();
  }

  statistics(): SpoolStatistics {
    const { age, size } = this.#counts;
    return {
      messages: this.#entries.size,
      bytes: this.#bytes,
      occupiedBytes: this.#bytes + OVERHEAD * this.#entries.size,
      givenUp: { age, size },
      // The browser's own affair: a database is whole, or does not open.
      damagedMessages: 0,
      repaired: { tornBytes: 0, skippedBytes: 0 },
    };
  }

  limit(options: SpoolOptions): void {
    this.#options = resolveSpoolOptions(options);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await undefined;
    await this.#working;
    this.#database.close();
    await this.#unlock();
  }

  #wake(): void {
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    await undefined;
    while (this.#queue.length > 0 || this.#gone.length > 0) {
      const batch = this.#takeBatch();
      try {
        const first = await this.#commit(batch);
        batch.forEach(({ resolve }, index) => {
          resolve(first + index);
        });
      } catch (cause) {
        const reason = spoolFault('write to', cause);
        for (const { reject } of batch) reject(reason);
        if (batch.length === 0 && this.#queue.length === 0) break;
      }
    }
    this.#working = undefined;
  }

  #takeBatch(): Waiting[] {
    let bytes = 0;
    const end = this.#queue.findIndex(({ message }, index) => {
      bytes += message.bytes.length + OVERHEAD;
      return index >= BATCH || (index > 0 && bytes > this.#options.maxBytes);
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  /** One transaction: all of it, or nothing. Returns the id of the first one. */
  async #commit(batch: readonly Waiting[]): Promise<number> {
    this.#giveUpAged();
    this.#makeRoom(batch.reduce((sum, { message }) => sum + message.bytes.length + OVERHEAD, 0));
    const first = this.#counts.nextId;
    const change = this.#database.transaction(['messages', 'entries', 'state'], 'readwrite', {
      durability: batch.length > 0 ? 'strict' : 'relaxed',
    });
    const done = completion(change);
    const messages = change.objectStore('messages');
    const entries = change.objectStore('entries');
    const gone = [...this.#gone];
    for (const id of gone) {
      messages.delete(id);
      entries.delete(id);
    }
    const added = batch.map(({ message, enqueuedMs, waitingSince }, index): Entry => {
      const { bootId, sequence, format, bytes } = message;
      const id = first + index;
      messages.add({
        id,
        enqueuedMs,
        bootId,
        sequence,
        format,
        bytes: bytes.slice(),
      } satisfies SpooledMessage);
      return { id, bytes: bytes.length, waitingSince };
    });
    for (const entry of added) entries.add(entry);
    const { enqueuedMs: clockMs } = batch.at(-1) ?? {};
    const progress = {
      nextId: first + batch.length,
      waitingTime: this.#time.now,
      ...(clockMs !== undefined && Number.isFinite(clockMs) ? { clockMs } : {}),
    };
    change.objectStore('state').put({ ...this.#counts, ...progress }, 0);
    await done;
    this.#gone.splice(0, gone.length);
    this.#counts = { ...this.#counts, ...progress };
    for (const entry of added) {
      this.#entries.set(entry.id, entry);
      this.#bytes += entry.bytes;
    }
    return first;
  }

  #giveUpAged(): void {
    const limit = this.#time.now - this.#options.maxAgeMs;
    for (const entry of this.#entries.values()) {
      if (entry.waitingSince >= limit) return;
      this.#giveUp(entry, 'age');
    }
  }

  #makeRoom(bytes: number): void {
    for (const entry of this.#entries.values()) {
      if (this.#bytes + OVERHEAD * this.#entries.size + bytes <= this.#options.maxBytes) return;
      this.#giveUp(entry, 'size');
    }
  }

  #giveUp({ id, bytes }: Entry, reason: 'age' | 'size'): void {
    if (!this.#drop(id)) return;
    const before = this.#counts[reason];
    const after = { messages: before.messages + 1, bytes: before.bytes + bytes };
    this.#counts = { ...this.#counts, [reason]: after };
  }

  #drop(id: number): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    this.#bytes -= entry.bytes;
    this.#gone.push(id);
    return true;
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(`wardlet-spool-${name}`, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('messages', { keyPath: 'id' });
    request.result.createObjectStore('entries', { keyPath: 'id' });
    request.result.createObjectStore('state');
  };
  return outcome(request);
}

function outcome<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  });
}

function completion(change: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onabort = () => reject(change.error);
  });
}

/** Returns what lets go of it. */
async function lock(name: string): Promise<() => Promise<void>> {
  if (typeof indexedDB === 'undefined' || !navigator.locks) {
    throw new WardletError('WL_BAD_SPOOL', 'this page has no IndexedDB or no Web Locks', {
      hint: 'serve it over https or from localhost',
    });
  }
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, (granted) => {
      if (granted) {
        return new Promise<void>((release) => {
          resolve(async () => {
            release();
            await held;
          });
        });
      }
      throw new WardletError('WL_BAD_SPOOL', `another page or worker uses the ${name}`, {
        hint: 'close the other one, or give each a spool of its own',
      });
    });
    held.catch(reject);
  });
}

function spoolFault(doing: string, cause: unknown): WardletError {
  if (cause instanceof WardletError) return cause;
  const name = String((cause as { name?: unknown } | null)?.name ?? cause);
  if (name === 'QuotaExceededError') {
    return new WardletError(
      'WL_SPOOL_FULL',
      `cannot ${doing} the spool: the browser gives this site no more room`,
      {
        hint: 'free some space, or let the site keep more; appending works again as soon as there is',
        cause,
      },
    );
  }
  return new WardletError('WL_BAD_SPOOL', `cannot ${doing} the spool: ${name}`, {
    hint: 'let the site keep data; a private window may keep none',
    cause,
  });
}
