// wardlet demo: a hub and devices in one process, connected over MQTT with TLS, and what arrives as lines.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WardletError } from '../bindings/js/errors.ts';
import { loadCore } from '../bindings/js/load.ts';
import { createAgent, type ReplayTotals, replayCapture } from '../host/agent/index.ts';
import { bytesSource } from '../host/capture/bytes-source.ts';
import { openCapture } from '../host/capture/open-capture.ts';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import type { Hub } from '../service/index.ts';
import { type DeviceCapture, demoCapture, ordinaryCapture } from '../simulator/demo-capture.ts';
import { Arrivals } from './arrivals.ts';
import { err, out } from './colours.ts';
import { readCore } from './cores.ts';
import { integer, speedFactor } from './options.ts';
import { clockTime, receivedLines } from './received-view.ts';
import { loadService } from './service-package.ts';
import { untilStopped } from './stop-signal.ts';
import { byteSize, grouped, printable, table } from './terminal.ts';

export interface DemoOptions {
  readonly devices: string;
  readonly speed: string;
  readonly seed: string;
  readonly once?: boolean;
}

interface DemoDevice {
  readonly id: string;
  readonly connectionString: string;
  /** Begins to scan in the middle. */
  readonly isTakenOver: boolean;
}

/** What a device counted, over all its captures. */
type Counted = Map<string, ReplayTotals>;

export async function demo(options: DemoOptions): Promise<void> {
  const count = integer('--devices', options.devices, 1, 50);
  const seed = integer('--seed', options.seed, 0, 2 ** 32 - 1);
  const speed = options.once ? 'max' : speedFactor(options.speed);
  const { eventText, openRegistry, startHub } = await loadService();
  const dataFolder = mkdtempSync(join(tmpdir(), 'wardlet-demo-'));
  try {
    const hub = await startHub({ dataFolder, port: 0 });
    const registry = openRegistry(dataFolder);
    const devices = Array.from({ length: count }, (_, index): DemoDevice => {
      const id = `sensor-${index + 1}`;
      return {
        id,
        connectionString: registry.connectionString(registry.add(id)),
        isTakenOver: index === Math.min(2, count - 1),
      };
    });
    registry.close();
    introduce(hub, devices, speed);
    const arrivals = new Arrivals();
    hub.on('message', (message) => {
      arrivals.add(message);
      for (const line of receivedLines(message)) process.stdout.write(`${line}\n`);
    });
    hub.on('event', (event) => {
      if (event.kind === 'stopped') return;
      process.stdout.write(`${clockTime(event.timeMs)}  ${out.dim(printable(eventText(event)))}\n`);
    });
    try {
      await untilStopped(async (stopped) => {
        const counted = await live(devices, { hub, seed, speed, stopped, once: options.once === true });
        balance(devices, counted, arrivals);
      });
    } finally {
      await hub.close();
    }
  } finally {
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

function introduce(hub: Hub, devices: readonly DemoDevice[], speed: number | 'max'): void {
  const scanner = devices.find(({ isTakenOver }) => isTakenOver);
  const lines = [
    `Hub ${out.bold(`${hub.hostName}:${hub.port}`)}, MQTT with TLS; ${devices.length} devices, each with its own key,`,
    `live through generated traffic ${speed === 'max' ? 'as fast as the hub takes it' : `${speed} times as fast as it happens`}.`,
    `${out.bold(scanner?.id ?? '')} is taken over after four minutes and looks for telnet: watch its flows.`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

interface Life {
  readonly hub: Hub;
  readonly seed: number;
  readonly speed: number | 'max';
  readonly stopped: AbortSignal;
  readonly once: boolean;
}

/** Until stopped, or once through; what each device counted. */
async function live(devices: readonly DemoDevice[], life: Life): Promise<Counted> {
  const counted: Counted = new Map();
  const module = await WebAssembly.compile(readCore('standard'));
  const lives = devices.map(async (device, index) => {
    let startMs = Date.now();
    for (let round = 0; !life.stopped.aborted && (round === 0 || !life.once); round++) {
      const random = life.seed + index * 1_000 + round;
      const capture = device.isTakenOver
        ? demoCapture(random, { startMs })
        : ordinaryCapture(random, { startMs });
      const totals = await replay(device, capture, module, life);
      counted.set(device.id, sum(counted.get(device.id), totals));
      startMs = Math.ceil((capture.frames.at(-1)?.timeMs ?? startMs) + 1);
    }
  });
  await Promise.all(lives);
  return counted;
}

async function replay(
  { id, connectionString }: DemoDevice,
  { frames, linkType, localAddresses }: DeviceCapture,
  module: WebAssembly.Module,
  { hub, speed, stopped }: Life,
): Promise<ReplayTotals> {
  const core = await loadCore(module);
  return replayCapture(await openCapture(bytesSource(pcapBytes(frames, { linkType }), id)), {
    speed,
    signal: stopped,
    agent: (clock) => {
      const agent = createAgent({
        core,
        connectionString,
        ca: hub.caCertificate,
        localAddresses,
        clock,
        operatingSystem: 'Wardlet demo device',
        firstCollectionSeconds: 1,
      });
      agent.on('warning', ({ message, hint }) => {
        process.stderr.write(`${err.yellow(`${id}: ${printable(message)}`)}\n  ${printable(hint)}\n`);
      });
      return agent;
    },
  });
}

function sum(one: ReplayTotals | undefined, other: ReplayTotals): ReplayTotals {
  if (one === undefined) return other;
  const keys = Object.keys(other) as Array<keyof ReplayTotals>;
  return Object.fromEntries(keys.map((key) => [key, one[key] + other[key]])) as unknown as ReplayTotals;
}

/** What was counted on the devices beside what arrived. @throws WardletError WL_UNDELIVERED where they differ */
function balance(devices: readonly DemoDevice[], counted: Counted, arrivals: Arrivals): void {
  const rows = devices.map(({ id }) => {
    const device = counted.get(id);
    const hub = arrivals.of(id);
    const isEqual = device?.bytes === hub.bytes;
    return {
      isEqual,
      cells: [
        id,
        grouped(device?.frames ?? 0),
        grouped(device?.bytes ?? 0),
        grouped(hub.bytes),
        isEqual ? out.green('equal') : out.red('differ'),
        grouped(hub.messages),
        byteSize(hub.messageBytes),
      ],
    };
  });
  const right = 'right' as const;
  const columns = [
    { title: 'device' },
    { title: 'packets', align: right },
    { title: 'bytes counted', align: right },
    { title: 'bytes arrived', align: right },
    { title: '' },
    { title: 'messages', align: right },
    { title: 'size', align: right },
  ];
  process.stdout.write(
    `\n${table(
      columns,
      rows.map(({ cells }) => cells),
    )}\n`,
  );
  const wrong = rows.filter(({ isEqual }) => !isEqual).length;
  if (wrong === 0) return;
  throw new WardletError('WL_UNDELIVERED', `the hub's totals differ from those of ${wrong} devices`, {
    hint: 'warnings above say what was not delivered; without one, please report it',
  });
}
