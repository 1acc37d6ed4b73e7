// Messages of the reference agent against ours for the same input: the same events, read by flatc and by our decoder.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAddress } from '../../bindings/js/address.ts';
import type { CollectorName } from '../../bindings/js/configuration.ts';
import { decodeMessage } from '../../bindings/js/messages/decode.ts';
import type { Flow, SecurityMessage } from '../../bindings/js/messages/security-message.ts';
import type { Profile } from '../../bindings/js/profiles.ts';
import { openCore } from '../../cli/cores.ts';
import { fileSource } from '../../host/capture/file-source.ts';
import { openCapture } from '../../host/capture/open-capture.ts';
import type { Claim } from './claim.ts';

const SCHEMA = new URL('../../schema/message-2.3.fbs', import.meta.url).pathname;
const LOCAL = ['10.0.0.5', '2001:db8::5'];
const PROFILES: readonly Profile[] = ['standard', 'gateway', 'lean-strict'];
/** The recorded messages' own time, Unix seconds. */
const COLLECTED = 1_700_000_000;
const ALL: readonly CollectorName[] = ['NetworkActivity', 'SystemInformation', 'Heartbeat'];

/** What flatc prints of one flow: addresses are little-endian reads of network-order bytes. */
interface FlatcFlow {
  readonly addresses: {
    readonly local_address: number | number[];
    readonly remote_address: number | number[];
  };
  readonly common: Readonly<Record<string, number | string>>;
}
interface FlatcEvent {
  readonly id?: unknown;
  readonly time: number;
  readonly collection_interval: number;
  readonly payload_type: string;
  readonly payload: {
    readonly ipv4_activity?: FlatcFlow[];
    readonly ipv6_activity?: FlatcFlow[];
    readonly os_info?: string;
  };
}

export function goldenClaims(folder: string): Claim[] {
  return [
    ...PROFILES.flatMap((profile) => eventClaims(folder, profile)),
    ...recordedClaims(folder),
    ...badClaims(folder),
  ];
}

function eventClaims(folder: string, profile: Profile): Claim[] {
  const claim = (
    name: string,
    input: string | undefined,
    collectors: readonly CollectorName[],
    recorded: string,
    check: Comparison,
  ) => ({
    name: `golden ${name}, ${profile}`,
    check: async () => {
      const bytes = await messageOf(
        profile,
        input === undefined ? undefined : join(folder, input),
        collectors,
      );
      const theirs = readFlatcJson(readFileSync(join(folder, recorded), 'utf8'));
      check(flatc(bytes), theirs);
      // Our decoder and flatc must agree on what we wrote.
      deepEqual(asFlatcFlows(decodeMessage(bytes)), flowsOf(flatc(bytes)).map(comparable).sort());
    },
  });
  return [
    claim('a: the same events', 'a/in.pcap', ['NetworkActivity'], 'a/msg.json', sameEvents),
    claim(
      'b: has what the reference agent loses as well',
      'b/in.pcap',
      ['NetworkActivity'],
      'b/msg.json',
      moreFlows,
    ),
    claim('c: heartbeat', undefined, ['Heartbeat'], 'c/hb.json', sameEvents),
    claim('c: system information', undefined, ['SystemInformation'], 'c/sysinfo.json', sameEvents),
    claim('c: both', undefined, ['SystemInformation', 'Heartbeat'], 'c/sys+hb.json', sameEvents),
    claim('c: all collectors, no traffic', undefined, ALL, 'c/all-no-traffic.json', sameEvents),
    claim('d: all collectors in one message', 'd/in.pcap', ALL, 'd/msg.json', sameEvents),
    claim(
      'g: IPv4 options are no payload',
      'g/options.pcap',
      ['NetworkActivity'],
      'g/options.json',
      withoutOptions,
    ),
  ];
}

type Comparison = (ours: readonly FlatcEvent[], theirs: readonly FlatcEvent[]) => void;

function sameEvents(ours: readonly FlatcEvent[], theirs: readonly FlatcEvent[]): void {
  deepEqual(ours.map(comparableEvent), theirs.map(comparableEvent));
}

function moreFlows(ours: readonly FlatcEvent[], theirs: readonly FlatcEvent[]): void {
  const counts = (flow: FlatcFlow) => Number(flow.common.bytes_in ?? 0) + Number(flow.common.bytes_out ?? 0);
  const mine = new Map(flowsOf(ours).map((flow) => [fiveTuple(flow), flow]));
  for (const flow of flowsOf(theirs)) {
    const found = mine.get(fiveTuple(flow));
    // A flow of which it loses one direction it still reports.
    ok(found && counts(found) >= counts(flow), `lost: ${comparable(flow)}`);
  }
  ok(mine.size > flowsOf(theirs).length, 'no flow more than the reference agent');
}

/** The reference agent counts the 4 option bytes of the datagram that came in with options. */
function withoutOptions(ours: readonly FlatcEvent[], theirs: readonly FlatcEvent[]): void {
  const corrected = flowsOf(theirs).map((flow) =>
    flow.common.bytes_in === 32 ? { ...flow, common: { ...flow.common, bytes_in: 28 } } : flow,
  );
  deepEqual(flowsOf(ours).map(comparable).sort(), corrected.map(comparable).sort());
}

/** Messages the reference agent sent, through our decoder. */
function recordedClaims(folder: string): Claim[] {
  const recorded = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.bin'),
  );
  return recorded.sort().map((name) => ({
    name: `golden ${name}: our decoder reads what flatc reads`,
    check: () => {
      const message = decodeMessage(readFileSync(join(folder, name)));
      const theirs = readFlatcJson(readFileSync(join(folder, name.replace(/bin$/, 'json')), 'utf8'));
      equal(message.moduleId, 'defender-iot-micro-agent');
      equal(message.moduleVersion, '3.5.4');
      deepEqual(
        message.events.map(({ time, collectionIntervalSeconds, payload }) => [
          time,
          collectionIntervalSeconds,
          payload.kind,
        ]),
        theirs.map((event) => [event.time, event.collection_interval, event.payload_type]),
      );
      deepEqual(asFlatcFlows(message), flowsOf(theirs).map(comparable).sort());
    },
  }));
}

/** The later fragment is a good packet for us: it counts to ports 0. */
const BAD_COUNTED: ReadonlySet<string> = new Set(['v4-frag-offset.pcap']);

function badClaims(folder: string): Claim[] {
  const names = readdirSync(join(folder, 'bad')).filter((name) => name.endsWith('.pcap'));
  return names.sort().map((name) => ({
    name: `golden bad/${name}: ${BAD_COUNTED.has(name) ? 'counted to ports 0' : 'malformed'}, and no trap`,
    check: async () => {
      const core = await openCore('standard');
      await feed(core, join(folder, 'bad', name));
      const { seen, counted, ignored } = core.status().packets;
      deepEqual([seen, counted, ignored.malformed], BAD_COUNTED.has(name) ? [1, 1, 0] : [1, 0, 1]);
    },
  }));
}

async function messageOf(
  profile: Profile,
  input: string | undefined,
  collectors: readonly CollectorName[],
): Promise<Uint8Array> {
  const core = await openCore(profile);
  if (input === undefined) start(core);
  else await feed(core, input);
  core.collect(COLLECTED * 1000, collectors);
  const message = core.nextMessage();
  if (message === undefined) throw new Error('no message');
  equal(core.status().messages.finished, 1, 'one message');
  return message.bytes.slice();
}

type OpenedCore = Awaited<ReturnType<typeof openCore>>;

function start(core: OpenedCore): void {
  core.configure({
    seed: new Uint8Array(32).fill(7),
    localAddresses: LOCAL,
    operatingSystem: 'Azure RTOS 6.3',
    unicastOnly: false,
  });
  core.start((COLLECTED - 10) * 1000);
}

async function feed(core: OpenedCore, file: string): Promise<void> {
  start(core);
  const capture = await openCapture(fileSource(file));
  const frames = new Uint8Array(131072);
  for (let length = await capture.fill(frames); length > 0; length = await capture.fill(frames)) {
    const view = new DataView(frames.buffer);
    for (let at = 0; at < length; ) {
      const captured = Math.min(view.getUint16(at + 12, true), core.input.length - 16);
      core.input.set(frames.subarray(at, at + 16 + captured));
      new DataView(core.input.buffer, core.input.byteOffset).setUint16(12, captured, true);
      equal(core.observe(0, 16 + captured), 16 + captured);
      at += 16 + view.getUint16(at + 12, true);
    }
  }
  await capture.close();
}

function flatc(message: Uint8Array): FlatcEvent[] {
  const folder = mkdtempSync(join(tmpdir(), 'wardlet-golden-'));
  try {
    const file = join(folder, 'message.bin');
    writeFileSync(file, message);
    execFileSync('flatc', ['--json', '--raw-binary', '--strict-json', '-o', folder, SCHEMA, '--', file]);
    return readFlatcJson(readFileSync(join(folder, 'message.json'), 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw missing ? new Error('flatc is missing: apt-get install flatbuffers-compiler') : error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readFlatcJson(text: string): FlatcEvent[] {
  return (JSON.parse(text) as { events: FlatcEvent[] }).events;
}

function comparableEvent({ id: _, payload, ...event }: FlatcEvent): unknown {
  const { ipv4_activity, ipv6_activity, ...rest } = payload;
  return {
    ...event,
    ipv4: ipv4_activity?.map(comparable).sort(),
    ipv6: ipv6_activity?.map(comparable).sort(),
    payload: rest,
  };
}

function flowsOf(events: readonly FlatcEvent[]): FlatcFlow[] {
  return events.flatMap(({ payload }) => [
    ...(payload.ipv4_activity ?? []),
    ...(payload.ipv6_activity ?? []),
  ]);
}

function comparable({ addresses, common }: FlatcFlow): string {
  const { bytes_in = 0, bytes_out = 0 } = common;
  return `${fiveTuple({ addresses, common })} ${bytes_in} ${bytes_out}`;
}

function fiveTuple({ addresses, common }: FlatcFlow): string {
  const { protocol = 'TCP', local_port = 0, remote_port = 0 } = common;
  return `${protocol} ${words(addresses.local_address)} ${local_port} ${words(addresses.remote_address)} ${remote_port}`;
}

function words(address: number | readonly number[]): string {
  return [address].flat().join(',');
}

function asFlatcFlows({ events }: SecurityMessage): string[] {
  const flows = events.flatMap(({ payload }) => (payload.kind === 'NetworkActivity' ? payload.flows : []));
  return flows.map(asFlatcFlow).sort();
}

function asFlatcFlow(flow: Flow): string {
  const { protocol, localAddress, localPort, remoteAddress, remotePort, bytesIn, bytesOut } = flow;
  const local = littleEndianWords(localAddress);
  const remote = littleEndianWords(remoteAddress);
  return `${protocol} ${local} ${localPort} ${remote} ${remotePort} ${bytesIn} ${bytesOut}`;
}

function littleEndianWords(address: string): string {
  const bytes = parseAddress(address);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, word) => view.getUint32(word * 4, true)).join(',');
}
