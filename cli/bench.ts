// wardlet bench: figures of this machine, as tables or JSON.

import { cpus, platform } from 'node:os';
import { type InspectionFigures, measureInspection } from '../bench/inspection.ts';
import type { Measured } from '../bench/measure.ts';
import { type MessageFigures, measureMessages } from '../bench/messages.ts';
import { measurePackets } from '../bench/packets.ts';
import { type CoreSize, measureSizes } from '../bench/sizes.ts';
import { measureTrip, type TripFigures } from '../bench/trip.ts';
import { FLOWS, type SenderName } from '../bench/trip-job.ts';
import { WardletError } from '../bindings/js/errors.ts';
import { out } from './colours.ts';
import { readCore } from './cores.ts';
import { installed, readVersion } from './installation.ts';
import { choice } from './options.ts';
import { loadService } from './service-package.ts';
import { byteSize, grouped, table } from './terminal.ts';

export interface BenchOptions {
  readonly quick?: boolean;
  readonly only?: string;
  readonly json?: boolean;
}

const SECTIONS = ['sizes', 'packets', 'messages', 'inspection', 'trip'] as const;
type Section = (typeof SECTIONS)[number];
const RIGHT = 'right' as const;

export async function bench({ quick = false, json = false, only: given }: BenchOptions): Promise<void> {
  const only = given === undefined ? undefined : choice('--only', given, SECTIONS);
  const rounds = quick ? 7 : 31;
  const cores = {
    lean: readCore('lean'),
    'lean-strict': readCore('lean-strict'),
    standard: readCore('standard'),
    gateway: readCore('gateway'),
  };
  const machine = {
    wardlet: readVersion(),
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${process.arch}`,
    processor: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
  };
  const show = (title: string, text: () => string) => {
    if (!json) process.stdout.write(`\n${out.bold(title)}\n${text()}\n`);
  };
  if (!json) process.stdout.write(`${Object.values(machine).join(', ')}\n`);

  const wanted = (section: Section) => only === undefined || only === section;
  const figures: Record<string, unknown> = { machine, rounds };
  if (wanted('sizes')) {
    const sizes = await measureSizes(cores);
    figures.sizes = sizes;
    show('Size', () => sizeTable(sizes));
  }
  if (wanted('packets')) {
    const packets = await measurePackets(cores, rounds);
    figures.packets = packets;
    show(`Packets: median of ${rounds} rounds; ratio to the first row in the same rounds`, () =>
      packetTable(packets),
    );
  }
  if (wanted('messages')) {
    const messages = await measureMessages(cores, rounds);
    figures.messages = messages;
    show('Messages: collect, encode, hand out, acknowledge; the reference agent ran on another machine', () =>
      messageTable(messages),
    );
  }
  if (wanted('inspection')) {
    const inspection = measureInspection(installed('dist/cli/wardlet.js'), quick ? 3 : 7);
    figures.inspection = inspection;
    show('A whole `wardlet inspect --json`', () => inspectionText(inspection));
  }
  if (wanted('trip')) {
    const trip = await measureWholeTrip(quick, only === 'trip');
    figures.trip = trip;
    show('The whole trip: devices in one process, `wardlet hub` in another', () =>
      trip === null ? 'left out: it needs the package @wardlet/service' : tripText(trip),
    );
  }
  if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
}

/** null: there is no hub here to measure with, which is a fault only where it was asked for. */
async function measureWholeTrip(quick: boolean, isNeeded: boolean): Promise<TripFigures | null> {
  const service = await loadService().catch((error: unknown) => {
    if (!isNeeded && error instanceof WardletError && error.code === 'WL_NO_SERVICE') return null;
    throw error;
  });
  if (service === null) return null;
  const places = {
    command: installed('dist/cli/wardlet.js'),
    devices: installed('dist/cli/trip-devices.js'),
    core: installed('build/core.standard.wasm'),
    service,
  };
  return measureTrip(places, quick);
}

const TRIP_NAMES: Readonly<Record<SenderName, string>> = {
  clients: 'plain `mqtt` client, ready bodies',
  agents: 'Wardlet agent',
  line: 'ready bytes, one TLS socket',
};

function tripText({ rounds, window, bodyBytes, idleHubRssBytes, rows }: TripFigures): string {
  const memory = (bytes: number | undefined) => (bytes === undefined ? '' : byteSize(bytes));
  const figures = table(
    [
      { title: 'sender' },
      { title: 'devices', align: RIGHT },
      { title: 'messages', align: RIGHT },
      { title: 'messages/s', align: RIGHT },
      { title: 'ratio', align: RIGHT },
      { title: 'RSS of devices', align: RIGHT },
      { title: 'RSS of hub', align: RIGHT },
    ],
    rows.map(({ sender, devices, messages, messagesPerSecond, ratio, devicesRssBytes, hubRssBytes }) => [
      TRIP_NAMES[sender],
      grouped(devices),
      grouped(messages),
      grouped(Math.round(messagesPerSecond)),
      ratio.toFixed(2),
      memory(devicesRssBytes),
      memory(hubRssBytes),
    ]),
  );
  const what = [
    `Median of ${rounds} runs of a process each; ratio to as many plain clients in the same rounds. MQTT with TLS on localhost, SAS, QoS 1, at most`,
    `${window} unacknowledged messages a device (ready bytes: as many as the hub reads). Each reports ${FLOWS} flows in ${bodyBytes} bytes, and is`,
    'written and synced before its PUBACK; a run counts when the store holds every message of every device once.',
    ...(idleHubRssBytes === undefined
      ? []
      : [`The hub before the first device: ${memory(idleHubRssBytes)}.`]),
  ];
  return `${figures}\n${what.join('\n')}`;
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
      { title: '2.3 us', align: RIGHT },
      { title: 'bytes', align: RIGHT },
      { title: '3.0 us', align: RIGHT },
      { title: 'bytes', align: RIGHT },
      { title: '3.0 FlatBuffers us', align: RIGHT },
      { title: 'bytes', align: RIGHT },
      { title: 'reference us', align: RIGHT },
      { title: 'reference bytes', align: RIGHT },
    ],
    messages.map((row) => [
      row.name,
      (row.ns / 1000).toFixed(2),
      grouped(row.bytes),
      (row.compactNs / 1000).toFixed(2),
      grouped(row.compactBytes),
      (row.supersetNs / 1000).toFixed(2),
      grouped(row.supersetBytes),
      row.referenceNs === undefined ? '' : (row.referenceNs / 1000).toFixed(2),
      grouped(row.referenceBytes),
    ]),
  );
}

function inspectionText(figures: InspectionFigures): string {
  const { packets, flows, captureBytes, seconds, packetsPerSecond, oneCore, withoutCertificates } = figures;
  const what = `${grouped(packets)} packets, ${grouped(flows)} flows, ${byteSize(captureBytes)}`;
  const speed = `${(packetsPerSecond / 1e6).toFixed(2)} million packets/s`;
  return `${what} in ${seconds.toFixed(3)} s${oneCore ? ', on one core' : ''}: ${out.bold(speed)}, output checked${withoutCertificates ? '; NODE_EXTRA_CA_CERTS left out' : ''}`;
}
