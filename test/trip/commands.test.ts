// The verbs of the whole trip as a newcomer uses them: a hub, a device, what it sent; and the demonstration.

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pcapBytes } from '../../host/capture/pcap-writer.ts';
import { demoCapture } from '../../simulator/demo-capture.ts';
import { Authority } from '../support/certificates.ts';
import { wardlet } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endProcesses, hubOn } from '../support/trip.ts';

const test = suite('the verbs of the trip');
test.after.each(endProcesses);

test('add a device, run an agent on a capture, read its messages, remove the device', async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'hub');
  const { hub } = await hubOn(data, 0);

  const added = await wardlet(['hub', 'device', 'add', 'sensor-1', '--data', data]);
  assert.is(added.code, 0, added.stderr);
  assert.match(
    added.stdout,
    /^HostName=localhost;DeviceId=sensor-1;SharedAccessKey=\S+=;GatewayHostName=localhost:\d+\n$/,
  );
  writeFileSync(join(folder, 'sensor-1.txt'), added.stdout);
  const { frames, linkType, localAddresses } = demoCapture(7);
  writeFileSync(join(folder, 'device.pcap'), pcapBytes(frames, { linkType }));

  const agent = await wardlet([
    'agent',
    ...['--connection-string-file', join(folder, 'sensor-1.txt')],
    ...['--ca', join(data, 'ca.pem')],
    ...['--pcap', join(folder, 'device.pcap')],
    ...['--local', localAddresses.join(',')],
    ...['--speed', 'max'],
  ]);
  assert.is(agent.code, 0, agent.stderr);
  const [, sent = '', acknowledged] = /^messages +([\d,]+), ([\d,]+) acknowledged$/m.exec(agent.stdout) ?? [];
  assert.is(acknowledged, sent);
  const said = agent.stderr.split('\n');
  const states = said.flatMap((line) => /^\S+ +(pending|active|suspended)$/.exec(line)?.[1] ?? []);
  assert.equal(states, ['pending', 'active', 'pending'], agent.stderr);
  assert.ok(
    said.some((line) => /detection begun .* horizontal scan, outbound: .* failed at TCP port/.test(line)),
    agent.stderr,
  );

  const all = await wardlet(['hub', 'messages', '--data', data, '--last', '10000', '--json']);
  const lines = all.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { deviceId: string; message: unknown });
  assert.is(lines.length, Number(sent.replace(',', '')));
  assert.ok(lines.every(({ deviceId, message }) => deviceId === 'sensor-1' && message !== undefined));

  const saved = join(folder, 'saved');
  const last = await wardlet([
    'hub',
    'messages',
    '--data',
    data,
    '--device',
    'sensor-1',
    '--last',
    '2',
    '--save',
    saved,
  ]);
  // The last collection, of an agent that stops, says everything.
  assert.match(last.stdout, /sensor-1 +network activity[\s\S]*sensor-1 +system information/);
  assert.equal(readdirSync(saved), ['000000.bin', '000001.bin']);
  const decoded = await wardlet(['decode', join(saved, '000001.bin')]);
  assert.equal((JSON.parse(decoded.stdout) as { events: unknown[] }).events.length > 0, true);
  assert.is(
    (await wardlet(['hub', 'messages', '--data', data, '--device', 'nobody'])).stdout,
    'No messages yet.\n',
  );

  const listed = await wardlet(['hub', 'device', 'list', '--data', data]);
  assert.match(listed.stdout, /^sensor-1 +enabled/m);
  assert.is(
    (await wardlet(['hub', 'device', 'remove', 'sensor-1', '--data', data])).stdout,
    'sensor-1 removed\n',
  );
  assert.match((await wardlet(['hub', 'device', 'list', '--data', data])).stdout, /^No devices/);
  await hub.kill('SIGINT');
});

test('twin, method and messages for a device need the running hub, and say so without it', async () => {
  const data = ['--data', join(temporaryFolder(), 'hub')];
  await wardlet(['hub', 'device', 'add', 'sensor-1', ...data]);
  for (const verb of [
    ['twin', 'show', 'sensor-1'],
    ['method', 'sensor-1', 'x'],
    ['c2d', 'list', 'sensor-1'],
  ]) {
    const { code, stderr } = await wardlet(['hub', ...verb, ...data]);
    assert.is(code, 1);
    assert.match(stderr, /--rest-port/);
  }
});

test('certificates and enrolments: added, listed, removed, without a hub that runs', async () => {
  const folder = temporaryFolder();
  const data = ['--data', join(folder, 'hub')];
  const file = join(folder, 'factory.pem');
  writeFileSync(file, (await Authority.make('factory')).certificate);
  assert.is((await wardlet(['hub', 'certificate', 'add', file, ...data])).code, 0);
  assert.match((await wardlet(['hub', 'certificate', 'list', ...data])).stdout, /^factory\b/m);
  const line = await wardlet([
    'hub',
    'enrolment',
    'add',
    'line-1',
    '--group',
    '--certificate',
    'factory',
    ...data,
  ]);
  assert.is(line.code, 0, line.stderr);
  const single = await wardlet(['hub', 'enrolment', 'add', 'sensor-7', ...data]);
  assert.match(single.stdout, /^id scope +\w+\nkey +\S{43}=\n$/);
  const listed = (await wardlet(['hub', 'enrolment', 'list', ...data])).stdout;
  assert.match(listed, /^sensor-7 +single +enabled +key$/m);
  assert.match(listed, /^line-1 +group +enabled +/m);
  assert.is(
    (await wardlet(['hub', 'enrolment', 'remove', 'sensor-7', ...data])).stdout,
    'sensor-7 removed\n',
  );
  assert.is((await wardlet(['hub', 'enrolment', 'remove', 'sensor-7', ...data])).code, 1);
  assert.is((await wardlet(['hub', 'certificate', 'add', join(folder, 'no.pem'), ...data])).code, 1);
});

test('the demonstration ends by itself, its balance is even, and it leaves nothing behind', async () => {
  const temporary = temporaryFolder();
  const { code, stdout, stderr } = await wardlet(['demo', '--once', '--devices', '3'], undefined, {
    TMPDIR: temporary,
  });
  assert.is(code, 0, stderr);
  assert.match(stdout, /sensor-2 connected/);
  assert.match(stdout, /sensor-3 +network activity +\d+ flows/);
  for (const id of ['sensor-1', 'sensor-2', 'sensor-3']) {
    assert.match(stdout, new RegExp(`^${id} +[\\d,]+ +([\\d,]+) +\\1 +equal`, 'm'));
  }
  assert.equal(readdirSync(temporary), []);
});

test.run();
