// docs/microcontroller.md against what bench:mcu measures: a figure may lag behind by a hundredth, no more.

import { readFile } from 'node:fs/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measureProfile } from '../../bench/mcu/measurements.ts';
import { CORTEX_M4_TOOLS, requireTools } from '../../bench/mcu/toolchain.ts';

const TOLERANCE = 0.01;

const document = await readFile(new URL('../../docs/microcontroller.md', import.meta.url), 'utf8');
const [whole = '', withoutChecks = ''] = document.split('### Bounds checks');

/** The figures of the first table row of `part` that begins with `name`. */
function row(part: string, name: string): number[] {
  const line = part.split('\n').find((text) => text.startsWith(`| ${name}`));
  if (line === undefined) throw new Error(`docs/microcontroller.md has no row ${name}`);
  return line
    .split('|')
    .slice(2, -1)
    .map((cell) => Number(cell.replace(/[*, ]/g, '')));
}

function near(written: readonly number[], measured: readonly number[], what: string): void {
  const isNear = (figure: number, index: number) =>
    Math.abs((written[index] ?? Number.NaN) - figure) <= figure * TOLERANCE;
  assert.ok(
    measured.every(isNear),
    `${what}: written ${written.join(', ')}, measured ${measured.join(', ')}`,
  );
}

test('the figures of docs/microcontroller.md are those of today', async () => {
  await requireTools(CORTEX_M4_TOOLS);
  const lean = await measureProfile('lean');
  const all = [lean, await measureProfile('lean-strict'), await measureProfile('standard')];
  const rows = {
    'flash: the core alone': all.map(({ checked }) => checked.core),
    'flash: linked': all.map(({ checked }) => checked.flash),
    "RAM: the core's memory": all.map(({ ram }) => ram.memory),
    'RAM: other variables': all.map(({ ram }) => ram.variables),
    'RAM: stack': all.map(({ ram }) => ram.stack),
    'RAM: all': all.map(({ ram }) => ram.sum),
  };
  for (const [name, measured] of Object.entries(rows)) near(row(whole, name), measured, name);
  const unchecked = {
    'flash: the core alone': [lean.checked.core, lean.unchecked.core],
    'flash: linked': [lean.checked.flash, lean.unchecked.flash],
    'instructions for a packet': [lean.instructionsPerPacket.checked, lean.instructionsPerPacket.unchecked],
  };
  for (const [name, measured] of Object.entries(unchecked)) near(row(withoutChecks, name), measured, name);
});

test.run();
