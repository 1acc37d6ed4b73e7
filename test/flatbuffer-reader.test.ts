// The checking reader: each way in which bytes can lie, and what the error says of it.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FlatBufferReader } from '../bindings/js/messages/flatbuffer-reader.ts';
import {
  flatbuffer,
  Structs,
  struct,
  table,
  tables,
  text,
  u8,
  u16,
  u32,
  u64,
} from './support/flatbuffers-writer.ts';
import { codeOf, errorOf } from './support/thrown-error.ts';

/** Offset to the root; a vtable of one field at 4; the table at 10; its field, a u16. */
const SMALL = [10, 0, 0, 0, 6, 0, 6, 0, 4, 0, 6, 0, 0, 0, 0x34, 0x12];

function readerOf(bytes: ArrayLike<number>): FlatBufferReader {
  const copy = Uint8Array.from(bytes);
  return new FlatBufferReader(new DataView(copy.buffer), 0, copy.length);
}

/** SMALL with bytes changed. */
function changed(changes: Readonly<Record<number, number>>): FlatBufferReader {
  const bytes = Uint8Array.from(SMALL);
  for (const [at, byte] of Object.entries(changes)) bytes[Number(at)] = byte;
  return readerOf(bytes);
}

test('fields are read, and absent ones have their default', () => {
  const root = table({
    0: u8(200),
    1: u8(200),
    2: u16(65535),
    3: u32(4_294_967_295),
    4: u64(2n ** 53n),
    6: text('text'),
    7: tables(table({ 0: u8(1) }), table({ 0: u8(2) })),
    8: new Structs([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]),
    9: struct([7, 8, 9]),
  });
  const reader = readerOf(flatbuffer(root));
  const at = reader.root('Root');
  assert.is(reader.u8(at, 0, 'a'), 200);
  assert.is(reader.i8(at, 1, 'b'), -56);
  assert.is(reader.u16(at, 2, 'c'), 65535);
  assert.is(reader.u32(at, 3, 'd'), 4_294_967_295);
  assert.is(reader.u64(at, 4, 'e'), 2 ** 53);
  assert.is(reader.decodeText(reader.text(at, 6, 'g')), 'text');
  const elements = reader.offsets(at, 7, 'h');
  assert.is(reader.count(elements), 2);
  assert.is(reader.u8(reader.table(elements + 4, 'Element'), 0, 'x'), 2);
  const structs = reader.structs(at, 8, 3, 'i');
  assert.is(reader.count(structs), 2);
  assert.is(reader.view.getUint8(structs + 3), 4);
  assert.is(reader.view.getUint8(reader.required(at, 9, 3, 'j') + 2), 9);
  // 5 was left out, 10 is of a later schema.
  for (const id of [5, 10]) {
    assert.is(reader.u32(at, id, 'absent', 7), 7);
    assert.is(reader.text(at, id, 'absent'), 0);
    assert.is(reader.count(reader.offsets(at, id, 'absent')), 0);
    assert.match(
      errorOf(() => reader.required(at, id, 4, 'Root.f')).message,
      /^Root\.f at byte \d+: .*missing/,
    );
  }
});

test('nothing need be aligned', () => {
  const reader = changed({});
  assert.is(reader.u16(reader.root('Root'), 0, 'field'), 0x1234);
  const shifted = Uint8Array.of(0xff, ...SMALL, 0xff);
  const inside = new FlatBufferReader(new DataView(shifted.buffer), 1, SMALL.length);
  assert.is(inside.u16(inside.root('Root'), 0, 'field'), 0x1234);
});

test('every position is checked before it is read', () => {
  const faults: ReadonlyArray<
    readonly [why: string, changes: Readonly<Record<number, number>>, byte: number]
  > = [
    ['root offset past the end', { 0: 13 }, 0],
    ['root offset of 4 GB', { 3: 255 }, 0],
    ['root offset into itself', { 0: 3 }, 0],
    ['vtable before the message', { 10: 11 }, 10],
    ['vtable far before the message', { 13: 0x7f }, 10],
    ['vtable behind the message', { 10: 0xfd, 11: 0xff, 12: 0xff, 13: 0xff }, 10],
    ['vtable too small for its header', { 4: 2 }, 4],
    ['vtable of odd size', { 4: 7 }, 4],
    ['vtable over the end', { 4: 14 }, 4],
    ['table too small for its vtable offset', { 6: 3 }, 4],
    ['table over the end', { 6: 7 }, 10],
    ['field in the vtable offset', { 8: 3 }, 8],
    ['field over the end of the table', { 8: 5 }, 8],
  ];
  for (const [why, changes, byte] of faults) {
    const reader = changed(changes);
    const error = errorOf(() => reader.u16(reader.root('Root'), 0, 'Root.field'));
    assert.is(error.code, 'WL_BAD_MESSAGE', why);
    assert.match(error.message, new RegExp(`^Root(\\.field)? at byte ${byte}: `), why);
    assert.ok(error.hint.length > 0, why);
  }
  for (let length = 0; length < SMALL.length; length++) {
    const reader = readerOf(SMALL.slice(0, length));
    assert.is(
      codeOf(() => reader.root('Root')),
      'WL_BAD_MESSAGE',
      `cut to ${length}`,
    );
  }
});

test('errors count bytes from the beginning of the message, wherever it stands', () => {
  const buffer = Uint8Array.of(...new Array(100).fill(0xee), ...SMALL);
  buffer[100] = 200;
  const reader = new FlatBufferReader(new DataView(buffer.buffer), 100, SMALL.length);
  assert.match(errorOf(() => reader.root('Root')).message, /^Root at byte 0: .* of 16 bytes$/);
  for (const [start, length] of [
    [-1, 16],
    [101, 16],
    [0, -1],
  ] as const) {
    assert.is(
      codeOf(() => new FlatBufferReader(new DataView(buffer.buffer), start, length)),
      'WL_BAD_MESSAGE',
    );
  }
});

test('a vector longer than the message is refused before anything is made of it', () => {
  const bytes = flatbuffer(table({ 0: tables(table()) }));
  const reader = readerOf(bytes);
  const count = reader.offsets(reader.root('Root'), 0, 'rows') - 4;
  for (const claimed of [(bytes.length - count) >> 2, 65_536, 0x4000_0001, 0xffff_ffff]) {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(count, claimed, true);
    const lying = readerOf(copy);
    const error = errorOf(() => lying.offsets(lying.root('Root'), 0, 'rows'));
    assert.match(error.message, new RegExp(`^rows at byte ${count}: ${claimed} elements`));
  }
});

test('a text ends with its terminator, inside the message', () => {
  const bytes = flatbuffer(table({ 0: text('abc') }));
  const at = bytes.indexOf(97) - 4;
  for (const claimed of [2, 4 + bytes.length, 0xffff_ffff]) {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(at, claimed, true);
    const reader = readerOf(copy);
    assert.is(
      codeOf(() => reader.text(reader.root('Root'), 0, 'name')),
      'WL_BAD_MESSAGE',
      `${claimed}`,
    );
  }
  const cut = readerOf(bytes.subarray(0, at + 7));
  assert.match(errorOf(() => cut.text(cut.root('Root'), 0, 'name')).message, /terminator/);
});

test('text that is no UTF-8 is kept with replacement characters, a byte order mark as it is', () => {
  const reader = readerOf(
    flatbuffer(table({ 0: text(Uint8Array.of(0x61, 0xff, 0x62)), 1: text('\ufeffx\u0000y') })),
  );
  const root = reader.root('Root');
  assert.is(reader.decodeText(reader.text(root, 0, 'a')), 'a\ufffdb');
  assert.is(reader.decodeText(reader.text(root, 1, 'b')), '\ufeffx\u0000y');
});

test('the work is bounded by the length: objects and texts used too often are refused', () => {
  const row = table({ 0: text('x'.repeat(1000)) });
  const bytes = flatbuffer(table({ 0: tables(...new Array(65_535).fill(row)) }));
  const reader = readerOf(bytes);
  const rows = reader.offsets(reader.root('Root'), 0, 'rows');
  let visited = 0;
  const visitAll = () => {
    for (let at = rows; at < rows + 4 * reader.count(rows); at += 4) {
      reader.table(at, 'Row');
      visited++;
    }
  };
  // Without another object in each, this is an array of 65,535 times the same, which costs what it is long.
  visitAll();
  assert.is(visited, 65_535);
  assert.match(errorOf(visitAll).message, /used too often/);
  assert.ok(visited <= bytes.length / 4);
});

test('texts that many share are read once; texts that overlap are refused', () => {
  const long = 'x'.repeat(1000);
  const shared = readerOf(flatbuffer(table({ 0: tables(table({ 0: text(long) })) })));
  const row = shared.table(shared.offsets(shared.root('Root'), 0, 'rows'), 'Row');
  for (let reads = 0; reads < 100; reads++) {
    assert.is(shared.decodeText(shared.text(row, 0, 'Row.text')), long);
  }

  // Offsets to every other byte, each read as a length: of 00 01 00 00 ..., and zeros end them all.
  const bytes = new Uint8Array(8192);
  const view = new DataView(bytes.buffer);
  for (let slot = 0; slot < 256; slot++) view.setUint32(slot * 4, 4096 - slot * 4 + slot * 8, true);
  for (let at = 4096; at < 6144; at += 8) view.setUint32(at, 1024, true);
  const overlapping = readerOf(bytes);
  let read = 0;
  const readAll = () => {
    for (let slot = 0; slot < 256; slot++) {
      overlapping.textAt(slot * 4, 'Row.text');
      read += 1024;
    }
  };
  assert.match(errorOf(readAll).message, /^Row\.text at byte \d+: texts overlap too often$/);
  assert.ok(read <= 2 * bytes.length);
});

test.run();
