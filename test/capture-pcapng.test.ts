import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource, MIN_TARGET, openCapture } from '../host/capture/index.ts';
import {
  block,
  concat,
  everyBlock,
  interfaceBlock,
  oldPacketBlock,
  packetBlock,
  sectionBlock,
  simplePacketBlock,
  someBytes,
} from './support/capture-builder.ts';
import { failure, read, same } from './support/capture-checks.ts';
import { modelOf } from './support/capture-model.ts';

test('pcapng: sections of both byte orders, interfaces of several link types, all packet blocks', async () => {
  const reading = await read(concat([...everyBlock(true, 1), ...everyBlock(false, 50)]));
  const hex = (length: number, seed: number) => Buffer.from(someBytes(length, seed)).toString('hex');
  const expected = [1, 50].flatMap((seed) => [
    { timeMs: 1_700_000_000_123, original: 61, link: 1, bytes: hex(61, seed) },
    { timeMs: 1_700_000_000_123, original: 1500, link: 101, bytes: hex(62, seed + 1) },
    { timeMs: 1_700_000_000_123, original: 63, link: 1, bytes: hex(63, seed + 2) },
    { timeMs: 1_700_000_001_000, original: 64, link: 1, bytes: hex(64, seed + 3) },
    { timeMs: 1_600_000_005_500, original: 40, link: 113, bytes: '' },
  ]);
  assert.equal(reading, { frames: expected, fault: '' });
});

test('pcapng: the links met so far', async () => {
  const capture = await openCapture(bytesSource(concat(everyBlock(false, 1))));
  const target = new Uint8Array(MIN_TARGET);
  while ((await capture.fill(target)) > 0);
  assert.equal([...capture.links], [1, 101, 113]);
  assert.is(capture.format, 'pcapng');
});

test('pcapng: every resolution and offset of a clock', async () => {
  const units = [
    0n,
    1n,
    999n,
    1_000n,
    123_456_789n,
    1_700_000_000_123_999_999n,
    0x7fff_ffff_ffff_ffffn,
    2n ** 64n - 1n,
  ];
  const resolutions = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 18, 127, 0x80, 0x81, 0x8a, 0x94, 0x9e, 0xa0, 0xc0, 0xff,
  ];
  const offsets = [undefined, 0n, 1n, -1n, 1_600_000_000n, -1_700_000_000n];
  for (const littleEndian of [true, false]) {
    const parts = [sectionBlock(littleEndian)];
    let on = 0;
    for (const resolution of [undefined, ...resolutions]) {
      for (const offsetSeconds of offsets) {
        parts.push(
          interfaceBlock(littleEndian, {
            link: 1,
            ...(resolution === undefined ? {} : { resolution }),
            ...(offsetSeconds === undefined ? {} : { offsetSeconds }),
          }),
        );
        for (const time of units) parts.push(packetBlock(littleEndian, time, someBytes(4, on), { on }));
        on++;
      }
    }
    const file = concat(parts);
    const model = modelOf(file);
    assert.is(model.frames.length, (resolutions.length + 1) * offsets.length * units.length);
    assert.is(model.fault, '');
    same(await read(file), model, 'clocks');
  }
});

test('pcapng: a Simple Packet Block is cut to the snap length of its interface', async () => {
  for (const [snapLength, held, original, kept] of [
    [0, 100, 100, 100],
    [40, 40, 100, 40],
    [200, 100, 100, 100],
    [0, 40, 1500, 40],
  ] as const) {
    const file = concat([
      sectionBlock(true),
      interfaceBlock(true, { link: 1, snapLength }),
      simplePacketBlock(true, someBytes(held, 3), original),
    ]);
    const [frame] = (await read(file)).frames;
    assert.is(frame?.original, original);
    assert.is((frame?.bytes.length ?? 0) / 2, kept);
  }
});

test('pcapng: interface options that lie end the list, the interface stands', async () => {
  const runsOn = Uint8Array.of(2, 0, 0xff, 0xff, 1, 2, 3, 4);
  const file = concat([
    sectionBlock(true),
    interfaceBlock(true, { link: 9, before: runsOn, resolution: 9 }),
    packetBlock(true, 5_000_000n, someBytes(4, 1)),
  ]);
  assert.equal((await read(file)).frames, [{ timeMs: 5000, original: 4, link: 9, bytes: '1f262d34' }]);
});

test('pcapng: lies are refused, with the place and after the frames before them', async () => {
  const begin = [
    sectionBlock(true),
    interfaceBlock(true, { link: 1 }),
    packetBlock(true, 1n, someBytes(60, 1)),
  ];
  const lies: Array<[string, Uint8Array, RegExp]> = [
    ['too short', block(6, someBytes(40, 1), true, { length: 8 }), /has a length of 8/],
    ['not of 32 bits', block(6, someBytes(40, 1), true, { length: 53 }), /has a length of 53/],
    ['endless', block(6, someBytes(40, 1), true, { length: 0xffff_fffc }), /has a length of 4294967292/],
    [
      'two lengths',
      block(6, someBytes(40, 1), true, { lengthAtEnd: 56 }),
      /begins with .* 52 and ends with 56/,
    ],
    ['captured', packetBlock(true, 1n, someBytes(60, 1), { captured: 61 }), /claims 61 captured/],
    [
      'captured',
      packetBlock(true, 1n, someBytes(60, 1), { captured: 0xffff_ffff }),
      /claims 4294967295 captured/,
    ],
    ['no interface', packetBlock(true, 1n, someBytes(60, 1), { on: 1 }), /interface 1,/],
    ['no interface', packetBlock(true, 1n, someBytes(60, 1), { on: 0xffff_ffff }), /interface 4294967295,/],
    ['no interface', oldPacketBlock(true, 1n, someBytes(60, 1), { on: 0xffff }), /interface 65535,/],
    ['too short for a packet', block(6, someBytes(16, 1), true), /length of 28, too little/],
    ['too short for a packet', block(2, someBytes(16, 1), true), /length of 28, too little/],
    ['too short for a packet', block(3, someBytes(0, 1), true), /length of 12, too little/],
    ['too short for an interface', block(1, someBytes(4, 1), true), /an interface in 16 bytes/],
    ['too long for an interface', block(1, someBytes(200_000, 1), true), /an interface in 200012 bytes/],
    ['version', sectionBlock(true, 2), /version 2/],
    ['byte order', block(0x0a0d0d0a, someBytes(16, 1), true), /no byte order/],
    [
      'section',
      block(0x0a0d0d0a, Uint8Array.of(0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0), true),
      /too little for a section/,
    ],
    ['forgets', concat([sectionBlock(true), packetBlock(true, 1n, someBytes(60, 1))]), /interface 0,/],
  ];
  for (const [name, lie, reason] of lies) {
    const file = concat([...begin, lie, packetBlock(true, 2n, someBytes(60, 1))]);
    same(await read(file), modelOf(file), name);
    const capture = await openCapture(bytesSource(file, 'lie.pcapng'));
    const target = new Uint8Array(MIN_TARGET);
    assert.is(await capture.fill(target), 76, name);
    const fault = await failure(() => capture.fill(target));
    assert.is(fault.code, 'WL_BAD_CAPTURE', name);
    assert.match(fault.message, reason);
    const place = name === 'forgets' ? /block 5 at byte \d+ \(after 1 packets\)/ : /block 4 at byte 144 /;
    assert.match(fault.message, place, name);
    assert.is(await failure(() => capture.fill(target)), fault, 'and so do all calls after it');
  }
});

test.run();
