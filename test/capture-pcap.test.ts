import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource, MIN_TARGET, openCapture } from '../host/capture/index.ts';
import {
  concat,
  PCAP_SHAPES,
  pcapFile,
  pcapHeader,
  pcapRecord,
  sectionBlock,
  someBytes,
} from './support/capture-builder.ts';
import { failure, read } from './support/capture-checks.ts';

const TIMES = [1_700_000_000, 0, 0xffff_ffff];

test('pcap: every byte order and resolution', async () => {
  for (const shape of PCAP_SHAPES) {
    const fraction = shape.nanosecond ? 123_999_999 : 123_999;
    const records = TIMES.map((seconds, i) => ({
      seconds,
      fraction,
      bytes: someBytes(60 + i, i),
      original: 1500,
    }));
    const reading = await read(pcapFile(shape, 101, records));
    assert.equal(
      reading,
      {
        frames: records.map(({ seconds, bytes }) => ({
          timeMs: seconds * 1000 + 123,
          original: 1500,
          link: 101,
          bytes: Buffer.from(bytes).toString('hex'),
        })),
        fault: '',
      },
      JSON.stringify(shape),
    );
  }
});

test('pcap: the frame check sequence bits are no part of the link type', async () => {
  for (const shape of PCAP_SHAPES) {
    const file = pcapFile(shape, 0x2400_0001, [{ seconds: 1, fraction: 0, bytes: someBytes(20, 1) }]);
    assert.is((await read(file)).frames[0]?.link, 1);
  }
});

test('pcap: an original length below the captured one is raised to it', async () => {
  const [shape] = PCAP_SHAPES;
  assert.ok(shape);
  const file = pcapFile(shape, 1, [{ seconds: 1, fraction: 0, bytes: someBytes(20, 1), original: 3 }]);
  assert.is((await read(file)).frames[0]?.original, 20);
});

test('pcap: only version 2.4 is read', async () => {
  for (const shape of PCAP_SHAPES) {
    const fault = await failure(() => openCapture(bytesSource(pcapHeader(shape, 1, [2, 3]), 'old.pcap')));
    assert.is(fault.code, 'WL_BAD_CAPTURE');
    assert.match(fault.message, 'old.pcap is pcap of version 2.3');
  }
});

test('a capture without frames', async () => {
  for (const shape of PCAP_SHAPES)
    assert.equal(await read(pcapFile(shape, 1, [])), { frames: [], fault: '' });
  assert.equal(await read(sectionBlock(true)), { frames: [], fault: '' });
});

test('pcap: a record that claims more than any capture holds', async () => {
  for (const shape of PCAP_SHAPES) {
    for (const captured of [262_145, 0x7fff_ffff, 0xffff_ffff]) {
      const file = concat([
        pcapFile(shape, 1, [{ seconds: 1, fraction: 0, bytes: someBytes(60, 1) }]),
        pcapRecord(shape, { seconds: 2, fraction: 0, bytes: someBytes(600, 2), captured }),
      ]);
      const capture = await openCapture(bytesSource(file, 'lie.pcap'));
      const target = new Uint8Array(MIN_TARGET);
      assert.is(await capture.fill(target), 76);
      for (let call = 0; call < 3; call++) {
        const fault = await failure(() => capture.fill(target));
        assert.is(fault.code, 'WL_BAD_CAPTURE');
        assert.match(fault.message, `lie.pcap is broken: record 2 at byte 100 claims ${captured}`);
      }
    }
  }
});

test.run();
