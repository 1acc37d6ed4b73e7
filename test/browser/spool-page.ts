// The page's script: a spool in IndexedDB for the test to work with from outside.

import { WardletError } from '../../bindings/js/errors.ts';
import { openIndexedDbSpool } from '../../host/spool/indexeddb-spool.ts';
import type { Spool, SpoolOptions } from '../../host/spool/spool.ts';
import { isIntact, messageOf, readAll } from '../support/spool-messages.ts';

export interface SpoolPage {
  /** undefined, or the code of the error. */
  open(options?: SpoolOptions): Promise<string | undefined>;
  close(): Promise<void>;
  append(sequence: number, length: number, nowMs: number): Promise<number | string>;
  /** Appends, 20 at a time, until the page goes; calls back for each one that is in the spool. */
  flood(): void;
  sequences(): Promise<number[]>;
  intact(): Promise<boolean>;
  delivered(sequences: readonly number[]): Promise<void>;
  giveUpOld(nowMs: number): void;
  statistics(): ReturnType<Spool['statistics']>;
}

declare global {
  var spoolPage: SpoolPage;
  var appended: (sequence: number) => Promise<void>;
}

let spool: Spool;

globalThis.spoolPage = {
  open: (options) =>
    codeOf(async () => {
      spool = await openIndexedDbSpool('test', options);
    }),
  close: () => spool.close(),
  async append(sequence, length, nowMs) {
    let id = -1;
    const code = await codeOf(async () => {
      id = await spool.append(messageOf(sequence, length), nowMs);
    });
    return code ?? id;
  },
  flood() {
    let next = 0;
    const worker = async () => {
      for (;;) {
        const sequence = next++;
        await spool.append(messageOf(sequence, 500), 0);
        void globalThis.appended(sequence);
      }
    };
    for (let count = 0; count < 20; count++) void worker();
  },
  sequences: async () => (await readAll(spool, 500)).map(({ sequence }) => sequence),
  intact: async () => (await readAll(spool, 500)).every(isIntact),
  async delivered(sequences) {
    const wanted = new Set(sequences);
    for (const { id, sequence } of await readAll(spool, 500)) if (wanted.has(sequence)) spool.delivered(id);
  },
  giveUpOld: (nowMs) => spool.giveUpOld(nowMs),
  statistics: () => spool.statistics(),
};
document.title = 'ready';

async function codeOf(action: () => Promise<void>): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof WardletError) return error.code;
    throw error;
  }
}
