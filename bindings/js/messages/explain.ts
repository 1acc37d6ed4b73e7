// What every byte of a message is for: to learn the format, to compare encoders, to see what a device really sent.

import { formatAddress } from '../address.ts';
import { uuidText } from '../uuid.ts';
import { ByteCover, type ByteRun } from './byte-cover.ts';
import type { ByteMeaning } from './byte-meaning.ts';
import { decodeMessage23 } from './decode-2.3.ts';
import { decodeFlatBuffers30 } from './decode-3.0-flatbuffers.ts';
import { explainProtobuf30 } from './explain-3.0-protobuf.ts';
import {
  type FieldShape,
  type Member,
  SCALAR_BYTES,
  SCHEMA_2_3,
  type ScalarKind,
  type SchemaShape,
  type TableShape,
  UNKNOWN_PAYLOAD,
} from './explain-schema-2.3.ts';
import { SCHEMA_3_0 } from './explain-schema-3.0.ts';
import { FlatBufferReader } from './flatbuffer-reader.ts';
import { type MessageFormat, nameOf, versionText } from './security-message.ts';

export type { ByteMeaning } from './byte-meaning.ts';

const OFFSET = 4;
const VTABLE_HEADER = 4;
/** Nothing in the schema is aligned to more than 8 bytes. */
const PADDING_MAX = 7;

/**
 * Explains a message: every byte once, in order, without gaps. What several objects of FlatBuffers share (a vtable, say)
 * is explained at the first one that uses it; what nothing points to is `unreferenced`.
 *
 * @throws WardletError WL_BAD_MESSAGE for what decodeMessage refuses
 */
export function explainMessage(bytes: Uint8Array, format: MessageFormat = '2.3'): readonly ByteMeaning[] {
  if (format === '3.0-protobuf') return explainProtobuf30(bytes);
  if (format === '3.0-flatbuffers') {
    decodeFlatBuffers30(bytes);
    return new Explanation(bytes, SCHEMA_3_0).all();
  }
  decodeMessage23(bytes);
  return new Explanation(bytes, SCHEMA_2_3).all();
}

class Explanation {
  readonly #bytes: Uint8Array;
  readonly #schema: SchemaShape;
  readonly #reader: FlatBufferReader;
  readonly #cover: ByteCover;
  readonly #meanings: ByteMeaning[] = [];
  /** Objects explained: kind and position. */
  readonly #done = new Set<string>();

  constructor(bytes: Uint8Array, schema: SchemaShape) {
    this.#bytes = bytes;
    this.#schema = schema;
    this.#reader = new FlatBufferReader(
      new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      0,
      bytes.length,
    );
    this.#cover = new ByteCover(bytes.length);
  }

  all(): readonly ByteMeaning[] {
    const { message } = this.#schema;
    this.#table(0, message.name, message);
    for (const run of this.#cover.claim(0, this.#bytes.length)) {
      const isPadding = run.length <= PADDING_MAX && this.#isZero(run);
      this.#add(run, '', isPadding ? 'padding' : 'unreferenced');
    }
    return this.#meanings.sort((one, other) => one.offset - other.offset);
  }

  /** The table that the offset at `at` points to. */
  #table(at: number, path: string, shape: TableShape): void {
    const table = this.#reader.table(at, shape.name);
    this.#claim(at, OFFSET, path, `where the table ${shape.name} begins`, table);
    if (!this.#isNew(shape.name, table)) return;
    const view = this.#reader.view;
    const vtable = table - view.getInt32(table, true);
    this.#claim(table, OFFSET, path, `where the vtable of ${shape.name} begins`, vtable);
    const hasMore = this.#vtable(vtable, path, shape);
    shape.fields.forEach((field, id) => {
      this.#field(table, id, `${path}.${field.name}`, field);
    });
    // What no field has claimed.
    for (const run of this.#cover.claim(table, view.getUint16(vtable + 2, true))) {
      const meaning = hasMore
        ? 'a field that this schema does not have, or padding'
        : this.#isZero(run)
          ? 'padding'
          : 'no field of the table';
      this.#add(run, path, meaning);
    }
  }

  /** Returns whether it has fields that the schema does not. */
  #vtable(vtable: number, path: string, shape: TableShape): boolean {
    const view = this.#reader.view;
    const size = view.getUint16(vtable, true);
    const known = Math.min(shape.fields.length, (size - VTABLE_HEADER) / 2);
    const unknown = vtable + VTABLE_HEADER + known * 2;
    const owner = `vtable of ${shape.name}`;
    if (this.#isNew(owner, vtable)) {
      this.#claim(vtable, 2, path, `${owner}: its size`, size);
      this.#claim(vtable + 2, 2, path, `${owner}: size of the table`, view.getUint16(vtable + 2, true));
      shape.fields.slice(0, known).forEach((field, id) => {
        const at = vtable + VTABLE_HEADER + id * 2;
        const offset = view.getUint16(at, true);
        if (offset === 0) this.#claim(at, 2, path, `${owner}: no ${field.name}`);
        else this.#claim(at, 2, path, `${owner}: where in the table ${field.name} stands`, offset);
      });
      this.#claim(unknown, vtable + size - unknown, path, `${owner}: fields that this schema does not have`);
    }
    return unknown < vtable + size;
  }

  #field(table: number, id: number, path: string, field: FieldShape): void {
    const reader = this.#reader;
    switch (field.type) {
      case 'scalar':
        this.#struct(reader.field(table, id, bytesOf([field.member]), path), path, [field.member]);
        break;
      case 'struct':
        this.#struct(reader.field(table, id, bytesOf(field.members), path), path, field.members);
        break;
      case 'structs': {
        const size = bytesOf(field.members);
        const elements = reader.structs(table, id, size, path);
        const count = this.#vector(reader.field(table, id, OFFSET, path), elements, path);
        for (let index = 0; index < count; index++) {
          this.#struct(elements + index * size, `${path}[${index}]`, field.members);
        }
        break;
      }
      case 'numbers': {
        const size = bytesOf([field.member]);
        const elements = reader.numbers(table, id, size, path);
        const count = this.#vector(reader.field(table, id, OFFSET, path), elements, path);
        for (let index = 0; index < count; index++) {
          this.#struct(elements + index * size, `${path}[${index}]`, [field.member]);
        }
        break;
      }
      case 'addresses': {
        const kind = reader.u8(table, field.isV6, path) ? 'address16' : 'address4';
        const size = SCALAR_BYTES[kind];
        const elements = reader.numbers(table, id, 1, path);
        const count = this.#vector(reader.field(table, id, OFFSET, path), elements, path) / size;
        for (let index = 0; index < count; index++) {
          const member: Member = { name: '', meaning: field.meaning, kind };
          this.#struct(elements + index * size, `${path}[${index}]`, [member]);
        }
        break;
      }
      case 'text':
        this.#text(reader.field(table, id, OFFSET, path), path, field.meaning);
        break;
      case 'table': {
        const at = reader.field(table, id, OFFSET, path);
        if (at !== 0) this.#table(at, path, field.table);
        break;
      }
      case 'tables': {
        const elements = reader.offsets(table, id, path);
        const count = this.#vector(reader.field(table, id, OFFSET, path), elements, path);
        for (let index = 0; index < count; index++) {
          this.#table(elements + index * OFFSET, `${path}[${index}]`, field.table);
        }
        break;
      }
      case 'payload': {
        const at = reader.field(table, id, OFFSET, path);
        this.#table(at, path, this.#schema.payloads.get(reader.u8(table, id - 1, path)) ?? UNKNOWN_PAYLOAD);
        break;
      }
    }
  }

  /** Returns how many elements are to be explained: none where the vector has been explained already. */
  #vector(at: number, elements: number, path: string): number {
    if (at === 0) return 0;
    const count = this.#reader.count(elements);
    this.#claim(at, OFFSET, path, 'where the vector begins', elements - OFFSET);
    this.#claim(elements - OFFSET, OFFSET, path, 'number of elements', count);
    return count;
  }

  #text(at: number, path: string, meaning: string): void {
    if (at === 0) return;
    const text = this.#reader.textAt(at, path);
    const length = this.#reader.count(text);
    this.#claim(at, OFFSET, path, 'where the text begins', text - OFFSET);
    if (!this.#isNew('text', text)) return;
    this.#claim(text - OFFSET, OFFSET, path, 'length of the text', length);
    this.#claim(text, length, path, meaning, this.#reader.decodeText(text));
    this.#claim(text + length, 1, path, 'end of the text');
  }

  #struct(struct: number, path: string, members: readonly Member[]): void {
    if (struct === 0) return;
    let at = struct;
    for (const member of members) {
      const length = bytesOf([member]);
      const name = member.name === '' ? path : `${path}.${member.name}`;
      if (member.kind === 'padding') this.#claim(at, length, name, member.meaning);
      else this.#claim(at, length, name, member.meaning, this.#value(at, member.kind, member.names));
      at += length;
    }
  }

  #value(at: number, kind: ScalarKind, names: readonly string[] | undefined): string | number {
    const number = this.#number(at, kind);
    if (typeof number === 'string' || !names) return number;
    return nameOf(names, number);
  }

  #number(at: number, kind: ScalarKind): string | number {
    const view = this.#reader.view;
    switch (kind) {
      case 'u8':
        return view.getUint8(at);
      case 'i8':
        return view.getInt8(at);
      case 'u16':
        return view.getUint16(at, true);
      case 'u32':
        return view.getUint32(at, true);
      case 'u64':
        return Number(view.getBigUint64(at, true));
      case 'version':
        return versionText(view.getUint32(at, true));
      case 'uuid':
        return uuidText(this.#bytes, at);
      case 'address4':
      case 'address16':
        return formatAddress(this.#bytes, at, SCALAR_BYTES[kind]);
    }
  }

  #isZero({ offset, length }: ByteRun): boolean {
    return this.#bytes.subarray(offset, offset + length).every((byte) => byte === 0);
  }

  #isNew(kind: string, at: number): boolean {
    const key = `${at} ${kind}`;
    if (this.#done.has(key)) return false;
    this.#done.add(key);
    return true;
  }

  /** Explains what no earlier claim has; objects of an honest message never overlap. */
  #claim(offset: number, length: number, path: string, meaning: string, value?: string | number): void {
    for (const run of this.#cover.claim(offset, length)) {
      const words = run.length === length ? meaning : `part of: ${meaning}`;
      this.#add(run, path, words, value);
    }
  }

  #add({ offset, length }: ByteRun, path: string, meaning: string, value?: string | number): void {
    this.#meanings.push(
      value === undefined ? { offset, length, path, meaning } : { offset, length, path, meaning, value },
    );
  }
}

function bytesOf(members: readonly Member[]): number {
  return members.reduce((sum, { kind }) => sum + (kind === 'padding' ? 1 : SCALAR_BYTES[kind]), 0);
}
