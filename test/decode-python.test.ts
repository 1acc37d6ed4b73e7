// A decoder of another hand, in 60 lines of Python from docs/wire-format.md and the .proto, reads what ours reads.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { SecurityMessage } from '../bindings/js/messages/security-message.ts';
import { encodeProtobuf } from './support/encode-3.0-protobuf.ts';
import { randomMessage } from './support/random-message-3.0.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { findTool } from './support/tool.ts';

const SEED = seedOfRun();
const MESSAGES = 60;
const ROOT = new URL('..', import.meta.url).pathname;
const EXAMPLE = join(ROOT, 'examples/decode.py');

test('it has at most 60 lines', () => {
  assert.ok(readFileSync(EXAMPLE, 'utf8').trimEnd().split('\n').length <= 60);
});

/** A Python that has the package: the first on the path may be another than Debian's. */
const python = findTool(
  ['python3', '/usr/bin/python3'],
  ['-c', 'import google.protobuf'],
  'python3-protobuf',
);
const protoc = findTool(['protoc'], ['--version'], 'protobuf-compiler');

if (protoc !== undefined && python !== undefined) {
  test(`${MESSAGES} random messages: the same flows, ids and times, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    const messages = Array.from({ length: MESSAGES }, () => encodeProtobuf(randomMessage(random)));
    const folder = temporaryFolder();
    const files = messages.map((bytes, index) => {
      const file = join(folder, `${index}.bin`);
      writeFileSync(file, bytes);
      return file;
    });
    const schema = join(ROOT, 'schema');
    execFileSync(protoc, ['--python_out', folder, '-I', schema, join(schema, 'message-3.0.proto')]);
    const output = execFileSync(python, [EXAMPLE, ...files], {
      env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const theirs = output.trimEnd().split('\n');
    messages.forEach((bytes, index) => {
      assert.equal(
        JSON.parse(theirs[index] ?? ''),
        asTheirs(decodeMessage(bytes, '3.0-protobuf')),
        `${index}`,
      );
    });
  });
}

function asTheirs({ bootId, sequence, events }: SecurityMessage): object {
  return {
    bootId,
    sequence,
    events: events.map(({ id, time, payload }) => ({
      id,
      time,
      kind: payload.kind.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase(),
      flows: payload.kind === 'NetworkActivity' ? payload.flows : [],
    })),
  };
}

test.run();
