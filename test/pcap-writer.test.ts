import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_CAPTURED, type PcapFrame, PcapWriter, pcapBytes } from '../host/capture/index.ts';
import { PCAP_SHAPES, pcapFile, someBytes } from './support/capture-builder.ts';
import { read } from './support/capture-checks.ts';

test('what the writer writes is what the fields say', () => {
  for (const shape of PCAP_SHAPES) {
    const frames = [0, 1, 60, 1514, 262_144].map((length, i) => ({
      timeMs: 1_700_000_000_123.5 + i,
      bytes: someBytes(length, i),
      originalLength: length + 4,
    }));
    const written = pcapBytes(frames, {
      linkType: 113,
      nanosecond: shape.nanosecond,
      bigEndian: !shape.littleEndian,
    });
    const records = frames.map(({ bytes, originalLength }, i) => ({
      seconds: 1_700_000_000,
      fraction: (123_500 + i * 1000) * (shape.nanosecond ? 1000 : 1),
      bytes,
      original: originalLength,
    }));
    assert.ok(Buffer.compare(written, pcapFile(shape, 113, records)) === 0, JSON.stringify(shape));
  }
});

test('what the writer writes is read back', async () => {
  const frames: PcapFrame[] = Array.from({ length: 20_000 }, (_, i) => ({
    timeMs: 1_700_000_000_000 + i * 3,
    bytes: someBytes(i % 701, i),
  }));
  for (const nanosecond of [false, true]) {
    for (const bigEndian of [false, true]) {
      const { frames: read_, fault } = await read(pcapBytes(frames, { linkType: 1, nanosecond, bigEndian }));
      assert.is(fault, '');
      assert.is(read_.length, frames.length);
      for (const [i, frame] of frames.entries()) {
        assert.is(read_[i]?.timeMs, frame.timeMs);
        assert.is(read_[i]?.original, frame.bytes.length);
        assert.is(read_[i]?.bytes, Buffer.from(frame.bytes.subarray(0, MAX_CAPTURED)).toString('hex'));
      }
    }
  }
});

test('the writer rounds a time to its resolution, and cuts to its snap length', () => {
  const seconds = (timeMs: number, nanosecond: boolean): [number, number] => {
    const view = new DataView(
      pcapBytes([{ timeMs, bytes: someBytes(9, 1) }], { linkType: 1, nanosecond }).buffer,
    );
    return [view.getUint32(24, true), view.getUint32(28, true)];
  };
  assert.equal(seconds(1999.9999, false), [2, 0]);
  assert.equal(seconds(1999.9994, false), [1, 999_999]);
  assert.equal(seconds(1999.9994, true), [1, 999_999_400]);
  assert.equal(seconds(0, false), [0, 0]);
  const cut = pcapBytes([{ timeMs: 0, bytes: someBytes(100, 1) }], { linkType: 1, snapLength: 10 });
  const view = new DataView(cut.buffer);
  assert.is(cut.length, 24 + 16 + 10);
  assert.equal([view.getUint32(16, true), view.getUint32(32, true), view.getUint32(36, true)], [10, 10, 100]);
});

test('a writer without frames hands over a file header', () => {
  let written = 0;
  new PcapWriter((chunk) => (written += chunk.length), { linkType: 1 }).end();
  assert.is(written, 24);
});

test.run();
