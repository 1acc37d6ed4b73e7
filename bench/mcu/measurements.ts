// What one profile takes of a Cortex-M4: flash, RAM, stack, and instructions a packet.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeConfiguration } from '../../bindings/js/configuration.ts';
import type { CoreExports } from '../../bindings/js/exports.ts';
import { COUNTED } from '../../schema/reasons.ts';
import { STATUS_VERDICTS } from '../../schema/status.ts';
import { batchOf, LOCAL_V4, START_MS, TCP_V4 } from '../workload.ts';
import { CallRecorder, OPERATIONS, type Operation } from './calls.ts';
import { writeCoreSource } from './core-source.ts';
import { compileCore, compileForCortexM4, linkForCortexM4, type Sizes, sizesOf } from './cortex-m4.ts';
import { HeavyCalls } from './heavy-calls.ts';
import { buildFirmwarePlayer, playInQemu } from './player.ts';
import { inWorkspace } from './workspace.ts';

/** All in bytes. */
export interface Footprint {
  /** holder/wardlet.c compiled: code, constants and initialised variables of the core alone. */
  readonly core: number;
  /** player/smallest.c linked: the core, what it needs of the C library, vectors, startup, nine calls. */
  readonly flash: number;
}

export interface CallCost {
  readonly stackBytes: number;
  readonly instructions: number;
}

export interface Measurements {
  readonly profile: string;
  readonly wasmBytes: number;
  readonly checked: Footprint;
  readonly unchecked: Footprint;
  readonly ram: {
    /** The core's memory, __heap_base. */
    readonly memory: number;
    /** Variables of holder/wardlet.c beside it. */
    readonly variables: number;
    /** Of the deepest call, from the caller's stack pointer down. */
    readonly stack: number;
    readonly sum: number;
  };
  /** By call, the worst of a script as heavy as can be (heavy-calls.ts). */
  readonly calls: Readonly<Partial<Record<Operation, CallCost>>>;
  /** Of a known IPv4 flow. */
  readonly instructionsPerPacket: { readonly checked: number; readonly unchecked: number };
}

/** SysTick runs at 25 MHz, QEMU at one instruction a nanosecond (player.ts). */
const INSTRUCTIONS_PER_TICK = 40;
/** As many as the input of the smallest profile takes. */
const PACKETS_PER_BATCH = 6;
const BATCHES = 500;
/** player/measure.h. */
const STACK_MAX = 8192;
/** player/player.c: u64 ticks, u32 calls, longest, stack, unused. */
const MEASURED_ENTRY = 24;
const SMALLEST = fileURLToPath(new URL('player/smallest.c', import.meta.url));
const STARTUP = fileURLToPath(new URL('player/startup.c', import.meta.url));

export async function measureProfile(profile: string): Promise<Measurements> {
  const wasm = await readCore(profile);
  const module = await WebAssembly.compile(wasm);
  return await inWorkspace(async (folder) => {
    await writeCoreSource(wasm, folder);
    await compileForCortexM4(folder, SMALLEST, 'smallest.o');
    await compileForCortexM4(folder, STARTUP, 'startup.o');
    const unchecked = await footprint(folder, 'unchecked', false);
    const uncheckedSpeed = await instructionsPerPacket(folder, 'unchecked.o', module);
    const checked = await footprint(folder, 'checked', true);
    const checkedSpeed = await instructionsPerPacket(folder, 'checked.o', module);
    const calls = await worstCalls(folder, module);

    const memory = exportsOf(module).__heap_base.value;
    const variables = checked.sizes.data + checked.sizes.bss - memory;
    const stack = Math.max(...Object.values(calls).map(({ stackBytes }) => stackBytes));
    return {
      profile,
      wasmBytes: wasm.length,
      checked: checked.footprint,
      unchecked: unchecked.footprint,
      ram: { memory, variables, stack, sum: memory + variables + stack },
      calls,
      instructionsPerPacket: { checked: checkedSpeed, unchecked: uncheckedSpeed },
    };
  });
}

async function readCore(profile: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = fileURLToPath(new URL(`../../build/core.${profile}.wasm`, import.meta.url));
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new Error(`build/core.${profile}.wasm is not there: npm run build makes it`, { cause });
  }
}

function exportsOf(module: WebAssembly.Module): CoreExports {
  return new WebAssembly.Instance(module, {}).exports as unknown as CoreExports;
}

async function footprint(
  folder: string,
  name: string,
  checked: boolean,
): Promise<{ footprint: Footprint; sizes: Sizes }> {
  await compileCore(folder, `${name}.o`, checked);
  await linkForCortexM4(folder, [`${name}.o`, 'smallest.o', 'startup.o'], `${name}.elf`);
  const sizes = await sizesOf(folder, `${name}.o`);
  const linked = await sizesOf(folder, `${name}.elf`);
  return { footprint: { core: sizes.text + sizes.data, flash: linked.text + linked.data }, sizes };
}

/** TCP over IPv4 and Ethernet, as many flows as one batch has packets, the same batch again and again. */
async function instructionsPerPacket(
  folder: string,
  object: string,
  module: WebAssembly.Module,
): Promise<number> {
  const recorder = new CallRecorder(exportsOf(module));
  const settings = encodeConfiguration({ seed: new Uint8Array(32).fill(7), localAddresses: [LOCAL_V4] });
  recorder.input(settings);
  recorder.configure(settings.length);
  recorder.start(BigInt(START_MS));
  const batch = batchOf(0, PACKETS_PER_BATCH, TCP_V4);
  recorder.input(batch);
  for (let i = 0; i < BATCHES; i++) recorder.observe(0, batch.length);
  const packets = BATCHES * PACKETS_PER_BATCH;
  if (recorder.u64(STATUS_VERDICTS + 8 * COUNTED) !== BigInt(packets))
    throw new Error('packets were not counted');

  const measured = await playMeasured(folder, object, recorder);
  return Math.round((measured.observe.ticks * INSTRUCTIONS_PER_TICK) / packets);
}

async function worstCalls(
  folder: string,
  module: WebAssembly.Module,
): Promise<Partial<Record<Operation, CallCost>>> {
  const heavy = new HeavyCalls(exportsOf(module));
  heavy.record();
  heavy.check();
  const measured = await playMeasured(folder, 'checked.o', heavy.recorder);
  const worst: Partial<Record<Operation, CallCost>> = {};
  for (const operation of OPERATIONS) {
    const { calls, longest, stack } = measured[operation];
    if (stack >= STACK_MAX)
      throw new Error(`${operation} used all the stack that is measured, ${STACK_MAX} bytes`);
    if (calls > 0) worst[operation] = { stackBytes: stack, instructions: longest * INSTRUCTIONS_PER_TICK };
  }
  return worst;
}

type Measured = Record<Operation, { ticks: number; calls: number; longest: number; stack: number }>;

/** Plays the script as firmware; what it answers must be what V8 answered, or its figures mean nothing. */
async function playMeasured(folder: string, object: string, recorder: CallRecorder): Promise<Measured> {
  await buildFirmwarePlayer(folder, object);
  const difference = recorder.difference(await playInQemu(folder, recorder.script()));
  if (difference) throw new Error(`the core on Cortex-M4 and in V8 disagree: ${difference}`);
  const bytes = await readFile(join(folder, 'measured.bin'));
  return Object.fromEntries(
    OPERATIONS.map((operation, index) => {
      const at = index * MEASURED_ENTRY;
      const ticks = Number(bytes.readBigUInt64LE(at));
      const [calls, longest, stack] = [8, 12, 16].map((field) => bytes.readUInt32LE(at + field));
      return [operation, { ticks, calls, longest, stack }];
    }),
  ) as Measured;
}
