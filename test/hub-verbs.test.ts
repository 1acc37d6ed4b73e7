// The verbs on the hub's folder and those that ask a running hub, as the built command.

import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wardlet } from './support/command.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { endProcesses, JsonCommand } from './support/trip.ts';

const test = suite('hub: verbs');
const folder = temporaryFolder();
const data = ['--data', join(folder, 'hub')];
const hub = (...args: string[]) => wardlet(['hub', ...args, ...data]);
test.after(endProcesses);

test('module: added, listed, removed; refusals', async () => {
  await hub('device', 'add', 'pump');
  assert.match((await hub('module', 'list', 'pump')).stdout, /^No modules/);
  assert.match(
    (await hub('module', 'add', 'pump', 'security')).stdout,
    /^HostName=\S+;DeviceId=pump;ModuleId=security;SharedAccessKey=\S{43}=/,
  );
  assert.match((await hub('module', 'list', 'pump')).stdout, /^security +\d{4}-/m);
  const json = JSON.parse((await hub('module', 'list', 'pump', '--json')).stdout) as { id: string };
  assert.is(json.id, 'security');
  assert.is((await hub('module', 'add', 'pump', 'security')).code, 1);
  assert.is((await hub('module', 'remove', 'pump', 'security')).stdout, 'pump/security removed\n');
  assert.is((await hub('module', 'remove', 'pump', 'security')).code, 1);
  assert.match((await hub('module', 'list', 'nobody')).stderr, /not registered/);
});

test('ip-filter: set in order, listed, lifted', async () => {
  assert.match((await hub('ip-filter', 'list')).stdout, /^No rules/);
  const { stdout } = await hub('ip-filter', 'set', 'accept=192.0.2.0/24', 'reject=0.0.0.0/0');
  assert.match(stdout, /rule-1 +accept +192\.0\.2\.0\/24\nrule-2 +reject +0\.0\.0\.0\/0/);
  assert.is((await hub('ip-filter', 'list', '--json')).stdout.trim().split('\n').length, 2);
  assert.is((await hub('ip-filter', 'set', 'block=::1')).code, 2);
  assert.is((await hub('ip-filter', 'set', 'reject=192.0.2.0/99')).code, 1);
  assert.match((await hub('ip-filter', 'list')).stdout, /rule-2/);
  assert.match((await hub('ip-filter', 'set')).stdout, /^No rules/);
});

test('diagnostics: set, listed, removed; each in the event log', async () => {
  assert.is((await hub('diagnostics', 'set', 'audit', 'Connections', 'Twins')).stdout, 'audit set\n');
  assert.is((await hub('diagnostics', 'set', 'audit', 'Connections')).code, 0);
  assert.match((await hub('diagnostics', 'list')).stdout, /^audit +Connections$/m);
  assert.is((await hub('diagnostics', 'remove', 'audit')).stdout, 'audit removed\n');
  assert.is((await hub('diagnostics', 'remove', 'audit')).code, 1);
  const kinds = (await hub('events', '--json', '--last', '3')).stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  assert.equal(kinds, ['diagnostics_added', 'diagnostics_edited', 'diagnostics_deleted']);
  assert.match((await hub('events', '--last', '1')).stdout, /^\S+Z {2}diagnostic setting audit deleted\n$/);
});

test('token: none before REST, then one, then another', async () => {
  assert.match((await hub('token')).stderr, /--rest-port/);
  const first = (await hub('token', '--rotate')).stdout;
  assert.match(first, /^[\w-]{43}\n$/);
  assert.is((await hub('token')).stdout, first);
  assert.is.not((await hub('token', '--rotate')).stdout, first);
});

test('a verb that is none: what may be meant, and exit code 2', async () => {
  const { code, stderr } = await hub('devices');
  assert.is(code, 2);
  assert.match(stderr, /unknown command 'devices'\n\(Did you mean device\?\)/);
  assert.is((await hub('something')).code, 2);
  assert.match((await hub('ip-filter', 'lst')).stderr, /Did you mean list/);
});

test('with a running hub: events that follow, twin, messages; errors are those of the hub', async () => {
  const running = new JsonCommand(['hub', '--quiet', '--port', '0', '--rest-port', '0', ...data]);
  await running.line(({ type }) => type === 'listening');
  const following = new JsonCommand(['hub', 'events', '--follow', '--last', '0', ...data]);
  const twin = await hub('twin', 'set', 'pump', '{"tags":{"hall":3}}');
  assert.match(twin.stdout, /"hall":3/, twin.stderr);
  await following.line(({ kind }) => kind === 'operation');
  assert.is((await hub('c2d', 'send', 'pump', 'hello')).code, 0);
  assert.match((await hub('c2d', 'purge', 'pump')).stdout, /"totalMessagesPurged":1/);
  for (const [args, expected] of [
    [['twin', 'show', 'nobody'], 'WL_NO_SUCH_DEVICE'],
    [['method', 'pump', 'x'], 'WL_DEVICE_OFFLINE'],
    [['twin', 'set', 'pump', '{"tags":3}'], 'WL_BAD_TWIN'],
  ] as const) {
    const { code, stderr } = await hub(...args, '--json');
    assert.is(code, 1);
    const failure = JSON.parse(stderr) as Readonly<Record<string, unknown>>;
    assert.match(JSON.stringify(failure), expected);
    assert.match(JSON.stringify(failure), /"hint":"./);
  }
  await following.kill('SIGINT');
  await running.kill('SIGINT');
});

test.run();
