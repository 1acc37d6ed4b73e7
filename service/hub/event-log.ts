// The hub's event log: what happened, kept in hub.db, bounded. Writing it is never waited for.

import { existingDataFolder } from './data-folder.ts';
import { type HubDatabase, inTransaction, openDatabase } from './database.ts';
import type { HubEvent, HubHappening, LoggedEvent } from './hub-events.ts';

/** Events of this long share one transaction. */
const FLUSH_MS = 200;
/** In memory, while the disk does not keep up or fails. */
const MAX_WAITING = 10_000;

export class EventLog {
  readonly #database: HubDatabase;
  readonly #maxEvents: number;
  readonly #now: () => number;
  readonly #listener: (event: HubEvent) => void;
  readonly #insert;
  #waiting: HubEvent[] = [];
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    database: HubDatabase,
    options: { maxEvents: number; now: () => number; listener: (event: HubEvent) => void },
  ) {
    this.#database = database;
    this.#maxEvents = options.maxEvents;
    this.#now = options.now;
    this.#listener = options.listener;
    this.#insert = database.prepare<[number, string, string | null, string | null, string]>(
      'INSERT INTO events (timeMs, kind, deviceId, moduleId, details) VALUES (?, ?, ?, ?, ?)',
    );
  }

  record(happening: HubHappening): void {
    const event: HubEvent = { ...happening, timeMs: this.#now() };
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift();
      this.#lost++;
    }
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
    this.#listener(event);
  }

  /** Writes what waits; what cannot be written waits on. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    if (this.#lost > 0) {
      this.#waiting.push({ kind: 'events_lost', count: this.#lost, timeMs: this.#now() });
      this.#lost = 0;
    }
    try {
      inTransaction(this.#database, () => {
        for (const event of this.#waiting) this.#write(event);
        // Ids have no gaps, so the oldest are found by number.
        this.#database
          .prepare('DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?')
          .run(this.#maxEvents);
      });
      this.#waiting = [];
    } catch {
      // The store says so when messages fail too; events alone wait for the next one.
    }
  }

  #write(event: HubEvent): void {
    const {
      timeMs,
      kind,
      deviceId = null,
      moduleId = null,
      ...details
    } = { deviceId: undefined, moduleId: undefined, ...event };
    this.#insert.run(timeMs, kind, deviceId, moduleId, JSON.stringify(details));
  }
}

/** One event of a process that is not the hub. */
export function recordOnce(database: HubDatabase, happening: HubHappening): void {
  // How many are kept is the running hub's business.
  const log = new EventLog(database, {
    maxEvents: Number.MAX_SAFE_INTEGER,
    now: Date.now,
    listener: () => {},
  });
  log.record(happening);
  log.flush();
}

export interface EventQuery {
  readonly deviceId?: string;
  readonly afterId?: number;
  /** Only the newest so many. */
  readonly last?: number;
}

/** Events from the oldest to the newest, also while a hub runs on the folder. Throws WL_BAD_DATA_FOLDER. */
export function readEvents(dataFolder: string, query: EventQuery = {}): LoggedEvent[] {
  const database = openDatabase(existingDataFolder(dataFolder));
  try {
    const { deviceId = null, afterId = 0, last = -1 } = query;
    const rows = database
      .prepare(
        `SELECT * FROM (
           SELECT * FROM events WHERE id > ? AND (? IS NULL OR deviceId = ?) ORDER BY id DESC LIMIT ?
         ) ORDER BY id`,
      )
      .all(afterId, deviceId, deviceId, last);
    return rows.map(eventOf);
  } finally {
    database.close();
  }
}

function eventOf(row: unknown): LoggedEvent {
  const { id, timeMs, kind, deviceId, moduleId, details } = row as {
    id: number;
    timeMs: number;
    kind: string;
    deviceId: string | null;
    moduleId: string | null;
    details: string;
  };
  const who = { ...(deviceId === null ? {} : { deviceId }), ...(moduleId === null ? {} : { moduleId }) };
  // Written by this file alone, from a HubEvent.
  return { id, timeMs, kind, ...who, ...JSON.parse(details) } as LoggedEvent;
}
