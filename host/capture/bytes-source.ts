// A capture in memory or behind a Blob (a dropped or chosen file). Nothing of Node in here: the page uses it.
import { WardletError } from '../../bindings/js/errors.ts';
import type { ByteSource } from './byte-source.ts';

/** Bytes taken from a Blob at a time: each slice costs a task of the event loop. */
const BLOB_PIECE = 1 << 20;

/** The bytes are not copied: they must not change while they are read. Reading a Blob may fail with WL_BAD_FILE. */
export function bytesSource(content: Uint8Array | Blob, name = 'capture'): ByteSource {
  return content instanceof Uint8Array ? new ArraySource(content, name) : new BlobSource(content, name);
}

class ArraySource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.name = name;
    this.size = bytes.length;
    this.#bytes = bytes;
  }

  read(target: Uint8Array): number {
    const end = Math.min(this.#bytes.length, this.#at + target.length);
    const count = end - this.#at;
    target.set(this.#bytes.subarray(this.#at, end));
    this.#at = end;
    return count;
  }

  close(): void {}
}

class BlobSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #blob: Blob;
  #piece = new ArraySource(new Uint8Array(0), '');
  #at = 0;

  constructor(blob: Blob, name: string) {
    this.name = name;
    this.size = blob.size;
    this.#blob = blob;
  }

  read(target: Uint8Array): number | Promise<number> {
    const count = this.#piece.read(target);
    return count > 0 || this.#at >= this.size ? count : this.#nextPiece(target);
  }

  async #nextPiece(target: Uint8Array): Promise<number> {
    let piece: ArrayBuffer;
    try {
      piece = await this.#blob.slice(this.#at, this.#at + BLOB_PIECE).arrayBuffer();
    } catch (cause) {
      // A File of a browser stands for a file on disk that may have changed or gone since.
      throw new WardletError(
        'WL_BAD_FILE',
        `cannot read ${this.name}: it has changed or gone since it was chosen`,
        {
          hint: 'choose it again',
          cause,
        },
      );
    }
    this.#at += piece.byteLength;
    this.#piece = new ArraySource(new Uint8Array(piece), '');
    return this.#piece.read(target);
  }

  close(): void {
    this.#piece = new ArraySource(new Uint8Array(0), '');
    this.#at = this.size;
  }
}
