// Options: every fault at once, nothing unknown, nothing half-applied; and the page that lists them is right.

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../bindings/js/core.ts';
import type { AgentOptions } from '../host/agent/agent-options.ts';
import { OPTION_NAMES } from '../host/agent/agent-options.ts';
import { createAgent } from '../host/agent/index.ts';
import { CONNECTION_OPTIONS } from '../host/transport/transport-options.ts';
import { LOCAL_ADDRESSES } from './support/agent-run.ts';
import { failure } from './support/capture-checks.ts';
import { FakeTransport } from './support/fake-transport.ts';
import { newExports } from './support/profiles.ts';

const KEY = 'c2VjcmV0IHNlY3JldA==';
const CONNECTION = `HostName=h;DeviceId=d;SharedAccessKey=${KEY}`;
/** Nobody's timer fires. */
const STANDING = { now: () => 1_000, setTimer: () => () => {} };
const core = () => new Core(newExports('standard'));
const good = () => ({ core: core(), localAddresses: LOCAL_ADDRESSES, connectionString: CONNECTION });
const create = (options: object) => createAgent(options as AgentOptions);

test('every fault is named at once, with option, value and reason; no value of a secret', async () => {
  const { code, message, hint } = await failure(() =>
    create({
      core: {},
      localAddresses: ['10.0.0.300'],
      connectionString: CONNECTION,
      transport: new FakeTransport(),
      colour: 'red',
      clock: Date,
      random: 4,
      signal: 'stop',
      ca: KEY,
      intervalSeconds: { high: 30, medium: 10, low: 0.5 },
      firstCollectionSeconds: -1,
      pendingSeconds: '300',
      maxBatchDelaySeconds: 3_601,
      unicastOnly: 'yes',
      operatingSystem: 5,
      retrySeconds: 0,
      keepAliveSeconds: 2_000,
    }),
  );
  assert.is(code, 'WL_BAD_OPTION');
  for (const part of [
    'core is no core',
    '10.0.0.300',
    'either connectionString or transport',
    'there is no option "colour"',
    'clock is no clock',
    'random is no function',
    'signal is no AbortSignal',
    'ca is no certificate',
    'intervalSeconds.low is 0.5',
    'high <= medium <= low',
    'firstCollectionSeconds is -1',
    'pendingSeconds is "300"',
    'maxBatchDelaySeconds is 3601',
    'unicastOnly is "yes"',
    'operatingSystem is no text',
    'retrySeconds is 0',
    'keepAliveSeconds is 2000, not a whole number from 5 to 1177',
    'retrySeconds goes with connectionString',
  ]) {
    assert.ok(message.includes(part), `${part}: ${message}`);
  }
  assert.not.ok(message.includes('SharedAccessKey') || message.includes(KEY));
  assert.match(hint, /docs\/agent\.md/);
});

test('nothing, null, and no addresses', async () => {
  for (const options of [undefined, null, {}]) {
    assert.is((await failure(() => create(options as unknown as object))).code, 'WL_BAD_OPTION');
  }
  for (const localAddresses of [undefined, [], '10.0.0.5', [5]]) {
    const { message } = await failure(() => create({ ...good(), localAddresses }));
    assert.match(message, /localAddresses/);
  }
});

test('a connection string, a core in use, and what the core refuses have errors of their own', async () => {
  assert.is(
    (await failure(() => create({ ...good(), connectionString: 'HostName=h' }))).code,
    'WL_BAD_CONNECTION_STRING',
  );
  const used = { ...good(), connectionString: undefined, transport: new FakeTransport(), clock: STANDING };
  createAgent(used).start();
  assert.is((await failure(() => createAgent(used))).code, 'WL_ALREADY_STARTED');
  const strict = new Core(newExports('lean-strict'));
  for (const refused of [{ core: strict, format: '3.0-protobuf' }, { format: '9' }]) {
    const { code, message } = await failure(() => create({ ...good(), ...refused }));
    assert.is(code, 'WL_BAD_CONFIGURATION');
    assert.match(message, /Agent_MessageFormat/);
  }
  assert.is(
    (await failure(() => create({ ...good(), entropy: () => new Uint8Array(3) }))).code,
    'WL_BAD_OPTION',
  );
});

test('options that are undefined are as if they were left out', () => {
  const all = Object.fromEntries(OPTION_NAMES.map((name) => [name, undefined]));
  createAgent({ ...all, ...good() });
});

test('every option of the core reaches it', () => {
  const options = { ...good(), intervalSeconds: { high: 2, medium: 3, low: 4 }, firstCollectionSeconds: 0 };
  const agent = createAgent({
    ...options,
    clock: STANDING,
    connectionString: undefined,
    transport: new FakeTransport(),
  });
  agent.start();
  assert.is(agent.status().due, 3_000);
});

test('two agents do not share event ids; the same entropy gives the same boot id', () => {
  const boot = (options: object) => {
    const agent = create({
      ...good(),
      transport: new FakeTransport(),
      connectionString: undefined,
      clock: STANDING,
      ...options,
    });
    agent.start();
    return agent.status().bootId;
  };
  assert.is.not(boot({}), boot({}));
  const entropy = (length: number) => new Uint8Array(length).fill(9);
  assert.is(boot({ entropy }), boot({ entropy }));
});

test('docs/agent.md lists every option, and the ranges and defaults of the connection', () => {
  const text = readFileSync(new URL('../docs/agent.md', import.meta.url), 'utf8');
  const rows = new Map(
    [...text.matchAll(/^\| `(\w+)` \| (.*?) \| (.*?) \| (.*) \|$/gm)].map(([, name = '', , range, value]) => [
      name,
      { range, value },
    ]),
  );
  assert.equal([...rows.keys()].sort(), [...OPTION_NAMES].sort());
  for (const [name, { min, max, default: usual }] of Object.entries(CONNECTION_OPTIONS)) {
    const count = (value: number) => value.toLocaleString('en');
    assert.equal(rows.get(name), { range: `${count(min)} to ${count(max)}`, value: count(usual) }, name);
  }
});

test.run();
