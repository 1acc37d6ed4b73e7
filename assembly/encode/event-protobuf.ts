// Events that a host hands in, and statistics, as compact protobuf.

import { EVENT_KIND_STATISTICS } from '../../schema/event-block';
import {
  STATISTICS_CAPACITY,
  STATISTICS_COUNTERS,
  STATISTICS_FLOWS_V4,
  STATISTICS_FLOWS_V6,
} from '../../schema/message-3.0-numbers';
import { usedRecords } from '../flow/table';
import { AGENT, AGENT_CACHE_SIZE, FAMILY_V4, FAMILY_V6 } from '../memory';
import { COUNTERS, counter } from './counters-3.0';
import {
  blockSize,
  ENUM,
  fieldAt,
  isList,
  isOneLeftOut,
  NO_FIELD,
  numberOf,
  PORTS,
  TEXT,
  typeOf,
  U64,
} from './event-fields';
import { beginField, fieldSize, numberSize, putNumber, putVarint, varintSize } from './protobuf';

/** ListeningPorts, Baseline and Log: their one field. */
const LIST: u32 = 1;

/** Bytes that an item takes in its payload. from: an item of the block. */
export function itemSize(kind: u32, from: usize): u32 {
  if (kind === EVENT_KIND_STATISTICS) return statisticsSize();
  const size = fieldsSize(kind, from);
  // An item is there even when nothing in it is.
  return isList(kind) ? 1 + varintSize(size) + size : size;
}

/** Returns the end. */
export function putItem(kind: u32, from: usize, at: usize): usize {
  if (kind === EVENT_KIND_STATISTICS) return putStatistics(at);
  let end = isList(kind) ? beginField(at, LIST, fieldsSize(kind, from)) : at;
  let value = from;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    end = putField(field, value, end);
    value += blockSize(field, value, usize.MAX_VALUE);
  }
  return end;
}

function fieldsSize(kind: u32, from: usize): u32 {
  let size: u32 = 0;
  let value = from;
  for (let index: u32 = 0, field = fieldAt(kind, 0); field !== NO_FIELD; field = fieldAt(kind, ++index)) {
    if (typeOf(field) < TEXT) size += numberSize(numberIn(field, value));
    else size += fieldSize(typeOf(field) === PORTS ? portsSize(value) : load<u16>(value));
    value += blockSize(field, value, usize.MAX_VALUE);
  }
  return size;
}

function putField(field: u32, value: usize, at: usize): usize {
  if (typeOf(field) < TEXT) return putNumber(at, numberOf(field), numberIn(field, value));
  const count: u32 = load<u16>(value);
  if (count === 0) return at;
  if (typeOf(field) !== PORTS) {
    const text = beginField(at, numberOf(field), count);
    memory.copy(text, value + 2, count);
    return text + count;
  }
  let end = beginField(at, numberOf(field), portsSize(value));
  for (let port: u32 = 0; port < count; port++) end = putVarint(end, load<u16>(value + (port << 1), 2));
  return end;
}

function numberIn(field: u32, value: usize): u64 {
  if (typeOf(field) === ENUM) return load<u8>(value);
  if (typeOf(field) === U64) return load<u64>(value);
  const number: u64 = load<u32>(value);
  return number === 1 && isOneLeftOut(field) ? 0 : number;
}

function portsSize(value: usize): u32 {
  const count: u32 = load<u16>(value);
  let size: u32 = 0;
  for (let port: u32 = 0; port < count; port++) size += varintSize(load<u16>(value + (port << 1), 2));
  return size;
}

function statisticsSize(): u32 {
  const table = numberSize(usedRecords(FAMILY_V4)) + numberSize(usedRecords(FAMILY_V6));
  return fieldSize(countersSize()) + table + numberSize(load<u32>(AGENT, AGENT_CACHE_SIZE));
}

function putStatistics(at: usize): usize {
  let end = at;
  const size = countersSize();
  if (size) {
    end = beginField(at, STATISTICS_COUNTERS, size);
    for (let number: u32 = 0; number < COUNTERS; number++) end = putNumber(end, number + 1, counter(number));
  }
  end = putNumber(end, STATISTICS_FLOWS_V4, usedRecords(FAMILY_V4));
  end = putNumber(end, STATISTICS_FLOWS_V6, usedRecords(FAMILY_V6));
  return putNumber(end, STATISTICS_CAPACITY, load<u32>(AGENT, AGENT_CACHE_SIZE));
}

function countersSize(): u32 {
  let size: u32 = 0;
  for (let number: u32 = 0; number < COUNTERS; number++) size += numberSize(counter(number));
  return size;
}
