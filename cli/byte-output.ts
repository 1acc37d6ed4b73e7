// Long output of plain ASCII in pieces, written as bytes: no text is made of a row, so the garbage collector has nothing to do.

import type { Writable } from 'node:stream';
import { formatAddress } from '../bindings/js/address.ts';

const PIECE = 1 << 17;
/** Bytes behind a piece that may be written to: words are written whole. */
const MARGIN = 8;
const WORD = 4;
const ZERO = 0x30;
const POINT = 0x2e;

const encoder = new TextEncoder();

/** A text that is written again and again: in words, which cost as much as bytes do. */
export interface Constant {
  readonly words: Int32Array;
  readonly length: number;
}

/** text: ASCII. */
export function constant(text: string): Constant {
  const bytes = encoder.encode(text);
  const words = new Int32Array(Math.ceil(bytes.length / WORD));
  new Uint8Array(words.buffer).set(bytes);
  return { words, length: bytes.length };
}

/** Before a row comes `reserve` for all of it: the rest does not look whether there is room. */
export class ByteOutput {
  readonly #stream: Writable;
  #bytes = new Uint8Array(PIECE + MARGIN);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Makes room for so many bytes. */
  reserve(length: number): void {
    if (this.#at + length + MARGIN <= this.#bytes.length) return;
    this.end();
    if (length + MARGIN > this.#bytes.length) this.#renew(length);
  }

  /** ASCII. */
  text(text: string): void {
    const bytes = encoder.encode(text);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  constant({ words, length }: Constant): void {
    const view = this.#view;
    const at = this.#at;
    // The last word reaches over the end; what comes next is written over it. Words are little-endian, as everywhere.
    for (let index = 0; index < words.length; index++) {
      view.setInt32(at + index * WORD, words[index] as number, true);
    }
    this.#at = at + length;
  }

  /** 0 to 2^53. */
  number(value: number): void {
    if (value > 0x7fff_ffff) {
      this.text(String(value));
      return;
    }
    this.#at = digits(this.#bytes, this.#at, value | 0);
  }

  /** A number of tenths: 15 is 1.5, 20 is 2. */
  tenths(value: number): void {
    const whole = Math.floor(value / 10);
    this.number(whole);
    if (value === whole * 10) return;
    this.#bytes[this.#at++] = POINT;
    this.#bytes[this.#at++] = ZERO + (value - whole * 10);
  }

  /** 4 or 16 bytes at `from`, as formatAddress has them. */
  address(octets: Uint8Array, from: number, size: number): void {
    if (size !== 4) {
      this.text(formatAddress(octets, from, size));
      return;
    }
    const bytes = this.#bytes;
    let at = digits(bytes, this.#at, octets[from] as number);
    for (let index = from + 1; index < from + 4; index++) {
      bytes[at] = POINT;
      at = digits(bytes, at + 1, octets[index] as number);
    }
    this.#at = at;
  }

  /** Hands over what is left. */
  end(): void {
    if (this.#at === 0) return;
    this.#stream.write(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    // What the stream still has to write must stay as it is; files and pipes have been written.
    if (this.#stream.writableLength > 0) this.#renew(PIECE);
  }

  #renew(length: number): void {
    this.#bytes = new Uint8Array(length + MARGIN);
    this.#view = new DataView(this.#bytes.buffer);
    this.#at = 0;
  }
}

/** Writes a whole number from 0 to 2^31 - 1; returns the end. */
function digits(bytes: Uint8Array, at: number, value: number): number {
  let end = at + 1;
  for (let bound = 10; bound <= value; bound *= 10) end++;
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0;
    bytes[place] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}
