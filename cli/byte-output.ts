// Long output of plain ASCII in pieces, written as bytes: no text is made of a row, so the garbage collector has nothing to do.

import { formatAddress } from '../bindings/js/address.ts';

const PIECE = 1 << 17;
/** The most that a number takes. */
const NUMBER_MAX = 32;
const ZERO = 0x30;
const POINT = 0x2e;

const encoder = new TextEncoder();

/** A text that is written again and again. ASCII. */
export function constant(text: string): Uint8Array {
  return encoder.encode(text);
}

export class ByteOutput {
  readonly #stream: NodeJS.WritableStream;
  #bytes = new Uint8Array(PIECE);
  #at = 0;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  text(text: string): void {
    this.bytes(constant(text));
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** 0 to 2^53. */
  number(value: number): void {
    if (value > 0x7fff_ffff) {
      this.text(String(value));
      return;
    }
    this.#reserve(NUMBER_MAX);
    this.#at = digits(this.#bytes, this.#at, value | 0);
  }

  /** A number of tenths: 15 is 1.5, 20 is 2. */
  tenths(value: number): void {
    const whole = Math.floor(value / 10);
    this.number(whole);
    if (value === whole * 10) return;
    this.#reserve(2);
    this.#bytes[this.#at++] = POINT;
    this.#bytes[this.#at++] = ZERO + (value - whole * 10);
  }

  /** 4 or 16 bytes at `from`, as formatAddress has them. */
  address(octets: Uint8Array, from: number, size: number): void {
    if (size !== 4) {
      this.text(formatAddress(octets, from, size));
      return;
    }
    this.#reserve(NUMBER_MAX);
    const bytes = this.#bytes;
    let at = digits(bytes, this.#at, octets[from] ?? 0);
    for (let index = from + 1; index < from + 4; index++) {
      bytes[at] = POINT;
      at = digits(bytes, at + 1, octets[index] ?? 0);
    }
    this.#at = at;
  }

  /** Hands over what is left. */
  end(): void {
    if (this.#at === 0) return;
    this.#stream.write(this.#bytes.subarray(0, this.#at));
    // The stream may keep what it was given.
    this.#bytes = new Uint8Array(PIECE);
    this.#at = 0;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    this.end();
    if (length > this.#bytes.length) this.#bytes = new Uint8Array(length);
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
