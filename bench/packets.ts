// Nanoseconds a packet, beside what plain TypeScript needs just to count.

import { MapTable } from './map-table.ts';
import { type Case, elapsed, type Measured, measure } from './measure.ts';
import { TypedArrayTable } from './typed-array-table.ts';
import { batchOf, benchCore, type CoreBytes, LOCAL_V4, START_MS, TCP_V4, takeMessages } from './workload.ts';

const BATCH = 64;
/** Batches a sample: about 3 ms. */
const BATCHES = 4000;
/** Batches of 64 other flows each: none comes back before the table has forgotten it. */
const NEW_FLOW_BATCHES = 256;
const LOCAL_V4_NUMBER = (10 << 24) | 5;

/** Throws where a case did not count what it was given. The first row is the yardstick of the ratios. */
export async function measurePackets(cores: CoreBytes, rounds: number): Promise<Measured[]> {
  const known = batchOf(0, BATCH, TCP_V4);
  const knownV6 = batchOf(0, BATCH, { family: 6, protocol: 'TCP', bothWays: true });
  return measure(
    [
      yardstick(known),
      ours('known IPv4 flow, batches of 64', await benchCore(cores.standard), known),
      ours('known IPv6 flow, batches of 64', await benchCore(cores.standard), knownV6),
      ours('known IPv4 flow, gateway', await benchCore(cores.gateway), known),
      ours('known IPv4 flow, lean, batches of 6', await benchCore(cores.lean), batchOf(0, 6, TCP_V4)),
      ours(
        'known IPv4 flow, lean-strict, batches of 8',
        await benchCore(cores['lean-strict']),
        batchOf(0, 8, TCP_V4),
      ),
      oneByOne(await benchCore(cores.standard), known),
      await newFlows(cores, 4),
      await newFlows(cores, 6),
      await fullTable(cores),
      mapTable(known),
    ],
    rounds,
  );
}

type OpenCore = Awaited<ReturnType<typeof benchCore>>;

function ours(name: string, core: OpenCore, batch: Uint8Array): Case {
  const count = batch.length / (16 + (batch[12] ?? 0));
  const batches = Math.round((BATCHES * BATCH) / count);
  return {
    name,
    sample: () => {
      const before = core.status().packets.counted;
      const ns = elapsed(() => {
        for (let turn = 0; turn < batches; turn++) {
          core.input.set(batch);
          core.observe(0, batch.length);
        }
      });
      expectCount(name, core.status().packets.counted - before, batches * count);
      return ns / (batches * count);
    },
  };
}

/** One set() and one call a packet, as a host without batching does. */
function oneByOne(core: OpenCore, batch: Uint8Array): Case {
  const size = batch.length / BATCH;
  const frames = Array.from({ length: BATCH }, (_, index) => batch.slice(index * size, (index + 1) * size));
  const turns = BATCHES / 8;
  return {
    name: 'known IPv4 flow, one packet a call',
    sample: () =>
      elapsed(() => {
        for (let turn = 0; turn < turns; turn++) {
          for (const frame of frames) {
            core.input.set(frame);
            core.observe(0, size);
          }
        }
      }) /
      (turns * BATCH),
  };
}

/**
 * Every packet opens a flow. The table is full of collected flows, so each takes over a record, as under a scan. Batches are timed one
 * by one; the collections between them are not.
 */
async function newFlows(cores: CoreBytes, family: 4 | 6): Promise<Case> {
  const core = await benchCore(cores.standard);
  const shape = { family, protocol: 'TCP', bothWays: false } as const;
  const batches = Array.from({ length: NEW_FLOW_BATCHES }, (_, index) =>
    batchOf(index * BATCH, BATCH, shape),
  );
  const name = `new IPv${family} flow, batches of 64`;
  return {
    name,
    sample: () => {
      let ns = 0;
      for (const batch of batches) {
        core.input.set(batch);
        ns += elapsed(() => core.observe(0, batch.length));
        core.collect(START_MS + 1, ['NetworkActivity']);
        takeMessages(core);
      }
      expectCount(name, core.status().merged, 0);
      return ns / (batches.length * BATCH);
    },
  };
}

/** 64 uncollected flows fill the table; packets of 64 others go to "everything else". */
async function fullTable(cores: CoreBytes): Promise<Case> {
  const core = await benchCore(cores.standard);
  const filling = batchOf(0, BATCH, TCP_V4);
  core.input.set(filling);
  core.observe(0, filling.length);
  const others = ours('another flow while the table is full', core, batchOf(1000, BATCH, TCP_V4));
  return {
    name: others.name,
    sample: () => {
      const before = core.status().merged;
      const ns = others.sample();
      expectCount(others.name, core.status().merged - before, BATCHES * BATCH);
      return ns;
    },
  };
}

function yardstick(batch: Uint8Array): Case {
  return counting(
    'typed arrays in TypeScript, counting only',
    new TypedArrayTable(LOCAL_V4_NUMBER),
    batch,
    BATCHES,
  );
}

function mapTable(batch: Uint8Array): Case {
  return counting('Map in TypeScript, counting only', new MapTable(LOCAL_V4), batch, BATCHES / 16);
}

interface CountingTable {
  observe(batch: Uint8Array, length: number): void;
  readonly packets: number;
}

function counting(name: string, table: CountingTable, batch: Uint8Array, batches: number): Case {
  const input = new Uint8Array(batch.length);
  return {
    name,
    sample: () => {
      const before = table.packets;
      const ns = elapsed(() => {
        for (let turn = 0; turn < batches; turn++) {
          input.set(batch);
          table.observe(input, batch.length);
        }
      });
      // The typed-array table's counters have 32 bits.
      expectCount(name, (table.packets - before) >>> 0, batches * BATCH);
      return ns / (batches * BATCH);
    },
  };
}

function expectCount(name: string, counted: number, expected: number): void {
  if (counted !== expected) throw new Error(`bench "${name}" counted ${counted} packets of ${expected}`);
}
