// Columns of a flow table, read in place: each flow takes its value from the column, or 0 where the column was left out.

import { refuse, varint, varintEnd, varintWidth } from './protobuf-walk.ts';

/** One column; its varints have been checked. */
export abstract class Column {
  protected readonly bytes: Uint8Array;
  protected readonly name: string;
  protected at = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.name = `FlowTable.${name}`;
  }

  get isLeftOut(): boolean {
    return this.bytes.length === 0;
  }

  /** After the last flow: nothing may be left. @throws WardletError WL_BAD_MESSAGE */
  finish(): void {
    if (this.at < this.bytes.length) refuse(this.name, 'it has more than the flows take from it');
  }

  protected end(): never {
    return refuse(this.name, 'it has less than the flows take from it');
  }
}

export class NumberColumn extends Column {
  /** @param type uint32 or uint64 */
  readonly #width: number;

  constructor(bytes: Uint8Array, name: string, type: 'uint32' | 'sint32' | 'uint64' = 'uint32') {
    super(bytes, name);
    this.#width = varintWidth(type);
  }

  /** The next flow's. @throws WardletError WL_BAD_MESSAGE where there is none */
  next(): number {
    if (this.isLeftOut) return 0;
    if (this.at === this.bytes.length) this.end();
    const end = varintEnd(this.bytes, this.at, this.bytes.length, this.#width, this.name);
    const value = varint(this.bytes, this.at, end);
    this.at = end;
    return value;
  }

  /** Whether the flows have not taken all of it. */
  get hasMore(): boolean {
    return this.at < this.bytes.length;
  }

  /** How many numbers there are. */
  count(): number {
    let count = 0;
    // No iterator: it would make an object for every byte.
    for (let at = 0; at < this.bytes.length; at++) if ((this.bytes[at] ?? 0) < 0x80) count++;
    return count;
  }
}

/** A sint32: 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
export function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Of values of `size` bytes each. */
export class BytesColumn extends Column {
  readonly #size: number;

  constructor(bytes: Uint8Array, name: string, size: number) {
    super(bytes, name);
    this.#size = size;
  }

  /** Where the next flow's stands in the column. @throws WardletError WL_BAD_MESSAGE where there is none */
  next(): number {
    const at = this.at;
    if (at + this.#size > this.bytes.length) this.end();
    this.at += this.#size;
    return at;
  }
}
