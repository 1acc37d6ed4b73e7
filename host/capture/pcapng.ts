// pcapng (draft-ietf-opsawg-pcapng): blocks of type, length, body and the length again. Sections begin with their byte order;
// interfaces are numbered within a section. Blocks up to BUFFER bytes are read whole; of a longer one only the beginning is.
import { WardletError } from '../../bindings/js/errors.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_LINK, FRAME_ORIGINAL, FRAME_TIME } from '../../schema/frame.ts';
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

const BUFFER = 65536;
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
  /** Of a block longer than the buffer: bytes to pass over, then the length it must end with; 0: no such block. */
  #skip = 0;
  #longBlock = 0;

  protected begin(target: Uint8Array): number {
    return this.#parse(target);
  }

  protected room(): Uint8Array {
    return this.#buffer.subarray(this.#to);
  }

  protected took(target: Uint8Array, got: number): number {
    if (got === 0) {
      if (this.#from === this.#to && this.#longBlock === 0) return 0;
      throw this.#cut();
    }
    this.#to += got;
    return this.#parse(target);
  }

  #parse(target: Uint8Array): number {
    let written = 0;
    try {
      while (this.#passLongBlock()) {
        const end = this.#block(target, written);
        if (end < 0) break;
        written = end;
      }
    } catch (failure) {
      // #block changes nothing before it throws: the next call meets the same fault with nothing before it.
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
    if (held < Math.min(length, BUFFER)) return MORE;
    if (length <= BUFFER) this.#checkEnd(from + length - 4, length, littleEndian);

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
    if (length <= BUFFER) {
      this.#from = from + length;
    } else {
      const used = Math.min(held, length - 4);
      this.#from = from + used;
      this.#skip = length - 4 - used;
      this.#longBlock = length;
    }
    return end;
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
    const header = new DataView(target.buffer, target.byteOffset + at, FRAME_HEADER);
    header.setUint32(FRAME_TIME, timeMs >>> 0, true);
    header.setUint32(FRAME_TIME + 4, timeMs / 0x1_0000_0000, true);
    header.setUint32(FRAME_ORIGINAL, Math.max(original, captured), true);
    header.setUint16(FRAME_CAPTURED, kept, true);
    header.setUint16(FRAME_LINK, link, true);
    target.set(this.#buffer.subarray(bytes, bytes + kept), at + FRAME_HEADER);
    this.#latestMs = timeMs;
    this.#frames++;
    return end;
  }

  /** Passes over the rest of a block longer than the buffer; false while some of it has still to be read. */
  #passLongBlock(): boolean {
    if (this.#longBlock === 0) return true;
    const passed = Math.min(this.#skip, this.#to - this.#from);
    this.#from += passed;
    this.#skip -= passed;
    if (this.#skip > 0 || this.#to - this.#from < 4) return false;
    this.#checkEnd(this.#from, this.#longBlock, this.#littleEndian);
    this.#from += 4;
    this.#longBlock = 0;
    return true;
  }

  #checkEnd(at: number, length: number, littleEndian: boolean): void {
    const repeated = this.#view.getUint32(at, littleEndian);
    if (repeated !== length)
      throw this.#broken(`begins with a length of ${length} and ends with ${repeated}`);
  }

  #place(): string {
    // While a long block is being passed over, #blocks counts it and #from is inside it.
    const inside = this.#longBlock === 0 ? 0 : this.#longBlock - 4 - this.#skip;
    const offset = this.source.position - (this.#to - this.#from) - inside;
    const number = this.#longBlock === 0 ? this.#blocks + 1 : this.#blocks;
    return `block ${number} at byte ${offset} (after ${this.#frames} packets)`;
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
