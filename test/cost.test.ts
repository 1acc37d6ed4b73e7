// What a day of a capture costs: the reference agent by its measured sizes, units of 4 KB, `wardlet cost`.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CoreConfiguration, loadCore } from '../bindings/js/index.ts';
import { readCore } from '../cli/cores.ts';
import { bytesSource } from '../host/capture/bytes-source.ts';
import { openCapture } from '../host/capture/open-capture.ts';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { CostMeter, perDay, propertyBytes } from '../host/cost/hub-units.ts';
import { measureCost } from '../host/cost/measure-cost.ts';
import { ReferenceAgent } from '../host/cost/reference-agent.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { wardlet } from './support/command.ts';
import { coreMessages } from './support/core-messages.ts';
import { DEVICE_V4, DEVICE_V6, peerV4, peerV6 } from './support/packets.ts';

interface Cost {
  messages: number;
  units: number;
  bytes: number;
}
interface Report {
  durationSeconds: number;
  rows: Array<{
    name: string;
    format: string;
    measured: Cost;
    perDay: Cost;
    shareOfHubUnit: Record<string, number>;
  }>;
  hubUnitsPerDay: Record<string, number>;
}

const ONLY_FLOWS: CoreConfiguration = {
  format: '2.3',
  collectors: {
    SystemInformation: { enabled: false, group: 'Low' },
    Heartbeat: { enabled: false, group: 'Low' },
  },
};
const demo = demoCapture(1);
const LOCAL = demo.localAddresses.join(',');
const { frames } = demo;
let folder = '';
let file = '';

const test = suite('cost');
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardlet-cost-'));
  file = join(folder, 'demo.pcap');
  writeFileSync(file, pcapBytes(frames, { linkType: demo.linkType }));
});
test.after(() => rmSync(folder, { recursive: true }));

async function cost(...options: string[]): Promise<Report> {
  const { code, stdout, stderr } = await wardlet(['cost', file, '--json', '--local', LOCAL, ...options]);
  assert.is(stderr, '');
  assert.is(code, 0);
  return JSON.parse(stdout) as Report;
}

test('the formula of the reference agent is within 1 % of what was measured of it, 2 % for a single flow', async () => {
  const sizes: ReadonlyArray<
    readonly ['v4' | 'v6', 'TCP' | 'UDP', ReadonlyArray<readonly [number, number]>]
  > = [
    [
      'v4',
      'TCP',
      [
        [1, 192],
        [5, 320],
        [20, 800],
        [64, 2208],
      ],
    ],
    [
      'v4',
      'UDP',
      [
        [1, 202],
        [5, 362],
        [20, 962],
        [64, 2722],
      ],
    ],
    [
      'v6',
      'TCP',
      [
        [1, 218],
        [5, 442],
        [20, 1282],
        [64, 3746],
      ],
    ],
    [
      'v6',
      'UDP',
      [
        [1, 228],
        [5, 484],
        [20, 1444],
        [64, 4260],
      ],
    ],
  ];
  for (const [family, protocol, measured] of sizes) {
    for (const [flows, bytes] of measured) {
      const [peer, device] = family === 'v4' ? [peerV4, DEVICE_V4] : [peerV6, DEVICE_V6];
      const out = Array.from({ length: flows }, (_, number) => ({ to: peer(number), protocol }));
      const back = out.map(({ to }) => ({ from: to, to: device, protocol, fromPort: 443, toPort: 40_000 }));
      const agent = new ReferenceAgent();
      for (const message of await coreMessages(protocol === 'UDP' ? [...out, ...back] : out, ONLY_FLOWS))
        agent.add(message);
      const { messages, bytes: estimated } = agent.finish();
      assert.is(messages, 1);
      const off = Math.abs(estimated - bytes) / bytes;
      assert.ok(
        off <= (flows === 1 ? 0.02 : 0.01),
        `${family} ${protocol} ${flows}: ${estimated}, not ${bytes}`,
      );
    }
  }
});

test('it keeps 64 flows of a family, whatever there is, and sends system information and heartbeat without traffic', async () => {
  const packets = Array.from({ length: 100 }, (_, number) => ({ to: peerV4(number) }));
  const full = new ReferenceAgent();
  for (const message of await coreMessages(packets, ONLY_FLOWS, 'gateway')) full.add(message);
  assert.is(full.finish().bytes, 160 + 64 * 32);
  const quiet = new ReferenceAgent();
  for (const message of await coreMessages([], { format: '2.3' })) quiet.add(message);
  assert.equal(quiet.finish(), { messages: 1, units: 1, bytes: 204 });
});

test('a unit is 4 KB begun, properties included, and no message costs none', () => {
  const meter = new CostMeter();
  for (const [body, properties] of [
    [0, 0],
    [4000, 96],
    [4000, 97],
    [8192, 1],
  ] as const)
    meter.add(body, properties);
  assert.equal(meter.cost, { messages: 4, units: 1 + 1 + 2 + 3, bytes: 16_192 });
  const properties = propertyBytes({ bootId: '', sequence: 0, format: '3.0-protobuf' });
  assert.is(properties, 'mti3.0-2-1-0$.ifidurn:azureiot:Security:SecurityAgent:1'.length);
  assert.equal(perDay({ messages: 1, units: 2, bytes: 3 }, 43_200_000), { messages: 2, units: 4, bytes: 6 });
});

test('a device is awake between two packets: an hour of silence is an hour of heartbeats', async () => {
  const [first] = frames;
  assert.ok(first);
  const hour = [first, { ...first, timeMs: first.timeMs + 3_600_000 }];
  const measured = async (format: '2.3' | '3.0-protobuf') => {
    const capture = await openCapture(bytesSource(pcapBytes(hour, { linkType: demo.linkType })));
    const core = await loadCore(readCore('standard'));
    const seed = new Uint8Array(32).fill(1);
    const configuration = { seed, localAddresses: demo.localAddresses, format };
    const { durationMs, costs } = await measureCost(capture, [{ core, configuration }]);
    assert.is(durationMs, 3_600_000);
    return costs[0]?.messages ?? 0;
  };
  for (const format of ['2.3', '3.0-protobuf'] as const) {
    const messages = await measured(format);
    assert.ok(messages >= 58 && messages <= 62, `${messages} of ${format}`);
  }
});

test('a clock that jumps by years is paid for by nobody', async () => {
  const jumping = frames.map((frame, index) =>
    index < frames.length / 2 ? frame : { ...frame, timeMs: frame.timeMs + 5e10 },
  );
  const capture = await openCapture(bytesSource(pcapBytes(jumping, { linkType: demo.linkType })));
  const core = await loadCore(readCore('standard'));
  const configuration = { seed: new Uint8Array(32).fill(1), localAddresses: demo.localAddresses };
  const { durationMs, costs } = await measureCost(capture, [{ core, configuration }]);
  assert.ok(durationMs < 600_000, String(durationMs));
  assert.ok((costs[0]?.messages ?? 0) < 100);
});

test('of each format what a day costs: 3.0 a third of the units of 2.3, and less than half of its bytes, scan and all', async () => {
  const { durationSeconds, rows, hubUnitsPerDay } = await cost();
  assert.equal(
    rows.map(({ name, format }) => `${name} ${format}`),
    ['defaults 3.0-protobuf', 'defaults 2.3', 'reference agent, estimated 2.3'],
  );
  for (const { measured, perDay, shareOfHubUnit } of rows) {
    assert.is(perDay.messages, Math.round((measured.messages * 86_400) / durationSeconds));
    assert.ok(perDay.units >= perDay.messages && perDay.bytes > perDay.messages);
    const share = (shareOfHubUnit.S1 ?? 0) * (hubUnitsPerDay.S1 ?? 0);
    assert.ok(Math.abs(share - perDay.units) < 1);
  }
  const [compact, old, reference] = rows;
  assert.ok(compact && old && reference);
  assert.ok(compact.perDay.units * 3 <= old.perDay.units, `${compact.perDay.units} ${old.perDay.units}`);
  assert.ok(compact.perDay.bytes * 2 <= old.perDay.bytes, `${compact.perDay.bytes} ${old.perDay.bytes}`);
  assert.is(reference.measured.messages, old.measured.messages);
});

test('configurations are compared', async () => {
  const slow = join(folder, 'slow.jsonc');
  const usual = join(folder, 'usual.jsonc');
  writeFileSync(slow, '{ "CollectorsCore_PriorityIntervals": "30s,60s,60s" } // half as often');
  writeFileSync(usual, '{}');
  const { rows } = await cost('--config', usual, slow);
  const units = (name: string) => rows.find((row) => row.name === name && row.format === '2.3')?.perDay.units;
  assert.ok((units('slow.jsonc') ?? 0) < (units('usual.jsonc') ?? 0));
  writeFileSync(slow, '{ "CollectorsCore_PriorityIntervals": "never" }');
  const refused = await wardlet(['cost', file, '--local', LOCAL, '--config', slow]);
  assert.is(refused.code, 2);
  assert.match(refused.stderr, /CollectorsCore_PriorityIntervals/);
});

test('a person gets a table; a capture that is too short is told so', async () => {
  const { stdout, code } = await wardlet(['cost', file, '--local', LOCAL]);
  assert.is(code, 0);
  assert.match(stdout, /configuration +format +messages +4 KB units/);
  assert.match(stdout, /S1 400,000, S2 6,000,000, S3 300,000,000/);
  assert.ok(stdout.split('\n').every((line) => line.length <= 104));
  const short = join(folder, 'short.pcap');
  writeFileSync(short, pcapBytes(frames.slice(0, 50), { linkType: demo.linkType }));
  const refused = await wardlet(['cost', short, '--local', LOCAL, '--json']);
  assert.is(refused.code, 1);
  const { error } = JSON.parse(refused.stderr) as { error: { code: string; hint: string } };
  assert.is(error.code, 'WL_SHORT_CAPTURE');
  assert.match(error.hint, /5 min or more/);
});

test.run();
