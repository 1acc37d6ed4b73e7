// Addresses between text and bytes, held against the address reader and writer of Node.

import { isIP, SocketAddress } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress, parseAddress, parsePrefix } from '../bindings/js/address.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { codeOf, errorOf } from './support/thrown-error.ts';

const SEED = seedOfRun();

test('addresses are read into network-order bytes', () => {
  assert.equal(parseAddress('192.0.2.255'), Uint8Array.of(192, 0, 2, 255));
  assert.equal(parseAddress('0.0.0.0'), new Uint8Array(4));
  const v6 = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5);
  for (const text of ['2001:db8::5', '2001:DB8:0::0005', '2001:db8:0:0:0:0:0:5', '2001:db8::0.0.0.5']) {
    assert.equal(parseAddress(text), v6, text);
  }
  assert.equal([...parseAddress('::ffff:1.2.3.4')].slice(9), [0, 0xff, 0xff, 1, 2, 3, 4]);
  // Not ::ffff:1.2.3.4.
  assert.equal([...parseAddress('::1.2.3.4')].slice(9), [0, 0, 0, 1, 2, 3, 4]);
});

test('one spelling only: short, octal, hexadecimal and zoned addresses are refused', () => {
  const refused = [
    ...['', ' ', '1.2', '1.2.3', '1', '16909060', '010.0.0.1', '1.2.3.04', '0x0a.0.0.1', '1.2.3.256'],
    ...['1.2.3.4.5', '1.2.3.4 ', '1.2.3.-4', '1.2.3.4\n', '١.2.3.4', 'fe80::1%eth0', '1.2.3.4%0', ':'],
    ...[':::', '1::2::3', '12345::', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7', '::1.2.3', '::01.2.3.4', '[::1]'],
    ...['1.2.3.4::', '::1.2.3.4:5', '1:2:3:4:5:6:7:1.2.3.4', 'localhost', '::g', '2001:db8::5/64'],
  ];
  for (const text of refused)
    assert.is(
      codeOf(() => parseAddress(text)),
      'WL_BAD_ADDRESS',
      text,
    );
});

test('a prefix is kept when it is given and fits the family', () => {
  assert.equal(parsePrefix('10.1.2.3/24'), { bytes: Uint8Array.of(10, 1, 2, 3), prefixLength: 24 });
  assert.equal(parsePrefix('10.1.2.3'), { bytes: Uint8Array.of(10, 1, 2, 3), prefixLength: 0 });
  assert.is(parsePrefix('10.1.2.3/0').prefixLength, 0);
  assert.is(parsePrefix('10.1.2.3/32').prefixLength, 32);
  assert.is(parsePrefix('fe80::/128').prefixLength, 128);
  for (const length of [
    '33',
    '-1',
    '',
    ' 8',
    '08',
    '+8',
    '8.0',
    '1e1',
    '24/8',
    '999999999999',
    '255.0.0.0',
  ]) {
    assert.is(
      codeOf(() => parsePrefix(`10.1.2.3/${length}`)),
      'WL_BAD_ADDRESS',
      length,
    );
  }
  assert.is(
    codeOf(() => parsePrefix('fe80::/129')),
    'WL_BAD_ADDRESS',
  );
  assert.is(
    codeOf(() => parsePrefix('/8')),
    'WL_BAD_ADDRESS',
  );
});

test('an error repeats the text, cut short and harmless, and says what to do', () => {
  const text = `\u001b[31m"\u202e\u0085${'x'.repeat(100_000)}`;
  const error = errorOf(() => parseAddress(text));
  assert.match(
    error.message,
    /^"\\u\{1b\}\[31m\\u\{22\}\\u\{202e\}\\u\{85\}x+\.\.\." is no IPv4 or IPv6 address$/,
  );
  assert.ok(error.message.length < 150);
  assert.match(errorOf(() => parseAddress('fe80::1%eth0')).hint, /zone/);
  assert.match(errorOf(() => parsePrefix('10.0.0.1/40')).hint, /\/32/);
});

test('addresses are written dotted, or as RFC 5952 says', () => {
  const texts = [
    ...['0.0.0.0', '255.255.255.255', '::', '::1', '2001:db8::1', '1:0:0:2::3', '1::2:3:0:0:4'],
    // 4.2.2: one group of zeros is not shortened. 5: an IPv4 tail behind a well-known prefix.
    ...['1:0:2:3:4:5:6:7', '::ffff:1.2.3.4', '::1.2.3.4', '::fffe:1:2', '1:2:3:4:5:6::', 'fe80::abcd:0:1'],
  ];
  for (const text of texts) assert.is(formatAddress(parseAddress(text)), text);
  const message = Uint8Array.of(9, 9, 10, 0, 0, 5, 9);
  assert.is(formatAddress(message, 2, 4), '10.0.0.5');
  for (const [offset, length] of [
    [0, 3],
    [4, 4],
    [-1, 4],
    [0, 16],
  ] as const) {
    assert.is(
      codeOf(() => formatAddress(message, offset, length)),
      'WL_BAD_ADDRESS',
    );
  }
});

test(`random addresses are written as the system writes them, and read back, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 20_000; round++) {
    const bytes = random.bytes(random.once(4) ? 4 : 16);
    // Runs of zeros and marks are where the rules differ.
    for (let at = 0; at < bytes.length; at += 2) if (!random.once(3)) bytes.fill(0, at, at + 2);
    if (random.once(8)) bytes.fill(0xff, bytes.length - 6, bytes.length - 4);
    const written = formatAddress(bytes);
    const groups = Array.from({ length: 8 }, (_, at) =>
      (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
    );
    const expected =
      bytes.length === 4
        ? bytes.join('.')
        : new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
    assert.is(written, expected);
    assert.equal(parseAddress(written), bytes);
  }
});

test(`what is an address and what is not, Node says the same, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  const originals = [
    '1.2.3.4',
    '::ffff:10.0.0.255',
    '2001:db8::5',
    '1:2:3:4:5:6:7:8',
    '::',
    '1::',
    '1:2:3:4:5:6:1.2.3.4',
  ];
  for (let round = 0; round < 50_000; round++) {
    const text = [...random.pick(originals)];
    for (let change = random.below(3); change >= 0; change--) {
      const at = random.below(text.length + 1);
      const piece = random.pick([...'0019af:.x', '::', '255', '256', '']);
      text.splice(at, random.below(3), piece);
    }
    const candidate = text.join('');
    const isAddress = codeOf(() => parseAddress(candidate)) === undefined;
    assert.is(isAddress, isIP(candidate) !== 0, JSON.stringify(candidate));
  }
});

test.run();
