// Collecting and encoding: time and bytes of a message, beside what was measured of the reference agent.

import type { CollectorName } from '../bindings/js/configuration.ts';
import { type Case, elapsed, measure } from './measure.ts';
import { batchOf, benchCore, type CoreBytes, type FlowShape, START_MS, takeMessages } from './workload.ts';

export interface MessageFigures {
  readonly name: string;
  /** Median of collect, next and acknowledge, ns. */
  readonly ns: number;
  readonly bytes: number;
  /** The same as compact protobuf, which says more of each flow. */
  readonly compactNs: number;
  readonly compactBytes: number;
  /** The same as FlatBuffers of 3.0. */
  readonly supersetNs: number;
  readonly supersetBytes: number;
  /** The reference agent's bytes for the same, and its time where that was measured (gcc -O2, another machine). */
  readonly referenceBytes: number;
  readonly referenceNs?: number;
}

interface MessageCase {
  readonly name: string;
  readonly flows: number;
  readonly shape: FlowShape;
  readonly collectors: readonly CollectorName[];
  readonly referenceBytes: number;
  readonly referenceNs?: number;
}

const OUT_V4: FlowShape = { family: 4, protocol: 'TCP', bothWays: false };
const BOTH_V4: FlowShape = { family: 4, protocol: 'UDP', bothWays: false };
const OUT_V6: FlowShape = { family: 6, protocol: 'TCP', bothWays: false };
const ACTIVITY: readonly CollectorName[] = ['NetworkActivity'];

/** Bytes and times of the reference agent: the project's own measurements of it (docs/wire-format.md). */
const CASES: readonly MessageCase[] = [
  {
    name: 'heartbeat only',
    flows: 0,
    shape: OUT_V4,
    collectors: ['Heartbeat'],
    referenceBytes: 130,
    referenceNs: 430,
  },
  { name: '1 flow, TCP one way', flows: 1, shape: OUT_V4, collectors: ACTIVITY, referenceBytes: 192 },
  {
    name: '5 flows, TCP one way',
    flows: 5,
    shape: OUT_V4,
    collectors: ACTIVITY,
    referenceBytes: 320,
    referenceNs: 1000,
  },
  {
    name: '20 flows, TCP one way',
    flows: 20,
    shape: OUT_V4,
    collectors: ACTIVITY,
    referenceBytes: 800,
    referenceNs: 2200,
  },
  {
    name: '64 flows, TCP one way',
    flows: 64,
    shape: OUT_V4,
    collectors: ACTIVITY,
    referenceBytes: 2208,
    referenceNs: 6000,
  },
  { name: '64 flows, UDP both ways', flows: 64, shape: BOTH_V4, collectors: ACTIVITY, referenceBytes: 2722 },
  {
    name: '64 IPv6 flows, TCP one way',
    flows: 64,
    shape: OUT_V6,
    collectors: ACTIVITY,
    referenceBytes: 3746,
  },
];

const FORMATS = ['2.3', '3.0-protobuf', '3.0-flatbuffers'] as const;

/** Times are differences: counting and collecting, less counting alone. */
export async function measureMessages(cores: CoreBytes, rounds: number): Promise<MessageFigures[]> {
  const cases: Case[] = [];
  const sizes: Array<() => number> = [];
  for (const { name, flows, shape, collectors } of CASES) {
    for (const format of FORMATS) {
      const core = await benchCore(cores.standard);
      core.configure({ format });
      const batches = flows === 0 ? [] : [batchOf(0, flows, shape)];
      if (shape === BOTH_V4 && flows > 0) batches.push(batchOf(0, flows, shape, true));
      const turns = Math.round(200_000 / (flows + 40));
      let bytes = 0;
      const count = () => {
        for (const batch of batches) {
          core.input.set(batch);
          core.observe(0, batch.length);
        }
      };
      const collect = () => {
        core.collect(START_MS + 1, collectors);
        bytes = takeMessages(core);
      };
      const repeat = (work: () => void) => {
        for (let turn = 0; turn < turns; turn++) work();
      };
      cases.push({
        name: `${name}, ${format}`,
        sample: () => {
          const both = elapsed(() =>
            repeat(() => {
              count();
              collect();
            }),
          );
          return (both - elapsed(() => repeat(count))) / turns;
        },
      });
      sizes.push(() => {
        // What the last counting left is collected first, so that the message holds one round of packets.
        collect();
        count();
        collect();
        return bytes;
      });
    }
  }
  const measured = measure(cases, rounds);
  const ns = (index: number) => measured[index]?.ns ?? Number.NaN;
  const bytes = (index: number) => sizes[index]?.() ?? Number.NaN;
  return CASES.map(({ name, referenceBytes, referenceNs }, index) => ({
    name,
    ns: ns(FORMATS.length * index),
    bytes: bytes(FORMATS.length * index),
    compactNs: ns(FORMATS.length * index + 1),
    compactBytes: bytes(FORMATS.length * index + 1),
    supersetNs: ns(FORMATS.length * index + 2),
    supersetBytes: bytes(FORMATS.length * index + 2),
    referenceBytes,
    ...(referenceNs === undefined ? {} : { referenceNs }),
  }));
}
