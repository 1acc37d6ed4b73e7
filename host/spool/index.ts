// wardlet/spool: messages that outlive a restart, in files. Node; wardlet/spool/browser is the same in IndexedDB.

export { openFileSpool } from './file-spool.ts';
export type { Amount, Spool, SpooledMessage, SpoolOptions, SpoolStatistics } from './spool.ts';
