// A disk that fills up, for spools: their files are real ones, and when it is full the system itself says so, in the middle of a write.

import { type FileHandle, open } from 'node:fs/promises';
import { openFolder, type SpoolFile, type SpoolFolder } from '../../host/spool/spool-folder.ts';

/** Takes nothing: a write ends with ENOSPC of the kernel. */
const FULL = '/dev/full';

export class SmallDisk {
  isFull = false;
  /** Writes that found no room. */
  refused = 0;

  async folder(path: string): Promise<SpoolFolder> {
    const folder = await openFolder(path);
    return {
      ...folder,
      create: async (name) => this.#file(await folder.create(name)),
      open: async (name) => this.#file(await folder.open(name)),
    };
  }

  #file(file: SpoolFile): SpoolFile {
    return {
      ...file,
      write: async (bytes, position) => {
        if (!this.isFull) return file.write(bytes, position);
        this.refused++;
        // As far as there was room.
        await file.write(bytes.subarray(0, bytes.length >> 1), position);
        await writeToFull(bytes);
      },
    };
  }
}

async function writeToFull(bytes: Uint8Array): Promise<void> {
  let full: FileHandle | undefined;
  try {
    full = await open(FULL, 'w');
    await full.write(bytes);
  } finally {
    await full?.close();
  }
}
