// Classic pcap (draft-ietf-opsawg-pcap): a file header of 24 bytes, then records of a 16-byte header and the frame.
//
//   0       4          8          12
//   | sec   | fraction | captured | original | bytes ...      u32 each, in the byte order of the writer
//
// A frame for the core has a header of 16 bytes as well (schema/frame.ts). So records are read straight into the core's
// input and only their headers are rewritten: no frame is copied. A gateway's core rewrites them itself, in an eighth of the time.
import { WardletError } from '../../bindings/js/errors.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_ORIGINAL, FRAME_TIME } from '../../schema/frame.ts';
import { type Capture, MAX_CAPTURED, MORE, StreamedCapture } from './capture.ts';
import type { RewindableSource } from './rewindable-source.ts';

export const FILE_HEADER = 24;
/** libpcap's MAXIMUM_SNAPLEN; what claims more is no network capture, or a lie. */
const LARGEST_RECORD = 262144;
const TRIMMED = FRAME_HEADER + MAX_CAPTURED;
const LARGEST_U16 = 0xffff;

export class ClassicPcap extends StreamedCapture implements Capture {
  readonly format = 'pcap';
  readonly #littleEndian: boolean;
  /** Fractions of a second in a millisecond. */
  readonly #fractionsPerMs: number;
  readonly #link: number;
  #filled = 0;
  /** Bytes of a trimmed record still to be passed over. */
  #skip = 0;
  #records = 0;

  /** header: the first 24 bytes of the file, already recognised. */
  constructor(source: RewindableSource, header: Uint8Array, littleEndian: boolean, nanosecond: boolean) {
    super(source);
    const view = new DataView(header.buffer, header.byteOffset, FILE_HEADER);
    const major = view.getUint16(4, littleEndian);
    const minor = view.getUint16(6, littleEndian);
    if (major !== 2 || minor !== 4) {
      throw new WardletError(
        'WL_BAD_CAPTURE',
        `${source.name} is pcap of version ${major}.${minor}, not 2.4`,
        {
          hint: 'convert it: editcap -F pcap old.pcap new.pcap',
        },
      );
    }
    this.#littleEndian = littleEndian;
    this.#fractionsPerMs = nanosecond ? 1_000_000 : 1_000;
    // The upper 16 bits tell of the frame check sequence.
    this.#link = view.getUint32(20, littleEndian) & LARGEST_U16;
    this.links.add(this.#link);
  }

  protected begin(): number {
    this.#filled = 0;
    this.#skip = 0;
    return MORE;
  }

  protected room(target: Uint8Array): Uint8Array {
    if (this.#skip > 0) return target.subarray(TRIMMED, TRIMMED + this.#skip);
    return this.#filled === 0 ? target : target.subarray(this.#filled);
  }

  protected took(target: Uint8Array, got: number): number {
    if (this.#skip > 0) {
      if (got === 0) throw this.#cut(FRAME_HEADER + this.view.getUint32(8, this.#littleEndian) - this.#skip);
      this.#skip -= got;
      return this.#skip > 0 ? MORE : this.#trimmed();
    }
    if (got === 0) {
      if (this.#filled === 0) return 0;
      throw this.#cut(this.#filled);
    }
    this.#filled += got;
    const end = this.#rewrite(target.length);
    if (end === 0) return this.#first(target);
    if (end < this.#filled) this.source.unread(target.subarray(end, this.#filled));
    return end;
  }

  /** Turns record headers into frame headers, up to the first record that is cut or too large. Returns where that is. */
  #rewrite(length: number): number {
    const filled = this.#filled;
    const littleEndian = this.#littleEndian;
    if (this.rewriter && littleEndian && length > TRIMMED) {
      const done = this.rewriter(filled, this.#link, this.#fractionsPerMs === 1_000_000);
      if (done) {
        this.#records += done.records;
        return done.end;
      }
    }
    const view = this.view;
    const fractionsPerMs = this.#fractionsPerMs;
    const link = this.#link;
    const largest = Math.min(LARGEST_U16, length - FRAME_HEADER);
    let records = 0;
    let at = 0;
    while (filled - at >= FRAME_HEADER) {
      const captured = view.getUint32(at + 8, littleEndian);
      if (captured > largest) break;
      const next = at + FRAME_HEADER + captured;
      if (next > filled) break;
      const seconds = view.getUint32(at, littleEndian);
      const fraction = view.getUint32(at + 4, littleEndian);
      const original = view.getUint32(at + 12, littleEndian);
      const timeMs = seconds * 1000 + ((fraction / fractionsPerMs) >>> 0);
      view.setUint32(at + FRAME_TIME, timeMs >>> 0, true);
      view.setUint32(at + FRAME_TIME + 4, timeMs / 0x1_0000_0000, true);
      view.setUint32(at + FRAME_ORIGINAL, Math.max(original, captured), true);
      // FRAME_CAPTURED and FRAME_LINK in one store.
      view.setUint32(at + FRAME_CAPTURED, captured | (link << 16), true);
      records++;
      at = next;
    }
    this.#records += records;
    return at;
  }

  /** The first record of the target is not whole: there is more to come, or it is one to trim, or one that lies. */
  #first(target: Uint8Array): number {
    if (this.#filled < FRAME_HEADER) return MORE;
    const view = this.view;
    const captured = view.getUint32(8, this.#littleEndian);
    if (captured > LARGEST_RECORD) {
      throw new WardletError(
        'WL_BAD_CAPTURE',
        `${this.source.name} is broken: record ${this.#records + 1} at byte ${this.#offset(this.#filled)} claims ${captured} captured bytes, more than any capture holds (${LARGEST_RECORD})`,
        { hint: 'the file is damaged from there on; editcap can save the records before it' },
      );
    }
    if (captured <= Math.min(LARGEST_U16, target.length - FRAME_HEADER) || this.#filled < TRIMMED)
      return MORE;

    const rest = captured - MAX_CAPTURED;
    const here = Math.min(rest, this.#filled - TRIMMED);
    if (here < rest) {
      this.#skip = rest - here;
      this.#filled = TRIMMED;
      return MORE;
    }
    if (TRIMMED + rest < this.#filled) {
      this.source.unread(target.subarray(TRIMMED + rest, this.#filled));
    }
    return this.#trimmed();
  }

  #trimmed(): number {
    const view = this.view;
    const captured = view.getUint32(8, this.#littleEndian);
    const original = Math.max(captured, view.getUint32(12, this.#littleEndian));
    view.setUint32(8, MAX_CAPTURED, this.#littleEndian);
    this.#filled = TRIMMED;
    this.#rewrite(TRIMMED);
    view.setUint32(FRAME_ORIGINAL, original, true);
    return TRIMMED;
  }

  /** Of the first record in the target, of which `held` bytes have been read. */
  #offset(held: number): number {
    return this.source.position - held;
  }

  #cut(held: number): WardletError {
    const offset = this.#offset(held);
    return new WardletError(
      'WL_CUT_CAPTURE',
      `${this.source.name} ends in the middle of record ${this.#records + 1}, which begins at byte ${offset}`,
      {
        hint: `the ${this.#records} records before it were read; the capture was cut short or is still being written`,
      },
    );
  }
}
