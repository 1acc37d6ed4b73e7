// What is derived from schema/message-3.0.proto is what the schema says today, and evaluates no text.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = new URL('..', import.meta.url).pathname;

test('the generated files are those of the schema', () => {
  const args = [`${ROOT}scripts/generate-protobuf.mjs`, '--check'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(stderr, '');
  assert.is(status, 0);
});

test('neither the reader nor its runtime makes code of text: a strict CSP allows both', () => {
  const runtime = [
    'minimal.js',
    'src/reader.js',
    'src/util/minimal.js',
    'src/index-minimal.js',
    'src/roots.js',
  ];
  const files = [
    'bindings/js/messages/generated/message-3.0.js',
    ...runtime.map((name) => `node_modules/protobufjs/${name}`),
  ];
  for (const file of files) {
    assert.not.match(
      readFileSync(`${ROOT}${file}`, 'utf8'),
      /\beval\s*\(|new Function|\bFunction\s*\(/,
      file,
    );
  }
});

test.run();
