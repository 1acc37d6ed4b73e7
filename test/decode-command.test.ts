// wardlet decode: the format by its name or by the property mti.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { explainMessage } from '../bindings/js/messages/explain.ts';
import { wardlet } from './support/command.ts';
import { encodeFlatBuffers } from './support/encode-3.0-flatbuffers.ts';
import { encodeProtobuf } from './support/encode-3.0-protobuf.ts';
import { randomMessage } from './support/random-message-3.0.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const SEED = seedOfRun();
const message = randomMessage(new SeededRandom(SEED));
const folder = temporaryFolder();
const protobuf = join(folder, 'protobuf.bin');
const flat = join(folder, 'flat.bin');
writeFileSync(protobuf, encodeProtobuf(message));
writeFileSync(flat, encodeFlatBuffers(message));

test(`3.0 in both encodings, by --format and by --mti, SEED=${SEED}`, async () => {
  const ways = [
    [protobuf, '3.0-protobuf', '3.0-2-0-0'],
    [flat, '3.0-flatbuffers', '3.0-1-1-0'],
  ] as const;
  for (const [file, format, mti] of ways) {
    const bytes = format === '3.0-protobuf' ? encodeProtobuf(message) : encodeFlatBuffers(message);
    const expected = `${JSON.stringify(decodeMessage(bytes, format))}\n`;
    assert.is((await wardlet(['decode', '--format', format, file])).stdout, expected);
    assert.is((await wardlet(['decode', '--mti', mti, file])).stdout, expected);
    assert.is((await wardlet(['decode', file])).stdout, expected, 'recognised');
  }
});

test(`--explain of a protobuf message, SEED=${SEED}`, async () => {
  const { stdout } = await wardlet(['decode', '--explain', '--json', '--format', '3.0-protobuf', protobuf]);
  const entries = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(entries, explainMessage(encodeProtobuf(message), '3.0-protobuf'));
  const text = await wardlet(['decode', '--explain', '--format', '3.0-protobuf', protobuf]);
  assert.match(text.stdout, /Message\.boot_id/);
});

test.run();
