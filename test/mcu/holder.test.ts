// What holds a core compiled to C: bounds checks at every edge, and no silence when wasm2c writes something else.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { functionsOf } from '../../bench/mcu/core-source.ts';
import { requireTools, run, runToEnd } from '../../bench/mcu/toolchain.ts';
import { inWorkspace } from '../../bench/mcu/workspace.ts';

const HOLDER = fileURLToPath(new URL('../../bench/mcu/holder/', import.meta.url));
const BOUNDS = fileURLToPath(new URL('bounds.c', import.meta.url));
const CALLS = [
  'configure',
  'start',
  'tick',
  'observe',
  'collect',
  'connect',
  'disconnect',
  'next',
  'acknowledge',
];

test('an access over the edge of memory traps, one up to it does not', async () => {
  await requireTools(['gcc']);
  await inWorkspace(async (folder) => {
    await writeFile(join(folder, 'wardlet-map.h'), '#define WARDLET_MEMORY_SIZE 64u\n');
    for (const level of ['-O0', '-Os', '-O2']) {
      await run('gcc', ['-std=c99', level, '-Wall', `-I${HOLDER}`, '-I.', BOUNDS, '-o', 'bounds'], folder);
      const { code, output } = await runToEnd(join(folder, 'bounds'), [], folder);
      assert.is(output, '', level);
      assert.is(code, 0, level);
    }
  });
});

test('functions are cut out of what wasm2c wrote, and nothing else', () => {
  const functions = functionsOf(generated());
  assert.match(functions, /^static u32 w2c_tick\(Z_core_instance_t\*, u32\);$/m);
  assert.match(
    functions,
    /^static u32 w2c_tick\(Z_core_instance_t\* instance, u32 w2c_p0\) \{\n {2}return 0;\n\}$/m,
  );
  assert.not.match(functions, /init_memories|runtime/);
});

test('what was not expected of wasm2c or of the core is refused, in words', () => {
  assert.throws(() => functionsOf(''), /shape this was not made for .* no function for configure, start/);
  assert.throws(() => functionsOf(generated(CALLS.slice(1))), /no function for configure/);
  assert.throws(
    () => functionsOf(`static u32 w2c_f0(Z_core_instance_t*, u32);\n${generated()}`),
    /no function w2c_f0/,
  );
  assert.throws(() => functionsOf(generated(CALLS, 'instance->w2c_counter += 1u;')), /uses a global/);
  assert.throws(
    () => functionsOf(`${generated()}\nstatic const u8 data_segment_data_w2c_d0[] = {`),
    /has data segments/,
  );
});

/** Shaped as wasm2c's output is: runtime, prototypes, functions, exports. */
function generated(calls: readonly string[] = CALLS, statement = ''): string {
  return [
    'static void runtime(void) {',
    '}',
    ...calls.map((call) => `static u32 w2c_${call}(Z_core_instance_t*, u32);`),
    'static void init_memories(Z_core_instance_t* instance) {',
    '}',
    ...calls.flatMap((call) => [
      `static u32 w2c_${call}(Z_core_instance_t* instance, u32 w2c_p0) {`,
      ...(statement ? [`  ${statement}`] : []),
      '  return 0;',
      '}',
    ]),
  ].join('\n');
}

test.run();
