// The same calls give the same bytes (invariant 6): every result, every message, the memory on the way and at the end, in
// V8, compiled to C natively, and compiled to C for a Cortex-M4 in QEMU.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CallRecorder } from '../../bench/mcu/calls.ts';
import { writeCoreSource } from '../../bench/mcu/core-source.ts';
import { compileCore } from '../../bench/mcu/cortex-m4.ts';
import { HeavyCalls } from '../../bench/mcu/heavy-calls.ts';
import { buildFirmwarePlayer, buildNativePlayer, playInQemu, playNatively } from '../../bench/mcu/player.ts';
import { CORTEX_M4_TOOLS, NATIVE_TOOLS, requireTools } from '../../bench/mcu/toolchain.ts';
import { inWorkspace } from '../../bench/mcu/workspace.ts';
import { FORMAT_2_3, FORMAT_3_0_FLATBUFFERS, FORMAT_3_0_PROTOBUF } from '../../schema/configuration-block.ts';
import { newExports, PROFILES, type Profile, wasmBytes } from '../support/profiles.ts';
import { SeededRandom, seedOfRun } from '../support/seeded-random.ts';
import { RandomCalls } from './random-calls.ts';

const seed = seedOfRun();
const STEPS = 3000;
const HASHES = 300;
/** The gateway's memory is 64 times as large. */
const HASHES_GATEWAY = 20;

const FORMATS: Readonly<Record<Profile, readonly number[]>> = {
  lean: [FORMAT_3_0_PROTOBUF],
  'lean-strict': [FORMAT_2_3],
  standard: [FORMAT_2_3, FORMAT_3_0_PROTOBUF, FORMAT_3_0_FLATBUFFERS],
  gateway: [FORMAT_2_3, FORMAT_3_0_PROTOBUF, FORMAT_3_0_FLATBUFFERS],
};

const MACHINES = [
  {
    name: 'compiled to C, natively',
    tools: NATIVE_TOOLS,
    build: (folder: string) => buildNativePlayer(folder),
    play: playNatively,
  },
  {
    name: 'compiled to C, Cortex-M4 in QEMU',
    tools: CORTEX_M4_TOOLS,
    build: async (folder: string) => {
      await compileCore(folder, 'core.o', true);
      await buildFirmwarePlayer(folder, 'core.o');
    },
    play: playInQemu,
  },
];

for (const profile of PROFILES) {
  for (const machine of MACHINES) {
    test(`${profile}: V8 and ${machine.name} agree, SEED=${seed}`, async () => {
      await requireTools(machine.tools);
      await inWorkspace(async (folder) => {
        await writeCoreSource(wasmBytes(profile), folder);
        await machine.build(folder);
        for (const recorder of [randomCalls(profile), heavyCalls(profile)]) {
          assert.is(recorder.difference(await machine.play(folder, recorder.script())), undefined);
        }
      });
    });
  }
}

test('a difference is seen, and said where', async () => {
  await requireTools(NATIVE_TOOLS);
  await inWorkspace(async (folder) => {
    await writeCoreSource(wasmBytes('lean-strict'), folder);
    await buildNativePlayer(folder);
    const recorder = randomCalls('lean-strict');
    const log = await playNatively(folder, recorder.script());
    assert.is(recorder.difference(log), undefined);
    log[log.length - 1] = (log.at(-1) ?? 0) ^ 1;
    assert.match(recorder.difference(log) ?? '', /of the final memory differs/);
    log[0] = (log[0] ?? 0) ^ 1;
    assert.match(recorder.difference(log) ?? '', /^byte 0 of what call \d+, .*, gave differs/);
    assert.match(recorder.difference(log.subarray(0, 100)) ?? '', /differs: .* in V8, /);
  });
});

function randomCalls(profile: Profile): CallRecorder {
  const recorder = new CallRecorder(newExports(profile));
  const hashes = profile === 'gateway' ? HASHES_GATEWAY : HASHES;
  new RandomCalls(recorder, new SeededRandom(seed), FORMATS[profile]).record(STEPS, hashes);
  return recorder;
}

function heavyCalls(profile: Profile): CallRecorder {
  const heavy = new HeavyCalls(newExports(profile));
  heavy.record();
  heavy.check();
  return heavy.recorder;
}

test.run();
