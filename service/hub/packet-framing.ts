// Where MQTT packets begin and end in a stream of bytes. A packet that is too long is found out by its first five bytes, before
// anything of it is kept; a packet in pieces is put together here, so that a device which sends single bytes costs their number.

/** MQTT 3.1.1, 2.2.3: a length has at most four bytes. */
const MOST_LENGTH_BYTES = 4;

export type FramingFault = 'too_large' | 'malformed';

/** Whole packets, one after the other, as they were in the stream. */
export type Framed = { readonly packets: Buffer | undefined } | { readonly fault: FramingFault };

const NOTHING: Framed = { packets: undefined };

export class PacketFraming {
  readonly #maxBytes: number;
  /** What the next packet may have. */
  #limit: number;
  #kept = Buffer.alloc(0);
  #length = 0;

  /** Bytes of one packet, header included: of the first, and of each later one. */
  constructor(maxFirstBytes: number, maxBytes: number) {
    this.#limit = maxFirstBytes;
    this.#maxBytes = maxBytes;
  }

  /** Takes what has arrived; after a fault the stream is over. */
  push(chunk: Buffer): Framed {
    const bytes = this.#length === 0 ? chunk : this.#keep(chunk);
    let end = 0;
    while (end < bytes.length) {
      const size = packetBytes(bytes, end);
      if (size === -1) return { fault: 'malformed' };
      if (size > this.#limit) return { fault: 'too_large' };
      if (size === 0 || end + size > bytes.length) break;
      end += size;
      this.#limit = this.#maxBytes;
    }
    if (this.#length === 0) {
      if (end < chunk.length) this.#keep(chunk.subarray(end));
      return end === 0 ? NOTHING : { packets: end === chunk.length ? chunk : chunk.subarray(0, end) };
    }
    if (end === 0) return NOTHING;
    // The packets go out as they lie; what follows them begins a new buffer.
    this.#kept = Buffer.alloc(0);
    this.#length = 0;
    if (end < bytes.length) this.#keep(bytes.subarray(end));
    return { packets: bytes.subarray(0, end) };
  }

  /** Adds to what is kept and returns all of it. */
  #keep(piece: Buffer): Buffer {
    const length = this.#length + piece.length;
    if (length > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, length, 2 * this.#kept.length));
      this.#kept.copy(larger, 0, 0, this.#length);
      this.#kept = larger;
    }
    piece.copy(this.#kept, this.#length);
    this.#length = length;
    return this.#kept.subarray(0, length);
  }
}

/** Size of the packet that begins at `offset`; 0: its header has not all arrived; -1: it has no length. */
export function packetBytes(bytes: Buffer, offset: number): number {
  let remaining = 0;
  for (let index = 0; index < MOST_LENGTH_BYTES; index++) {
    const byte = bytes[offset + 1 + index];
    if (byte === undefined) return 0;
    remaining += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return 1 + index + 1 + remaining;
  }
  return -1;
}
