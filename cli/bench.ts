// wardlet bench: figures of this machine, as tables or JSON.

import { cpus, platform } from 'node:os';
import { type InspectionFigures, measureInspection } from '../bench/inspection.ts';
import type { Measured } from '../bench/measure.ts';
import { type MessageFigures, measureMessages } from '../bench/messages.ts';
import { measurePackets } from '../bench/packets.ts';
import { type CoreSize, measureSizes } from '../bench/sizes.ts';
import { out } from './colours.ts';
import { readCore } from './cores.ts';
import { installed, readVersion } from './installation.ts';
import { byteSize, grouped, table } from './terminal.ts';

export interface BenchOptions {
  readonly quick?: boolean;
  readonly json?: boolean;
}

const RIGHT = 'right' as const;

export async function bench({ quick = false, json = false }: BenchOptions): Promise<void> {
  const rounds = quick ? 7 : 31;
  const cores = {
    'lean-strict': readCore('lean-strict'),
    standard: readCore('standard'),
    gateway: readCore('gateway'),
  };
  const machine = {
    wardlet: readVersion(),
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
  };
  const show = (title: string, text: () => string) => {
    if (!json) process.stdout.write(`\n${out.bold(title)}\n${text()}\n`);
  };
  if (!json) process.stdout.write(`${Object.values(machine).join(', ')}\n`);

  const sizes = await measureSizes(cores);
  show('Size', () => sizeTable(sizes));
  const packets = await measurePackets(cores, rounds);
  show(`Packets: median of ${rounds} rounds; ratio to the first row in the same rounds`, () =>
    packetTable(packets),
  );
  const messages = await measureMessages(cores, rounds);
  show('Messages: collect, encode, hand out, acknowledge; the reference agent ran on another machine', () =>
    messageTable(messages),
  );
  const inspection = measureInspection(installed('dist/cli/wardlet.js'), quick ? 3 : 7);
  show('A whole `wardlet inspect --json`', () => inspectionText(inspection));
  if (json) {
    process.stdout.write(`${JSON.stringify({ machine, rounds, sizes, packets, messages, inspection })}\n`);
  }
}

function sizeTable(sizes: readonly CoreSize[]): string {
  return table(
    [
      { title: 'profile' },
      { title: '.wasm bytes', align: RIGHT },
      { title: 'memory bytes (__heap_base)', align: RIGHT },
    ],
    sizes.map(({ profile, wasmBytes, memoryBytes }) => [profile, grouped(wasmBytes), grouped(memoryBytes)]),
  );
}

function packetTable(packets: readonly Measured[]): string {
  return table(
    [{ title: 'packet of' }, { title: 'ns', align: RIGHT }, { title: 'ratio', align: RIGHT }],
    packets.map(({ name, ns, ratio }) => [name, ns.toFixed(1), ratio.toFixed(2)]),
  );
}

function messageTable(messages: readonly MessageFigures[]): string {
  return table(
    [
      { title: 'message of' },
      { title: 'us', align: RIGHT },
      { title: 'bytes', align: RIGHT },
      { title: 'reference us', align: RIGHT },
      { title: 'reference bytes', align: RIGHT },
    ],
    messages.map(({ name, ns, bytes, referenceBytes, referenceNs }) => [
      name,
      (ns / 1000).toFixed(2),
      grouped(bytes),
      referenceNs === undefined ? '' : (referenceNs / 1000).toFixed(2),
      grouped(referenceBytes),
    ]),
  );
}

function inspectionText(figures: InspectionFigures): string {
  const { packets, flows, captureBytes, seconds, packetsPerSecond, oneCore } = figures;
  const what = `${grouped(packets)} packets, ${grouped(flows)} flows, ${byteSize(captureBytes)}`;
  const speed = `${(packetsPerSecond / 1e6).toFixed(2)} million packets/s`;
  return `${what} in ${seconds.toFixed(3)} s${oneCore ? ', on one core' : ''}: ${out.bold(speed)}, output checked`;
}
