// The flow table under pressure: who keeps a record, who takes one over, and where the rest goes.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEY_CACHE_SIZE, KEY_FIRST_COLLECTION } from '../schema/configuration-block.ts';
import { FRAME_HEADER } from '../schema/frame.ts';
import {
  STATUS_BYTES,
  STATUS_DUE,
  STATUS_EVICTED,
  STATUS_FLOWS_V4,
  STATUS_FLOWS_V6,
  STATUS_MERGED,
  STATUS_OUTBOX_WAITS,
  STATUS_REPORTED_BYTES,
} from '../schema/status.ts';
import { detectionOff, numbers } from './support/configuration-block.ts';
import { LAPTOP, modelOf } from './support/device.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import {
  bytesInTables,
  checkIndex,
  packetsOfEverythingElse,
  readRecords,
} from './support/flow-table-reader.ts';
import { layout } from './support/layout.ts';
import { Ledger } from './support/ledger.ts';
import { Canaries } from './support/memory-map.ts';
import { flowName, isEverythingElse, type ReadFlow } from './support/message-reader.ts';
import { type Frame, judge } from './support/packet-model.ts';
import {
  captured,
  DEVICE_V4,
  DEVICE_V6,
  frame,
  type PacketOptions,
  packet,
  peerV4,
  peerV6,
  rawFrame,
} from './support/packets.ts';
import { PROFILES } from './support/profiles.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const SECOND = 1_000;
const MODEL = modelOf(LAPTOP);

function flowsOf(core: DrivenCore): ReadFlow[] {
  return core.drain().flatMap(({ message }) => message.events.flatMap((event) => [...event.flows]));
}

/** Collects until nothing is left: a lean outbox may take several turns. */
function collectAll(core: DrivenCore, time: number): ReadFlow[] {
  const flows = flowsOf(core);
  for (let turn = 0; turn < 10; turn++) {
    core.collect(time, 1);
    flows.push(...flowsOf(core));
  }
  return flows;
}

/** One packet each way. */
function exchange(options: PacketOptions): [Frame, Frame] {
  const isV4 = options.to?.length !== 16;
  const { to = peerV4(0), fromPort = 40_000, toPort = 443 } = options;
  const back = { from: to, to: isV4 ? DEVICE_V4 : DEVICE_V6, fromPort: toPort, toPort: fromPort };
  return [frame({ ...options, to }), frame({ ...options, ...back })];
}

/** Bytes reported under each flow's own name. */
class Named {
  readonly #bytes = new Map<string, number>();

  add(flows: readonly ReadFlow[]): void {
    for (const flow of flows) {
      if (isEverythingElse(flow)) continue;
      const name = flowName(flow);
      this.#bytes.set(name, (this.#bytes.get(name) ?? 0) + flow.bytesIn + flow.bytesOut);
    }
  }

  of(name: string): number {
    return this.#bytes.get(name) ?? 0;
  }
}

function nameOf(of: Frame): string {
  const judgement = judge(of, MODEL);
  return judgement.verdict === 'counted' ? judgement.flow : '';
}

/** A device's own few flows, of both families: each exchanges packets every `period` seconds. */
const OWN: ReadonlyArray<{ readonly exchange: [Frame, Frame]; readonly period: number }> = Array.from(
  { length: 20 },
  (_, number) => ({
    exchange: exchange({
      to: number % 2 ? peerV4(50_000 + number) : peerV6(50_000 + number),
      fromPort: 30_000 + number,
    }),
    period: [5, 10, 20, 60, 300][number % 5] ?? 5,
  }),
);

/** Runs the device for `seconds`; `noise` puts more frames before each second. Counts what its own flows say. */
function live(
  core: DrivenCore,
  from: number,
  seconds: number,
  said: Map<string, number>,
  named: Named,
  noise: (second: number, time: number) => void = () => {},
): void {
  for (let second = 0; second < seconds; second++) {
    const time = from + second * SECOND;
    noise(second, time);
    for (const [number, { exchange: packets, period }] of OWN.entries()) {
      if ((second + number) % period !== 0) continue;
      for (const next of packets) {
        core.put(next, time);
        core.flush();
        said.set(
          nameOf(next),
          (said.get(nameOf(next)) ?? 0) + next.bytes.length - (next.bytes[12] === 8 ? 34 : 54),
        );
      }
    }
    core.tick(time);
    named.add(flowsOf(core));
  }
}

for (const profile of PROFILES) {
  for (const [way, make] of [
    ['out', (number: number) => [frame({ to: peerV4(number), fromPort: 1_024 + number, toPort: 23 })]],
    [
      'in',
      (number: number) => [frame({ from: peerV4(number), to: DEVICE_V4, fromPort: 4_444, toPort: number })],
    ],
    [
      'in over IPv6',
      (number: number) => [frame({ from: peerV6(7), to: DEVICE_V6, fromPort: 4_444, toPort: number })],
    ],
    // The device refuses each: every flow of the scan goes both ways.
    ['in, all answered,', (number: number) => exchange({ to: peerV4(7), fromPort: number, toPort: 4_444 })],
  ] as const) {
    test(`${profile}: fault 1: a scan ${way} of 10,000 five-tuples costs no flow that was there before its name`, () => {
      const core = startedCore(profile);
      core.exports.connect();
      const said = new Map<string, number>();
      const named = new Named();
      live(core, EPOCH, 900, said, named);
      let scanned = 0;
      live(core, EPOCH + 900 * SECOND, 400, said, named, (_, time) => {
        for (let count = 0; count < 25; count++, scanned++) {
          for (const next of make(scanned)) {
            core.put(next, time);
            core.flush();
          }
        }
      });
      live(core, EPOCH + 1_300 * SECOND, 100, said, named);
      assert.is(scanned, 10_000);
      named.add(collectAll(core, EPOCH + 1_400 * SECOND));
      for (const [name, bytes] of said) assert.is(named.of(name), bytes, name);
      assert.is(core.u64(STATUS_BYTES), core.u64(STATUS_REPORTED_BYTES));
    });
  }

  test(`${profile}: fault 1: nor does a scan while the hub is away and the outbox is full`, () => {
    const core = startedCore(profile);
    core.exports.connect();
    // Others fill the table first: the device's own flows stand behind them.
    for (let number = 0; number < 50; number++) {
      core.observe(frame({ to: peerV4(number) }), EPOCH);
      core.observe(frame({ to: peerV6(number) }), EPOCH);
    }
    const said = new Map<string, number>();
    const named = new Named();
    live(core, EPOCH + SECOND, 900, said, named);
    let time = EPOCH + 901 * SECOND;
    for (let number = 1_000; core.u32(STATUS_OUTBOX_WAITS) < 60; number++) {
      for (let count = 0; count < 60; count++) {
        core.put(frame({ to: peerV4(number * 60 + count), payload: 1 }), time);
        core.flush();
        core.put(frame({ to: peerV6(number * 60 + count), payload: 1 }), time);
        core.flush();
      }
      if (core.u64(STATUS_DUE) > time) time = core.u64(STATUS_DUE);
      core.tick(time);
    }
    collectAll(core, time);
    // The hub is back, the scan goes on.
    said.clear();
    const after = new Named();
    let scanned = 0;
    live(core, time, 200, said, after, (_, at) => {
      for (let count = 0; count < 25; count++, scanned++) {
        core.put(frame({ to: scanned % 2 ? peerV4(scanned) : peerV6(scanned), toPort: 23 }), at);
        core.flush();
      }
    });
    after.add(collectAll(core, time + 200 * SECOND));
    for (const { exchange: packets, period } of OWN) {
      if (period > 60) continue;
      const name = nameOf(packets[0]);
      assert.is(after.of(name), said.get(name), name);
    }
  });

  test(`${profile}: flows that are quiet for 1,177 s, the longest keep-alive, outlive a scan`, () => {
    const core = startedCore(profile);
    core.exports.connect();
    const quiet = exchange({ to: peerV4(60_000), fromPort: 31_000, toPort: 8883 });
    const named = new Named();
    let said = 0;
    let scanned = 0;
    for (let second = 0; second < 3 * 1_177 + 100; second++) {
      const time = EPOCH + second * SECOND;
      if (second % 1_177 === 0) {
        const isKnown = readRecords(core, 4).some(({ name }) => name === nameOf(quiet[0]));
        assert.is(isKnown, second > 0, `in the table after ${second} s`);
        for (const next of quiet) {
          core.observe(next, time);
          said += 20;
        }
      }
      for (let count = 0; second % 10 === 5 && count < 80; count++, scanned++) {
        core.put(frame({ to: peerV4(scanned), toPort: 23 }), time);
        core.flush();
      }
      core.tick(time);
      named.add(flowsOf(core));
    }
    assert.is(named.of(nameOf(quiet[0])), said);
  });

  test(`${profile}: at most three quarters of the table keep standing: nobody can wall it up`, () => {
    const core = startedCore(profile, numbers(KEY_CACHE_SIZE, 64));
    core.exports.connect();
    let time = EPOCH;
    for (let interval = 0; interval < 40; interval++) {
      for (let number = 0; number < 64; number++) {
        for (const next of exchange({ to: peerV4(number) })) core.put(next, time) || core.flush();
        core.flush();
      }
      time = core.u64(STATUS_DUE);
      core.tick(time);
      core.drain();
    }
    assert.is(readRecords(core, 4).filter(({ hasStanding }) => hasStanding).length, 48);
    for (let number = 1_000; number < 1_016; number++) core.observe(frame({ to: peerV4(number) }), time);
    assert.is(core.u64(STATUS_MERGED), 0);
    assert.is(core.u64(STATUS_EVICTED), 16);
    core.collect(time);
    assert.is(flowsOf(core).filter((flow) => !isEverythingElse(flow)).length, 16);
  });

  test(`${profile}: what nobody answers has no standing for five collections: that is how long a SYN is tried`, () => {
    const core = startedCore(profile, ...detectionOff(profile));
    core.exports.connect();
    const knock = frame({ to: peerV4(1), toPort: 23 });
    let time = EPOCH;
    for (let collections = 1; collections <= 8; collections++) {
      core.observe(knock, time);
      for (const next of exchange({ to: peerV4(2) })) core.observe(next, time);
      time = core.u64(STATUS_DUE);
      core.tick(time);
      core.drain();
      const standing = new Map(readRecords(core, 4).map(({ name, hasStanding }) => [name, hasStanding]));
      assert.is(standing.get(nameOf(knock)), collections > 5, `after ${collections} collections`);
      assert.is(standing.get(nameOf(frame({ to: peerV4(2) }))), true, 'answered');
    }
  });

  for (const cacheSize of [1, 2, 3, 63, 64]) {
    test(`${profile}: ${cacheSize} flows per family have names, the next are everything else, known ones go on`, () => {
      const core = startedCore(profile, numbers(KEY_CACHE_SIZE, cacheSize));
      // A gateway collects ahead while there is room.
      while (core.collect(EPOCH, 4) > 0);
      for (let number = 0; number < cacheSize + 5; number++) {
        core.observe(frame({ to: peerV4(number), payload: 1 }), EPOCH);
        core.observe(frame({ to: peerV6(number), protocol: 'UDP', payload: 2 }), EPOCH);
      }
      for (let number = 0; number < cacheSize; number++) {
        core.observe(frame({ to: peerV4(number), payload: 1 }), EPOCH);
      }
      assert.is(core.u32(STATUS_FLOWS_V4), cacheSize);
      assert.is(core.u32(STATUS_FLOWS_V6), cacheSize);
      assert.is(core.u64(STATUS_MERGED), 10);
      const flows = collectAll(core, EPOCH);
      assert.is(flows.length, 2 * cacheSize + 2);
      for (const flow of flows.filter((each) => !isEverythingElse(each))) {
        assert.is(flow.bytesOut, flow.family === 4 ? 42 : 10);
      }
      assert.equal(
        flows
          .filter(isEverythingElse)
          .map((flow) => [flow.family, flow.protocol, flow.bytesIn, flow.bytesOut]),
        [
          [4, 'TCP', 0, 5 * 21],
          [6, 'UDP', 0, 5 * 10],
        ],
      );
    });
  }

  test(`${profile}: everything else tells protocols, families and directions apart`, () => {
    const core = startedCore(profile, numbers(KEY_CACHE_SIZE, 1));
    while (core.collect(EPOCH, 4) > 0);
    const ledger = new Ledger();
    for (const to of [peerV4, peerV6]) {
      for (const protocol of ['TCP', 'UDP', 'ICMP'] as const) {
        for (let number = 0; number < 4; number++) {
          for (const next of exchange({ to: to(number), protocol, payload: number })) {
            ledger.take(judge(next, MODEL));
            core.observe(next, EPOCH);
          }
        }
      }
    }
    // The first flow of a family has a record.
    const packets = [
      [3, 3],
      [4, 4],
      [4, 4],
    ];
    assert.equal([packetsOfEverythingElse(core, 4), packetsOfEverythingElse(core, 6)], [packets, packets]);
    const seen = new Set<string>();
    for (let round = 0; round < 5; round++) {
      for (const { message } of core.drain()) {
        ledger.report(message);
        for (const flow of message.events.flatMap((event) => event.flows)) {
          if (isEverythingElse(flow)) seen.add(`${flow.protocol}${flow.family}`);
        }
      }
      core.collect(EPOCH, 1);
    }
    ledger.close(core);
    assert.equal(seen, new Set(['TCP4', 'UDP4', 'ICMP4', 'TCP6', 'UDP6', 'ICMP6']));
  });

  test(`${profile}: a flow without uncollected counts makes room for a new one, and nothing of it is lost`, () => {
    const core = startedCore(profile, numbers(KEY_CACHE_SIZE, 4));
    const ledger = new Ledger();
    for (let round = 0; round < 50; round++) {
      for (let number = 0; number < 4; number++) {
        const next = frame({ to: peerV4(round * 4 + number), payload: round });
        ledger.take(judge(next, MODEL));
        core.observe(next, EPOCH + round);
      }
      core.collect(EPOCH + round, 1);
      for (const { message } of core.drain()) ledger.report(message);
    }
    assert.is(core.u64(STATUS_MERGED), 0);
    assert.is(core.u64(STATUS_EVICTED), 4 * 49);
    ledger.close(core);
  });

  test(`${profile}: index and records agree, and every flow is found, under random traffic, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    for (const cacheSize of [1, 2, 5, 16, 64]) {
      const core = startedCore(profile, numbers(KEY_CACHE_SIZE, cacheSize), numbers(KEY_FIRST_COLLECTION, 1));
      const canaries = new Canaries(core.exports);
      let time = EPOCH;
      for (let step = 0; step < 400; step++) {
        time += random.below(5_000);
        for (let count = random.below(3 * cacheSize + 5); count > 0; count--) {
          const number = random.below(5 * cacheSize);
          const options = {
            to: random.once(2) ? peerV4(number) : peerV6(number),
            toPort: 1 + random.below(2),
          };
          core.put(frame(options), time);
          if (random.once(3)) core.put(exchange(options)[1], time);
          core.flush();
        }
        if (random.once(3)) core.drain();
        core.tick(time);
        checkIndex(core, 4);
        checkIndex(core, 6);
        if (step % 20 === 0) everyRecordIsFound(core, time);
      }
      canaries.check();
    }
  });

  for (const gigabytes of [5, 13]) {
    test(`${profile}: fault 13: ${gigabytes} GB both ways in one interval are several entries that add up`, () => {
      const core = startedCore(profile);
      // 65,535 bytes on the wire, four bytes of UDP captured.
      const [out, back] = exchange({ protocol: 'UDP', payload: 0, claimed: 65_535 }).map((whole) =>
        rawFrame(captured(whole, 38).bytes.subarray(14), 65_535),
      );
      assert.ok(out && back);
      const count = Math.ceil((gigabytes * 1e9) / 65_515);
      repeat(core, [out, back], count);
      core.observe(frame(), EPOCH);
      core.tick(EPOCH + 10 * SECOND);
      const entries = flowsOf(core).filter(({ protocol }) => protocol === 'UDP');
      // Schema 2.3 counts to 4 GB.
      const isStrict = profile !== 'lean';
      assert.is(entries.length, isStrict ? Math.ceil((count * 65_515) / 0xffffffff) : 1);
      assert.is(new Set(entries.map(flowName)).size, 1);
      for (const direction of ['bytesIn', 'bytesOut'] as const) {
        assert.is(
          entries.reduce((sum, entry) => sum + entry[direction], 0),
          count * 65_515,
        );
      }
      assert.is(core.u64(STATUS_MERGED), 0);
      assert.is(bytesInTables(core), 0);
    });
  }

  test(`${profile}: fault 13: past a terabyte in one interval a flow may lose its name, never its totals`, () => {
    const core = startedCore(profile);
    const out = rawFrame(packet({ protocol: 'UDP', claimed: 65_535 }).subarray(0, 24), 65_535);
    const count = Math.ceil(2 ** 40 / 65_515) + 2_000;
    repeat(core, [out], count);
    assert.is(core.verdicts()[0], count);
    assert.is(core.u64(STATUS_BYTES), count * 65_515);
    const reported = collectAll(core, EPOCH).reduce((sum, { bytesOut }) => sum + bytesOut, 0);
    assert.is(reported, count * 65_515);
    assert.is(core.u64(STATUS_REPORTED_BYTES), reported);
    // The record counts on from nothing.
    core.observe(out, EPOCH);
    core.collect(EPOCH, 1);
    assert.equal(
      flowsOf(core).map(({ bytesOut, localPort }) => [bytesOut, localPort]),
      [[65_515, 40_000]],
    );
  });

  test(`${profile}: 2^32 packets in one interval run over into everything else`, () => {
    const core = startedCore(profile);
    core.observe(frame(), EPOCH);
    const [record] = readRecords(core, 4);
    assert.ok(record);
    core.view.setUint32((record?.at ?? 0) + layout('FLOW_PACKETS') + 8, 0xffffffff, true);
    for (let count = 0; count < 3; count++) core.observe(frame(), EPOCH);
    core.collect(EPOCH, 1);
    const reported = flowsOf(core).reduce((sum, { bytesOut }) => sum + bytesOut, 0);
    assert.is(reported, 4 * 20);
    assert.is(core.u64(STATUS_BYTES), 4 * 20);
  });

  test(`${profile}: a smaller cache keeps the totals and the new bound, a larger one the new flows`, () => {
    const core = startedCore(profile);
    const ledger = new Ledger();
    const observe = (number: number) => {
      const next = frame({ to: number % 2 ? peerV4(number) : peerV6(number), payload: number % 50 });
      ledger.take(judge(next, MODEL));
      core.observe(next, EPOCH);
    };
    for (const cacheSize of [64, 1, 7, 64, 2, 63]) {
      core.configure(numbers(KEY_CACHE_SIZE, cacheSize));
      for (let number = 0; number < 100; number++) observe(number);
      assert.is(core.u32(STATUS_FLOWS_V4), Math.min(50, cacheSize));
      assert.is(core.u32(STATUS_FLOWS_V6), Math.min(50, cacheSize));
      for (const { message } of core.drain()) ledger.report(message);
      ledger.check(core);
      checkIndex(core, 4);
      checkIndex(core, 6);
    }
    while (core.collect(EPOCH, 1) > 0) {
      for (const { message } of core.drain()) ledger.report(message);
    }
    ledger.close(core);
  });
}

/** The input buffer is filled once and observed again and again: `count` frames of each. */
function repeat(core: DrivenCore, frames: readonly Frame[], count: number): void {
  const size = frames.reduce((sum, { bytes }) => sum + FRAME_HEADER + bytes.length, 0);
  const atOnce = Math.min(count, Math.floor(core.exports.INPUT_SIZE.value / size));
  for (let copy = 0; copy < atOnce; copy++) for (const each of frames) core.put(each, EPOCH);
  for (let done = 0; done < count; ) {
    const length = Math.min(atOnce, count - done) * size;
    for (let offset = 0; offset < length; ) {
      const next = core.exports.observe(offset, length - offset);
      if (next < length) core.tick(EPOCH);
      offset = next;
    }
    done += length / size;
  }
  // What was put has been observed: the batch is empty again.
  core.discard();
}

/** A packet of each flow in the table lands in its record: none is cut off from the index. */
function everyRecordIsFound(core: DrivenCore, time: number): void {
  for (const family of [4, 6] as const) {
    for (const record of readRecords(core, family)) {
      const [, remote = ''] = record.name.match(/ ([0-9a-f]+)\.\d+$/) ?? [];
      const toPort = Number(record.name.split('.').at(-1));
      core.observe(frame({ to: Uint8Array.from(Buffer.from(remote, 'hex')), toPort }), time);
      const counted = core.view.getUint32(record.at + layout('FLOW_PACKETS') + 8, true);
      assert.is(counted, record.packetsOut + 1, record.name);
    }
  }
}

test.run();
