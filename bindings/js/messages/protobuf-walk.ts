// Walks the fields of a protobuf message of schema 3.0 that nobody vouches for, before anything is made of it: what passes
// is whole, and costs its reader no more than the schema says.
//
//   field   | varint: number << 3 | wire type | what the wire type says
//   type    0: varint, 1: 8 bytes, 2: varint length, then as many bytes, 5: 4 bytes

import { PROTOBUF_MESSAGES, type ProtobufField } from '../../../schema/message-3.0.ts';
import { WardletError } from '../errors.ts';

const VARINT = 0;
const EIGHT_BYTES = 1;
const BYTES = 2;
const FOUR_BYTES = 5;

const FLOW_TABLE = 'FlowTable';
const EVENTS_MAX = 256;
/** Messages in repeated fields: events, ports, checks, records. */
const OBJECTS_FREE = 64;
const BYTES_PER_OBJECT = 8;
/** Bytes of a varint of 64 bits; an enum's value below zero takes as many. */
const LONG_VARINT = 10;
const SHORT_VARINT = 5;
const FIELD_NUMBER_MAX = 0x1fffffff;

const DAMAGED = 'check that these are all bytes of one message, unchanged: not cut, not base64';
const OTHER_SCHEMA = 'check that the sender writes this schema, and that the message arrived whole';
const HOSTILE = 'drop the message: no encoder of this schema writes such a one';

/** A field as it stands in the bytes. Valid while it is visited: the next one takes its place. */
export interface FieldRun {
  /** The message it is a field of. */
  readonly message: string;
  readonly number: number;
  /** undefined: of a later schema. */
  readonly field: ProtobufField | undefined;
  readonly wireType: number;
  /** Where its number stands, where its length (or what it holds), what it holds, and the byte behind it. */
  readonly start: number;
  readonly head: number;
  readonly content: number;
  readonly end: number;
}

export interface ProtobufVisitor {
  /** Every field, in order; those of a message after the message. */
  field(run: FieldRun): void;
  /** After the last field of a message. */
  leave?(run: FieldRun): void;
}

/** Refuses a message, or a part of one. */
export function refuse(what: string, why: string, hint = OTHER_SCHEMA): never {
  throw new WardletError('WL_BAD_MESSAGE', `${what}: ${why}`, { hint });
}

/** Checks and visits all fields. @throws WardletError WL_BAD_MESSAGE, with the byte of the message */
export function walkProtobuf(bytes: Uint8Array, visitor: ProtobufVisitor): void {
  new Walk(bytes, visitor).message('Message', 0, bytes.length);
}

/** Where the varint at `at` ends, checked to end before `end`. */
export function varintEnd(bytes: Uint8Array, at: number, end: number, width: number, what: string): number {
  for (let next = at; next < end && next - at < width; ) {
    const byte = bytes[next++] ?? 0;
    if (byte >= 0x80) continue;
    const used = next - at;
    if ((width === SHORT_VARINT && used === width && byte > 0x0f) || (used === LONG_VARINT && byte > 1))
      break;
    return next;
  }
  return refuse(`${what} at byte ${at}`, 'a number is cut, or larger than the schema has it', DAMAGED);
}

/** The varint that ends before `end`: exact up to 2^53, the nearest double above. */
export function varint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let next = end - 1; next >= at; next--) value = value * 128 + ((bytes[next] ?? 0) & 0x7f);
  return value;
}

/** Bytes that a number of the type may take. */
export function varintWidth(type: string): number {
  return type === 'uint64' || type === 'enum' ? LONG_VARINT : SHORT_VARINT;
}

type MutableRun = { -readonly [Key in keyof FieldRun]: FieldRun[Key] };

class Walk {
  readonly #bytes: Uint8Array;
  readonly #visitor: ProtobufVisitor;
  #objectsLeft: number;
  #events = 0;
  readonly #runs: MutableRun[] = [];

  constructor(bytes: Uint8Array, visitor: ProtobufVisitor) {
    this.#bytes = bytes;
    this.#visitor = visitor;
    this.#objectsLeft = OBJECTS_FREE + Math.floor(bytes.length / BYTES_PER_OBJECT);
  }

  message(name: string, start: number, end: number, depth = 0): void {
    // One for each depth: a message of many small fields makes no object for each.
    const run = this.#runs[depth] ?? newRun();
    this.#runs[depth] = run;
    /** A bit for each number that has stood. */
    let seen = 0;
    let oneof = false;
    for (let at = start; at < end; at = run.end) {
      this.#field(name, at, end, run);
      const { field, number } = run;
      if (field === undefined) {
        this.#visitor.field(run);
        continue;
      }
      if (field.repeated === true && isMessage(field)) this.#charge(run, field);
      else {
        if ((seen & (1 << number)) !== 0) this.#fail(run, 'it stands twice', HOSTILE);
        seen |= 1 << number;
      }
      if (field.oneof !== undefined) {
        if (oneof) this.#fail(run, 'the event has a payload already', HOSTILE);
        oneof = true;
      }
      this.#check(run, field);
      this.#visitor.field(run);
      if (isMessage(field)) {
        this.message(field.type, run.content, run.end, depth + 1);
        this.#visitor.leave?.(run);
      }
    }
  }

  #field(message: string, start: number, end: number, run: MutableRun): void {
    const bytes = this.#bytes;
    const head = varintEnd(bytes, start, end, SHORT_VARINT, message);
    const tag = varint(bytes, start, head);
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    const field = PROTOBUF_MESSAGES[message]?.[number];
    run.message = message;
    run.number = number;
    run.field = field;
    run.wireType = wireType;
    run.start = start;
    run.head = head;
    if (number === 0 || number > FIELD_NUMBER_MAX)
      this.#fail(run, 'a field cannot have such a number', DAMAGED);
    const what = field?.name ?? message;
    let content = head;
    let length: number;
    switch (wireType) {
      case VARINT:
        length = varintEnd(bytes, head, end, LONG_VARINT, what) - head;
        break;
      case EIGHT_BYTES:
        length = 8;
        break;
      case BYTES:
        content = varintEnd(bytes, head, end, SHORT_VARINT, what);
        length = varint(bytes, head, content);
        break;
      case FOUR_BYTES:
        length = 4;
        break;
      default:
        this.#fail(run, `there is no wire type ${wireType}`, DAMAGED);
    }
    if (length > end - content) this.#fail(run, `${length} bytes reach over the end of ${message}`, DAMAGED);
    run.content = content;
    run.end = content + length;
  }

  /** A known field: of the wire type the schema says, and numbers that end and fit. */
  #check(run: FieldRun, field: ProtobufField): void {
    const { wireType, content, end } = run;
    const isPlain = isNumber(field) && !field.repeated;
    if (wireType !== (isPlain ? VARINT : BYTES)) {
      this.#fail(run, `wire type ${wireType} is not the schema's`, HOSTILE);
    }
    // The columns of flows are checked where they are read: there is a number for every flow in each.
    if (!isNumber(field) || run.message === FLOW_TABLE) return;
    const width = varintWidth(field.type);
    for (let at = content; at < end; ) at = varintEnd(this.#bytes, at, end, width, field.name);
  }

  #charge(run: FieldRun, { type }: ProtobufField): void {
    if (type === 'Event' && ++this.#events > EVENTS_MAX) {
      this.#fail(run, `there are more than ${EVENTS_MAX}`, HOSTILE);
    }
    if (--this.#objectsLeft < 0) this.#fail(run, 'too many for the length of the message', HOSTILE);
  }

  #fail({ message, number, field, start }: FieldRun, why: string, hint: string): never {
    return refuse(`${message}.${field?.name ?? number} at byte ${start}`, why, hint);
  }
}

function newRun(): MutableRun {
  return { message: '', number: 0, field: undefined, wireType: 0, start: 0, head: 0, content: 0, end: 0 };
}

/** Messages have capital names. */
export function isMessage({ type }: ProtobufField): boolean {
  return type.charCodeAt(0) < 0x61;
}

export function isNumber(field: ProtobufField): boolean {
  return !isMessage(field) && field.type !== 'bytes' && field.type !== 'string';
}
