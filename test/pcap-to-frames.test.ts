// The gateway's core turns pcap records into frames itself: the same bytes, records and faults as the reader makes in JavaScript.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Core, loadCore } from '../bindings/js/index.ts';
import { type ByteSource, bytesSource, openCapture, type PcapRewriter } from '../host/capture/index.ts';
import { BAD_LENGTH } from '../schema/codes.ts';
import { PCAP_SHAPES, pcapFile } from './support/capture-builder.ts';
import { failure, slowSource } from './support/capture-checks.ts';
import { firstDifference, inputRange } from './support/memory-image.ts';
import { newExports, wasmBytes } from './support/profiles.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();

/** All batches of a capture as hexadecimal, then what ended it. */
async function batches(source: ByteSource, target: Uint8Array, rewriter?: PcapRewriter): Promise<string[]> {
  const found: string[] = [];
  const capture = await openCapture(source);
  try {
    for (;;) {
      const length = await capture.fill(target, rewriter);
      if (length === 0) return [...found, 'end'];
      found.push(Buffer.from(target.subarray(0, length)).toString('hex'));
    }
  } catch (thrown) {
    return [...found, `${(thrown as Error).message}, ${capture.bytesRead} bytes read`];
  }
}

/** Lengths on both sides of what a frame holds, of what is trimmed, of nothing; some bytes are lies, the end may be missing. */
function randomFile(random: SeededRandom): Uint8Array {
  const once = random.pick([5, 200]);
  const records = Array.from({ length: random.below(60) }, () => ({
    seconds: random.u32(),
    fraction: random.u32(),
    bytes: random.bytes(
      random.once(once) ? random.pick([65_535, 65_536, 100_000]) : random.pick([0, 1, 60, 97, 512, 1_514]),
    ),
    ...(random.once(3) ? { original: random.pick([0, 60, 1_514, 0xffff_ffff]) } : {}),
  }));
  const file = pcapFile(random.pick(PCAP_SHAPES), random.pick([1, 101, 276, 0xffff]), records);
  if (random.once(3)) file[random.between(24, file.length)] = random.u32();
  return random.once(2) ? file : file.subarray(0, random.between(24, file.length));
}

test(`pcap records become the same frames in the core as in JavaScript, SEED=${SEED}`, async () => {
  const random = new SeededRandom(SEED);
  const core: Core = await loadCore(wasmBytes('gateway'));
  let used = 0;
  for (let round = 0; round < 150; round++) {
    const file = randomFile(random);
    const largest = random.pick([file.length, 300_000, 70_000, 999]);
    const source = () => slowSource(file, largest, random.once(2));
    const plain = await batches(source(), new Uint8Array(core.input.length));
    const rewritten = await batches(source(), core.input, (...given) => {
      used++;
      return core.pcapToFrames(...given);
    });
    assert.equal(rewritten, plain, `round ${round}`);
  }
  assert.ok(used > 100, 'the core was asked');
});

test(`pcapToFrames: any bytes and any length, nothing but the input changes, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  const exports = newExports('gateway');
  const memory = new Uint8Array(exports.memory.buffer);
  const before = memory.slice();
  const size = exports.INPUT_SIZE.value;
  const { pcapToFrames } = exports;
  assert.ok(pcapToFrames);
  for (const length of [-1, size + 1, -2_147_483_648, 2_147_483_647]) {
    assert.is(pcapToFrames?.(length, 1, 0), BigInt(BAD_LENGTH));
  }
  for (let round = 0; round < 2_000; round++) {
    const start = exports.INPUT.value;
    const length = random.pick([0, 15, 16, 17, random.below(4_000), size]);
    for (let at = 0; at + 16 <= Math.min(length, 4_000); at += random.between(16, 400)) {
      memory.set(random.bytes(16), start + at);
      // A captured length that is likely to fit.
      if (!random.once(5)) memory.set([random.u32(), random.below(2), 0, 0], start + at + 8);
    }
    const result = pcapToFrames?.(length, random.u32(), random.below(3) - 1) ?? -1n;
    const end = Number(result & 0xffff_ffffn);
    assert.ok(result >= 0n && end <= length, `${result} of ${length}`);
    assert.ok(Number(result >> 32n) <= end / 16);
  }
  assert.is(firstDifference(before, memory, [inputRange(exports)]), undefined);
});

test('pcapToFrames: only the gateway has it; a length over the input is refused', async () => {
  for (const profile of ['lean', 'lean-strict', 'standard'] as const) {
    const core = await loadCore(wasmBytes(profile));
    assert.is(core.pcapToFrames(0, 1, false), undefined);
  }
  const core = await loadCore(wasmBytes('gateway'));
  assert.equal(core.pcapToFrames(0, 1, false), { records: 0, end: 0 });
  const fault = await failure(() => core.pcapToFrames(core.input.length + 1, 1, false));
  assert.is(fault.code, 'WL_BAD_LENGTH');
});

test('a capture in memory needs no rewriter', async () => {
  const [shape] = PCAP_SHAPES;
  assert.ok(shape);
  const file = pcapFile(shape, 1, [{ seconds: 1, fraction: 0, bytes: new Uint8Array(60) }]);
  const target = new Uint8Array(70_000);
  const plain = await batches(bytesSource(file), target);
  assert.equal(await batches(bytesSource(file), target, () => undefined), plain);
});

test.run();
