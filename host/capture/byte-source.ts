/** Where a capture's bytes come from: a file, a pipe, a Blob. Reads from beginning to end, once. */
export interface ByteSource {
  /** For messages: what the user called it. */
  readonly name: string;
  /** Bytes in all, where that is known beforehand. */
  readonly size?: number;
  /** Writes between 1 and target.length bytes at the start of `target`; 0 only at the end. One read at a time. */
  read(target: Uint8Array): number | Promise<number>;
  close(): void | Promise<void>;
}
