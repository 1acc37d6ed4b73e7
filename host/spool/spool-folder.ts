// The few things the spool asks of a disk. Tests put one in its place that fails, and forgets what was not synced. Node only.

import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface SpoolFolder {
  list(): Promise<readonly string[]>;
  /** Bytes [from, to) of a file, or as many of them as there are. */
  read(name: string, from?: number, to?: number): Promise<Uint8Array>;
  /** For writing; readable by its owner alone. */
  create(name: string): Promise<SpoolFile>;
  open(name: string): Promise<SpoolFile>;
  remove(name: string): Promise<void>;
  /** From here on a power cut neither loses a file that was created nor brings back one that was removed. */
  sync(): Promise<void>;
}

export interface SpoolFile {
  /** All of the bytes, or it rejects and any part of them may stand there. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Makes the folder, for its owner alone, where it is not there yet. */
export async function openFolder(path: string): Promise<SpoolFolder> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  // A new folder is in the one above it for good only when that is synced.
  for (let folder = path; made !== undefined && folder.length >= made.length; folder = dirname(folder)) {
    await syncFolder(dirname(folder));
  }
  return {
    list: () => readdir(path),
    async read(name, from = 0, to) {
      const file = await open(join(path, name), 'r');
      try {
        return await readBytes(file, from, to ?? (await file.stat()).size);
      } finally {
        await file.close();
      }
    },
    create: async (name) => spoolFile(await open(join(path, name), 'wx', 0o600)),
    open: async (name) => spoolFile(await open(join(path, name), 'r+')),
    remove: (name) => unlink(join(path, name)),
    sync: () => syncFolder(path),
  };
}

async function syncFolder(path: string): Promise<void> {
  // Windows keeps directories in order by itself, and opens none.
  if (process.platform === 'win32') return;
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readBytes(file: FileHandle, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, to - from));
  let got = 0;
  while (got < bytes.length) {
    const { bytesRead } = await file.read(bytes, got, bytes.length - got, from + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return bytes.subarray(0, got);
}

function spoolFile(file: FileHandle): SpoolFile {
  return {
    async write(bytes, position) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    truncate: (length) => file.truncate(length),
    sync: () => file.datasync(),
    close: () => file.close(),
  };
}
