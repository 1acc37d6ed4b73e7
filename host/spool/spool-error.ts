// What the system says of the spool's disk, in words.

import { type ErrorCode, WardletError } from '../../bindings/js/errors.ts';

const WRITABLE = 'let the user that runs the agent write to the folder, or name another: Spool_Path';

const REASONS: Readonly<Record<string, readonly [code: ErrorCode, reason: string, hint: string]>> = {
  ENOSPC: ['WL_SPOOL_FULL', 'the disk is full', 'free some space; appending works again as soon as there is'],
  EDQUOT: ['WL_SPOOL_FULL', "the user's share of the disk is used up", 'free some space, or raise the quota'],
  EACCES: ['WL_BAD_SPOOL', 'it is not permitted', WRITABLE],
  EPERM: ['WL_BAD_SPOOL', 'it is not permitted', WRITABLE],
  EROFS: ['WL_BAD_SPOOL', 'the file system is read-only', WRITABLE],
  ENOTDIR: ['WL_BAD_SPOOL', 'a part of its path is not a directory', 'check the spelling'],
  EEXIST: ['WL_BAD_SPOOL', 'there is a file of that name', 'name a folder: Spool_Path'],
  ENOENT: [
    'WL_BAD_SPOOL',
    'a file or the folder is gone',
    'leave the folder alone while the agent runs; start it again',
  ],
  EIO: ['WL_BAD_SPOOL', 'the disk reports an error', 'look at the system log; the disk may be failing'],
  ENAMETOOLONG: ['WL_BAD_SPOOL', 'its path is too long', 'name a folder with a shorter path: Spool_Path'],
  EOPNOTSUPP: [
    'WL_BAD_SPOOL',
    'its file system takes no sockets',
    'name a folder on another one (ext4, f2fs, ...): Spool_Path',
  ],
  EMFILE: ['WL_BAD_SPOOL', 'too many files are open', 'close some, or raise the limit (ulimit -n)'],
  ENFILE: ['WL_BAD_SPOOL', 'too many files are open', 'close some programs'],
};

export function spoolError(doing: string, cause: unknown): WardletError {
  if (cause instanceof WardletError) return cause;
  const system = String((cause as { code?: unknown } | undefined)?.code ?? cause);
  const [code, reason, hint] = REASONS[system] ?? [
    'WL_BAD_SPOOL',
    `the system answers ${system}`,
    'check the folder and the disk it is on',
  ];
  return new WardletError(code, `cannot ${doing} the spool: ${reason}`, { hint, cause });
}

export function closedError(): WardletError {
  return new WardletError('WL_BAD_SPOOL', 'the spool is closed', { hint: 'open it again' });
}
