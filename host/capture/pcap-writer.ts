// Writes classic pcap, version 2.4, in any of its four shapes.

export interface PcapFrame {
  /** Since 1970; a fraction is kept down to the resolution of the file. */
  readonly timeMs: number;
  readonly bytes: Uint8Array;
  /** Bytes on the wire where fewer were captured; default: as many as are given. */
  readonly originalLength?: number;
}

export interface PcapOptions {
  /** LINKTYPE_ of every frame. */
  readonly linkType: number;
  /** Nanosecond timestamps; default microseconds. */
  readonly nanosecond?: boolean;
  /** Default little-endian. */
  readonly bigEndian?: boolean;
  /** Bytes kept of a frame, at most and by default 262,144. */
  readonly snapLength?: number;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const LARGEST_SNAP = 262144;
/** Bytes handed to the sink at a time, about. */
const CHUNK = 262144;

/** Writes record after record into one buffer, and that to a sink whenever it is full. */
export class PcapWriter {
  readonly #sink: (chunk: Uint8Array) => void;
  readonly #littleEndian: boolean;
  readonly #fractionsPerMs: number;
  readonly #snapLength: number;
  readonly #buffer = new Uint8Array(CHUNK + RECORD_HEADER + LARGEST_SNAP);
  readonly #view = new DataView(this.#buffer.buffer);
  #length = FILE_HEADER;

  /** sink: takes the chunk during the call; the memory is used again after it. */
  constructor(sink: (chunk: Uint8Array) => void, options: PcapOptions) {
    const { linkType, nanosecond = false, bigEndian = false, snapLength = LARGEST_SNAP } = options;
    this.#sink = sink;
    this.#littleEndian = !bigEndian;
    this.#fractionsPerMs = nanosecond ? 1_000_000 : 1_000;
    this.#snapLength = Math.min(snapLength, LARGEST_SNAP);
    this.#view.setUint32(0, nanosecond ? 0xa1b23c4d : 0xa1b2c3d4, this.#littleEndian);
    this.#view.setUint16(4, 2, this.#littleEndian);
    this.#view.setUint16(6, 4, this.#littleEndian);
    this.#view.setUint32(16, this.#snapLength, this.#littleEndian);
    this.#view.setUint32(20, linkType, this.#littleEndian);
  }

  /** timeMs: 0 to 2^32 seconds, the year 2106. */
  write(timeMs: number, bytes: Uint8Array, originalLength: number = bytes.length): void {
    if (this.#length > CHUNK) this.#flush();
    const view = this.#view;
    const at = this.#length;
    const captured = Math.min(bytes.length, this.#snapLength);
    let seconds = Math.floor(timeMs / 1000);
    // Rounded: a decimal fraction of a millisecond is seldom a binary one.
    let fraction = Math.round((timeMs - seconds * 1000) * this.#fractionsPerMs);
    if (fraction >= 1000 * this.#fractionsPerMs) {
      fraction = 0;
      seconds++;
    }
    view.setUint32(at, seconds, this.#littleEndian);
    view.setUint32(at + 4, fraction, this.#littleEndian);
    view.setUint32(at + 8, captured, this.#littleEndian);
    view.setUint32(at + 12, Math.max(originalLength, captured), this.#littleEndian);
    this.#buffer.set(captured === bytes.length ? bytes : bytes.subarray(0, captured), at + RECORD_HEADER);
    this.#length = at + RECORD_HEADER + captured;
  }

  /** Hands over what is left. A capture without frames is its file header. */
  end(): void {
    this.#flush();
  }

  #flush(): void {
    if (this.#length > 0) this.#sink(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }
}

/** A whole capture in memory. */
export function pcapBytes(frames: Iterable<PcapFrame>, options: PcapOptions): Uint8Array {
  const chunks: Uint8Array[] = [];
  const writer = new PcapWriter((chunk) => chunks.push(chunk.slice()), options);
  for (const { timeMs, bytes, originalLength } of frames) writer.write(timeMs, bytes, originalLength);
  writer.end();
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
