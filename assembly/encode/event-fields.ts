// The fields of events that a host hands in, by kind, in the order of schema/event-block.ts, and what they are in either encoding: one walk
// serves to check an item, to size it and to write it.

import {
  EVENT_KIND_BASELINE,
  EVENT_KIND_DETECTION,
  EVENT_KIND_LISTENING_PORTS,
  EVENT_KIND_LOG,
  EVENT_KIND_PROCESS,
  EVENT_KIND_STATISTICS,
} from '../../schema/event-block';
import { isUtf8 } from '../utf8';

// A field, as a number: u8 type, u8 bound, u8 id in FlatBuffers, u8 number in protobuf. The widest of a table come first, so that each
// is aligned.
/** Behind the last one. */
export const NO_FIELD: u32 = 0;
/** bound: the largest value. */
export const ENUM: u32 = 1;
/** bound: ANY, NOT_ZERO or SHORT. */
export const U32: u32 = 2;
export const U64: u32 = 3;
/** bound: NOT_ZERO where it is never absent. */
export const TEXT: u32 = 4;
/** bound: NOT_ZERO for one address, ANY for several. */
const OCTETS: u32 = 5;
export const PORTS: u32 = 6;

const ANY: u32 = 0;
/** Of a number: left out of protobuf where it is 1. */
const NOT_ZERO: u32 = 1;
/** At most 16 bits. */
const SHORT: u32 = 2;

export function typeOf(field: u32): u32 {
  return field & 0xff;
}

export function idOf(field: u32): u32 {
  return (field >> 16) & 0xff;
}

export function numberOf(field: u32): u32 {
  return field >> 24;
}

/** The field `index` of an item; NO_FIELD behind the last one, and of a kind that there is not. */
export function fieldAt(kind: u32, index: u32): u32 {
  switch (kind) {
    case EVENT_KIND_LISTENING_PORTS:
      return portField(index);
    case EVENT_KIND_BASELINE:
      return checkField(index);
    case EVENT_KIND_PROCESS:
      return processField(index);
    case EVENT_KIND_LOG:
      return recordField(index);
    case EVENT_KIND_STATISTICS:
      return index === 0 ? field(U32, ANY, 0, 0) : NO_FIELD;
    case EVENT_KIND_DETECTION:
      return detectionField(index);
    default:
      return NO_FIELD;
  }
}

export function isList(kind: u32): bool {
  return kind === EVENT_KIND_LISTENING_PORTS || kind === EVENT_KIND_BASELINE || kind === EVENT_KIND_LOG;
}

/** Bytes of the field's value in the block, lengths included; what is read of it lies before `end`. */
export function blockSize(field: u32, at: usize, end: usize): u32 {
  switch (typeOf(field)) {
    case ENUM:
      return 1;
    case U32:
      return 4;
    case U64:
      return 8;
    default:
      return at + 2 > end ? 2 : 2 + (load<u16>(at) << (typeOf(field) === PORTS ? 1 : 0));
  }
}

/** Where the next item begins, or 0 where this one is not as it should be. */
export function checkItem(kind: u32, at: usize, end: usize): usize {
  let next = at;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    const size = blockSize(field, next, end);
    if (next + size > end || !isGood(field, next, size)) return 0;
    next += size;
  }
  return next;
}

/** Behind an item that has been checked. */
export function skipItem(kind: u32, at: usize): usize {
  let next = at;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    next += blockSize(field, next, usize.MAX_VALUE);
  }
  return next;
}

/** Whether the value counts as there: numbers always do, of the rest what is not empty or never absent. */
export function isPresent(field: u32, at: usize): bool {
  return (
    typeOf(field) < TEXT || load<u16>(at) !== 0 || (typeOf(field) === TEXT && boundOf(field) === NOT_ZERO)
  );
}

function isGood(field: u32, at: usize, size: u32): bool {
  const bound = boundOf(field);
  switch (typeOf(field)) {
    case ENUM:
      return load<u8>(at) <= bound;
    case U32:
      return bound === NOT_ZERO ? load<u32>(at) !== 0 : bound !== SHORT || load<u32>(at) <= 0xffff;
    case TEXT:
      return isUtf8(at + 2, at + size);
    case OCTETS:
      return bound === NOT_ZERO ? size === 2 + 4 || size === 2 + 16 : ((size - 2) & 3) === 0;
    default:
      return true;
  }
}

/** A number whose absence means 1. */
export function isOneLeftOut(field: u32): bool {
  return typeOf(field) === U32 && boundOf(field) === NOT_ZERO;
}

function boundOf(field: u32): u32 {
  return (field >> 8) & 0xff;
}

function field(type: u32, bound: u32, id: u32, number: u32): u32 {
  return type | (bound << 8) | (id << 16) | (number << 24);
}

function portField(index: u32): u32 {
  switch (index) {
    case 0:
      return field(U32, SHORT, 0, 2);
    case 1:
      return field(OCTETS, NOT_ZERO, 0, 1);
    case 2:
      return field(ENUM, 2, 0, 3);
    default:
      return NO_FIELD;
  }
}

function checkField(index: u32): u32 {
  switch (index) {
    case 0:
      return field(TEXT, NOT_ZERO, 0, 1);
    case 1:
      return field(TEXT, ANY, 2, 4);
    case 2:
      return field(TEXT, ANY, 3, 5);
    case 3:
      return field(TEXT, ANY, 5, 6);
    case 4:
      return field(ENUM, 2, 1, 2);
    case 5:
      return field(ENUM, 3, 4, 3);
    default:
      return NO_FIELD;
  }
}

function processField(index: u32): u32 {
  switch (index) {
    case 0:
      return field(U32, ANY, 1, 2);
    case 1:
      return field(U32, ANY, 2, 3);
    case 2:
      return field(U32, ANY, 3, 4);
    case 3:
      return field(U32, NOT_ZERO, 7, 8);
    case 4:
      return field(TEXT, ANY, 0, 1);
    case 5:
      return field(TEXT, ANY, 4, 5);
    case 6:
      return field(TEXT, ANY, 5, 6);
    case 7:
      return field(ENUM, 2, 6, 7);
    default:
      return NO_FIELD;
  }
}

function recordField(index: u32): u32 {
  switch (index) {
    case 0:
      return field(U64, ANY, 2, 3);
    case 1:
      return field(U32, ANY, 3, 4);
    case 2:
      return field(TEXT, NOT_ZERO, 0, 1);
    case 3:
      return field(TEXT, NOT_ZERO, 4, 5);
    case 4:
      return field(ENUM, 5, 1, 2);
    default:
      return NO_FIELD;
  }
}

function detectionField(index: u32): u32 {
  switch (index) {
    case 0:
      return field(U64, ANY, 11, 12);
    case 1:
      return field(U64, ANY, 12, 13);
    case 2:
      return field(U32, ANY, 4, 5);
    case 3:
      return field(U32, ANY, 8, 9);
    case 4:
      return field(U32, ANY, 10, 11);
    case 5:
      return field(U32, ANY, 13, 14);
    case 6:
      return field(U32, ANY, 14, 15);
    case 7:
      return field(OCTETS, ANY, 6, 7);
    case 8:
      return field(PORTS, ANY, 9, 10);
    case 9:
      return field(ENUM, 13, 0, 1);
    case 10:
      return field(ENUM, 2, 1, 2);
    case 11:
      return field(ENUM, 1, 2, 3);
    case 12:
      return field(ENUM, 2, 3, 4);
    case 13:
      return field(ENUM, 2, 5, 6);
    case 14:
      return field(ENUM, 1, 7, 8);
    default:
      return NO_FIELD;
  }
}
