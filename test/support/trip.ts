// The whole trip as processes: the built command as a hub, the built command as an agent, and the books of what arrived.

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { decodeMessage } from '../../bindings/js/messages/decode.ts';
import { parseMessageType } from '../../bindings/js/messages/message-type.ts';
import type { PcapFrame } from '../../host/capture/pcap-writer.ts';
import { openRegistry, type ReceivedMessage, readMessages } from '../../service/index.ts';
import { COMMAND } from './command.ts';
import { readCompactMessage } from './compact-reader.ts';
import { flowName, readMessage } from './message-reader.ts';
import { type Device, judge } from './packet-model.ts';

/** A line of --json. */
export type JsonLine = Readonly<Record<string, unknown>>;

const children = new Set<ChildProcess>();

/** To be called after each test: whatever became of it, its processes end. */
export function endProcesses(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** The command with `--json`: its lines one by one. */
export class JsonCommand {
  readonly lines: JsonLine[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #errors = '';
  #listeners: Array<(line: JsonLine) => void> = [];

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [COMMAND, ...args, '--json'], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    children.add(child);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as JsonLine;
      this.lines.push(line);
      for (const listener of this.#listeners) listener(line);
    });
    this.exited = once(child, 'close').then(([code]) => {
      children.delete(child);
      return code as number | null;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Standard input, open until it is ended. */
  get input(): Writable {
    return this.#child.stdin;
  }

  get errors(): string {
    return this.#errors;
  }

  /** Resolves with the line; one that has come counts. Rejects when the process ends before it. */
  async line(matches: (line: JsonLine) => boolean): Promise<JsonLine> {
    const come = this.lines.find(matches);
    if (come) return come;
    const coming = new Promise<JsonLine>((resolve) => {
      this.#listeners.push((line) => {
        if (matches(line)) resolve(line);
      });
    });
    const ended = this.exited.then((code) => {
      throw new Error(`ended with code ${code} before the line came: ${this.#errors}`);
    });
    return Promise.race([coming, ended]);
  }

  count(matches: (line: JsonLine) => boolean): number {
    return this.lines.filter(matches).length;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    await this.exited;
  }
}

/** A hub that listens on the folder. */
export async function hubOn(dataFolder: string, port: number): Promise<{ hub: JsonCommand; port: number }> {
  const hub = new JsonCommand(['hub', '--quiet', '--data', dataFolder, '--port', String(port)]);
  const listening = await hub.line(({ type }) => type === 'listening');
  return { hub, port: Number(listening.port) };
}

/** Registers a device that reaches the hub through `port`. */
export function registered(dataFolder: string, deviceId: string, port: number): string {
  const registry = openRegistry(dataFolder);
  try {
    return registry.connectionString(registry.add(deviceId), { port });
  } finally {
    registry.close();
  }
}

/** Bytes by flow and direction. */
export type Totals = ReadonlyMap<string, number>;

/** What the model counts of a capture. */
export function expectedTotals(frames: readonly PcapFrame[], link: number, device: Device): Totals {
  const totals = new Map<string, number>();
  for (const { bytes, originalLength = bytes.length } of frames) {
    const judgement = judge({ link, bytes, original: originalLength }, device);
    if (judgement.verdict !== 'counted') continue;
    add(totals, `${judgement.flow} ${judgement.direction}`, judgement.bytes);
  }
  return totals;
}

export interface Arrived {
  readonly totals: Totals;
  /** All of them, repetitions too. */
  readonly messages: number;
  /** Messages whose event ids had all been seen. */
  readonly repeated: number;
  /** When those came, ms since 1970. */
  readonly repeatedMs: readonly number[];
  /** Sequence numbers of the others, in order of arrival. */
  readonly sequences: readonly number[];
}

/**
 * What a hub has stored of a device. A message is a repetition when all its event ids have been seen; throws where only some have: that
 * would be counted double.
 */
export function arrivedAt(dataFolder: string, deviceId: string): Arrived {
  const seen = new Set<string>();
  const totals = new Map<string, number>();
  const sequences: number[] = [];
  const repeatedMs: number[] = [];
  let messages = 0;
  for (const message of stored(dataFolder, deviceId)) {
    messages++;
    const { events, ids, sequence } = readStored(message);
    const known = ids.filter((id) => seen.has(id)).length;
    if (known === ids.length) {
      repeatedMs.push(message.enqueuedMs);
      continue;
    }
    if (known > 0) throw new Error(`message ${messages} repeats ${known} of its ${ids.length} events`);
    sequences.push(sequence);
    for (const id of ids) seen.add(id);
    for (const { flows } of events) {
      for (const flow of flows) {
        add(totals, `${flowName(flow)} in`, flow.bytesIn);
        add(totals, `${flowName(flow)} out`, flow.bytesOut);
      }
    }
  }
  return { totals, messages, repeated: repeatedMs.length, repeatedMs, sequences };
}

/** By its property `mti`. ids: of the events; a message of 3.0 may be without, and has boot id and sequence inside. */
function readStored({ body, properties }: ReceivedMessage) {
  const type = parseMessageType(properties.mti ?? '');
  if (!type) throw new Error(`message type ${properties.mti}`);
  if (type.format === '2.3') {
    const { events } = readMessage(body);
    return { events, ids: events.map(({ id }) => id), sequence: Number(properties['wl-seq']) };
  }
  const { bootId, sequence = Number.NaN, events } = decodeMessage(body, type.format);
  const read = type.format === '3.0-protobuf' ? readCompactMessage(body) : readMessage(body, '3.0');
  return { events: read.events, ids: [...events.map(({ id }) => id), `${bootId} ${sequence}`], sequence };
}

export function stored(dataFolder: string, deviceId: string): ReceivedMessage[] {
  return [...readMessages(dataFolder, { deviceId })];
}

/** The flows in which the two differ, a line each. */
export function differences(is: Totals, should: Totals): string[] {
  return [...new Set([...is.keys(), ...should.keys()])]
    .filter((name) => (is.get(name) ?? 0) !== (should.get(name) ?? 0))
    .map((name) => `${name}: ${is.get(name) ?? 0}, not ${should.get(name) ?? 0}`);
}

function add(totals: Map<string, number>, name: string, amount: number): void {
  if (amount > 0) totals.set(name, (totals.get(name) ?? 0) + amount);
}
