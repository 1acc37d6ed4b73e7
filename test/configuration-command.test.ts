// wardlet config: every fault with its place, every value with where it is from, and documents that say the same.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { declareConfig } from '../cli/verbs/config.ts';
import { withTables } from '../host/configuration/documentation.ts';
import { KEY_NAMES } from '../host/configuration/keys.ts';
import { configurationFile, hostFacts } from '../host/configuration/node-host.ts';
import { resolveConfiguration } from '../host/configuration/resolve.ts';
import { STANDARD } from './support/desired-documents.ts';
import { codeOf } from './support/thrown-error.ts';

const SECRET = 'c2VjcmV0c2VjcmV0';
const GOOD = `{
  "Agent_RetryTime": "10s", // more patience
  "Connections": ["HostName=h;DeviceId=d;SharedAccessKey=${SECRET}"],
}`;
const BAD = `{
  "Agent_RetryTime": "soon",
  "Heartbeat_Disable": true,
  "Connections": "[${SECRET}"
}`;

const test = suite<{ folder: string }>('wardlet config');
test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'wardlet-config-'));
  await writeFile(join(context.folder, 'good.jsonc'), GOOD);
  await writeFile(join(context.folder, 'bad.jsonc'), BAD);
});
test.after(({ folder }) => rm(folder, { recursive: true }));

/** What the verb prints, its exit code, and what it throws. */
async function run(...args: string[]): Promise<{ output: string; code: unknown; error: unknown }> {
  const program = new Command('wardlet').exitOverride();
  declareConfig(program);
  const write = process.stdout.write;
  let output = '';
  process.stdout.write = ((text: string) => {
    output += text;
    return true;
  }) as typeof process.stdout.write;
  try {
    const error: unknown = await program.parseAsync(['config', ...args], { from: 'user' }).then(
      () => undefined,
      (reason) => reason,
    );
    return { output, code: process.exitCode ?? 0, error };
  } finally {
    process.stdout.write = write;
    process.exitCode = undefined;
  }
}

test('check: a sound file is ok', async ({ folder }) => {
  const { output, code } = await run('check', join(folder, 'good.jsonc'));
  assert.match(output, /^ok /);
  assert.is(code, 0);
});

test('check: every fault with its line, value, reason and what stays', async ({ folder }) => {
  const { output, code } = await run('check', join(folder, 'bad.jsonc'));
  assert.is(code, 2);
  for (const part of [
    'bad.jsonc:2:3: Agent_RetryTime = "soon"\n    give whole seconds from 1 to 3,600',
    'in force: 3',
    'bad.jsonc:3:3: Heartbeat_Disable\n    is no key of this agent; did you mean Heartbeat_Disabled?',
    'bad.jsonc:4:3: Connections\n    give a list of connections',
    '3 faults: nothing of this file would apply',
  ]) {
    assert.ok(output.includes(part), `${part}\n---\n${output}`);
  }
  assert.not.ok(output.includes(SECRET));
});

test('check --json: the same as one object', async ({ folder }) => {
  const { output, code } = await run('check', join(folder, 'bad.jsonc'), '--json');
  assert.is(code, 2);
  const { ok, faults } = JSON.parse(output) as { ok: boolean; faults: Array<Record<string, string>> };
  assert.is(ok, false);
  assert.equal(faults[0], {
    key: 'Agent_RetryTime',
    value: '"soon"',
    reason: 'give whole seconds from 1 to 3,600, or a duration such as 5m',
    source: 'file',
    where: 'bad.jsonc:2:3',
    inForce: '3',
  });
  assert.is(faults.length, 3);
});

test('check: the limits are those of the profile', async ({ folder }) => {
  const file = join(folder, 'large.jsonc');
  await writeFile(file, '{"NetworkActivity_CacheSize": 1000}');
  assert.is((await run('check', file)).code, 2);
  assert.is((await run('check', file, '--profile', 'gateway')).code, 0);
});

test('show: each value with where it is from, secrets as set or not', async ({ folder }) => {
  const file = join(folder, 'good.jsonc');
  process.env.WARDLET_AGENT_PENDING_TIME = '2m';
  try {
    const { output, error } = await run('show', '--config', file, '--set', 'Heartbeat_Disabled=true');
    assert.is(error, undefined);
    for (const line of [
      /^Agent_RetryTime +10 +file \(good\.jsonc:2:3\)$/m,
      /^Agent_PendingTime +120 +environment \(WARDLET_AGENT_PENDING_TIME\)$/m,
      /^Heartbeat_Disabled +true +command line$/m,
      /^Connections +set \(1\) +file \(good\.jsonc:3:3\)$/m,
      /^SystemInformation_Kernel +\S.* +host$/m,
      /^NetworkActivity_CacheSize +64 +default$/m,
    ]) {
      assert.match(output, line);
    }
    const json = await run('show', '--config', file, '--json');
    const shown = JSON.parse(json.output) as Record<string, unknown>;
    assert.equal(Object.keys(shown), KEY_NAMES);
    assert.equal(shown.Agent_RetryTime, { value: 10, source: 'file', where: 'good.jsonc:2:3' });
    assert.not.ok((output + json.output).includes(SECRET));
  } finally {
    delete process.env.WARDLET_AGENT_PENDING_TIME;
  }
});

test('show: with faults it shows no configuration, but all of them', async ({ folder }) => {
  const { output, code, error } = await run(
    'show',
    '--config',
    join(folder, 'bad.jsonc'),
    '--set',
    'Agent_RetryTime=0',
  );
  assert.is(output, '');
  assert.is(code, 2);
  assert.is(
    codeOf(() => {
      throw error;
    }),
    'WL_BAD_CONFIGURATION',
  );
  assert.match(String(error), /bad\.jsonc:3:3: Heartbeat_Disable[\s\S]*command line: Agent_RetryTime = "0"/);
});

test('keys: every key is listed', async () => {
  const { output } = await run('keys');
  const { output: json } = await run('keys', '--json');
  for (const key of KEY_NAMES) assert.ok(output.includes(key) && json.includes(`"${key}"`), key);
  assert.is(json.trim().split('\n').length, KEY_NAMES.length);
});

test('a file that is not there, or no file, is told as such', async ({ folder }) => {
  for (const name of [join(folder, 'none.jsonc'), folder]) {
    const { error } = await run('check', name);
    assert.is(
      codeOf(() => {
        throw error;
      }),
      'WL_BAD_FILE',
    );
  }
});

test('what this machine says of itself fits', () => {
  const facts = hostFacts();
  const { configuration, origins } = resolveConfiguration([], {
    limits: { ...STANDARD, localAddresses: 64 },
    host: facts,
  });
  assert.is(origins.SystemInformation_Kernel.source, 'host');
  assert.is(configuration.SystemInformation_Kernel, facts.SystemInformation_Kernel);
});

test('the tables of docs/configuration.md are those of the schema: npm run docs:configuration', async () => {
  const text = await readFile(new URL('../docs/configuration.md', import.meta.url), 'utf8');
  assert.is(withTables(text), text);
  assert.is([...text.matchAll(/^<!-- end -->$/gm)].length, 3);
  for (const key of KEY_NAMES) assert.is(text.split(`\n| \`${key}\` |`).length, 3, key);
});

test("the document's example is sound", async ({ folder }) => {
  const text = await readFile(new URL('../docs/configuration.md', import.meta.url), 'utf8');
  const [, example = ''] = /```jsonc\n([\s\S]*?)```/.exec(text) ?? [];
  const file = join(folder, 'example.jsonc');
  await writeFile(file, example);
  const { configuration, faults } = resolveConfiguration([await configurationFile(file)], {
    limits: STANDARD,
  });
  assert.equal(faults, []);
  assert.is(configuration.Connections.length, 3);
});

test.run();
