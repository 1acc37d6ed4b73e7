// Reads FlatBuffers that nobody vouches for: every position is checked before it is read, at any alignment, and the
// work is bounded by the length of the message, however its objects point to each other.
//
//   table   | i32 back to its vtable | fields ...
//   vtable  | u16 size of the vtable | u16 size of the table | u16 by field id: where in the table, 0 absent | ...
//   vector  | u32 count | elements ...            string | u32 length | UTF-8 | 0
//   An offset to a table, vector or string is a u32, counted forward from where it stands.

import { WardletError } from '../errors.ts';
import { Lists } from './lists.ts';

const OFFSET = 4;
const VTABLE_HEADER = 4;

/**
 * Bytes of message for each table or struct read. One that no other shares takes 8 (with the offset to it), so twice
 * what an honest message of that length can hold.
 */
const BYTES_PER_OBJECT = 4;
/** Bytes of text read for each byte of message: texts do not overlap, and what shares one reads it once. */
const TEXT_PER_BYTE = 2;
/** Texts that are known again. */
const TEXTS_KNOWN = 1024;

const DAMAGED =
  'check that these are all bytes of one message, unchanged: not cut, not base64, no size prefix';
const OTHER_SCHEMA = 'check that the sender writes this schema, and that the message arrived whole';
const HOSTILE = 'drop the message: its objects point to each other as no encoder makes them';

// A byte order mark is text like any other; what is no UTF-8 becomes U+FFFD.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * One message in a buffer. Positions are absolute in `view`; a position of 0 says that a field is absent. Every method
 * but `decodeText` and `count` checks what it reads; `what` names it in the error.
 * @throws WardletError WL_BAD_MESSAGE, with the byte of the message, from every checking method
 */
export class FlatBufferReader {
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
  /** What is made of vectors. */
  readonly lists = new Lists();
  #objectsLeft: number;
  #textLeft: number;
  /** By position; empty while nobody has decoded it. */
  readonly #texts = new Map<number, string>();

  /** @param start where in `view` the message begins @param length its bytes */
  constructor(view: DataView, start: number, length: number) {
    this.view = view;
    this.start = start;
    this.end = start + length;
    this.#objectsLeft = Math.floor(length / BYTES_PER_OBJECT);
    this.#textLeft = length * TEXT_PER_BYTE;
    if (start < 0 || length < 0 || this.end > view.byteLength) {
      throw new WardletError(
        'WL_BAD_MESSAGE',
        `${length} bytes at ${start} reach over a buffer of ${view.byteLength} bytes`,
        { hint: 'give start and length of one message inside the buffer' },
      );
    }
  }

  /** The root table. */
  root(what: string): number {
    if (this.end - this.start < OFFSET)
      this.fail(what, this.start, 'the message ends before its root offset');
    return this.table(this.start, what);
  }

  /** The table that the offset at `at` points to, its vtable checked. */
  table(at: number, what: string): number {
    const view = this.view;
    const table = this.target(at, what);
    this.charge(1, what, table);
    const size = view.getUint16(this.vtable(table, what) + 2, true);
    if (size > this.end - table) this.cutTable(what, table, size);
    return table;
  }

  /** The vtable of the table at `table`, where 4 bytes can be read: it lies in the message, and can be one. */
  vtable(table: number, what: string): number {
    const view = this.view;
    const vtable = table - view.getInt32(table, true);
    if (vtable < this.start || vtable > this.end - VTABLE_HEADER) {
      this.fail(what, table, 'its vtable lies outside the message');
    }
    const size = view.getUint16(vtable, true);
    if (size < VTABLE_HEADER || (size & 1) !== 0 || size > this.end - vtable) {
      this.fail(what, vtable, `a vtable cannot have ${size} bytes here`);
    }
    const tableSize = view.getUint16(vtable + 2, true);
    if (tableSize < OFFSET) this.fail(what, vtable, `a table cannot have ${tableSize} bytes`);
    return vtable;
  }

  /** Where field `id` of `width` bytes stands; 0 when absent. */
  field(table: number, id: number, width: number, what: string): number {
    const view = this.view;
    const vtable = table - view.getInt32(table, true);
    const slot = VTABLE_HEADER + (id << 1);
    if (slot >= view.getUint16(vtable, true)) return 0;
    const offset = view.getUint16(vtable + slot, true);
    if (offset === 0) return 0;
    if (offset < OFFSET || offset + width > view.getUint16(vtable + 2, true)) {
      this.fail(what, vtable + slot, `${width} bytes at ${offset} lie outside the table`);
    }
    return table + offset;
  }

  /** Like `field`, but absence is an error. */
  required(table: number, id: number, width: number, what: string): number {
    const at = this.field(table, id, width, what);
    if (at === 0) this.fail(what, table, 'it is required, and missing', OTHER_SCHEMA);
    return at;
  }

  u8(table: number, id: number, what: string, absent = 0): number {
    const at = this.field(table, id, 1, what);
    return at === 0 ? absent : this.view.getUint8(at);
  }

  i8(table: number, id: number, what: string, absent = 0): number {
    const at = this.field(table, id, 1, what);
    return at === 0 ? absent : this.view.getInt8(at);
  }

  u16(table: number, id: number, what: string, absent = 0): number {
    const at = this.field(table, id, 2, what);
    return at === 0 ? absent : this.view.getUint16(at, true);
  }

  u32(table: number, id: number, what: string, absent = 0): number {
    const at = this.field(table, id, 4, what);
    return at === 0 ? absent : this.view.getUint32(at, true);
  }

  /** A u64 as a number: exact up to 2^53, the nearest double above. */
  u64(table: number, id: number, what: string, absent = 0): number {
    const at = this.field(table, id, 8, what);
    return at === 0 ? absent : Number(this.view.getBigUint64(at, true));
  }

  /** The first element of a vector of tables or strings, 0 when absent; its count is `count`. */
  offsets(table: number, id: number, what: string): number {
    const at = this.field(table, id, OFFSET, what);
    return at === 0 ? 0 : this.#elements(at, OFFSET, what);
  }

  /** The first element of a vector of structs of `size` bytes, 0 when absent; its count is `count`. */
  structs(table: number, id: number, size: number, what: string): number {
    const at = this.field(table, id, OFFSET, what);
    if (at === 0) return 0;
    const elements = this.#elements(at, size, what);
    this.charge(this.count(elements), what, elements);
    return elements;
  }

  /** The first element of a vector of numbers of `size` bytes, 0 when absent; its count is `count`. */
  numbers(table: number, id: number, size: number, what: string): number {
    const at = this.field(table, id, OFFSET, what);
    if (at === 0) return 0;
    const elements = this.#elements(at, size, what);
    this.charge(Math.ceil((this.count(elements) * size) / BYTES_PER_OBJECT), what, elements);
    return elements;
  }

  /** Elements of the vector that `offsets`, `numbers` or `structs` found; 0 for an absent one. */
  count(elements: number): number {
    return elements === 0 ? 0 : this.view.getUint32(elements - OFFSET, true);
  }

  /** A string field: where its text begins, for `decodeText`; 0 when absent. */
  text(table: number, id: number, what: string): number {
    const at = this.field(table, id, OFFSET, what);
    return at === 0 ? 0 : this.textAt(at, what);
  }

  requiredText(table: number, id: number, what: string): number {
    return this.textAt(this.required(table, id, OFFSET, what), what);
  }

  /** The text that `text` found. Bytes that are no UTF-8 become U+FFFD. */
  decodeText(text: number): string {
    const known = this.#texts.get(text);
    if (known) return known;
    const { buffer, byteOffset } = this.view;
    const decoded = decoder.decode(
      new Uint8Array(buffer, byteOffset + text, this.view.getUint32(text - OFFSET, true)),
    );
    if (known !== undefined) this.#texts.set(text, decoded);
    return decoded;
  }

  /** All of the message has been read once, within its limits: what is read again is not counted. */
  settle(): void {
    this.#objectsLeft = Number.POSITIVE_INFINITY;
    this.#textLeft = Number.POSITIVE_INFINITY;
  }

  /** The text that the offset at `at` points to: where it begins, for `decodeText`. */
  textAt(at: number, what: string): number {
    const text = this.#elements(at, 1, what);
    const length = this.count(text);
    // The terminator is not counted in the length.
    if (text + length === this.end || this.view.getUint8(text + length) !== 0) {
      this.fail(what, text, `a string of ${length} bytes has no terminator`);
    }
    if (this.#texts.has(text)) return text;
    this.#textLeft -= length;
    if (this.#textLeft < 0) this.fail(what, text, 'texts overlap too often', HOSTILE);
    if (this.#texts.size < TEXTS_KNOWN) this.#texts.set(text, '');
    return text;
  }

  /** What the offset at `at` points to: 4 bytes can be read there. */
  target(at: number, what: string): number {
    const offset = this.view.getUint32(at, true);
    // Below 4 it would point into itself.
    if (offset < OFFSET || offset > this.end - at - OFFSET) {
      this.fail(
        what,
        at,
        `an offset of ${offset} points outside the message of ${this.end - this.start} bytes`,
      );
    }
    return at + offset;
  }

  /** Takes tables or structs about to be read off what the length allows. `table` and `structs` do so themselves. */
  charge(objects: number, what: string, at: number): void {
    this.#objectsLeft -= objects;
    if (this.#objectsLeft < 0) this.fail(what, at, 'the same objects are used too often', HOSTILE);
  }

  /** Refuses the message. `at` is absolute in `view`, as everywhere; the error names the byte of the message. */
  fail(what: string, at: number, why: string, hint = DAMAGED): never {
    throw new WardletError('WL_BAD_MESSAGE', `${what} at byte ${at - this.start}: ${why}`, { hint });
  }

  /** Refuses a table that is longer than the message. */
  cutTable(what: string, table: number, size: number): never {
    this.fail(what, table, `a table of ${size} bytes reaches over the end`);
  }

  #elements(at: number, size: number, what: string): number {
    const elements = this.target(at, what) + OFFSET;
    const count = this.view.getUint32(elements - OFFSET, true);
    // A product would be exact, too: 2^32 times 20 is far below 2^53.
    if (count * size > this.end - elements) {
      this.fail(what, elements - OFFSET, `${count} elements of ${size} bytes reach over the end`);
    }
    return elements;
  }
}
