import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manyFlows } from '../simulator/index.ts';
import { dissect } from './support/dissect.ts';
import { connectionsOf, digest, hex, tcpOf } from './support/tcp-connections.ts';

test('many flows: the totals are the sums of the frames', () => {
  for (const options of [
    { packets: 20_000, flows: 1000, frameLength: 100 },
    { packets: 10_007, flows: 501, frameLength: 60 },
    { packets: 64, flows: 64, frameLength: 1514 },
    { packets: 99, flows: 1, frameLength: 101 },
  ]) {
    const { frames, totals, localAddresses } = manyFlows({ seed: 3, ...options });
    assert.equal(localAddresses, ['192.0.2.50']);
    const flows = new Set<string>();
    const found = { packetsOut: 0, packetsIn: 0, bytesOut: 0, bytesIn: 0 };
    let latestMs = 0;
    let count = 0;
    for (const { timeMs, bytes } of frames()) {
      assert.is(bytes.length, options.frameLength);
      assert.ok(timeMs >= latestMs);
      latestMs = timeMs;
      count++;
      const { source, destination, protocol, body } = dissect(bytes);
      const isOut = source === 'c0000232';
      const [sourcePort, destinationPort] = [hex(body.subarray(0, 2)), hex(body.subarray(2, 4))];
      flows.add(
        isOut
          ? `${protocol} ${sourcePort} ${destination} ${destinationPort}`
          : `${protocol} ${destinationPort} ${source} ${sourcePort}`,
      );
      found[isOut ? 'packetsOut' : 'packetsIn']++;
      found[isOut ? 'bytesOut' : 'bytesIn'] += body.length;
    }
    assert.is(count, options.packets);
    assert.equal(totals, { flows: flows.size, ...found });
    assert.is(flows.size, options.flows);
  }
});

test('many flows: no two flows are the same where remote addresses run out', () => {
  const { frames, totals } = manyFlows({ packets: 300_000, flows: 300_000, frameLength: 60 });
  const seen = new Set<number>();
  for (const { bytes } of frames()) {
    // The first packet of a flow goes out: remote address without its constant bits, and local port.
    const remote = (((bytes[31] ?? 0) & 1) << 16) | ((bytes[32] ?? 0) << 8) | (bytes[33] ?? 0);
    const port = ((bytes[34] ?? 0) << 8) | (bytes[35] ?? 0);
    seen.add(remote * 0x1_0000 + port);
  }
  assert.is(seen.size, totals.flows);
});

test('many flows: the seed repeats, connections run on', () => {
  const options = { packets: 5000, flows: 100, frameLength: 100 };
  assert.is(
    digest(manyFlows({ ...options, seed: 1 }).frames()),
    digest(manyFlows({ ...options, seed: 1 }).frames()),
  );
  assert.is.not(
    digest(manyFlows({ ...options, seed: 1 }).frames()),
    digest(manyFlows({ ...options, seed: 2 }).frames()),
  );
  const copies = Array.from(manyFlows(options).frames(), ({ timeMs, bytes }) => ({
    timeMs,
    bytes: bytes.slice(),
  }));
  for (const connection of connectionsOf(tcpOf(copies))) {
    const next = new Map<boolean, number>();
    for (const { isOut, sequence, acknowledgement, length } of connection) {
      assert.is(sequence, next.get(isOut) ?? sequence);
      assert.is(acknowledgement, next.get(!isOut) ?? acknowledgement);
      next.set(isOut, sequence + length);
    }
  }
});

test('many flows: options out of range are refused', () => {
  assert.throws(() => manyFlows({ packets: 10, flows: 11 }), /packets is 10/);
  assert.throws(() => manyFlows({ flows: 0 }), /flows is 0/);
  assert.throws(() => manyFlows({ flows: 1.5 }), /flows is 1.5/);
  assert.throws(() => manyFlows({ frameLength: 59 }), /frameLength is 59/);
});

test.run();
