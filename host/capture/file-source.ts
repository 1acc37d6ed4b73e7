// A capture file on disk, or standard input. Node only.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { WardletError } from '../../bindings/js/errors.ts';
import type { ByteSource } from './byte-source.ts';
import { standardInput } from './standard-input.ts';

/** A system call costs more than copying this much: smaller reads are served from a buffer of this size. */
const BUFFER = 65536;

/** Opens a file, a named pipe, or with '-' standard input. Throws WL_BAD_FILE. */
export function fileSource(path: string): ByteSource {
  if (path === '-') return standardInput();
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    throw badFile(path, cause);
  }
  const status = fstatSync(descriptor);
  if (status.isDirectory()) {
    closeSync(descriptor);
    throw badFile(path, { code: 'EISDIR' });
  }
  return new FileSource(path, descriptor, status.isFile() ? status.size : undefined);
}

class FileSource implements ByteSource {
  readonly name: string;
  readonly size?: number;
  #descriptor: number;
  readonly #buffer = new Uint8Array(BUFFER);
  #from = 0;
  #to = 0;

  constructor(name: string, descriptor: number, size: number | undefined) {
    this.name = name;
    this.#descriptor = descriptor;
    if (size !== undefined) this.size = size;
  }

  read(target: Uint8Array): number {
    if (this.#from === this.#to) {
      if (target.length >= BUFFER) return this.#readFile(target);
      this.#from = 0;
      this.#to = this.#readFile(this.#buffer);
    }
    const end = Math.min(this.#to, this.#from + target.length);
    const count = end - this.#from;
    target.set(this.#buffer.subarray(this.#from, end));
    this.#from = end;
    return count;
  }

  #readFile(target: Uint8Array): number {
    try {
      return readSync(this.#descriptor, target, 0, target.length, null);
    } catch (cause) {
      throw badFile(this.name, cause);
    }
  }

  close(): void {
    if (this.#descriptor < 0) return;
    closeSync(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** The system's error codes in words, with what to do. */
const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOENT: ['there is no such file', 'check the spelling; a relative name starts from the current folder'],
  EISDIR: ['it is a directory', 'name one file in it'],
  ENOTDIR: ['a part of its path is not a directory', 'check the spelling'],
  EACCES: ['reading it is not permitted', 'let your user read the file, or copy it to where you may'],
  EPERM: ['reading it is not permitted', 'let your user read the file, or copy it to where you may'],
  EMFILE: ['too many files are open', 'close some, or raise the limit (ulimit -n)'],
  ENXIO: ['it is a socket', 'name a file or a named pipe, or pipe the capture in: -'],
};

function badFile(name: string, cause: unknown): WardletError {
  const code = String((cause as { code?: unknown }).code ?? 'unknown error');
  const [reason, hint] = REASONS[code] ?? [
    `the system answers ${code}`,
    'check the file and the disk it is on',
  ];
  return new WardletError('WL_BAD_FILE', `cannot read ${name}: ${reason}`, { hint, cause });
}
