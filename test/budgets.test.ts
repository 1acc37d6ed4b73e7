// Sizes are gates: bytes of each core and of its memory stay within budgets.json.

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measureSizes } from '../bench/sizes.ts';

const read = (file: string) => new Uint8Array(readFileSync(new URL(`../${file}`, import.meta.url)));
const budgets = JSON.parse(new TextDecoder().decode(read('budgets.json'))) as {
  core: Record<string, { wasmBytes: number; memoryBytes: number }>;
};

test('every core stays within its budget', async () => {
  const sizes = await measureSizes({
    lean: read('build/core.lean.wasm'),
    'lean-strict': read('build/core.lean-strict.wasm'),
    standard: read('build/core.standard.wasm'),
    gateway: read('build/core.gateway.wasm'),
  });
  for (const { profile, wasmBytes, memoryBytes } of sizes) {
    const budget = budgets.core[profile];
    assert.ok(budget, `budgets.json has no core.${profile}`);
    assert.ok(
      wasmBytes <= budget.wasmBytes,
      `${profile}: ${wasmBytes} bytes of .wasm, at most ${budget.wasmBytes}`,
    );
    assert.ok(
      memoryBytes <= budget.memoryBytes,
      `${profile}: ${memoryBytes} bytes of memory, at most ${budget.memoryBytes}`,
    );
  }
});

test.run();
