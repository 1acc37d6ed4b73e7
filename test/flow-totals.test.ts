// Totals per five-tuple against a slow, obvious model: any flows in any order, as few or as many as there are.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress } from '../bindings/js/address.ts';
import { INITIATORS, nameOf, OUTCOMES, PROTOCOL_NAMES } from '../bindings/js/messages/security-message.ts';
import { FlowCursor } from '../bindings/js/messages/visited-flow.ts';
import { type FlowTotal, FlowTotals } from '../host/inspection/flow-totals.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
/** From the least to the furthest. */
const FURTHER = ['undecided', 'unanswered', 'refused', 'established', 'reset'];
/** Where the message stands in its memory. */
const START = 3;

class Flows {
  readonly totals = new FlowTotals();
  readonly model = new Map<string, FlowTotal>();
  readonly #memory = new Uint8Array(START + 32);
  readonly #view = new DataView(this.#memory.buffer);

  add(cursor: FlowCursor, local: Uint8Array, remote: Uint8Array): void {
    this.#memory.set(local, START);
    this.#memory.set(remote, START + local.length);
    if (cursor.local >= 0) cursor.remote = local.length;
    this.totals.add(cursor, this.#view, START);
    const nowhere = new Uint8Array(local.length);
    const seen: FlowTotal = {
      protocol: nameOf(PROTOCOL_NAMES, cursor.protocol),
      localAddress: formatAddress(cursor.local < 0 ? nowhere : local),
      localPort: cursor.localPort,
      remoteAddress: formatAddress(cursor.remote < 0 ? nowhere : remote),
      remotePort: cursor.remotePort,
      bytesIn: cursor.bytesIn,
      bytesOut: cursor.bytesOut,
      packetsIn: cursor.packetsIn,
      packetsOut: cursor.packetsOut,
      firstSeen: cursor.firstSeen,
      lastSeen: cursor.lastSeen,
      initiator: nameOf(INITIATORS, cursor.initiator),
      outcome: nameOf(OUTCOMES, cursor.outcome),
    };
    const key = keyOf(seen);
    const before = this.model.get(key);
    this.model.set(key, before === undefined ? seen : merged(before, seen));
  }

  all(): FlowTotal[] {
    return Array.from(this.totals.byBytes(), (flow) => this.totals.total(flow));
  }
}

function merged(before: FlowTotal, seen: FlowTotal): FlowTotal {
  return {
    ...before,
    bytesIn: before.bytesIn + seen.bytesIn,
    bytesOut: before.bytesOut + seen.bytesOut,
    packetsIn: before.packetsIn + seen.packetsIn,
    packetsOut: before.packetsOut + seen.packetsOut,
    firstSeen: Math.min(before.firstSeen, seen.firstSeen),
    lastSeen: Math.max(before.lastSeen, seen.lastSeen),
    initiator: before.initiator === 'unknown' ? seen.initiator : before.initiator,
    outcome: FURTHER.indexOf(seen.outcome) > FURTHER.indexOf(before.outcome) ? seen.outcome : before.outcome,
  };
}

function keyOf({ protocol, localAddress, localPort, remoteAddress, remotePort }: FlowTotal): string {
  return [protocol, localAddress, localPort, remoteAddress, remotePort].join(' ');
}

test(`10,000 reports of up to 3,000 flows of both families, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED);
  const flows = new Flows();
  let next = 0;
  for (let report = 0; report < 10_000; report++) {
    // Much as a core reports them: one behind the other, with gaps, now and then from the beginning.
    next = random.once(50) ? random.below(3000) : (next + random.pick([1, 1, 1, 2, 3, 9])) % 3000;
    const cursor = new FlowCursor();
    const isV6 = next % 3 === 0;
    const size = isV6 ? 16 : 4;
    cursor.family = isV6 ? 6 : 4;
    cursor.protocol = next % 4;
    cursor.localPort = next & 1 ? 65_535 : next;
    cursor.remotePort = (next >> 1) & 0xffff;
    cursor.bytesIn = random.pick([0, 1, 2 ** 40, random.u32()]);
    cursor.bytesOut = random.below(1000);
    cursor.packetsIn = random.below(100);
    cursor.packetsOut = random.u32();
    cursor.lastSeen = 17_000_000_000 + random.below(1_000_000);
    cursor.firstSeen = cursor.lastSeen - random.below(1000);
    cursor.initiator = random.below(3);
    cursor.outcome = random.below(5);
    cursor.local = next % 100 === 7 ? -1 : 0;
    cursor.remote = -1;
    if (cursor.local < 0) {
      cursor.localPort = 0;
      cursor.remotePort = 0;
    }
    const address = (last: number) =>
      Uint8Array.from({ length: size }, (_, at) => (at === size - 1 ? last : at + 1));
    flows.add(cursor, address(next % 2), address((next >> 3) & 0xff));
  }
  assert.is(flows.totals.count, flows.model.size);
  const found = new Map(flows.all().map((flow) => [keyOf(flow), flow]));
  assert.equal(found, flows.model);
  const sizes = flows.all().map(({ bytesIn, bytesOut }) => bytesIn + bytesOut);
  assert.equal(
    sizes,
    [...sizes].sort((one, other) => other - one),
  );
  const sum = (field: 'bytesIn' | 'packetsOut') =>
    flows.all().reduce((total, flow) => total + flow[field], 0);
  assert.is(flows.totals.bytesIn, sum('bytesIn'));
  assert.is(flows.totals.packetsOut, sum('packetsOut'));
});

test('an outcome that a later schema adds counts least, and keeps its number', () => {
  const flows = new Flows();
  const report = (outcome: number) => {
    const cursor = new FlowCursor();
    cursor.outcome = outcome;
    flows.add(cursor, Uint8Array.of(10, 0, 0, 1), Uint8Array.of(10, 0, 0, 2));
  };
  report(9);
  report(3);
  report(9);
  assert.is(flows.totals.total(0).outcome, 'unanswered');
});

test.run();
