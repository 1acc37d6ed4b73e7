// The spool in a folder of this machine's disk. Node only.

import { resolve } from 'node:path';
import { openMessageLog } from './message-log.ts';
import { resolveSpoolOptions, type Spool, type SpoolOptions } from './spool.ts';
import { spoolError } from './spool-error.ts';
import { openFolder } from './spool-folder.ts';
import { lockFolder } from './spool-lock.ts';
import { notesIn } from './spool-notes.ts';

/**
 * Makes the folder where it is not there, readable by its owner alone, and keeps every other spool out of it until close. Throws WL_BAD_OPTION,
 * WL_BAD_SPOOL when another has it or the disk refuses, WL_SPOOL_FULL when there is no room to make a folder.
 */
export async function openFileSpool(path: string, options: SpoolOptions = {}): Promise<Spool> {
  resolveSpoolOptions(options);
  const folderPath = resolve(path);
  let unlock: (() => Promise<void>) | undefined;
  try {
    const folder = await openFolder(folderPath);
    unlock = await lockFolder(folderPath);
    return await openMessageLog(folder, {
      ...options,
      onClose: unlock,
      notes: notesIn(folderPath),
    });
  } catch (cause) {
    await unlock?.();
    throw spoolError(`open ${folderPath} as`, cause);
  }
}
