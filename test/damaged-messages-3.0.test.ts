// Damaged messages of schema 3.0; a million of them in test/slow/.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { rawProtobuf } from './support/encode-3.0-protobuf.ts';
import { fuzz } from './support/fuzz-3.0.ts';
import { seedOfRun } from './support/seeded-random.ts';
import { codeOf } from './support/thrown-error.ts';

const SEED = seedOfRun();
const ROUNDS = 20_000;

test(`${ROUNDS} mutated messages: read or refused, within their length, SEED=${SEED}`, () => {
  const { read, refused } = fuzz(SEED, ROUNDS);
  assert.ok(read > ROUNDS / 100 && refused > ROUNDS / 100, `${read} read, ${refused} refused`);
});

const BOOT = new Uint8Array(16);
const KB_64 = 65_536;

test('what is refused costs next to nothing, whatever it claims', () => {
  const flows = { localAddresses: Uint8Array.of(10, 0, 0, 5), classes: [2, 2 ** 32 - 1] };
  const hostile: readonly object[] = [
    { networkActivity: { ipv4: flows } },
    { networkActivity: { ipv4: { ...flows, classes: new Array(KB_64).fill(0) } } },
    { log: { records: new Array(KB_64 / 2).fill({}) } },
    { baseline: { checks: new Array(KB_64 / 2).fill({}) } },
    { listeningPorts: { ports: new Array(KB_64 / 2).fill({}) } },
  ];
  for (const event of hostile) {
    const bytes = rawProtobuf({ bootId: BOOT, events: [event] });
    const refused = () => codeOf(() => decodeMessage(bytes, '3.0-protobuf')) === 'WL_BAD_MESSAGE';
    assert.ok(refused());
    const before = heap();
    assert.ok(refused());
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < 10 * KB_64, `${grown} bytes for ${bytes.length} of ${Object.keys(event)}`);
  }
});

function heap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test.run();
