// A text beside the messages, in a file of the spool's folder: whole, or the one before. Node only.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpoolNotes } from './spool.ts';

const NAME = 'notes.json';
/** What is longer was not written here. */
const MOST_CHARACTERS = 64 * 2 ** 20;

export function notesIn(folder: string): SpoolNotes {
  const path = join(folder, NAME);
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch(() => '');
      return text.length > MOST_CHARACTERS ? '' : text;
    },
    async save(text) {
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
  };
}
