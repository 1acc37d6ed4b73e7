// wardlet agent as it is run: settings from a file, variables and the command line; a spool from one run to the next.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplayTotals, SpoolStatistics } from '../host/agent/index.ts';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { openEnrolments, startHub } from '../service/index.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { AcknowledgingHub } from './support/acknowledging-hub.ts';
import { reportedBytes } from './support/agent-run.ts';
import { wardlet } from './support/command.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const demo = demoCapture(1);
const folder = temporaryFolder();
const pcap = join(folder, 'device.pcap');
writeFileSync(pcap, pcapBytes(demo.frames, { linkType: demo.linkType }));
const at = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const bytesAt = (hub: AcknowledgingHub) => reportedBytes(hub.messages);

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

test('the format of --format; one that the profile lacks is refused with the profiles that have it', async () => {
  const hub = await AcknowledgingHub.start();
  try {
    const ca = at('format-ca.pem', hub.caCertificate);
    const connection = at('format.txt', hub.connectionString('d'));
    const run = (...more: readonly string[]) =>
      wardlet([
        'agent',
        ...['--connection-string-file', connection, '--ca', ca, '--pcap', pcap, '--speed', 'max', ...more],
      ]);
    for (const [more, format] of [
      [[], '3.0-protobuf'],
      [['--format', '2.3'], '2.3'],
      [['--set', 'Agent_MessageFormat=2.3'], '2.3'],
      [['--profile', 'lean'], '3.0-protobuf'],
      [['--profile', 'lean-strict'], '2.3'],
    ] as const) {
      hub.stored.length = 0;
      const { code, stderr } = await run(...more);
      assert.is(code, 0, stderr);
      assert.equal(new Set(hub.messages.map((message) => message.format)), new Set([format]), more.join(' '));
    }
    const refused = await run('--profile', 'lean', '--format', '2.3');
    assert.is(refused.code, 2);
    assert.match(refused.stderr, /lean writes 3\.0-protobuf; 2\.3 is in lean-strict, standard, gateway/);
    assert.match((await run('--format', '4')).stderr, /--format/);
  } finally {
    await hub.close();
  }
});

test('a device that is provisioned: registers once, and the next run knows its hub', async () => {
  const data = join(folder, 'provisioned');
  const hub = await startHub({ dataFolder: join(data, 'hub'), port: 0 });
  const heard = new HeardEvents(hub);
  const enrolments = openEnrolments(join(data, 'hub'));
  const { primaryKey } = enrolments.addGroup('pumps');
  const key = at('group.txt', `${primaryKey}\n`);
  const run = (id: string, more: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    wardlet(
      [
        'agent',
        ...[
          '--dps-id-scope',
          hub.idScope,
          '--dps-registration-id',
          id,
          '--dps-host',
          `localhost:${hub.port}`,
        ],
        ...['--ca', hub.caFile, '--pcap', pcap, '--speed', 'max', '--json', ...more],
      ],
      undefined,
      { WARDLET_DATA: data, ...env },
    );
  try {
    for (let time = 0; time < 2; time++) {
      const { code, stderr } = await run('pump-1', ['--dps-group-key-file', key]);
      assert.is(code, 0, stderr);
    }
    assert.is(heard.all.filter(({ kind }) => kind === 'provisioned').length, 1);
    assert.is((await run('pump-2', [], { WARDLET_DPS_GROUP_KEY: primaryKey })).code, 0);
    const stranger = await run('pump-3', [], { WARDLET_DPS_KEY: primaryKey });
    assert.is(stranger.code, 1);
    assert.match(stranger.stderr, /WL_NOT_PROVISIONED/);
    assert.not.ok(stranger.stderr.includes(primaryKey));
    for (const [more, told] of [
      [[], /one thing is needed that proves/],
      [['--dps-group-key-file', key, '--dps-key-file', key], /one thing is needed that proves/],
      [['--certificate', hub.caFile], /go together/],
      [['--connection-string-file', key], /exclude each other/],
    ] as const) {
      const { code, stderr } = await run('pump-1', more);
      assert.is(code, 2, stderr);
      assert.match(stderr, told);
    }
  } finally {
    enrolments.close();
    await hub.close();
  }
});

function text(file: string): string {
  return readFileSync(file, 'utf8');
}

test.run();
