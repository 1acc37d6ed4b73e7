// wardlet agent as it is run: settings from a file, variables and the command line; a spool from one run to the next.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplayTotals, SpoolStatistics } from '../host/agent/index.ts';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { AcknowledgingHub } from './support/acknowledging-hub.ts';
import { reportedBytes } from './support/agent-run.ts';
import { wardlet } from './support/command.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const demo = demoCapture(1);
const folder = temporaryFolder();
const pcap = join(folder, 'device.pcap');
writeFileSync(pcap, pcapBytes(demo.frames, { linkType: demo.linkType }));
const at = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const bytesAt = (hub: AcknowledgingHub) =>
  reportedBytes(hub.stored.map(({ payload }) => ({ format: '2.3', bytes: payload as Buffer })));

/** The last line of a run. */
function end(stdout: string): ReplayTotals & { readonly spool: SpoolStatistics } {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return JSON.parse(line) as ReplayTotals & { readonly spool: SpoolStatistics };
}

test('connections and settings of a file, with certificates beside it; variables and --set win', async () => {
  const hubs = [await AcknowledgingHub.start(), await AcknowledgingHub.start()];
  try {
    for (const [index, hub] of hubs.entries()) at(`ca-${index}.pem`, hub.caCertificate);
    const config = at(
      'wardlet.jsonc',
      JSON.stringify({
        Connections: hubs.map((hub, index) => ({
          connectionString: hub.connectionString(`d${index}`),
          ca: `ca-${index}.pem`,
        })),
        Heartbeat_Disabled: 'perhaps',
        LocalAddresses: demo.localAddresses,
        NetworkActivity_Protocols: 'TCP',
      }),
    );
    const bad = await wardlet(['agent', '--pcap', pcap, '--speed', 'max', '--config', config]);
    assert.is(bad.code, 2);
    assert.match(bad.stderr, /Heartbeat_Disabled = "perhaps"/);
    const good = at('good.jsonc', JSON.stringify({ ...JSON.parse(text(config)), Heartbeat_Disabled: true }));
    const { code, stdout, stderr } = await wardlet(
      ['agent', '--pcap', pcap, '--speed', 'max', '--json', '--set', 'NetworkActivity_Protocols=TCP,UDP'],
      undefined,
      { WARDLET_CONFIG: good, WARDLET_NETWORK_ACTIVITY_PROTOCOLS: 'ICMP' },
    );
    assert.is(code, 0, stderr);
    const { counted, messages, acknowledged, bytes } = end(stdout);
    assert.ok(counted > 100 && messages === acknowledged);
    for (const hub of hubs) assert.is(bytesAt(hub), bytes);
  } finally {
    await Promise.all(hubs.map((hub) => hub.close()));
  }
});

test('a run without a hub leaves its messages in the spool, and the next one brings them', async () => {
  const hub = await AcknowledgingHub.start();
  const ca = at('ca.pem', hub.caCertificate);
  const port = hub.port;
  const connection = at('d.txt', hub.connectionString('d'));
  await hub.close();
  const run = () =>
    wardlet([
      'agent',
      ...['--connection-string-file', connection, '--ca', ca, '--pcap', pcap, '--speed', 'max', '--json'],
      ...['--spool', join(folder, 'spool'), '--retry', '1,1'],
    ]);
  const first = await run();
  assert.is(first.code, 0, first.stderr);
  const kept = end(first.stdout);
  assert.is(kept.spool.messages, kept.messages);
  const again = await AcknowledgingHub.start({}, port);
  try {
    const later = at('ca.pem', again.caCertificate);
    assert.is(later, ca);
    const second = await run();
    assert.is(second.code, 0, second.stderr);
    const { messages, givenUp } = end(second.stdout).spool;
    assert.is(messages, 0);
    assert.equal(givenUp, kept.spool.givenUp);
    assert.is(bytesAt(again), 2 * kept.bytes);
  } finally {
    await again.close();
  }
});

function text(file: string): string {
  return readFileSync(file, 'utf8');
}

test.run();
