// Messages as files 000000.bin, 000001.bin and so on.

import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WardletError } from '../bindings/js/errors.ts';

export class MessageFolder {
  readonly #path: string;
  #written = 0;

  /** Makes the folder; refuses one that holds messages already, so that two runs never mix. */
  constructor(path: string) {
    this.#path = path;
    this.#attempt(() => {
      makeFolder(path);
      const message = readdirSync(path).find((name) => name.endsWith('.bin'));
      if (message === undefined) return;
      throw new WardletError('WL_BAD_FILE', `${path} holds messages already (${message})`, {
        hint: 'name a new or an empty folder',
      });
    });
  }

  write(bytes: Uint8Array): void {
    const name = `${String(this.#written++).padStart(6, '0')}.bin`;
    this.#attempt(() => writeFileSync(join(this.#path, name), bytes, { flag: 'wx' }));
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (cause) {
      if (cause instanceof WardletError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new WardletError('WL_BAD_FILE', `cannot write messages into ${this.#path}: ${reason}`, {
        cause,
        hint: 'name a folder that can be written to',
      });
    }
  }
}

/** With the folders above it. Not mkdir's own `recursive`: under /proc, which makes none, Node 20 tries for ever. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}
