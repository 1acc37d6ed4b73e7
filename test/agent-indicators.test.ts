// An indicator list for an agent: from a file that its own settings name, or as a list.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DetectionRecord } from '../bindings/js/detections.ts';
import { parseIndicators } from '../bindings/js/indicators.ts';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { readIndicators } from '../host/configuration/node-host.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { AcknowledgingHub } from './support/acknowledging-hub.ts';
import { AgentRun } from './support/agent-run.ts';
import { wardlet } from './support/command.ts';
import { NOTICING } from './support/detection-run.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { errorOf } from './support/thrown-error.ts';

const test = suite('agent: indicators');
const folder = temporaryFolder();
const at = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
/** Of peerV4(1) and its neighbours. */
const LIST = '198.18.0.0/16 # where the tests live\n';
const file = at('list.txt', LIST);
const FORMAT = { format: '3.0-protobuf' } as const;

/** What an agent notices of one packet to peerV4(1). */
async function noticed(run: AgentRun): Promise<readonly string[]> {
  const heard: DetectionRecord[] = [];
  run.agent.on('detection', (detection) => heard.push(detection));
  run.agent.start();
  run.observe(1);
  await run.clock.pass(15_000);
  return heard.map(({ detection, peers }) => `${detection} ${peers}`);
}

for (const profile of NOTICING) {
  test(`${profile}: a list, or the file of the settings, is in force from the first packet on`, async () => {
    const configuration = { Detection_IndicatorFile: file };
    for (const options of [
      { indicators: parseIndicators(LIST) },
      { indicators: readIndicators, configuration },
      { indicators: readIndicators, layers: [{ source: 'file', values: configuration } as const] },
      // A list that a program gives wins.
      { indicators: parseIndicators(LIST), configuration: { Detection_IndicatorFile: '/nowhere' } },
    ]) {
      assert.equal(await noticed(new AgentRun(profile, { ...FORMAT, ...options })), [
        'SUSPICIOUS_ADDRESS 198.18.0.1',
      ]);
    }
    assert.equal(await noticed(new AgentRun(profile, { ...FORMAT, indicators: readIndicators })), []);
  });
}

test('a file that cannot be read, a line that is wrong, too many, nobody who reads it: said at once', () => {
  const of = (path: string, options = {}) =>
    errorOf(() => {
      new AgentRun('standard', {
        indicators: readIndicators,
        configuration: { Detection_IndicatorFile: path },
        ...options,
      });
    });
  assert.is(of(join(folder, 'none.txt')).code, 'WL_BAD_FILE');
  const wrong = of(at('wrong.txt', '10.0.0.0/8\n10.0.0.0/99\n'));
  assert.is(wrong.code, 'WL_BAD_INDICATORS');
  assert.match(wrong.message, /^line 2: /);
  const many = Array.from({ length: 257 }, (_, index) => `10.${index >> 8}.${index & 0xff}.0/32`).join('\n');
  assert.is(of(at('many.txt', many)).code, 'WL_BAD_INDICATORS');
  const unread = of(file, { indicators: undefined });
  assert.is(unread.code, 'WL_BAD_OPTION');
  assert.match(unread.message, /Detection_IndicatorFile is set, and nothing reads it/);
  for (const indicators of ['10.0.0.1', 5, {}, { entries: [] }]) {
    assert.match(of(file, { indicators }).message, /indicators is no list/);
  }
  assert.is(
    errorOf(() => new AgentRun('lean', { ...FORMAT, indicators: parseIndicators(LIST) })).code,
    'WL_UNSUPPORTED_EVENT',
  );
});

for (const profile of NOTICING) {
  test(`${profile}: wardlet.indicators replaces the list whole, or leaves it`, async () => {
    const run = new AgentRun(profile, { ...FORMAT, indicators: parseIndicators('192.0.2.0/24') });
    const heard: DetectionRecord[] = [];
    run.agent.on('detection', (detection) => heard.push(detection));
    run.agent.start();
    const call = (payload: unknown) => run.transport.method('wardlet.indicators', payload);
    // What lies within another is none of its own.
    const given = { indicators: ['198.18.0.0/16', '198.18.7.0/24', '2001:db8:bad::/48'] };
    assert.equal(call(given), { status: 200, payload: { indicators: 2 } });
    for (const [payload, why] of [
      [{ indicators: ['10.0.0.0/8', '10.0.0.1 11.0.0.1'] }, /^entry 2: /],
      [{ indicators: ['10.0.0.0/8', '# all is well'] }, /^entry 2: /],
      [{ indicators: ['10.0.0.0/8', ''] }, /^entry 2: /],
      [{ indicators: ['0.0.0.0/0'] }, /^entry 1: /],
      [{ indicators: [5] }, /no list/],
      [{ indicators: ['1'.repeat(65)] }, /no list/],
      [{ indicators: Array.from({ length: 16_385 }, () => '10.0.0.1') }, /no list/],
      [{ indicators: '10.0.0.1' }, /no list/],
      [['10.0.0.1'], /no list/],
      [null, /no list/],
    ] as const) {
      const { status, payload: answer } = call(payload) ?? {};
      assert.is(status, 400);
      const { error } = answer as { readonly error: Readonly<Record<string, string>> };
      assert.is(error.code, 'WL_BAD_INDICATORS');
      assert.match(error.message ?? '', why);
    }
    const many = Array.from({ length: 257 }, (_, index) => `11.${index >> 8}.${index & 0xff}.0`);
    assert.is(call({ indicators: many })?.status, profile === 'standard' ? 400 : 200);
    if (profile === 'gateway') call(given);
    run.observe(1);
    await run.clock.pass(15_000);
    assert.equal(
      heard.map(({ detection, peers }) => `${detection} ${peers}`),
      ['SUSPICIOUS_ADDRESS 198.18.0.1'],
    );
    assert.equal(call({ indicators: [] }), { status: 200, payload: { indicators: 0 } });
    run.observe(2);
    await run.clock.pass(15_000);
    assert.ok(heard.every(({ peers }) => !peers.includes('198.18.0.2')));
  });
}

test('wardlet.learn: what was learned is known, what was not is a first contact', async () => {
  const run = new AgentRun('standard', FORMAT);
  const heard: DetectionRecord[] = [];
  run.agent.on('detection', (detection) => heard.push(detection));
  run.agent.start();
  const act = (action: unknown) => run.transport.method('wardlet.learn', { action });
  assert.equal(act('begin'), { status: 200, payload: { learning: true } });
  run.observe(1);
  await run.clock.pass(20_000);
  assert.equal(act('end'), { status: 200, payload: { learning: false } });
  run.observe(1);
  run.observe(70_000);
  await run.clock.pass(20_000);
  assert.equal(
    heard.map(({ detection, peers }) => `${detection} ${peers}`),
    ['FIRST_CONTACT 198.19.17.112'],
  );
  for (const wrong of [undefined, 'stop', 5]) assert.is(act(wrong)?.status, 400);
  assert.is(run.transport.method('wardlet.learn')?.status, 400);
});

test('a core that notices nothing takes no list and learns nothing: not implemented', () => {
  const run = new AgentRun('lean', FORMAT);
  run.agent.start();
  for (const [name, payload] of [
    ['wardlet.indicators', { indicators: ['10.0.0.1'] }],
    ['wardlet.learn', { action: 'begin' }],
  ] as const) {
    assert.is(run.transport.method(name, payload)?.status, 501);
  }
});

test('wardlet agent: --indicators, the key, and the same words for a bad file as inspect has', async () => {
  const demo = demoCapture(1);
  const pcap = join(folder, 'demo.pcap');
  writeFileSync(pcap, pcapBytes(demo.frames, { linkType: demo.linkType }));
  const everybody = at('everybody.txt', '0.0.0.0/1\n128.0.0.0/1\n');
  const wrong = join(folder, 'wrong.txt');
  const hub = await AcknowledgingHub.start();
  try {
    const connection = at('d.txt', hub.connectionString('d'));
    const run = (...more: readonly string[]) =>
      wardlet([
        'agent',
        ...['--connection-string-file', connection, '--ca', at('ca.pem', hub.caCertificate), '--pcap', pcap],
        ...['--local', demo.localAddresses.join(','), '--speed', 'max', ...more],
      ]);
    for (const more of [
      ['--set', `Detection_IndicatorFile=${everybody}`],
      ['--indicators', everybody, '--set', `Detection_IndicatorFile=${wrong}`],
    ]) {
      const { code, stderr } = await run(...more);
      assert.is(code, 0, stderr);
      assert.match(
        stderr,
        /detection begun .* suspicious address, .* is in the indicator list by its first 1 bits/,
      );
    }
    const refused = await run('--indicators', wrong);
    const inspected = await wardlet(['inspect', pcap, '--indicators', wrong]);
    assert.match(refused.stderr, /line 2: /);
    assert.is(refused.stderr, inspected.stderr);
    assert.is(refused.code, inspected.code);
  } finally {
    await hub.close();
  }
});

test.run();
