// A message leaves the outbox only when it was acknowledged; until then it is handed out again after every lost
// connection, in order, byte for byte. A full outbox costs resolution, never totals (invariant 5).

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OK, UNKNOWN_SEQUENCE } from '../schema/codes.ts';
import {
  KEY_CACHE_SIZE,
  KEY_HARDWARE,
  KEY_KERNEL,
  KEY_NETWORK_STACK,
  KEY_OS,
} from '../schema/configuration-block.ts';
import { RECORD_HEADER } from '../schema/outbox-record.ts';
import {
  STATUS_BYTES,
  STATUS_DUE,
  STATUS_MESSAGES,
  STATUS_NOW,
  STATUS_OUTBOX_WAITS,
  STATUS_REPORTED_BYTES,
  STATUS_UNACKNOWLEDGED,
} from '../schema/status.ts';
import { type Entry, numbers, text } from './support/configuration-block.ts';
import { LAPTOP, modelOf } from './support/device.ts';
import { type DrivenCore, EPOCH, readTaken, startedCore, type TakenMessage } from './support/driven-core.ts';
import { bytesInTables } from './support/flow-table-reader.ts';
import { Ledger } from './support/ledger.ts';
import { Canaries } from './support/memory-map.ts';
import { hex } from './support/message-reader.ts';
import { judge } from './support/packet-model.ts';
import { frame, peerV4, peerV6 } from './support/packets.ts';
import { PROFILES, type Profile } from './support/profiles.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { openBytes, writersOf } from './support/writers.ts';

const SEED = seedOfRun();
const UNKNOWN = [1, 2, 1_000, 0x7fffffff, 0x80000000, 0xffffffff];

/** A core with `count` messages of one heartbeat each. */
function withHeartbeats(profile: Profile, count: number): DrivenCore {
  const core = startedCore(profile);
  for (let made = 0; made < count; made++) core.collect(EPOCH + made, 4);
  assert.is(core.u32(STATUS_UNACKNOWLEDGED), count);
  return core;
}

function sequences(core: DrivenCore): number[] {
  return Array.from(takeAll(core), ({ sequence }) => sequence);
}

function* takeAll(core: DrivenCore): Generator<TakenMessage> {
  for (let taken = core.take(); taken; taken = core.take()) yield taken;
}

test('gateway: flows counted again while their collection waits half-way are reported, the rest as well', () => {
  const core = startedCore('gateway');
  core.exports.connect();
  const ledger = new Ledger();
  const model = modelOf(LAPTOP);
  const now = EPOCH + 5_000;
  const pass = (peers: number) => {
    for (let peer = 0; peer < peers; peer++) {
      const next = frame({ to: peerV4(peer), payload: peer & 0xff });
      ledger.take(judge(next, model));
      core.observe(next, now);
    }
  };
  pass(30_000);
  core.collect(now, 1);
  assert.ok(core.u32(STATUS_OUTBOX_WAITS) > 0, 'more flows than the outbox holds');
  pass(100);
  for (let turn = 0; turn < 6; turn++) {
    for (const { message } of core.drain()) ledger.report(message);
    core.tick(now);
  }
  ledger.close(core);
});

for (const profile of PROFILES) {
  test(`${profile}: nothing leaves before it is acknowledged, and taking is not acknowledging`, () => {
    const core = withHeartbeats(profile, 3);
    assert.equal(sequences(core), [0, 1, 2]);
    assert.equal(sequences(core), [], 'each is handed out once');
    assert.is(core.u32(STATUS_UNACKNOWLEDGED), 3);
    core.disconnect(EPOCH + 10);
    assert.equal(sequences(core), [0, 1, 2], 'all again, in order');
  });

  test(`${profile}: an acknowledgement of an unknown message, or a second one, is refused and changes nothing`, () => {
    const core = startedCore(profile);
    for (const sequence of [0, ...UNKNOWN]) assert.is(core.exports.acknowledge(sequence), UNKNOWN_SEQUENCE);
    core.collect(EPOCH);
    const before = core.memory.slice();
    for (const sequence of UNKNOWN) assert.is(core.exports.acknowledge(sequence), UNKNOWN_SEQUENCE);
    assert.is(Buffer.compare(before, core.memory), 0);
    assert.is(core.exports.acknowledge(0), OK);
    assert.is(core.exports.acknowledge(0), UNKNOWN_SEQUENCE);
  });

  test(`${profile}: acknowledgements in any order; a message acknowledged is not handed out again`, () => {
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
      [2, 0, 3, 1],
    ]) {
      const core = withHeartbeats(profile, 4);
      sequences(core);
      const open = new Set([0, 1, 2, 3]);
      for (const sequence of order) {
        assert.is(core.exports.acknowledge(sequence), OK);
        assert.is(core.exports.acknowledge(sequence), UNKNOWN_SEQUENCE);
        open.delete(sequence);
        core.disconnect(EPOCH + 10);
        assert.equal(sequences(core), [...open], `after ${sequence} of ${order}`);
      }
      assert.is(core.u32(STATUS_UNACKNOWLEDGED), 0);
    }
  });

  test(`${profile}: STATUS_UNACKNOWLEDGED is what is not yet acknowledged, whatever the order`, () => {
    const core = withHeartbeats(profile, 4);
    sequences(core);
    for (const [done, sequence] of [2, 1, 3, 0].entries()) {
      core.exports.acknowledge(sequence);
      assert.is(core.u32(STATUS_UNACKNOWLEDGED), 3 - done);
    }
  });

  test(`${profile}: a message may be acknowledged before it was handed out, by the connection before`, () => {
    const core = withHeartbeats(profile, 4);
    assert.is(core.exports.acknowledge(2), OK);
    assert.equal(sequences(core), [0, 1, 3]);
    assert.is(core.exports.acknowledge(0), OK);
    core.collect(EPOCH + 20, 4);
    assert.equal(sequences(core), [4]);
  });

  test(`${profile}: sequence numbers run over 2^32 without a message lost`, () => {
    const core = startedCore(profile);
    core.view.setUint32(core.exports.STATUS.value + STATUS_MESSAGES, 0xfffffffe, true);
    for (let made = 0; made < 4; made++) assert.is(core.collect(EPOCH + made, 4), 1);
    assert.equal(sequences(core), [0xfffffffe, 0xffffffff, 0, 1]);
    for (const sequence of [0, 0xffffffff, 1, 0xfffffffe]) assert.is(core.exports.acknowledge(sequence), OK);
    assert.is(core.u32(STATUS_UNACKNOWLEDGED), 0);
  });

  for (const { name, entries } of writersOf(profile)) {
    test(`${profile}, ${name}: a full outbox keeps counting; when the hub comes back every byte is there`, () => {
      fullOutbox(startedCore(profile, numbers(KEY_CACHE_SIZE, 60), ...entries));
    });
  }

  test(`${profile}: a due time ahead while the outbox is full, now once there is room`, () => {
    const core = startedCore(profile);
    let now = EPOCH;
    while (core.u32(STATUS_OUTBOX_WAITS) === 0) {
      now += 10_000;
      for (let peer = 0; peer < 64; peer++) core.observe(frame({ to: peerV6(peer) }), now - 1);
      core.exports.connect();
      assert.ok(core.tick(now) > now, 'no busy loop');
    }
    const first = core.take();
    assert.ok(first);
    assert.is(core.exports.acknowledge(first?.sequence ?? -1), OK);
    assert.is(core.u64(STATUS_DUE), now);
    assert.ok(core.tick(now) > now);
    // The ring wrapped: what follows still comes out in order.
    const rest = sequences(core);
    assert.equal(
      rest,
      Array.from({ length: rest.length }, (_, index) => index + 1),
    );
  });

  for (const { name, entries } of writersOf(profile)) {
    test(`${profile}, ${name}: any calls in any order agree with a list of messages, SEED=${SEED}`, () => {
      const random = new SeededRandom(SEED);
      for (let round = 0; round < 12; round++) new RingAgainstList(random, profile, entries).run(1_500);
    });
  }
}

function fullOutbox(core: DrivenCore): void {
  core.exports.connect();
  const canaries = new Canaries(core.exports);
  const ledger = new Ledger();
  const model = modelOf(LAPTOP);
  let now = EPOCH;
  const pass = (milliseconds: number) => {
    now += milliseconds;
    for (let peer = 0; peer < 120; peer++) {
      const to = peer % 2 ? peerV4(peer % 58) : peerV6(peer);
      const next = frame({ to, payload: peer, protocol: peer % 3 ? 'TCP' : 'UDP' });
      ledger.take(judge(next, model));
      core.observe(next, now);
    }
    core.tick(now);
    ledger.check(core);
  };
  while (core.u32(STATUS_OUTBOX_WAITS) < 20) pass(5_000);
  const finished = core.u32(STATUS_MESSAGES);
  for (let step = 0; step < 20; step++) pass(5_000);
  assert.is(core.u32(STATUS_MESSAGES), finished, 'no room, no message');
  canaries.check();

  for (let step = 0; step < 6; step++) {
    for (const { message } of core.drain()) ledger.report(message);
    // What stands in the open message is reported, and not to be read yet.
    if (openBytes(core) === 0) ledger.checkRead(core);
    assert.is(core.u64(STATUS_DUE), step === 0 ? core.u64(STATUS_NOW) : core.u64(STATUS_DUE), 'due at once');
    core.tick(now);
  }
  for (const { message } of core.drain()) ledger.report(message);
  core.collect(now, 1);
  for (const { message } of core.drain()) ledger.report(message);
  ledger.close(core);
  canaries.check();
}

interface Listed {
  readonly sequence: number;
  bytes?: Uint8Array;
  at?: number;
  isOut: boolean;
  isAcknowledged: boolean;
}

/** The ring of the core beside the plainest outbox there is: a list. */
class RingAgainstList {
  readonly #random: SeededRandom;
  readonly #core: DrivenCore;
  readonly #canaries: Canaries;
  #list: Listed[] = [];
  #made = 0;
  #now = EPOCH;

  constructor(random: SeededRandom, profile: Profile, entries: readonly Entry[]) {
    this.#random = random;
    const longest = random.pick(profile.startsWith('lean') ? [0, 20, 48] : [0, 60, 128]);
    this.#core = startedCore(
      profile,
      numbers(KEY_CACHE_SIZE, random.pick([1, 8, 64])),
      ...[KEY_OS, KEY_KERNEL, KEY_NETWORK_STACK, KEY_HARDWARE].map((key) =>
        text(key, 'x'.repeat(random.below(longest + 1))),
      ),
      ...entries,
    );
    this.#canaries = new Canaries(this.#core.exports);
  }

  run(steps: number): void {
    const away = this.#random.pick([1, 3, 10]);
    for (let step = 0; step < steps; step++) {
      const kind = this.#random.below(10);
      if (kind < 2) this.#traffic();
      else if (kind < 5) this.#call();
      else if (kind < 7) this.#take();
      else if (kind < 9) for (let times = this.#random.below(12); times > 0; times--) this.#acknowledge(away);
      else if (this.#random.once(4)) this.#rewind();
      this.#check();
    }
  }

  #traffic(): void {
    const many = this.#random.pick([1, 5, 80]);
    this.#now += this.#random.below(100);
    for (let count = 0; count < many; count++) {
      const peer = this.#random.below(100);
      this.#core.observe(frame({ to: this.#random.once(2) ? peerV4(peer) : peerV6(peer) }), this.#now);
    }
  }

  #call(): void {
    this.#now += this.#random.below(4_000);
    if (this.#random.once(3)) this.#core.tick(this.#now);
    else this.#core.collect(this.#now, this.#random.below(8));
  }

  /** Whatever call finished messages: they join the list. */
  #notice(): void {
    for (const made = this.#core.u32(STATUS_MESSAGES); this.#made < made; this.#made++) {
      this.#list.push({ sequence: this.#made, isOut: false, isAcknowledged: false });
    }
  }

  #take(): void {
    this.#notice();
    for (let times = this.#random.below(6); times > 0; times--) {
      const expected = this.#list.find(({ isOut, isAcknowledged }) => !isOut && !isAcknowledged);
      const taken = this.#core.take();
      assert.is(taken?.sequence, expected?.sequence, 'next is the oldest not handed out');
      if (!expected || !taken) return;
      expected.isOut = true;
      if (expected.bytes) assert.is(hex(taken.bytes), hex(expected.bytes), 'the same bytes as before');
      expected.bytes = taken.bytes;
      expected.at = taken.at;
      readTaken(taken);
    }
  }

  #acknowledge(away: number): void {
    this.#notice();
    if (!this.#random.once(away)) return;
    const sequence = this.#random.once(3)
      ? this.#random.below(this.#made + 3)
      : (this.#list[this.#random.below(this.#list.length)]?.sequence ?? 0);
    const entry = this.#list.find((listed) => listed.sequence === sequence && !listed.isAcknowledged);
    assert.is(this.#core.exports.acknowledge(sequence), entry ? OK : UNKNOWN_SEQUENCE);
    if (entry) entry.isAcknowledged = true;
    // Room comes back from the oldest on.
    while (this.#list[0]?.isAcknowledged) this.#list.shift();
  }

  #rewind(): void {
    this.#notice();
    this.#core.disconnect(this.#now);
    for (const listed of this.#list) listed.isOut = false;
    if (this.#random.once(2)) this.#core.exports.connect();
  }

  #check(): void {
    const core = this.#core;
    this.#notice();
    const { start, end } = {
      start: core.exports.OUTBOX.value,
      end: core.exports.OUTBOX.value + core.exports.OUTBOX_SIZE.value,
    };
    for (const { sequence, bytes, at, isAcknowledged } of this.#list) {
      if (!bytes || at === undefined || isAcknowledged) continue;
      assert.ok(at - RECORD_HEADER >= start && at + bytes.length <= end, 'inside the ring');
      assert.ok(bytes.length <= core.exports.MESSAGE_MAX.value);
      const now = core.memory.subarray(at, at + bytes.length);
      assert.is(Buffer.compare(now, bytes), 0, `message ${sequence} changed while it waited`);
    }
    assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES) + bytesInTables(core));
    this.#canaries.check();
  }
}

test.run();
