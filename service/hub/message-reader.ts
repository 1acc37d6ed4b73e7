// Reading the messages of a hub, from any process, while it runs or afterwards.

import { existingDataFolder } from './data-folder.ts';
import { type HubDatabase, openDatabase } from './database.ts';
import type { ReceivedMessage } from './received-message.ts';

export interface MessageQuery {
  readonly deviceId?: string;
  /** Only what arrived after the message of this id. */
  readonly afterId?: number;
  /** Only the newest so many. */
  readonly last?: number;
  /** At most so many, counted from the oldest of what is asked for. */
  readonly limit?: number;
}

/** Rows read at a time: memory does not grow with the store. */
const PAGE = 200;

/** Messages from the oldest to the newest, page by page while they are taken. Throws WL_BAD_DATA_FOLDER with the first one. */
export function* readMessages(
  dataFolder: string,
  query: MessageQuery = {},
): Generator<ReceivedMessage, void> {
  const reader = openMessages(dataFolder);
  try {
    yield* reader.read(query);
  } finally {
    reader.close();
  }
}

/** For reading again and again: the database stays open. Throws WL_BAD_DATA_FOLDER. */
export function openMessages(dataFolder: string): MessageReader {
  return new MessageReader(openDatabase(existingDataFolder(dataFolder)));
}

export class MessageReader {
  readonly #database: HubDatabase;

  constructor(database: HubDatabase) {
    this.#database = database;
  }

  *read(query: MessageQuery = {}): Generator<ReceivedMessage, void> {
    const { deviceId, limit = Number.POSITIVE_INFINITY } = query;
    const ofDevice = deviceId === undefined ? '' : 'deviceId = ? AND';
    const bound = deviceId === undefined ? [] : [deviceId];
    const page = this.#database.prepare(
      `SELECT * FROM messages WHERE ${ofDevice} id > ? ORDER BY id LIMIT ?`,
    );
    let afterId = this.#firstId(query);
    for (let left = limit; left > 0; ) {
      const rows = page.all(...bound, afterId, Math.min(PAGE, left)).map(messageOf);
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      afterId = last.id;
      left -= rows.length;
    }
  }

  close(): void {
    this.#database.close();
  }

  /** The id after which to begin. */
  #firstId({ deviceId, afterId = 0, last }: MessageQuery): number {
    if (last === undefined) return afterId;
    if (last < 1) return Number.MAX_SAFE_INTEGER;
    const ofDevice = deviceId === undefined ? '' : 'deviceId = ? AND';
    const bound = deviceId === undefined ? [] : [deviceId];
    const before = this.#database
      .prepare(`SELECT id FROM messages WHERE ${ofDevice} id > ? ORDER BY id DESC LIMIT 1 OFFSET ?`)
      .get(...bound, afterId, last) as { id: number } | undefined;
    return before?.id ?? afterId;
  }
}

function messageOf(row: unknown): ReceivedMessage {
  const { id, deviceId, moduleId, enqueuedMs, properties, body } = row as {
    id: number;
    deviceId: string;
    moduleId: string | null;
    enqueuedMs: number;
    properties: string;
    body: ArrayBuffer;
  };
  return {
    id,
    deviceId,
    ...(moduleId === null ? {} : { moduleId }),
    enqueuedMs,
    properties: JSON.parse(properties) as ReceivedMessage['properties'],
    body: new Uint8Array(body),
  };
}
