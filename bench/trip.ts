// The whole trip: devices in one process, `wardlet hub` in another, TLS and tokens between them, every message on the disk before its
// PUBACK. A run counts only when the hub's store holds each message of each device once.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { openRegistry, readMessages } from '../service/index.ts';
import { median } from './measure.ts';
import type { SenderName, TripJob, TripResult } from './trip-job.ts';

export interface TripPlaces {
  /** Paths of the built command, of trip-devices.ts as built, and of the core that the devices run. */
  readonly command: string;
  readonly devices: string;
  readonly core: string;
  readonly service: {
    readonly openRegistry: typeof openRegistry;
    readonly readMessages: typeof readMessages;
  };
}

export interface TripRow {
  readonly sender: SenderName;
  readonly devices: number;
  /** In one run, all devices together, without the warm-up. */
  readonly messages: number;
  /** Median over the runs. */
  readonly messagesPerSecond: number;
  /** Median of the runs, by plain clients of as many devices in the same round. */
  readonly ratio: number;
  /** Process memory at the end of a run, median: of all devices together, and of the hub; undefined where the system does not say. */
  readonly devicesRssBytes: number;
  readonly hubRssBytes: number | undefined;
}

export interface TripFigures {
  readonly rounds: number;
  readonly window: number;
  readonly bodyBytes: number;
  /** Of the hub before the first device. */
  readonly idleHubRssBytes: number | undefined;
  readonly rows: readonly TripRow[];
}

interface Case {
  readonly sender: SenderName;
  readonly devices: number;
  readonly messages: number;
}

const MANY = 100;
/** A standard core's outbox holds about twelve of these messages. */
const WINDOW = 8;
const WARM_UP = 20;
/** A run that takes longer hangs: a plain client waits for ever for a connection that was lost. */
const PATIENCE_MS = 60_000;

function casesOf(quick: boolean): Case[] {
  const one = quick ? 1_000 : 4_000;
  const each = quick ? 20 : 80;
  return [
    { sender: 'clients', devices: 1, messages: one },
    { sender: 'agents', devices: 1, messages: one },
    { sender: 'clients', devices: MANY, messages: each },
    { sender: 'agents', devices: MANY, messages: each },
    { sender: 'line', devices: 1, messages: one * 4 },
  ];
}

/** Throws where a message is missing, double, or of the wrong device. */
export async function measureTrip(places: TripPlaces, quick: boolean): Promise<TripFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'wardlet-bench-'));
  let hub: BenchHub | undefined;
  try {
    const data = join(folder, 'hub');
    hub = await BenchHub.start(places.command, data);
    const connectionStrings = register(places, data);
    const trip = { ...places, data, hub, connectionStrings, ca: readFileSync(join(data, 'ca.pem'), 'utf8') };
    const idleHubRssBytes = hub.rssBytes();
    const cases = casesOf(quick);
    const runs = cases.map(() => [] as Run[]);
    const rounds = quick ? 2 : 3;
    for (let round = 0; round < rounds; round++) {
      const order = cases.map((_, index) => index);
      if (round & 1) order.reverse();
      for (const index of order) runs[index]?.push(await run(trip, cases[index] as Case));
    }
    return {
      rounds,
      window: WINDOW,
      bodyBytes: runs[1]?.[0]?.bodyBytes ?? 0,
      idleHubRssBytes,
      rows: cases.map((one, index) => rowOf(one, runs[index] ?? [], yardstick(cases, runs, one.devices))),
    };
  } finally {
    await hub?.stop();
    rmSync(folder, { recursive: true });
  }
}

interface Run extends TripResult {
  readonly messagesPerSecond: number;
  readonly hubRssBytes: number | undefined;
}

interface Trip extends TripPlaces {
  readonly data: string;
  readonly hub: BenchHub;
  readonly connectionStrings: readonly string[];
  readonly ca: string;
}

async function run(trip: Trip, { sender, devices, messages }: Case): Promise<Run> {
  const { service, data, hub } = trip;
  const afterId = [...service.readMessages(data, { last: 1 })].at(-1)?.id ?? 0;
  const job: TripJob = {
    sender,
    connectionStrings: trip.connectionStrings.slice(0, devices),
    ca: trip.ca,
    warmUp: WARM_UP,
    messages,
    window: WINDOW,
    core: trip.core,
  };
  const result = await inProcess<TripResult>(trip.devices, job);
  const hubRssBytes = hub.rssBytes();
  check(service.readMessages(data, { afterId }), job);
  return { ...result, hubRssBytes, messagesPerSecond: (messages * devices) / result.seconds };
}

/** An agent that stops collects a last time: one message more. */
function check(
  stored: Iterable<{
    readonly deviceId: string;
    readonly properties: Readonly<Record<string, string | null>>;
  }>,
  { sender, connectionStrings, warmUp, messages }: TripJob,
): void {
  const sequences = new Map<string, Set<number>>();
  let count = 0;
  for (const { deviceId, properties } of stored) {
    const seen = sequences.get(deviceId) ?? new Set();
    sequences.set(deviceId, seen.add(Number(properties['wl-seq'])));
    count++;
  }
  const each = warmUp + messages + (sender === 'agents' ? 1 : 0);
  const isWhole = [...sequences.values()].every(
    (seen) => seen.size === each && Math.min(...seen) === 0 && Math.max(...seen) === each - 1,
  );
  if (isWhole && sequences.size === connectionStrings.length && count === each * connectionStrings.length) {
    return;
  }
  throw new Error(
    `bench trip: ${sender} sent ${each} messages of ${connectionStrings.length} devices, the hub holds ${count} of ${sequences.size}`,
  );
}

function yardstick(cases: readonly Case[], runs: readonly Run[][], devices: number): readonly Run[] {
  return runs[cases.findIndex((one) => one.sender === 'clients' && one.devices === devices)] ?? [];
}

function rowOf({ sender, devices, messages }: Case, runs: readonly Run[], clients: readonly Run[]): TripRow {
  const hub = runs.flatMap(({ hubRssBytes }) => hubRssBytes ?? []);
  return {
    sender,
    devices,
    messages: messages * devices,
    messagesPerSecond: median(runs.map((one) => one.messagesPerSecond)),
    ratio: median(
      runs.map(
        ({ messagesPerSecond }, round) =>
          messagesPerSecond / (clients[round]?.messagesPerSecond ?? Number.NaN),
      ),
    ),
    devicesRssBytes: median(runs.map(({ rssBytes }) => rssBytes)),
    hubRssBytes: hub.length === 0 ? undefined : median(hub),
  };
}

function register({ service }: TripPlaces, data: string): string[] {
  const registry = service.openRegistry(data);
  try {
    return Array.from({ length: MANY }, (_, index) =>
      registry.connectionString(registry.add(`device-${index}`)),
    );
  } finally {
    registry.close();
  }
}

/** `wardlet hub --quiet`, with the defaults of the command. */
class BenchHub {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(command: string, data: string): Promise<BenchHub> {
    const child = spawn(
      process.execPath,
      [command, 'hub', '--quiet', '--json', '--data', data, '--port', '0'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if ((JSON.parse(line) as { type?: string }).type === 'listening') resolve();
      });
      child.once('close', () => reject(new Error('the hub did not start')));
    });
    return new BenchHub(child);
  }

  rssBytes(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    } catch {
      return undefined;
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await gone;
  }
}

async function inProcess<Result>(script: string, job: object): Promise<Result> {
  const child = spawn(process.execPath, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: PATIENCE_MS,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.end(JSON.stringify(job));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the process of the devices ended with code ${code}`);
  return JSON.parse(output) as Result;
}
