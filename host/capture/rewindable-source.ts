import type { ByteSource } from './byte-source.ts';

/** A source that takes back what was read last, so that a record cut by the end of a buffer is read again whole. */
export class RewindableSource {
  readonly name: string;
  /** Bytes handed out and not taken back. */
  position = 0;
  readonly #source: ByteSource;
  /** What was taken back stands in #kept[#from, #to); what stands before #from has been handed out again. */
  #kept = new Uint8Array(4096);
  #from = 0;
  #to = 0;

  constructor(source: ByteSource) {
    this.name = source.name;
    this.#source = source;
  }

  read(target: Uint8Array): number | Promise<number> {
    if (this.#from < this.#to) {
      const count = Math.min(this.#to - this.#from, target.length);
      target.set(this.#kept.subarray(this.#from, this.#from + count));
      this.#from += count;
      this.position += count;
      return count;
    }
    const got = this.#source.read(target);
    if (typeof got !== 'number') return this.#count(got);
    this.position += got;
    return got;
  }

  async #count(pending: Promise<number>): Promise<number> {
    const got = await pending;
    this.position += got;
    return got;
  }

  /** bytes: the last ones read, unchanged. */
  unread(bytes: Uint8Array): void {
    this.position -= bytes.length;
    if (this.#from < this.#to) {
      // Not all of #kept has been read again, so these bytes came from it and stand there still.
      this.#from -= bytes.length;
      return;
    }
    if (bytes.length > this.#kept.length) this.#kept = new Uint8Array(bytes.length);
    this.#kept.set(bytes);
    this.#from = 0;
    this.#to = bytes.length;
  }

  close(): void | Promise<void> {
    return this.#source.close();
  }
}
