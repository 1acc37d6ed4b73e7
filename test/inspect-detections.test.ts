// `wardlet inspect` says what was noticed: in order of time, with the reason in words, and as JSON.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { benignScenario, detectionScenarios } from '../simulator/scenarios/index.ts';
import { wardlet } from './support/command.ts';

const [scan] = detectionScenarios({ seed: 3, kinds: ['VERTICAL_SCAN'], devices: ['lock'] });
const peace = benignScenario(3, 'lock');
const LOCAL = scan?.localAddresses.join(',') ?? '';
let folder = '';

const test = suite('inspect: detections');
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardlet-detections-'));
  for (const [name, scenario] of [
    ['scan', scan],
    ['peace', peace],
  ] as const) {
    const capture = pcapBytes([...(scenario?.frames ?? [])], { linkType: 1 });
    writeFileSync(join(folder, `${name}.pcap`), capture);
  }
});
test.after(() => rmSync(folder, { recursive: true }));

const inspect = (name: string, ...options: string[]) =>
  wardlet([
    'inspect',
    join(folder, `${name}.pcap`),
    '--local',
    LOCAL,
    '--seed',
    '1',
    '--top',
    '0',
    ...options,
  ]);

for (const profile of ['standard', 'gateway']) {
  test(`${profile}: a scan has a line with its reason, and an object with its numbers`, async () => {
    const { stdout } = await inspect('scan', '--profile', profile);
    assert.match(
      stdout,
      /detections\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}high {4}vertical scan, outbound: \d+ TCP ports failed on \S+ \(limit \d+\)/,
    );
    const json = JSON.parse((await inspect('scan', '--profile', profile, '--json')).stdout) as {
      readonly detections: ReadonlyArray<Record<string, unknown>>;
    };
    const [detection] = json.detections;
    assert.is(json.detections.length, 1);
    const { kind, severity, direction, peer, count, limit, firstSeen, lastSeen } = detection ?? {};
    assert.equal([kind, severity, direction, typeof peer], ['vertical_scan', 'high', 'outbound', 'string']);
    assert.ok(Number(count) >= Number(limit) && Number(limit) >= 15);
    const start = (scan?.attackStartMs ?? 0) / 1000;
    assert.ok(Number(firstSeen) >= Math.floor(start), `${firstSeen} before ${start}`);
    assert.ok(Number(lastSeen) > Number(firstSeen));
  });
}

test('a day of peace: none', async () => {
  assert.match((await inspect('peace')).stdout, /\ndetections {2}none\n/);
  assert.match((await inspect('peace', '--json')).stdout, /"detections":\[\]/);
});

test('where nothing is looked for, JSON says null: a core without detection, a clock that stands still', async () => {
  for (const options of [
    ['--profile', 'lean-strict'],
    ['--interval', 'capture'],
  ]) {
    assert.match((await inspect('scan', ...options, '--json')).stdout, /"detections":null/);
  }
});

test.run();
