// Columns of a flow table, read in place: each flow takes its value from the column, or 0 where the column was left out.

import { refuse, varint, varintEnd, varintWidth } from './protobuf-walk.ts';

const HAS_MORE = 0x80;
const SEVEN_BITS = 0x7f;

/** One column: bytes from `at` to before `end`. What it reads is not trusted. */
export abstract class Column {
  protected readonly bytes: Uint8Array;
  protected readonly end: number;
  readonly isLeftOut: boolean;
  /** With its message's, for errors. */
  readonly name: string;
  /** Where the next flow's value begins. */
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number, name: string) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.isLeftOut = at === end;
    this.name = name;
  }

  /** Whether the flows have not taken all of it. */
  get hasMore(): boolean {
    return this.at < this.end;
  }

  /** After the last flow: nothing may be left. @throws WardletError WL_BAD_MESSAGE */
  finish(): void {
    if (this.hasMore) refuse(this.name, 'it has more than the flows take from it');
  }

  protected isShort(): never {
    return refuse(this.name, 'it has less than the flows take from it');
  }
}

export class NumberColumn extends Column {
  readonly #width: number;

  constructor(
    bytes: Uint8Array,
    at: number,
    end: number,
    name: string,
    type: 'uint32' | 'sint32' | 'uint64' = 'uint32',
  ) {
    super(bytes, at, end, name);
    this.#width = varintWidth(type);
  }

  /** The next flow's. @throws WardletError WL_BAD_MESSAGE where there is none */
  next(): number {
    const { at, bytes } = this;
    // Most numbers are of one or two bytes.
    if (at + 1 < this.end) {
      const first = bytes[at] as number;
      if (first < HAS_MORE) {
        this.at = at + 1;
        return first;
      }
      const second = bytes[at + 1] as number;
      if (second < HAS_MORE) {
        this.at = at + 2;
        return (first & SEVEN_BITS) | (second << 7);
      }
    }
    return this.#longer();
  }

  #longer(): number {
    if (this.isLeftOut) return 0;
    if (!this.hasMore) this.isShort();
    const end = varintEnd(this.bytes, this.at, this.end, this.#width, this.name);
    const value = varint(this.bytes, this.at, end);
    this.at = end;
    return value;
  }
}

/** A sint32: 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
export function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Of values of `size` bytes each. */
export class BytesColumn extends Column {
  readonly #size: number;

  constructor(bytes: Uint8Array, at: number, end: number, name: string, size: number) {
    super(bytes, at, end, name);
    this.#size = size;
  }

  /** Where the next flow's stands. @throws WardletError WL_BAD_MESSAGE where there is none */
  next(): number {
    const { at } = this;
    if (at + this.#size > this.end) this.isShort();
    this.at += this.#size;
    return at;
  }
}
