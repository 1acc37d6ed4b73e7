// The hub's data folder: what lies in it, that only its owner can read it, and that one hub at a time runs on it.

import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'libsql';
import { WardletError } from '../../bindings/js/errors.ts';

export interface DataFolder {
  readonly path: string;
  readonly databaseFile: string;
  readonly caFile: string;
  readonly caKeyFile: string;
  readonly serverFile: string;
  readonly serverKeyFile: string;
}

/** Where things are; looks at nothing. */
export function dataFolderAt(path: string): DataFolder {
  const folder = resolve(path);
  return {
    path: folder,
    databaseFile: join(folder, 'hub.db'),
    caFile: join(folder, 'ca.pem'),
    caKeyFile: join(folder, 'ca-key.pem'),
    serverFile: join(folder, 'server.pem'),
    serverKeyFile: join(folder, 'server-key.pem'),
  };
}

/** The folder, made if need be. Throws WL_BAD_DATA_FOLDER. */
export function makeDataFolder(path: string): DataFolder {
  const folder = dataFolderAt(path);
  try {
    makeFolder(folder.path);
    // Nobody's home becomes a hub's by a slip of the pen: its mode changes below.
    if (!existsSync(folder.databaseFile) && readdirSync(folder.path).length > 0) {
      throw new WardletError('WL_BAD_DATA_FOLDER', `${folder.path} holds other things than a hub's`, {
        hint: 'name a folder that is empty or not there yet',
      });
    }
    chmodSync(folder.path, 0o700);
    createPrivate(folder.databaseFile);
  } catch (cause) {
    throw cause instanceof WardletError ? cause : unusable(folder.path, cause);
  }
  return folder;
}

/** The folder of a hub that has run; throws WL_BAD_DATA_FOLDER where there is none. */
export function existingDataFolder(path: string): DataFolder {
  const folder = dataFolderAt(path);
  if (existsSync(folder.databaseFile)) return folder;
  throw new WardletError('WL_BAD_DATA_FOLDER', `${folder.path} is not the data folder of a hub`, {
    hint: 'start a hub on it or add a device first; is it the folder the hub was started with?',
  });
}

/**
 * Keeps other hubs out until the function returned is called or the process ends, however it ends: the lock is one that the
 * system holds, on a file that nothing else uses. Throws WL_BAD_DATA_FOLDER.
 */
export function lockDataFolder(folder: DataFolder): () => void {
  const file = join(folder.path, 'hub.lock');
  try {
    createPrivate(file);
    const lock = new Database(file, { timeout: 0 });
    // No prepared statement: one that nobody has collected yet would hold the lock after close.
    lock.exec(
      'PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (never TEXT); COMMIT',
    );
    return () => lock.close();
  } catch (cause) {
    if (!isBusy(cause)) throw unusable(folder.path, cause);
    throw new WardletError('WL_BAD_DATA_FOLDER', `another hub runs on ${folder.path}`, {
      cause,
      hint: 'stop it, or give this one a data folder of its own',
    });
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}

/** What is wrong with a data folder, as far as the system says. */
export function unusable(path: string, cause: unknown): WardletError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const isDamaged = /SQLITE_(NOTADB|CORRUPT)/.test(codeOf(cause));
  return new WardletError('WL_BAD_DATA_FOLDER', `cannot use the data folder ${path}: ${reason}`, {
    cause,
    hint: isDamaged
      ? 'hub.db is damaged, or of another program: restore it from a backup, or name another folder and register the devices anew'
      : isFile(path)
        ? 'it is a file: name a folder'
        : codeOf(cause) === 'ENOTDIR'
          ? 'a part of the path is a file: name a folder'
          : 'name a folder you may write to, on a disk with room',
  });
}

/** With the folders above it. Not mkdir's own `recursive`: under /proc, which makes none, Node 20 tries for ever. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    // Another process was a moment faster.
    if (codeOf(error) !== 'EEXIST' || isFile(path)) throw error;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** SQLite gives the files it makes beside a database the database's own mode. */
function createPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // Not opened: closing it again would let go of locks that this process holds on it.
    if (codeOf(error) !== 'EEXIST') throw error;
    chmodSync(file, 0o600);
  }
}
