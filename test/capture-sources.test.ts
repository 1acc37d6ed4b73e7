import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ByteSource, bytesSource, fileSource, MIN_TARGET, openCapture } from '../host/capture/index.ts';
import {
  concat,
  everyBlock,
  longFiles,
  PCAP_SHAPES,
  pcapFile,
  someBytes,
} from './support/capture-builder.ts';
import { failure, same } from './support/capture-checks.ts';
import { modelOf, readCapture } from './support/capture-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'wardlet-capture-'));
test.after(() => rmSync(folder, { recursive: true }));

function inFolder(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('what is no capture is named, with what to do about it', async () => {
  for (const [content, what, hint] of [
    ['', 'it is empty', 'save packets as pcap'],
    ['hi', 'it has only 2 bytes', 'save packets as pcap'],
    ['No. Time Source Destination', 'text, beginning "No. Time Source', 'save packets as pcap'],
    [Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), 'gzip', 'gunzip -c'],
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0), 'zstd', 'zstd -dc'],
    [Uint8Array.of(0xa1, 0xb2, 0xcd, 0x34, 0, 0), 'modified pcap', 'editcap'],
    [new Uint8Array(100), 'it begins with zeros', 'save packets as pcap'],
    [Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 1), 'it begins deadbeef01', 'save packets as pcap'],
  ] as const) {
    let closed = 0;
    const source = fileSource(inFolder('no-capture', content));
    const counted: ByteSource = {
      name: 'no-capture',
      read: (target) => source.read(target),
      close: () => {
        closed++;
        return source.close();
      },
    };
    const fault = await failure(() => openCapture(counted));
    assert.is(fault.code, 'WL_BAD_CAPTURE');
    assert.match(fault.message, what);
    assert.match(fault.hint, hint);
    assert.is(closed, 1);
  }
});

test('a file that cannot be read', async () => {
  const missing = await failure(() => fileSource(join(folder, 'missing.pcap')));
  assert.is(missing.code, 'WL_BAD_FILE');
  assert.match(missing.message, 'missing.pcap: there is no such file');
  assert.match((await failure(() => fileSource(folder))).message, 'it is a directory');
  const file = inFolder('a.pcap', concat(everyBlock(true, 1)));
  assert.match((await failure(() => fileSource(join(file, 'b.pcap')))).message, 'not a directory');
  assert.is((await failure(() => fileSource('a\0b'))).code, 'WL_BAD_FILE');
  // Root may read anything.
  if (process.getuid?.() !== 0) {
    chmodSync(file, 0);
    assert.match((await failure(() => fileSource(file))).message, 'not permitted');
  }
  if (process.platform !== 'win32') {
    const server = createServer();
    const socket = join(folder, 'socket');
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    assert.match((await failure(() => fileSource(socket))).message, 'it is a socket');
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a file, whatever the size of the target', async () => {
  for (const file of longFiles()) {
    const path = inFolder('long.pcap', file);
    const model = modelOf(file);
    for (const size of [MIN_TARGET, 65_536, 262_144])
      same(await readCapture(fileSource(path), size), model, `${size}`);
    assert.is(fileSource(path).size, file.length);
  }
});

test('a closed file is not read on', async () => {
  const capture = await openCapture(fileSource(inFolder('closed.pcap', concat(everyBlock(true, 1)))));
  await capture.close();
  await capture.close();
  const fault = await failure(() => capture.fill(new Uint8Array(MIN_TARGET)));
  assert.is(fault.code, 'WL_BAD_FILE');
  assert.match(fault.message, 'it has been closed');
});

test('a Blob whose file has gone', async () => {
  const blob = new Blob(['no file any more']);
  blob.slice = () => {
    throw new DOMException('gone', 'NotReadableError');
  };
  const fault = await failure(() => openCapture(bytesSource(blob, 'dropped.pcap')));
  assert.is(fault.code, 'WL_BAD_FILE');
  assert.match(fault.message, 'dropped.pcap');
});

const COUNT_STANDARD_INPUT = fileURLToPath(new URL('support/count-standard-input.ts', import.meta.url));

test('standard input', async () => {
  const count = (input: Uint8Array): string => {
    const arguments_ = ['--import', 'tsx', COUNT_STANDARD_INPUT];
    const { stdout, stderr } = spawnSync(process.execPath, arguments_, { input, encoding: 'utf8' });
    assert.is(stderr, '');
    return stdout.trim();
  };
  const records = Array.from({ length: 5000 }, (_, i) => ({
    seconds: i,
    fraction: 0,
    bytes: someBytes(90, i),
  }));
  const [shape] = PCAP_SHAPES;
  assert.ok(shape);
  const file = pcapFile(shape, 1, records);
  assert.is(count(file), String(file.length - 24));
  assert.match(
    count(file.subarray(0, file.length - 1)),
    'WL_CUT_CAPTURE standard input ends in the middle of record 5000',
  );
  assert.match(count(new Uint8Array(0)), 'WL_BAD_CAPTURE standard input is not a capture: it is empty');
});

test.run();
