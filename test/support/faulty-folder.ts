// A spool's folder in memory that fails where it is told to, and forgets like a disk whose power is cut.

import type { SpoolFile, SpoolFolder } from '../../host/spool/spool-folder.ts';
import type { SeededRandom } from './seeded-random.ts';

/** A system's code to fail with, or 'crash': from then on nothing is done and nothing answers. */
export type Fault = 'ENOSPC' | 'EIO' | 'EROFS' | 'crash';

interface Content {
  written: Uint8Array;
  synced: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export class FaultyFolder implements SpoolFolder {
  readonly files = new Map<string, Content>();
  /** As of the last sync of the folder. */
  #synced = new Map<string, Content>();
  /** Asked before each operation that changes something. */
  fault: (operation: string) => Fault | undefined = () => undefined;
  operations = 0;
  openFiles = 0;
  crashed = false;
  #crash: () => void = () => undefined;
  /** Settles when the crash comes. */
  readonly crashing = new Promise<undefined>((resolve) => {
    this.#crash = () => resolve(undefined);
  });

  get bytes(): number {
    return [...this.files.values()].reduce((sum, { written }) => sum + written.length, 0);
  }

  async list(): Promise<string[]> {
    await this.#alive();
    return [...this.files.keys()];
  }

  async read(name: string, from = 0, to?: number): Promise<Uint8Array> {
    await this.#alive();
    return this.#content(name).written.slice(from, to);
  }

  async create(name: string): Promise<SpoolFile> {
    await this.#operation('create');
    if (this.files.has(name)) throw systemError('EEXIST');
    this.files.set(name, { written: NOTHING, synced: NOTHING });
    return this.#file(name);
  }

  async open(name: string): Promise<SpoolFile> {
    await this.#alive();
    this.#content(name);
    return this.#file(name);
  }

  async remove(name: string): Promise<void> {
    await this.#operation('remove');
    this.#content(name);
    this.files.delete(name);
  }

  async sync(): Promise<void> {
    await this.#operation('sync folder');
    this.#synced = new Map(this.files);
  }

  crash(): void {
    this.crashed = true;
    this.#crash();
  }

  /** The disk after the process was killed, or after the power was cut: what was not synced is there, or not, or in part. */
  afterCrash(random: SeededRandom, power: boolean): FaultyFolder {
    const next = new FaultyFolder();
    for (const [name, content] of new Map([...this.#synced, ...this.files])) {
      const certain = this.files.has(name) && (!power || this.#synced.has(name));
      if (!certain && (!power || random.once(2))) continue;
      const written = power ? torn(content, random) : content.written;
      next.files.set(name, { written, synced: written });
    }
    next.#synced = new Map(next.files);
    return next;
  }

  #file(name: string): SpoolFile {
    const content = this.#content(name);
    this.openFiles++;
    return {
      write: async (bytes, position) => {
        const fault = await this.#operation('write', () => {
          // As far as it came.
          put(content, bytes.subarray(0, bytes.length >> 1), position);
        });
        if (fault === undefined) put(content, bytes, position);
      },
      truncate: async (length) => {
        await this.#operation('truncate');
        content.written = content.written.slice(0, length);
      },
      sync: async () => {
        await this.#operation('sync');
        content.synced = content.written;
      },
      close: async () => {
        await this.#alive();
        this.openFiles--;
      },
    };
  }

  #content(name: string): Content {
    const content = this.files.get(name);
    if (content === undefined) throw systemError('ENOENT');
    return content;
  }

  async #operation(name: string, failing?: () => void): Promise<undefined> {
    await this.#alive();
    this.operations++;
    const fault = this.fault(name);
    if (fault === undefined) return;
    failing?.();
    if (fault !== 'crash') throw systemError(fault);
    this.crash();
    await this.#alive();
  }

  async #alive(): Promise<void> {
    await undefined;
    if (this.crashed) await new Promise(() => undefined);
  }
}

function put(content: Content, bytes: Uint8Array, position: number): void {
  const written = new Uint8Array(Math.max(content.written.length, position + bytes.length));
  written.set(content.written);
  written.set(bytes, position);
  content.written = written;
}

/** Blocks of what was not synced are as written, or as before with zeros behind; the length is one of the two or between. */
function torn({ written, synced }: Content, random: SeededRandom): Uint8Array {
  const length = random.between(
    Math.min(written.length, synced.length),
    Math.max(written.length, synced.length),
  );
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 128) {
    const end = Math.min(at + 128, length);
    const source = random.once(2) ? written : synced;
    const same = written.slice(at, end).every((byte, index) => byte === synced[at + index]);
    bytes.set((same ? written : source).subarray(at, end), at);
  }
  return bytes;
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
