// What is derived from schema/message-3.0.proto is what the schema says today, and evaluates no text.

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FIELDS_FILE, generate, READER_FILE, READER_TYPES_FILE } from '../scripts/generate-protobuf.mjs';

const read = (file: string) => readFileSync(file, 'utf8');

test('the generated files are those of the schema: else node scripts/generate-protobuf.mjs', async () => {
  const { reader, readerTypes, fields } = await generate();
  assert.is(reader, read(READER_FILE));
  assert.is(readerTypes, read(READER_TYPES_FILE));
  assert.is(fields, read(FIELDS_FILE));
});

test('neither the reader nor its runtime makes code of text: a strict CSP allows both', () => {
  const runtime = [
    'minimal.js',
    'src/reader.js',
    'src/util/minimal.js',
    'src/index-minimal.js',
    'src/roots.js',
  ];
  const packages = new URL('../node_modules/protobufjs/', import.meta.url);
  for (const file of [READER_FILE, ...runtime.map((name) => new URL(name, packages).pathname)]) {
    assert.not.match(read(file), /\beval\s*\(|new Function|\bFunction\s*\(/, file);
  }
});

test.run();
