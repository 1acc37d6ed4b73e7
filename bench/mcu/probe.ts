// What the core takes of a microcontroller, beside what budgets.json allows: wasm2c, arm-none-eabi-gcc -Os, Cortex-M4.
// Fails over a budget.
//
//   npm run bench:mcu [-- --json]

import { readFile } from 'node:fs/promises';
import { type Measurements, measureProfile } from './measurements.ts';
import { CORTEX_M4_TOOLS, requireTools, run } from './toolchain.ts';

interface Budget {
  readonly flashBytes?: number;
  readonly ramBytes?: number;
}

const arguments_ = process.argv.slice(2);
const json = arguments_.includes('--json');
const unknown = arguments_.find((argument) => argument !== '--json');

try {
  if (unknown !== undefined) throw new Error(`unknown argument ${unknown}; there is --json`);
  await requireTools(CORTEX_M4_TOOLS);
  const budgets = await readBudgets();
  const measured: Measurements[] = [];
  for (const profile of Object.keys(budgets)) measured.push(await measureProfile(profile));
  const over = measured.flatMap((one) => excesses(one, budgets[one.profile] ?? {}));
  if (json)
    console.log(JSON.stringify({ tools: await versions(), profiles: measured, budgets, over }, null, 2));
  else await print(measured, budgets, over);
  if (over.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function readBudgets(): Promise<Record<string, Budget>> {
  const file = new URL('../../budgets.json', import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { mcu: Record<string, Budget> }).mcu;
}

function excesses({ profile, checked, ram }: Measurements, budget: Budget): string[] {
  const over = (what: string, bytes: number, limit = Number.POSITIVE_INFINITY): string[] =>
    bytes <= limit
      ? []
      : [`${profile}: ${what} ${bytes} bytes, ${bytes - limit} over its budget of ${limit}`];
  return [...over('flash', checked.flash, budget.flashBytes), ...over('RAM', ram.sum, budget.ramBytes)];
}

async function versions(): Promise<Record<string, string>> {
  const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';
  return {
    wasm2c: firstLine(await run('wasm2c', ['--version'], '.')),
    gcc: firstLine(await run('arm-none-eabi-gcc', ['--version'], '.')),
    qemu: firstLine(await run('qemu-system-arm', ['--version'], '.')),
  };
}

async function print(
  measured: readonly Measurements[],
  budgets: Readonly<Record<string, Budget>>,
  over: readonly string[],
): Promise<void> {
  const { wasm2c, gcc, qemu } = await versions();
  console.log(`Cortex-M4: wasm2c ${wasm2c}, ${gcc}, -Os; run in ${qemu}\n`);
  const cell = (value: string | number): string => value.toLocaleString('en').padStart(14);
  const rows = (what: string, figure: (one: Measurements) => string | number): void =>
    console.log(what.padEnd(58) + measured.map((one) => cell(figure(one))).join(''));

  rows('bytes', (one) => one.profile);
  rows('.wasm', (one) => one.wasmBytes);
  rows('flash: core alone, its object code', (one) => one.checked.core);
  rows('       without bounds checks', (one) => one.unchecked.core);
  rows('flash: linked with C library, vectors, startup, 9 calls', (one) => one.checked.flash);
  rows('       without bounds checks', (one) => one.unchecked.flash);
  rows('       budget', (one) => budgets[one.profile]?.flashBytes ?? 'none');
  rows('RAM: the core’s memory (__heap_base)', (one) => one.ram.memory);
  rows('     its other variables', (one) => one.ram.variables);
  rows('     stack of the deepest call', (one) => one.ram.stack);
  rows('     sum', (one) => one.ram.sum);
  rows('     budget', (one) => budgets[one.profile]?.ramBytes ?? 'none');
  rows('instructions a packet of a known IPv4 flow', (one) => one.instructionsPerPacket.checked);
  rows('     without bounds checks', (one) => one.instructionsPerPacket.unchecked);

  for (const { profile, calls } of measured) {
    console.log(`\n${profile}, the worst of each call: bytes of stack, instructions`);
    const worst = Object.entries(calls).sort(([, one], [, other]) => other.stackBytes - one.stackBytes);
    for (const [call, { stackBytes, instructions }] of worst) {
      console.log(`  ${call.padEnd(56)}${cell(stackBytes)}${cell(instructions)}`);
    }
  }
  for (const line of over) console.error(`\nover budget: ${line}`);
}
