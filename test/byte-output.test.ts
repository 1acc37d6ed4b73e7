// Output in bytes: the same text as strings would be, however it falls into pieces.

import { Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteOutput, constant } from '../cli/byte-output.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();

/** slow: keeps what it is given until later, as a pipe whose reader sleeps. */
class Collector extends Writable {
  readonly chunks: Uint8Array[] = [];
  readonly #isSlow: boolean;

  constructor(isSlow: boolean) {
    super({ highWaterMark: 1 << 26 });
    this.#isSlow = isSlow;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    const take = () => {
      this.chunks.push(Uint8Array.from(chunk));
      done();
    };
    if (this.#isSlow) setTimeout(take, 1);
    else take();
  }

  async text(): Promise<string> {
    await new Promise<void>((resolve) => this.end(resolve));
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

test('numbers, tenths, addresses', async () => {
  const stream = new Collector(false);
  const output = new ByteOutput(stream);
  output.reserve(1000);
  for (const number of [0, 9, 10, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 53]) {
    output.number(number);
    output.text(' ');
  }
  for (const tenths of [0, 5, 10, 17_000_000_001, 17_000_000_010]) {
    output.tenths(tenths);
    output.text(' ');
  }
  output.address(Uint8Array.of(99, 192, 0, 2, 255), 1, 4);
  output.text(' ');
  output.address(Uint8Array.of(0xfe, 0x80, ...new Array(13).fill(0), 1), 0, 16);
  output.end();
  assert.is(
    await stream.text(),
    '0 9 10 65535 2147483647 2147483648 9007199254740992 0 0.5 1 1700000000.1 1700000001 192.0.2.255 fe80::1',
  );
});

for (const isSlow of [false, true]) {
  test(`a stream that is ${isSlow ? 'slow' : 'done at once'} gets everything, SEED=${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    const stream = new Collector(isSlow);
    const output = new ByteOutput(stream);
    const constants = ['', ',', '"}', '","localAddress":"', 'x'.repeat(33)];
    const written = constants.map(constant);
    let expected = '';
    for (let row = 0; row < 20_000; row++) {
      output.reserve(100);
      const which = random.below(constants.length);
      output.constant(written[which] ?? constant(''));
      output.number(row);
      expected += `${constants[which]}${row}`;
      if (random.once(5000)) {
        const long = 'y'.repeat(300_000);
        output.reserve(long.length);
        output.text(long);
        expected += long;
      }
    }
    output.end();
    output.end();
    assert.ok((await stream.text()) === expected);
  });
}

test.run();
