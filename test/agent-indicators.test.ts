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
