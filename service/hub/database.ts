// hub.db: SQLite, so that a hub, a command and an analysis can use it at once, and a kill at any moment is harmless.

import Database from 'libsql';
import { WardletError } from '../../bindings/js/errors.ts';
import { type DataFolder, isBusy, unusable } from './data-folder.ts';

export type HubDatabase = Database.Database;

/** synced: survives loss of power. written: survives the end of the process, and costs no wait for the disk. */
export type Durability = 'synced' | 'written';

/** Each entry takes the schema one version further; those that have been released never change. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE devices (
     id TEXT PRIMARY KEY, primaryKey TEXT NOT NULL, secondaryKey TEXT NOT NULL, enabled INTEGER NOT NULL, createdMs INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE messages (
     id INTEGER PRIMARY KEY AUTOINCREMENT, deviceId TEXT NOT NULL, moduleId TEXT, enqueuedMs INTEGER NOT NULL,
     properties TEXT NOT NULL, body BLOB NOT NULL,
     bytes INTEGER NOT NULL
   );
   CREATE INDEX messagesOfDevice ON messages (deviceId, id);
   CREATE TABLE events (
     id INTEGER PRIMARY KEY AUTOINCREMENT, timeMs INTEGER NOT NULL, kind TEXT NOT NULL, deviceId TEXT, moduleId TEXT, details TEXT NOT NULL
   );
   CREATE INDEX eventsOfDevice ON events (deviceId, id);`,
  `ALTER TABLE devices ADD COLUMN authentication TEXT NOT NULL DEFAULT 'sas';
   ALTER TABLE devices ADD COLUMN primaryThumbprint TEXT;
   ALTER TABLE devices ADD COLUMN secondaryThumbprint TEXT;
   CREATE TABLE authorities (name TEXT PRIMARY KEY, certificate TEXT NOT NULL, addedMs INTEGER NOT NULL) WITHOUT ROWID;`,
  // The moduleId of a device itself is the empty text: NULL is equal to nothing, so no key could hold it.
  `CREATE TABLE modules (
     deviceId TEXT NOT NULL, id TEXT NOT NULL, primaryKey TEXT NOT NULL, secondaryKey TEXT NOT NULL, createdMs INTEGER NOT NULL,
     PRIMARY KEY (deviceId, id)
   ) WITHOUT ROWID;
   CREATE TABLE sessions (
     deviceId TEXT NOT NULL, moduleId TEXT NOT NULL, subscriptions TEXT NOT NULL, PRIMARY KEY (deviceId, moduleId)
   ) WITHOUT ROWID;
   CREATE TABLE twins (
     deviceId TEXT NOT NULL, moduleId TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (deviceId, moduleId)
   ) WITHOUT ROWID;
   CREATE TABLE cloudToDevice (
     id INTEGER PRIMARY KEY AUTOINCREMENT, deviceId TEXT NOT NULL, packetId INTEGER NOT NULL,
     messageId TEXT NOT NULL, enqueuedMs INTEGER NOT NULL, expiresMs INTEGER NOT NULL, deliveries INTEGER NOT NULL,
     ack TEXT NOT NULL, properties TEXT NOT NULL, body BLOB NOT NULL
   );
   CREATE INDEX cloudToDeviceOfDevice ON cloudToDevice (deviceId, id);
   CREATE INDEX cloudToDeviceExpiry ON cloudToDevice (expiresMs);
   CREATE TRIGGER moduleRemoved AFTER DELETE ON modules BEGIN
     DELETE FROM sessions WHERE deviceId = OLD.deviceId AND moduleId = OLD.id;
     DELETE FROM twins WHERE deviceId = OLD.deviceId AND moduleId = OLD.id;
   END;
   CREATE TRIGGER deviceRemoved AFTER DELETE ON devices BEGIN
     DELETE FROM modules WHERE deviceId = OLD.id;
     DELETE FROM sessions WHERE deviceId = OLD.id;
     DELETE FROM twins WHERE deviceId = OLD.id;
     DELETE FROM cloudToDevice WHERE deviceId = OLD.id;
   END;`,
  `CREATE TABLE enrolments (
     isGroup INTEGER NOT NULL, id TEXT NOT NULL, authentication TEXT NOT NULL, primaryKey TEXT NOT NULL, secondaryKey TEXT NOT NULL,
     primaryThumbprint TEXT, secondaryThumbprint TEXT, authority TEXT, deviceId TEXT, enabled INTEGER NOT NULL,
     createdMs INTEGER NOT NULL, PRIMARY KEY (isGroup, id)
   ) WITHOUT ROWID;
   CREATE TABLE registrations (
     id TEXT PRIMARY KEY, operationId TEXT NOT NULL, deviceId TEXT NOT NULL, enrolment TEXT NOT NULL, isGroup INTEGER NOT NULL,
     createdMs INTEGER NOT NULL, updatedMs INTEGER NOT NULL
   ) WITHOUT ROWID;`,
];

/** Pages of hub.db-wal before they are moved into hub.db, each once however often it was written: 32 MB. */
const WAL_PAGES = 8_000;
const CACHE_KB = 16_384;
const BUSY_TIMEOUT_MS = 5_000;
const OPENING_TIMEOUT_MS = 10_000;

/** Opens hub.db and brings its schema up to date. Throws WL_BAD_DATA_FOLDER. */
export function openDatabase(folder: DataFolder, durability: Durability = 'synced'): HubDatabase {
  const deadline = Date.now() + OPENING_TIMEOUT_MS;
  for (;;) {
    let database: HubDatabase | undefined;
    try {
      database = new Database(folder.databaseFile, { timeout: BUSY_TIMEOUT_MS });
      database.pragma('journal_mode=WAL');
      database.pragma(`synchronous=${durability === 'synced' ? 'FULL' : 'NORMAL'}`);
      database.pragma(`wal_autocheckpoint=${WAL_PAGES}`);
      database.pragma(`cache_size=-${CACHE_KB}`);
      migrate(database, folder.path);
      return database;
    } catch (cause) {
      database?.close();
      if (cause instanceof WardletError) throw cause;
      // Two that open a new database at once: turning on WAL does not wait for the other.
      if (!isBusy(cause) || Date.now() > deadline) throw unusable(folder.path, cause);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** Runs the action in one transaction: all of it happens, or nothing. */
export function inTransaction<T>(database: HubDatabase, action: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = action();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk has rolled it back already.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function migrate(database: HubDatabase, path: string): void {
  if (versionOf(database) === MIGRATIONS.length) return;
  inTransaction(database, () => {
    const version = versionOf(database);
    if (version > MIGRATIONS.length) {
      throw new WardletError('WL_BAD_DATA_FOLDER', `${path} belongs to a newer version of the hub`, {
        hint: 'update @wardlet/service, or use another data folder',
      });
    }
    if (version === 0 && database.prepare('SELECT name FROM sqlite_master').get() !== undefined) {
      throw new WardletError('WL_BAD_DATA_FOLDER', `hub.db in ${path} is of another program`, {
        hint: 'name a folder that is empty or not there yet',
      });
    }
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.pragma(`user_version=${MIGRATIONS.length}`);
  });
}

function versionOf(database: HubDatabase): number {
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
  return row.user_version;
}
