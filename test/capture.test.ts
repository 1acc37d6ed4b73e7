import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { type ByteSource, bytesSource, MIN_TARGET, openCapture } from '../host/capture/index.ts';
import { Random } from '../simulator/random.ts';
import {
  concat,
  everyBlock,
  interfaceBlock,
  LENGTHS,
  longFiles,
  PCAP_SHAPES,
  packetBlock,
  pcapFile,
  pcapHeader,
  pcapRecord,
  sectionBlock,
  simplePacketBlock,
  someBytes,
} from './support/capture-builder.ts';
import { failure, read, same, slowSource } from './support/capture-checks.ts';
import { difference, modelOf, readCapture } from './support/capture-model.ts';

test('frames longer than the target keep 512 bytes or more, whatever the size of the target', async () => {
  const sizes = [
    ...Array.from({ length: 20 }, (_, i) => MIN_TARGET + i),
    1500,
    2015,
    2016,
    65_551,
    65_552,
    262_144,
    1 << 20,
  ];
  for (const file of longFiles()) {
    const model = modelOf(file);
    assert.ok(model.frames.length >= LENGTHS.length);
    assert.is(model.fault, '');
    for (const size of sizes) same(await read(file, size), model, `target of ${size}`);
  }
});

test('a source that gives little at a time, at once or later, gives the same frames', async () => {
  for (const file of longFiles()) {
    const model = modelOf(file);
    for (const largest of [5, 16, 1000, 65_537]) {
      same(await readCapture(slowSource(file, largest, false), 3000), model, `${largest} bytes at once`);
    }
    for (const largest of [97, 65_537]) {
      same(await readCapture(slowSource(file, largest, true), 3000), model, `${largest} bytes later`);
    }
    same(
      await readCapture(bytesSource(new Blob([file as Uint8Array<ArrayBuffer>])), MIN_TARGET),
      model,
      'a Blob',
    );
  }
  for (const shape of PCAP_SHAPES) {
    const small = pcapFile(
      shape,
      1,
      [60, 0, 2000, 3].map((length, i) => ({ seconds: i, fraction: 0, bytes: someBytes(length, i) })),
    );
    same(await readCapture(slowSource(small, 1, true), MIN_TARGET), modelOf(small), 'one byte, later');
  }
  const small = concat([...everyBlock(false, 3), packetBlock(false, 1n, someBytes(140_000, 1))]);
  same(await readCapture(slowSource(small, 1, true), MIN_TARGET), modelOf(small), 'one byte, later');
});

test('a file cut at any byte gives the frames before the cut, then says so', async () => {
  const records = [60, 0, 100, 33].map((length, i) => ({
    seconds: i,
    fraction: 5,
    bytes: someBytes(length, i),
  }));
  const files: Array<{ file: Uint8Array; borders: Set<number> }> = PCAP_SHAPES.map((shape) => {
    const parts = [pcapHeader(shape, 1), ...records.map((record) => pcapRecord(shape, record))];
    return { file: concat(parts), borders: bordersOf(parts) };
  });
  for (const littleEndian of [true, false]) {
    const parts = [...everyBlock(littleEndian, 1), ...everyBlock(!littleEndian, 2)];
    files.push({ file: concat(parts), borders: bordersOf(parts) });
  }
  for (const { file, borders } of files) {
    const whole = await read(file);
    for (let length = 0; length <= file.length; length++) {
      const cut = file.subarray(0, length);
      const model = modelOf(cut);
      // Under four bytes nothing tells a capture from anything else.
      assert.is(model.fault, borders.has(length) ? '' : length < 4 ? 'WL_BAD_CAPTURE' : 'WL_CUT_CAPTURE');
      same(await read(cut), model, `cut at ${length}`);
      same(await readCapture(slowSource(cut, 1, false), MIN_TARGET), model, `cut at ${length}, byte by byte`);
      assert.equal(model.frames, whole.frames.slice(0, model.frames.length));
    }
  }
});

function bordersOf(parts: readonly Uint8Array[]): Set<number> {
  return new Set(parts.map((_, i) => sum(parts.slice(0, i + 1).map((part) => part.length))));
}

test('a cut inside a long frame: it does not come', async () => {
  const lengths = [60, 200_000, 60];
  const files = PCAP_SHAPES.map((shape) =>
    pcapFile(
      shape,
      1,
      lengths.map((length, i) => ({ seconds: i, fraction: 0, bytes: someBytes(length, i) })),
    ),
  );
  for (const littleEndian of [true, false]) {
    const frames = lengths.map((length, i) => packetBlock(littleEndian, BigInt(i), someBytes(length, i)));
    files.push(concat([sectionBlock(littleEndian), interfaceBlock(littleEndian, { link: 1 }), ...frames]));
  }
  for (const file of files) {
    for (let length = 300; length < 200_000; length += 4999) {
      const cut = file.subarray(0, length);
      const model = modelOf(cut);
      assert.is(model.frames.length, 1);
      for (const size of [MIN_TARGET, 262_144]) same(await read(cut, size), model, `cut at ${length}`);
    }
  }
});

test('the place of a cut', async () => {
  const [shape] = PCAP_SHAPES;
  assert.ok(shape);
  const long = { seconds: 1, fraction: 0, bytes: someBytes(70_000, 1) };
  const pcap = pcapFile(shape, 1, [{ ...long, bytes: someBytes(10, 1) }, long]);
  const pcapng = concat([
    sectionBlock(true),
    interfaceBlock(true, { link: 1 }),
    packetBlock(true, 1n, someBytes(200_000, 1)),
  ]);
  for (const size of [MIN_TARGET, 1 << 20]) {
    for (const cut of [50, 60, 66, 67, 600, 60_000, 70_065]) {
      const fault = await lastFault(pcap.subarray(0, cut), size);
      const place = cut < 50 + 16 && cut <= 50 ? 'record 1' : 'record 2, which begins at byte 50';
      if (cut > 50) assert.match(fault?.message ?? '', `ends in the middle of ${place}`, `cut at ${cut}`);
      else assert.is(fault, undefined);
    }
    for (const cut of [55, 1000, 70_000, 150_000, 200_083]) {
      const fault = await lastFault(pcapng.subarray(0, cut), size);
      assert.match(fault?.message ?? '', 'ends in the middle of block 3 at byte 52 (after 0 packets)');
    }
  }
});

async function lastFault(file: Uint8Array, size: number): Promise<WardletError | undefined> {
  const capture = await openCapture(bytesSource(file));
  const target = new Uint8Array(size);
  try {
    while ((await capture.fill(target)) > 0);
    return undefined;
  } catch (fault) {
    assert.instance(fault, WardletError);
    return fault as WardletError;
  }
}

test('a block of 16 MB is read past in fixed memory', async () => {
  const begin = concat([sectionBlock(true), interfaceBlock(true, { link: 1 })]);
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint32(0, 99, true);
  view.setUint32(4, 1 << 24, true);
  let at = 0;
  const blocks = 8;
  const source: ByteSource = {
    name: 'long blocks',
    read(target) {
      if (at < begin.length) return give(begin, at, target);
      const inside = (at - begin.length) % (1 << 24);
      if (at - begin.length === blocks << 24) return 0;
      if (inside < 8) return give(head, inside, target);
      const rest = (1 << 24) - inside;
      if (rest <= 4) return give(head, 8 - rest, target);
      const count = Math.min(rest - 4, target.length);
      target.fill(0xab, 0, count);
      at += count;
      return count;
    },
    close() {},
  };
  function give(bytes: Uint8Array, from: number, target: Uint8Array): number {
    const piece = bytes.subarray(from, from + target.length);
    target.set(piece);
    at += piece.length;
    return piece.length;
  }
  const before = process.memoryUsage().arrayBuffers;
  const capture = await openCapture(source);
  assert.is(await capture.fill(new Uint8Array(MIN_TARGET)), 0);
  assert.is(capture.bytesRead, begin.length + (blocks << 24));
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

test('a target that is too small is refused, and the capture goes on', async () => {
  const [shape] = PCAP_SHAPES;
  assert.ok(shape);
  const capture = await openCapture(
    bytesSource(pcapFile(shape, 1, [{ seconds: 1, fraction: 0, bytes: someBytes(60, 1) }])),
  );
  assert.is((await failure(() => capture.fill(new Uint8Array(MIN_TARGET - 1)))).code, 'WL_BAD_LENGTH');
  assert.is(await capture.fill(new Uint8Array(MIN_TARGET)), 76);
  assert.is(await capture.fill(new Uint8Array(MIN_TARGET)), 0);
  assert.is(await capture.fill(new Uint8Array(MIN_TARGET)), 0, 'the end stays the end');
  await capture.close();
  assert.is((await failure(() => capture.fill(new Uint8Array(MIN_TARGET)))).code, 'WL_BAD_FILE');
});

test('a source that answers at once needs no promise', async () => {
  const capture = await openCapture(bytesSource(concat(everyBlock(true, 1))));
  assert.type(capture.fill(new Uint8Array(MIN_TARGET)), 'number');
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const seed = Number(process.env.SEED ?? Date.now()) >>> 0;
const MUTANTS = Number(process.env.MUTANTS ?? 20_000);

test(`${MUTANTS} mutated files read as the model reads them, SEED=${seed}`, async () => {
  const random = new Random(seed);
  const below = (limit: number) => random.integer(0, limit - 1);
  const originals = [
    ...PCAP_SHAPES.map((shape) =>
      pcapFile(
        shape,
        1,
        [60, 0, 300, 1200, 5].map((length, i) => ({ seconds: i, fraction: i, bytes: someBytes(length, i) })),
      ),
    ),
    concat([...everyBlock(true, 1), packetBlock(true, 9n, someBytes(1500, 1)), ...everyBlock(false, 2)]),
    concat([...everyBlock(false, 1), simplePacketBlock(false, someBytes(700, 1)), ...everyBlock(true, 2)]),
  ];
  const WORDS = [
    0,
    1,
    3,
    8,
    12,
    28,
    32,
    64,
    0xffff,
    65_536,
    262_144,
    262_145,
    1 << 24,
    0x7fff_ffff,
    0xffff_fffc,
    0xffff_ffff,
  ];

  for (let i = 0; i < MUTANTS; i++) {
    let file = new Uint8Array(originals[below(originals.length)] ?? []);
    for (let change = below(5); change >= 0; change--) {
      // Half of all changes hit the first bytes, where the structure is.
      const at = below(below(2) === 0 ? Math.min(file.length, 200) : file.length);
      const length = below(64);
      switch (below(7)) {
        case 0:
          file[at] = below(256);
          break;
        case 1:
          file[at] = (file[at] ?? 0) ^ (1 << below(8));
          break;
        case 2:
          if (at + 4 <= file.length) {
            new DataView(file.buffer).setUint32(at & ~3, WORDS[below(WORDS.length)] ?? 0, below(2) === 0);
          }
          break;
        case 3:
          file = concat([file.subarray(0, at), file.subarray(at + length)]) as Uint8Array<ArrayBuffer>;
          break;
        case 4:
          file = concat([
            file.subarray(0, at),
            file.subarray(at, at + length),
            file.subarray(at),
          ]) as typeof file;
          break;
        case 5:
          file = file.slice(0, at);
          break;
        default:
          file.fill(below(256), at, at + length);
      }
    }
    const size = MIN_TARGET + below(3) * below(5000);
    const later = below(10) === 0;
    const largest = below(2) === 0 ? file.length + 1 : 1 + below(300);
    const found = difference(await readCapture(slowSource(file, largest, later), size), modelOf(file));
    if (found !== '') {
      const hex = Buffer.from(file).toString('hex');
      assert.unreachable(`mutant ${i}, target ${size}, ${largest} bytes at a time: ${found}\n${hex}`);
    }
  }
});

test.run();
