// The records of a segment file, one after the other. Little-endian; f64 is an integer in a double.
//
//   0   4  the segment's marker (segment.ts): where a record begins, for a reader that has lost its way
//   4   4  u32, CRC-32 of the record from byte 8 to its end
//   8   4  u32, bytes from byte 12 to its end
//  12   1  kind: 1 message, 2 state
// message:
//  13   1  format: 0 "2.3", 1 "3.0-flatbuffers", 2 "3.0-protobuf"
//  14   8  f64, id
//  22   8  f64, enqueued, ms since 1970 on the host's clock
//  30   8  f64, waiting since, ms on the spool's own time (waiting-time.ts)
//  38   8  f64, sequence
//  46  16  boot id
//  62      the message
// state, first in every segment and whenever it changes; a later one holds:
//  13   8  f64, floor: messages with lower ids were delivered or given up
//  21  40  f64 each: given up by age, messages and bytes; given up by size, messages and bytes; lost to damage, messages
//  61  16  each: f64 first id, f64 count: ids delivered, or lost and counted, since the state before

import { WardletError } from '../../bindings/js/errors.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import { uuidText } from '../../bindings/js/uuid.ts';
import type { OutgoingMessage } from '../transport/transport.ts';
import { crc32 } from './crc32.ts';

export const MESSAGE_OVERHEAD = 62;
const STATE_LENGTH = 61;
const RANGE_LENGTH = 16;
const KIND_MESSAGE = 1;
const KIND_STATE = 2;
const FORMATS: readonly MessageFormat[] = ['2.3', '3.0-flatbuffers', '3.0-protobuf'];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** [first id, count] */
export type IdRange = readonly [first: number, count: number];

export interface SpoolState {
  readonly floor: number;
  readonly ageMessages: number;
  readonly ageBytes: number;
  readonly sizeMessages: number;
  readonly sizeBytes: number;
  readonly damagedMessages: number;
}

export const NO_STATE: SpoolState = {
  floor: 0,
  ageMessages: 0,
  ageBytes: 0,
  sizeMessages: 0,
  sizeBytes: 0,
  damagedMessages: 0,
};

export interface MessageRecord {
  readonly id: number;
  readonly enqueuedMs: number;
  readonly waitingSince: number;
  readonly message: OutgoingMessage;
}

/** What stands at [offset, end) of the bytes scanned. */
export type ScannedRecord = { readonly offset: number; readonly end: number } & (
  | {
      readonly kind: 'message';
      readonly id: number;
      readonly enqueuedMs: number;
      readonly waitingSince: number;
    }
  | { readonly kind: 'state'; readonly state: SpoolState; readonly ranges: readonly IdRange[] }
  | { readonly kind: 'unknown' }
);

/** Throws WL_BAD_OPTION for what cannot be written down. */
export function checkMessage({ bootId, sequence, format }: OutgoingMessage): void {
  if (UUID.test(bootId) && Number.isSafeInteger(sequence) && FORMATS.includes(format)) return;
  throw new WardletError(
    'WL_BAD_OPTION',
    `a message of boot "${bootId}", sequence ${sequence}, format "${format}"`,
    {
      hint: 'a boot id is a UUID in lower case, a sequence a whole number, a format one of the three',
    },
  );
}

export function messageRecord(marker: number, record: MessageRecord): Uint8Array {
  const { bootId, sequence, format, bytes } = record.message;
  const [out, view] = begin(MESSAGE_OVERHEAD + bytes.length, KIND_MESSAGE);
  out[13] = FORMATS.indexOf(format);
  view.setFloat64(14, record.id, true);
  view.setFloat64(22, record.enqueuedMs, true);
  view.setFloat64(30, record.waitingSince, true);
  view.setFloat64(38, sequence, true);
  const digits = bootId.replaceAll('-', '');
  for (let index = 0; index < 16; index++) {
    out[46 + index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16);
  }
  out.set(bytes, MESSAGE_OVERHEAD);
  return finish(out, view, marker);
}

export function stateLength(ranges: readonly IdRange[]): number {
  return STATE_LENGTH + RANGE_LENGTH * ranges.length;
}

export function stateRecord(marker: number, state: SpoolState, ranges: readonly IdRange[]): Uint8Array {
  const [out, view] = begin(stateLength(ranges), KIND_STATE);
  const { floor, ageMessages, ageBytes, sizeMessages, sizeBytes, damagedMessages } = state;
  [floor, ageMessages, ageBytes, sizeMessages, sizeBytes, damagedMessages, ...ranges.flat()].forEach(
    (value, index) => {
      view.setFloat64(13 + 8 * index, value, true);
    },
  );
  return finish(out, view, marker);
}

function begin(length: number, kind: number): [Uint8Array, DataView] {
  const out = new Uint8Array(length);
  out[12] = kind;
  return [out, new DataView(out.buffer)];
}

function finish(out: Uint8Array, view: DataView, marker: number): Uint8Array {
  view.setUint32(0, marker, true);
  view.setUint32(8, out.length - 12, true);
  view.setUint32(4, crc32(out, 8), true);
  return out;
}

/** Every whole record. Bytes that make none are stepped over to the next marker. */
export function* scan(bytes: Uint8Array, marker: number): Generator<ScannedRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = 0; offset < bytes.length; ) {
    const end = recordEnd(bytes, view, offset, marker);
    if (end === 0) {
      offset = nextMarker(bytes, view, offset + 1, marker);
      continue;
    }
    yield { offset, end, ...contentOf(view, offset, end) };
    offset = end;
  }
}

/** The message of the record at the beginning of the bytes; undefined where it is damaged. */
export function readMessage(bytes: Uint8Array, marker: number): MessageRecord | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = recordEnd(bytes, view, 0, marker);
  if (end === 0) return undefined;
  const content = contentOf(view, 0, end);
  if (content.kind !== 'message') return undefined;
  const format = FORMATS[view.getUint8(13)];
  if (format === undefined) return undefined;
  const { id, enqueuedMs, waitingSince } = content;
  const message = {
    bootId: uuidText(bytes, 46),
    sequence: view.getFloat64(38, true),
    format,
    bytes: bytes.slice(MESSAGE_OVERHEAD, end),
  };
  return { id, enqueuedMs, waitingSince, message };
}

/** 0: no whole record begins here. */
function recordEnd(bytes: Uint8Array, view: DataView, offset: number, marker: number): number {
  if (offset + 13 > bytes.length || view.getUint32(offset, true) !== marker) return 0;
  const end = offset + 12 + view.getUint32(offset + 8, true);
  if (end < offset + 13 || end > bytes.length) return 0;
  return crc32(bytes, offset + 8, end) === view.getUint32(offset + 4, true) ? end : 0;
}

type Content =
  | { kind: 'message'; id: number; enqueuedMs: number; waitingSince: number }
  | { kind: 'state'; state: SpoolState; ranges: IdRange[] }
  | { kind: 'unknown' };

function contentOf(view: DataView, offset: number, end: number): Content {
  const kind = view.getUint8(offset + 12);
  const number = (at: number) => view.getFloat64(offset + at, true);
  if (kind === KIND_MESSAGE && end - offset >= MESSAGE_OVERHEAD) {
    return { kind: 'message', id: number(14), enqueuedMs: number(22), waitingSince: number(30) };
  }
  if (kind !== KIND_STATE || end - offset < STATE_LENGTH) return { kind: 'unknown' };
  const state = {
    floor: number(13),
    ageMessages: number(21),
    ageBytes: number(29),
    sizeMessages: number(37),
    sizeBytes: number(45),
    damagedMessages: number(53),
  };
  const ranges: IdRange[] = [];
  for (let at = STATE_LENGTH; offset + at + RANGE_LENGTH <= end; at += RANGE_LENGTH) {
    ranges.push([number(at), number(at + 8)]);
  }
  return { kind: 'state', state, ranges };
}

function nextMarker(bytes: Uint8Array, view: DataView, from: number, marker: number): number {
  for (let at = from; ; at++) {
    at = bytes.indexOf(marker & 255, at);
    if (at < 0 || at + 4 > bytes.length) return bytes.length;
    if (view.getUint32(at, true) === marker) return at;
  }
}
