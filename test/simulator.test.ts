import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesSource, MIN_TARGET, pcapBytes } from '../host/capture/index.ts';
import { type DemoCapture, demoCapture, Random, Timeline } from '../simulator/index.ts';
import { ACK, FIN, RST, SYN } from '../simulator/packets/index.ts';
import { readCapture } from './support/capture-model.ts';
import { dissect } from './support/dissect.ts';
import { connectionsOf, digest, type Tcp, tcpOf } from './support/tcp-connections.ts';

const seed = Number(process.env.SEED ?? Date.now()) >>> 0;

// Random numbers

test('sfc32, in plain arithmetic', () => {
  const state = splitmix(42, 3);
  let counter = 1;
  const step = (): number => {
    const [a = 0, b = 0, c = 0] = state;
    const result = (a + b + counter++) >>> 0;
    state[0] = (b ^ (b >>> 9)) >>> 0;
    state[1] = (c + c * 8) % 2 ** 32;
    state[2] = (((c << 21) >>> 0) + (c >>> 11) + result) % 2 ** 32;
    return result;
  };
  for (let i = 0; i < 12; i++) step();
  const random = new Random(42);
  for (let i = 0; i < 1000; i++) assert.is(random.next(), step());
});

function splitmix(start: number, count: number): number[] {
  let state = BigInt(start);
  const mask = 0xffff_ffffn;
  return Array.from({ length: count }, () => {
    state = (state + 0x9e3779b9n) & mask;
    let mixed = state ^ (state >> 16n);
    mixed = (mixed * 0x21f0aaadn) & mask;
    mixed ^= mixed >> 15n;
    mixed = (mixed * 0x735a2d97n) & mask;
    return Number(mixed ^ (mixed >> 15n));
  });
}

test(`random numbers keep to their ranges and means, SEED=${seed}`, () => {
  const random = new Random(seed);
  const counts = new Array<number>(6).fill(0);
  let exponential = 0;
  let yes = 0;
  const draws = 60_000;
  for (let i = 0; i < draws; i++) {
    const face = random.integer(1, 6);
    counts[face - 1] = (counts[face - 1] ?? 0) + 1;
    const time = random.exponential(50);
    assert.ok(time >= 0 && Number.isFinite(time));
    exponential += time;
    if (random.chance(0.25)) yes++;
  }
  // Ten standard deviations: a seed in 10^22 fails.
  for (const count of counts) assert.ok(Math.abs(count - draws / 6) < 920, counts.join(' '));
  assert.ok(Math.abs(exponential / draws - 50) < 2.1);
  assert.ok(Math.abs(yes / draws - 0.25) < 0.018);
  const shuffled = random.shuffle(Array.from({ length: 100 }, (_, i) => i));
  assert.equal(
    [...shuffled].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('a timeline is in order of time, then of adding', () => {
  const timeline = new Timeline();
  for (const [i, timeMs] of [5, 1, 5, 0.000_4, 5].entries()) timeline.add(timeMs, Uint8Array.of(i));
  assert.equal(
    timeline.frames().map(({ timeMs, bytes }) => [timeMs, bytes[0]]),
    [
      [0, 3],
      [1, 1],
      [5, 0],
      [5, 2],
      [5, 4],
    ],
  );
});

// The demonstration

const demos: readonly DemoCapture[] = [1, 2, seed].map((number) => demoCapture(number));

test('the same seed gives the same bytes, another seed others', () => {
  assert.is(digest(demoCapture(1).frames), digest(demoCapture(1).frames));
  assert.is.not(digest(demoCapture(1).frames), digest(demoCapture(2).frames));
});

test(`every frame of the demonstration is whole and right, in order of time, SEED=${seed}`, () => {
  for (const { frames } of demos) {
    let latestMs = 1_748_851_200_000;
    for (const [i, { timeMs, bytes }] of frames.entries()) {
      assert.ok(timeMs >= latestMs, `frame ${i} at ${timeMs} comes after ${latestMs}`);
      latestMs = timeMs;
      try {
        dissect(bytes);
      } catch (fault) {
        assert.unreachable(`frame ${i}: ${(fault as Error).message}`);
      }
    }
    const minutes = (latestMs - 1_748_851_200_000) / 60_000;
    assert.ok(minutes > 9.5 && minutes < 10.2, `${minutes} minutes`);
    assert.ok(frames.length >= 2000 && frames.length <= 6000, `${frames.length} frames`);
  }
});

test('only documentation addresses and those that protocols name', () => {
  const allowed = /^(c00002|c63364|cb0071|20010db8)|^(00000000|ffffffff|e00000fb|0{32}|ff02.*)$/;
  for (const { frames } of demos) {
    for (const { bytes } of frames) {
      const { source, destination } = dissect(bytes);
      for (const address of [source, destination])
        assert.ok(address === '' || allowed.test(address), address);
    }
  }
});

test('TCP connections: sequence numbers run on, acknowledgements say what has come', () => {
  for (const { frames } of demos) {
    for (const connection of connectionsOf(tcpOf(frames))) {
      // [in, out]
      const next: [number | undefined, number | undefined] = [undefined, undefined];
      for (const { isOut, sequence, acknowledgement, flags, length } of connection) {
        const side = isOut ? 1 : 0;
        const isRepeatedSyn = flags === SYN && next[side] !== undefined;
        const expected = next[side] ?? sequence;
        if (!isRepeatedSyn) assert.is(sequence, expected);
        if ((flags & ACK) !== 0 && (flags & RST) === 0) assert.is(acknowledgement, next[1 - side]);
        const space = length + ((flags & SYN) === 0 ? 0 : 1) + ((flags & FIN) === 0 ? 0 : 1);
        next[side] = (sequence + space) >>> 0;
      }
    }
  }
});

test('the scan is there, and it is what the capture says it is', () => {
  for (const { frames, scan } of demos) {
    const telnet = connectionsOf(
      tcpOf(frames).filter(({ remotePort }) => remotePort === 23 || remotePort === 2323),
    );
    assert.is(telnet.length, scan.targets);
    assert.is(
      new Set(telnet.map(([first]) => first?.remote)).size,
      scan.targets,
      'every target is another host',
    );
    const has = (connection: Tcp[], flags: number) =>
      connection.some((segment) => !segment.isOut && segment.flags === flags);
    assert.is(telnet.filter((connection) => has(connection, SYN | ACK)).length, scan.accepted);
    assert.is(telnet.filter((connection) => has(connection, RST | ACK)).length, scan.refused);
    assert.is(telnet.filter((connection) => connection.every(({ isOut }) => isOut)).length, scan.unanswered);
    assert.is(scan.unanswered + scan.refused + scan.accepted, scan.targets);
    assert.ok(scan.unanswered > scan.refused && scan.refused > scan.accepted && scan.accepted > 0);
    const times = telnet.flat().map(({ timeMs }) => timeMs);
    assert.ok(Math.min(...times) >= scan.startMs && Math.max(...times) <= scan.endMs + 0.001);
    const rate = scan.targets / ((scan.endMs - scan.startMs) / 1000);
    assert.ok(rate > 2.5 && rate < 6, `${rate} hosts a second`);
  }
});

test('apart from the scan the device is answered', () => {
  for (const { frames } of demos) {
    const ordinary = connectionsOf(
      tcpOf(frames).filter(({ remotePort }) => ![23, 2323].includes(remotePort)),
    );
    assert.ok(ordinary.length >= 6 && ordinary.length < 30, `${ordinary.length} connections`);
    for (const connection of ordinary) {
      assert.equal(
        connection.slice(0, 3).map(({ flags }) => flags),
        [SYN, SYN | ACK, ACK],
      );
      assert.is(connection.filter(({ flags }) => (flags & FIN) !== 0).length, 2);
      assert.is(connection.filter(({ flags }) => (flags & RST) !== 0).length, 0);
    }
    const protocols = new Set(frames.map(({ bytes }) => dissect(bytes).protocol));
    assert.equal(
      [...protocols].sort((a, b) => a - b),
      [-1, 1, 6, 17, 58],
    );
  }
});

test('the demonstration survives a file', async () => {
  const [{ frames, linkType } = demoCapture(1)] = demos;
  const reading = await readCapture(bytesSource(pcapBytes(frames, { linkType })), MIN_TARGET);
  assert.is(reading.fault, '');
  assert.equal(
    reading.frames.map(({ timeMs, original }) => [timeMs, original]),
    frames.map(({ timeMs, bytes }) => [Math.floor(timeMs), bytes.length]),
  );
});

test.run();
