// pcapng (draft-ietf-opsawg-pcapng): blocks of type, length, body and the length again. Sections begin with their byte order;
// interfaces are numbered within a section. Of a block longer than BUFFER the middle is dropped while it is read: HEAD bytes stay,
// and the length at its end.
import { WardletError } from '../../bindings/js/errors.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_ORIGINAL, FRAME_TIME } from '../../schema/frame.ts';
import { type Capture, MAX_CAPTURED, MORE, StreamedCapture } from './capture.ts';
import { type PcapngInterface, readInterface } from './pcapng-interface.ts';

/** Reads the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
/** Obsolete, still in old files: an Enhanced Packet Block whose interface number has 16 bits. */
const PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;

const BUFFER = 131072;
/** A packet block's 28 bytes, then MAX_CAPTURED of the frame. */
const HEAD = 28 + MAX_CAPTURED;
/** libpcap and Wireshark refuse longer blocks as well. */
const LARGEST_BLOCK = 1 << 24;
/** Of one section; bounds what a hostile file makes us remember. */
const MOST_INTERFACES = 65536;
/** Type, length, body of nothing, length. */
const SMALLEST_BLOCK = 12;
const DAMAGED = 'the file is damaged from there on; editcap can save the packets before it';

/** The target has no room for the next frame. */
const FULL = -2;

export class Pcapng extends StreamedCapture implements Capture {
  readonly format = 'pcapng';
  readonly #buffer = new Uint8Array(BUFFER);
  readonly #view = new DataView(this.#buffer.buffer);
  #from = 0;
  #to = 0;
  #littleEndian = true;
  #interfaces: PcapngInterface[] = [];
  #blocks = 0;
  #frames = 0;
  /** Milliseconds. A Simple Packet Block has no time: it takes that of the frame before it. */
  #latestMs = 0;
  /** Bytes dropped so far out of the middle of the block at #from. */
  #dropped = 0;

  protected begin(target: Uint8Array): number {
    return this.#parse(target);
  }

  protected room(): Uint8Array {
    return this.#buffer.subarray(this.#to);
  }

  protected took(target: Uint8Array, got: number): number {
    if (got === 0) {
      if (this.#from === this.#to) return 0;
      throw this.#cut();
    }
    this.#to += got;
    return this.#parse(target);
  }

  #parse(target: Uint8Array): number {
    let written = 0;
    try {
      for (;;) {
        const end = this.#block(target, written);
        if (end < 0) break;
        written = end;
      }
    } catch (failure) {
      // #block takes nothing before it throws: the next call meets the same fault with nothing before it.
      if (written === 0) throw failure;
    }
    if (written > 0) return written;
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    return MORE;
  }

  /** Takes one block and returns where the next frame goes in target, or MORE, or FULL. */
  #block(target: Uint8Array, at: number): number {
    const view = this.#view;
    const from = this.#from;
    const held = this.#to - from;
    if (held < SMALLEST_BLOCK) return MORE;
    const isSection = view.getUint32(from, true) === SECTION_HEADER;
    const littleEndian = isSection ? this.#byteOrder(from + 8) : this.#littleEndian;
    const length = view.getUint32(from + 4, littleEndian);
    if (length < SMALLEST_BLOCK || length % 4 !== 0 || length > LARGEST_BLOCK) {
      throw this.#broken(`has a length of ${length}`);
    }
    const kept = length <= BUFFER ? length : this.#dropMiddle(length);
    if (this.#to - from < kept) return MORE;
    const repeated = view.getUint32(from + kept - 4, littleEndian);
    if (repeated !== length) {
      throw this.#broken(`begins with a length of ${length} and ends with ${repeated}`);
    }

    let end = at;
    switch (view.getUint32(from, littleEndian)) {
      case SECTION_HEADER:
        this.#section(length, littleEndian);
        break;
      case INTERFACE_DESCRIPTION:
        this.#interface(length);
        break;
      case PACKET:
        end = this.#packet(target, at, length, view.getUint16(from + 8, littleEndian));
        break;
      case ENHANCED_PACKET:
        end = this.#packet(target, at, length, view.getUint32(from + 8, littleEndian));
        break;
      case SIMPLE_PACKET:
        end = this.#simplePacket(target, at, length);
        break;
    }
    if (end === FULL) return FULL;
    this.#blocks++;
    this.#from = from + kept;
    this.#dropped = 0;
    return end;
  }

  /** Of the block at #from, longer than the buffer. Returns the bytes that will stand for it once it has been read whole. */
  #dropMiddle(length: number): number {
    const from = this.#from + HEAD;
    const drop = Math.min(this.#to - from, length - HEAD - 4 - this.#dropped);
    if (drop > 0) {
      this.#buffer.copyWithin(from, from + drop, this.#to);
      this.#to -= drop;
      this.#dropped += drop;
    }
    return length - this.#dropped;
  }

  #byteOrder(at: number): boolean {
    if (this.#view.getUint32(at, true) === BYTE_ORDER) return true;
    if (this.#view.getUint32(at, false) === BYTE_ORDER) return false;
    throw this.#broken('begins a section but names no byte order');
  }

  #section(length: number, littleEndian: boolean): void {
    if (length < 28) throw this.#broken(`has a length of ${length}, too little for a section header`);
    const major = this.#view.getUint16(this.#from + 12, littleEndian);
    if (major !== 1) throw this.#broken(`begins a section of pcapng version ${major}, not 1`);
    this.#littleEndian = littleEndian;
    this.#interfaces = [];
  }

  #interface(length: number): void {
    if (length < 20 || length > BUFFER) throw this.#broken(`describes an interface in ${length} bytes`);
    if (this.#interfaces.length === MOST_INTERFACES) {
      throw this.#broken(`describes more than ${MOST_INTERFACES} interfaces`);
    }
    const block = new DataView(this.#buffer.buffer, this.#from, length);
    const description = readInterface(block, this.#littleEndian);
    this.#interfaces.push(description);
    this.links.add(description.link);
  }

  #packet(target: Uint8Array, at: number, length: number, interfaceNumber: number): number {
    const view = this.#view;
    const from = this.#from;
    const littleEndian = this.#littleEndian;
    if (length < 32) throw this.#broken(`has a length of ${length}, too little for a packet`);
    const captured = view.getUint32(from + 20, littleEndian);
    if (captured > length - 32) {
      throw this.#broken(`claims ${captured} captured bytes, but has room for ${length - 32}`);
    }
    const on = this.#interfaceOf(interfaceNumber);
    const timeMs = on.toMs(view.getUint32(from + 12, littleEndian), view.getUint32(from + 16, littleEndian));
    const original = view.getUint32(from + 24, littleEndian);
    return this.#frame(target, at, from + 28, captured, original, on.link, timeMs);
  }

  #simplePacket(target: Uint8Array, at: number, length: number): number {
    if (length < 16) throw this.#broken(`has a length of ${length}, too little for a packet`);
    const on = this.#interfaceOf(0);
    const original = this.#view.getUint32(this.#from + 8, this.#littleEndian);
    const snapped = on.snapLength === 0 ? original : Math.min(original, on.snapLength);
    const captured = Math.min(snapped, length - 16);
    return this.#frame(target, at, this.#from + 12, captured, original, on.link, this.#latestMs);
  }

  #interfaceOf(number: number): PcapngInterface {
    const found = this.#interfaces[number];
    if (found === undefined) {
      throw this.#broken(`is of interface ${number}, of which the section says nothing`);
    }
    return found;
  }

  #frame(
    target: Uint8Array,
    at: number,
    bytes: number,
    captured: number,
    original: number,
    link: number,
    timeMs: number,
  ): number {
    const kept = Math.min(captured, MAX_CAPTURED);
    const end = at + FRAME_HEADER + kept;
    if (end > target.length) return FULL;
    const header = this.view;
    header.setUint32(at + FRAME_TIME, timeMs >>> 0, true);
    header.setUint32(at + FRAME_TIME + 4, timeMs / 0x1_0000_0000, true);
    header.setUint32(at + FRAME_ORIGINAL, Math.max(original, captured), true);
    // FRAME_CAPTURED and FRAME_LINK in one store.
    header.setUint32(at + FRAME_CAPTURED, kept | (link << 16), true);
    target.set(this.#buffer.subarray(bytes, bytes + kept), at + FRAME_HEADER);
    this.#latestMs = timeMs;
    this.#frames++;
    return end;
  }

  #place(): string {
    const offset = this.source.position - (this.#to - this.#from) - this.#dropped;
    return `block ${this.#blocks + 1} at byte ${offset} (after ${this.#frames} packets)`;
  }

  #broken(fault: string): WardletError {
    return new WardletError('WL_BAD_CAPTURE', `${this.source.name} is broken: ${this.#place()} ${fault}`, {
      hint: DAMAGED,
    });
  }

  #cut(): WardletError {
    return new WardletError('WL_CUT_CAPTURE', `${this.source.name} ends in the middle of ${this.#place()}`, {
      hint: 'the packets before it were read; the capture was cut short or is still being written',
    });
  }
}
