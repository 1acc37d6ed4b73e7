// From a core's .wasm to the two generated files that holder/wardlet.c includes:
//   wardlet-functions.inc  the functions, as wasm2c writes them, without the runtime it puts around them
//   wardlet-map.h          the size of the memory and every address the core exports
//
//   node --import tsx bench/mcu/core-source.ts build/core.lean-strict.wasm FOLDER

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requireTools, run } from './toolchain.ts';

/** The calls holder/wardlet.c makes. */
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

const PROTOTYPE = /^static (?:void|u32|u64) (w2c_\w+)\(Z_core_instance_t\*.*\);$/;
const DEFINITION = /^static (?:void|u32|u64) (w2c_\w+)\(Z_core_instance_t\* instance.*\) \{$/;

export async function writeCoreSource(wasm: Uint8Array, folder: string): Promise<void> {
  await writeFile(join(folder, 'core.wasm'), wasm);
  await run('wasm2c', ['core.wasm', '--module-name=core', '--output=core.c'], folder);
  const generated = await readFile(join(folder, 'core.c'), 'utf8');
  // A firmware's build may take every .c file it finds.
  for (const name of ['core.wasm', 'core.c', 'core.h']) await rm(join(folder, name));
  await writeFile(join(folder, 'wardlet-functions.inc'), functionsOf(generated));
  await writeFile(join(folder, 'wardlet-map.h'), await memoryMapOf(wasm));
}

/** @throws Error when wasm2c wrote something else than this was made for, or the core needs more than functions */
export function functionsOf(generated: string): string {
  // wasm2c breaks the line between parameters that are many.
  const lines = generated.replace(/,\s*\n\s+(?=u(?:32|64) w2c_p\d)/g, ', ').split('\n');
  const prototypes = lines.filter((line) => PROTOTYPE.test(line));
  const functions: string[] = [];
  const names = new Set<string>();
  for (let at = 0; at < lines.length; at++) {
    const name = DEFINITION.exec(lines[at] ?? '')?.[1];
    if (name === undefined) continue;
    const end = lines.indexOf('}', at);
    if (end < 0) throw unknownShape(`the function ${name} does not end`);
    functions.push(...lines.slice(at, end + 1), '');
    names.add(name);
    at = end;
  }
  const undefinedNames = prototypes
    .map((line) => PROTOTYPE.exec(line)?.[1] ?? '')
    .filter((name) => !names.has(name));
  if (undefinedNames.length > 0) throw unknownShape(`no function ${undefinedNames.join(', ')}`);
  if (prototypes.length !== names.size) {
    throw unknownShape(`${prototypes.length} prototypes, ${names.size} functions`);
  }
  const missing = CALLS.filter((call) => !names.has(`w2c_${call}`));
  if (missing.length > 0) throw unknownShape(`no function for ${missing.join(', ')}`);

  const source = [...prototypes, '', ...functions].join('\n');
  // The holder has no instance: nothing but memory may hang on it, and memory begins as zeros.
  const globals = /instance->(?!w2c_memory\b)\w+/.exec(source);
  if (globals) throw new Error(`the core uses a global (${globals[0]}); its state belongs into memory`);
  if (/^static const u8 data_segment/m.test(generated)) {
    throw new Error('the core has data segments; holder/wardlet.c starts with zeroed memory');
  }
  return source;
}

async function memoryMapOf(wasm: Uint8Array): Promise<string> {
  const { instance } = await WebAssembly.instantiate(new Uint8Array(wasm), {});
  const lines = ['/* Written by core-source.ts from the exports of the core. */'];
  for (const [name, value] of Object.entries(instance.exports)) {
    if (!(value instanceof WebAssembly.Global)) continue;
    const macro = name === '__heap_base' ? 'MEMORY_SIZE' : name.replace(/^_+/, '').toUpperCase();
    lines.push(`#define WARDLET_${macro} ${value.value}u`);
  }
  // A call that not every profile has.
  if (instance.exports.report) lines.push('#define WARDLET_HAS_REPORT 1');
  return `${lines.join('\n')}\n`;
}

function unknownShape(what: string): Error {
  return new Error(
    `wasm2c's output has a shape this was not made for (wabt 1.0.32, Debian 12, is known): ${what}`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [wasm, folder] = process.argv.slice(2);
  if (wasm === undefined || folder === undefined) throw new Error('usage: core-source.ts CORE.wasm FOLDER');
  await requireTools(['wasm2c']);
  await writeCoreSource(await readFile(wasm), folder);
}
