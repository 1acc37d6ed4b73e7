// Compiling and linking for a Cortex-M4, and what the result takes of flash and RAM.

import { fileURLToPath } from 'node:url';
import { run } from './toolchain.ts';

const HOLDER = fileURLToPath(new URL('holder/', import.meta.url));
const LINKER_SCRIPT = fileURLToPath(new URL('player/cortex-m4.ld', import.meta.url));

const MACHINE = ['-mcpu=cortex-m4', '-mthumb'];
/** For size; every function and variable in a section of its own, so that the linker leaves out what nobody uses. */
const COMPILE = ['-std=c99', '-Os', '-ffunction-sections', '-fdata-sections', '-Wall'];
const LINK = ['--specs=nano.specs', '-nostartfiles', '-Wl,--gc-sections'];

/** Bytes, as arm-none-eabi-size tells them: text is code and constants. */
export interface Sizes {
  readonly text: number;
  readonly data: number;
  readonly bss: number;
}

export async function compileForCortexM4(
  folder: string,
  source: string,
  object: string,
  options: readonly string[] = [],
): Promise<void> {
  await run(
    'arm-none-eabi-gcc',
    [...MACHINE, ...COMPILE, `-I${HOLDER}`, '-I.', ...options, '-c', source, '-o', object],
    folder,
  );
}

export async function linkForCortexM4(
  folder: string,
  objects: readonly string[],
  program: string,
): Promise<void> {
  await run(
    'arm-none-eabi-gcc',
    [...MACHINE, ...LINK, '-T', LINKER_SCRIPT, ...objects, '-o', program],
    folder,
  );
}

/** Compiles holder/wardlet.c with the core source in `folder`. */
export async function compileCore(folder: string, object: string, checked: boolean): Promise<void> {
  await compileForCortexM4(folder, `${HOLDER}wardlet.c`, object, checked ? [] : ['-DWARDLET_UNCHECKED']);
}

export async function sizesOf(folder: string, file: string): Promise<Sizes> {
  const output = await run('arm-none-eabi-size', [file], folder);
  const [text, data, bss] = (output.trim().split('\n')[1] ?? '').trim().split(/\s+/).map(Number);
  if (text === undefined || data === undefined || bss === undefined || Number.isNaN(text + data + bss)) {
    throw new Error(`arm-none-eabi-size printed something unknown:\n${output}`);
  }
  return { text, data, bss };
}
