// Playing a script of calls (calls.ts) on a core compiled to C: natively, or as firmware of a Cortex-M4 in QEMU.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileForCortexM4, linkForCortexM4 } from './cortex-m4.ts';
import { run, runToEnd } from './toolchain.ts';

const HOLDER = fileURLToPath(new URL('holder/', import.meta.url));
const PLAYER = fileURLToPath(new URL('player/', import.meta.url));

/** As in player/host.h. */
const EXIT_TEXTS: Readonly<Record<number | string, string>> = {
  1: 'it could not read the script or write the log',
  2: 'the core reached outside its memory',
  3: 'the processor stopped with a fault',
};

const QEMU = [
  ['-machine', 'mps2-an386'],
  ['-display', 'none'],
  ['-monitor', 'none'],
  ['-serial', 'none'],
  ['-semihosting-config', 'enable=on,target=native'],
  // One nanosecond an instruction: SysTick counts instructions, the same ones in every run.
  ['-icount', 'shift=0'],
].flat();

/** Compiles the player around the core source in `folder`. */
export async function buildNativePlayer(folder: string): Promise<void> {
  const sources = [`${PLAYER}player.c`, `${PLAYER}host-native.c`, `${HOLDER}wardlet.c`];
  await run(
    'gcc',
    ['-std=c99', '-O2', '-Wall', `-I${HOLDER}`, '-I.', ...sources, '-o', 'player-native'],
    folder,
  );
}

/** Links the player with the core already compiled to `object` in `folder`. */
export async function buildFirmwarePlayer(folder: string, object: string): Promise<void> {
  const objects = [object];
  for (const name of ['player', 'host-semihosting', 'startup']) {
    await compileForCortexM4(folder, `${PLAYER}${name}.c`, `${name}.o`, ['-DPLAYER_MEASURES']);
    objects.push(`${name}.o`);
  }
  await linkForCortexM4(folder, objects, 'player.elf');
}

/** The log of a script. */
export async function playNatively(folder: string, script: Uint8Array): Promise<Uint8Array> {
  return await play(join(folder, 'player-native'), [], folder, script);
}

export async function playInQemu(folder: string, script: Uint8Array): Promise<Uint8Array> {
  return await play('qemu-system-arm', [...QEMU, '-kernel', 'player.elf'], folder, script);
}

async function play(
  program: string,
  args: readonly string[],
  folder: string,
  script: Uint8Array,
): Promise<Uint8Array> {
  await writeFile(join(folder, 'script.bin'), script);
  const { code, output } = await runToEnd(program, args, folder);
  if (code !== 0) throw new Error(`the player stopped (${code}): ${EXIT_TEXTS[code] ?? output}`);
  return await readFile(join(folder, 'log.bin'));
}
