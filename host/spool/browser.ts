// wardlet/spool/browser: messages that outlive a page, in IndexedDB.

export { openIndexedDbSpool } from './indexeddb-spool.ts';
export type { Amount, Spool, SpooledMessage, SpoolOptions, SpoolStatistics } from './spool.ts';
