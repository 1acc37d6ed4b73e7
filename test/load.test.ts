// Instantiating a core: what is refused, and in which words.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { type CoreSource, loadCore } from '../bindings/js/load.ts';
import { wasmBytes } from './support/profiles.ts';

async function refusal(source: CoreSource): Promise<WardletError> {
  try {
    await loadCore(source);
  } catch (error) {
    if (error instanceof WardletError) return error;
    throw error;
  }
  throw new Error('it was loaded');
}

test('what is no core is told from one there is no memory for', async () => {
  const nothing = await refusal(new Uint8Array(9));
  assert.is(nothing.code, 'WL_BAD_CORE');

  const module = new WebAssembly.Module(wasmBytes('lean-strict'));
  const { Instance } = WebAssembly;
  // What V8 throws at the 12,744th core.
  WebAssembly.Instance = class {
    constructor() {
      throw new RangeError('WebAssembly.Instance(): Out of memory');
    }
  } as unknown as typeof Instance;
  try {
    const full = await refusal(module);
    assert.is(full.code, 'WL_NO_MEMORY');
    assert.match(full.message, /Out of memory/);
  } finally {
    WebAssembly.Instance = Instance;
  }
  assert.ok(await loadCore(module));
});

test.run();
