// What the modules promise before any call (invariants 1 and 2): no imports, no growth, nothing run at instantiation,
// state in memory only, and exactly the documented exports.

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ABI_VERSION, type CoreExports } from '../bindings/js/exports.ts';
import { newExports, PROFILES, wasmBytes } from './support/profiles.ts';
import { readWasmModule } from './support/wasm-module.ts';

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
] as const;
type MoreCall = 'pcapToFrames' | 'report' | 'loadIndicators' | 'learn' | 'restoreLearned';
/** Calls that not every profile has. */
const MORE_CALLS: Readonly<Record<string, readonly MoreCall[]>> = {
  standard: ['report', 'loadIndicators', 'learn', 'restoreLearned'],
  gateway: ['pcapToFrames', 'report', 'loadIndicators', 'learn', 'restoreLearned'],
};
type MoreNumber = 'DETECT' | 'DETECT_SIZE' | 'INDICATOR_MAX' | 'LEARNED' | 'LEARNED_SIZE';
/** Numbers that not every profile has. */
const MORE_NUMBERS: Readonly<Record<string, readonly MoreNumber[]>> = {
  standard: ['DETECT', 'DETECT_SIZE', 'INDICATOR_MAX', 'LEARNED', 'LEARNED_SIZE'],
  gateway: ['DETECT', 'DETECT_SIZE', 'INDICATOR_MAX', 'LEARNED', 'LEARNED_SIZE'],
};
const NUMBERS = [
  'ABI_VERSION',
  'AGENT',
  'AGENT_SIZE',
  'EVERYTHING_ELSE',
  'FLOW_MAX',
  'FLOWS_V4',
  'FLOWS_V6',
  'INDEX_V4',
  'INDEX_V6',
  'INPUT',
  'INPUT_SIZE',
  'LOCAL_MAX',
  'LOCALS_V4',
  'LOCALS_V6',
  'MESSAGE_MAX',
  'OUTBOX',
  'OUTBOX_SIZE',
  'OWN_CONNECTIONS',
  'OWN_MAX',
  'PLAN',
  'PROFILE',
  'SCORES',
  'STATUS',
  'TEXT_MAX',
  'TEXTS',
  'VERSION',
  'VTABLES',
  '__data_end',
  '__heap_base',
] as const;

// Fails to compile when the bindings' list and this one drift apart.
type Listed =
  | (typeof CALLS)[number]
  | (typeof MORE_CALLS)[string][number]
  | (typeof MORE_NUMBERS)[string][number]
  | (typeof NUMBERS)[number]
  | 'memory';
const missing: Exclude<Listed, keyof CoreExports> | Exclude<keyof CoreExports, Listed> extends never
  ? true
  : false = true;

const MEMORY_GROW = 0x40;
const PAGE = 65_536;
const FLOATS = (opcode: number) =>
  [0x2a, 0x2b, 0x38, 0x39, 0x43, 0x44].includes(opcode) ||
  (opcode >= 0x5b && opcode <= 0x66) ||
  (opcode >= 0x8b && opcode <= 0xa6) ||
  (opcode >= 0xa8 && opcode <= 0xbf && ![0xac, 0xad].includes(opcode));

const { targets } = JSON.parse(readFileSync(new URL('../asconfig.json', import.meta.url), 'utf8')) as {
  targets: Record<string, { lowMemoryLimit?: number; initialMemory: number; maximumMemory: number }>;
};
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

test('bindings and test list the same exports', () => assert.ok(missing));

for (const profile of PROFILES) {
  const module = readWasmModule(wasmBytes(profile));
  const core = newExports(profile);

  test(`${profile}: no imports`, () => {
    assert.equal(WebAssembly.Module.imports(new WebAssembly.Module(wasmBytes(profile))), []);
  });

  test(`${profile}: exactly the documented exports, functions as functions, the rest immutable numbers`, () => {
    const found = WebAssembly.Module.exports(new WebAssembly.Module(wasmBytes(profile)));
    const names = (kind: string) =>
      found
        .filter((each) => each.kind === kind)
        .map(({ name }) => name)
        .sort();
    const calls = [...CALLS, ...(MORE_CALLS[profile] ?? [])];
    assert.equal(names('function'), calls.sort());
    const numbers = [...NUMBERS, ...(MORE_NUMBERS[profile] ?? [])];
    assert.equal(names('global'), [...numbers].sort());
    assert.equal(names('memory'), ['memory']);
    assert.is(found.length, calls.length + numbers.length + 1);
  });

  test(`${profile}: no start function: instantiation runs nothing and leaves memory as it is`, () => {
    assert.not(module.hasStart);
    const memory = new Uint8Array(newExports(profile).memory.buffer);
    assert.ok(memory.subarray(core.STATUS.value, core.__heap_base.value).every((byte) => byte === 0));
  });

  test(`${profile}: no global that can change: a snapshot of memory is a snapshot of the agent`, () => {
    assert.is(module.globals.filter(({ isMutable }) => isMutable).length, 0);
  });

  test(`${profile}: memory never grows`, () => {
    assert.not(module.opcodes.has(MEMORY_GROW));
    assert.is(module.memory.least, module.memory.most);
    assert.is(module.memory.least * PAGE, core.memory.buffer.byteLength);
    assert.throws(() => core.memory.grow(1));
  });

  test(`${profile}: no floating point`, () => {
    assert.equal([...module.opcodes].filter(FLOATS), []);
  });

  test(`${profile}: __heap_base keeps to the budget of asconfig.json`, () => {
    const target = targets[profile];
    assert.ok(target);
    const budget = target?.lowMemoryLimit ?? (target?.maximumMemory ?? 0) * PAGE;
    assert.ok(core.__heap_base.value <= budget, `${core.__heap_base.value} of ${budget} bytes`);
    assert.is(core.__heap_base.value, core.__data_end.value);
  });

  test(`${profile}: says what it is`, () => {
    assert.is(core.ABI_VERSION.value, ABI_VERSION);
    assert.is(['lean', 'lean-strict', 'standard', 'gateway'][core.PROFILE.value], profile);
    const version = core.VERSION.value;
    assert.is(`${version >>> 24}.${(version >>> 16) & 0xff}.${version & 0xffff}`, manifest.version);
  });
}

test.run();
