// What a hub asks of an agent over its connection: desired properties, methods, messages.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../bindings/js/core.ts';
import type { WardletError } from '../bindings/js/errors.ts';
import { type Agent, type CloudMessage, createAgent } from '../host/agent/index.ts';
import { TwinClient } from '../host/transport/twin-client.ts';
import { AcknowledgingHub } from './support/acknowledging-hub.ts';
import { LOCAL_ADDRESSES } from './support/agent-run.ts';
import { CloudSide } from './support/cloud-side.ts';
import { EPOCH } from './support/driven-core.ts';
import { frame, peerV4 } from './support/packets.ts';
import { newExports, type Profile } from './support/profiles.ts';
import { VirtualClock } from './support/virtual-clock.ts';

const test = suite('cloud');
let hub: AcknowledgingHub;
let cloud: CloudSide;
let warnings: WardletError[];
const agents: Agent[] = [];

test.before.each(async () => {
  hub = await AcknowledgingHub.start();
  cloud = new CloudSide();
  hub.cloud = cloud;
  warnings = [];
});
test.after.each(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop({ timeoutMs: 100 }).catch(() => {})));
  await hub.close();
});

function start(options: object = {}, profile: Profile = 'standard', id = 'd'): Agent {
  const agent = createAgent({
    core: new Core(newExports(profile)),
    connectionString: hub.connectionString(id),
    ca: hub.caCertificate,
    localAddresses: LOCAL_ADDRESSES,
    random: () => 0,
    ...options,
  });
  agents.push(agent);
  agent.on('warning', (error) => warnings.push(error));
  agent.start();
  return agent;
}

test('subscribes first, then asks; applies what is desired, and reports what came of it', async () => {
  cloud.desired = { NetworkActivity_CacheSize: 9, $version: 3 };
  start();
  await until(() => cloud.reported.length === 1);
  assert.equal(cloud.filters, [
    'devices/d/messages/devicebound/#',
    '$iothub/methods/POST/#',
    '$iothub/twin/res/#',
    '$iothub/twin/PATCH/properties/desired/#',
  ]);
  assert.is(cloud.reported[0]?.latest_state, 'success');
  assert.is(cloud.reported[0]?.latest_version, 3);
  assert.is(cloud.reported[0]?.NetworkActivity_CacheSize, 9);

  cloud.desire({ Heartbeat_Disabled: true });
  await until(() => cloud.reported.length === 2);
  assert.is(cloud.reported[1]?.Heartbeat_Disabled, true);
  assert.is(cloud.reported[1]?.NetworkActivity_CacheSize, 9, 'a change is merged into the whole');
  cloud.desire({ NetworkActivity_CacheSize: 'many', Heartbeat_Disabled: null });
  await until(() => cloud.reported.length === 3);
  assert.is(cloud.reported[2]?.latest_state, 'failed');
  assert.is(cloud.reported[2]?.Heartbeat_Disabled, true, 'nothing of it applies');
});

test('versions already seen are dropped, a gap asks for the whole, and so does every new connection', async () => {
  const agent = start();
  const versions: unknown[] = [];
  agent.on('configuration', ({ latest_version }) => versions.push(latest_version));
  // Changed between subscription and answer: told as a change, and in the whole already.
  cloud.beforeGet = () => {
    cloud.beforeGet = () => {};
    cloud.desire({ Agent_RetryTime: 4 });
  };
  await until(() => cloud.reported.length === 1);
  cloud.send('$iothub/twin/PATCH/properties/desired/?$version=2', { Agent_RetryTime: 9, $version: 2 });
  cloud.desire({ Agent_RetryTime: 5 }, false);
  cloud.desire({ Heartbeat_Disabled: true });
  await until(() => cloud.reported.length === 2);
  assert.is(cloud.reported[1]?.Agent_RetryTime, 5);
  assert.is(cloud.gets, 2);
  cloud.desire({ Agent_RetryTime: 6 }, false);
  hub.cut();
  await until(() => cloud.reported.length === 3);
  hub.cut();
  await until(() => cloud.gets === 4);
  assert.equal(versions, [2, 4, 5]);
  assert.is(cloud.reported.length, 3, 'what was taken is not said again');
});

test('a hub that does not answer, or cannot now, is asked again; one that refuses is told of', () => {
  const clock = new VirtualClock(EPOCH);
  const said: string[] = [];
  const told: WardletError[] = [];
  const twin = new TwinClient({ desired: () => ({ a: 1 }), failed: (error) => told.push(error) }, clock);
  const answer = (status: number, text = '') =>
    twin.received(`$iothub/twin/res/${status}/?$rid=${/=(.*)$/.exec(said.at(-1) ?? '')?.[1]}`, text);
  twin.connected((topic) => said.push(topic));
  return clock
    .pass(10_000)
    .then(() => {
      assert.is(said.length, 2, 'silence');
      answer(429);
      return clock.pass(20_000);
    })
    .then(() => {
      assert.is(said.length, 3);
      answer(200, '{"desired":{"$version":1},"reported":{}}');
      assert.match(said.at(-1) ?? '', /PATCH\/properties\/reported/);
      answer(500);
      return clock.pass(10_000 * 2 ** 4);
    })
    .then(() => {
      assert.is(said.length, 5);
      answer(400);
      assert.match(told[0]?.message ?? '', /does not take the reported properties \(400\)/);
      assert.is(clock.timers, 0);
      // Nonsense harms nobody.
      for (const text of ['', '{', 'null', '[]', '{"desired":5}']) {
        twin.received('$iothub/twin/PATCH/properties/desired/?$version=2', text);
        twin.received('$iothub/twin/res/200/?$rid=zz', text);
      }
      twin.disconnected();
      assert.is(clock.timers, 0);
    });
});

test('methods: collect, status, snapshot; one there is not; no JSON', async () => {
  const agent = start({ firstCollectionSeconds: 3_600 });
  await until(() => cloud.filters.length === 4);
  agent.observe(frame({ to: peerV4(1), payload: 100 }).bytes);
  cloud.call('wardlet.collect');
  await until(() => cloud.answers.length === 1);
  assert.equal(cloud.answers[0], { status: 200, payload: { messages: 1 } });
  await until(() => hub.stored.length === 1);
  cloud.call('wardlet.status', {});
  cloud.call('wardlet.snapshot');
  cloud.call('wardlet.selfdestruct');
  cloud.send('$iothub/methods/POST/wardlet.status/?$rid=x', '{');
  await until(() => cloud.answers.length === 5);
  const [, status, snapshot, ...refused] = cloud.answers;
  assert.equal(status?.payload.bytes, agent.status().bytes);
  const { length, memory } = snapshot?.payload ?? {};
  assert.is(Buffer.from(String(memory), 'base64').length, length);
  assert.ok(String(memory).length < 131_000);
  assert.equal(
    refused.map((answer) => answer.status),
    [404, 400],
  );
});

test('the snapshot of a gateway does not fit an answer, and says so', async () => {
  start({}, 'gateway');
  await until(() => cloud.filters.length === 4);
  cloud.call('wardlet.snapshot');
  await until(() => cloud.answers.length === 1);
  assert.is(cloud.answers[0]?.status, 413);
});

test('messages from the cloud: properties decoded, acknowledged once; a module gets none', async () => {
  const agent = start();
  const received: CloudMessage[] = [];
  agent.on('cloudMessage', (message) => received.push(message));
  await until(() => cloud.filters.length === 4);
  cloud.send('devices/d/messages/devicebound/%24.mid=m1&a%20b=c%26d&empty=&none&bad=%zz', 'hello', 7);
  await until(() => received.length === 1 && cloud.acknowledged.includes(7));
  assert.is(Buffer.from(received[0]?.bytes ?? []).toString(), 'hello');
  assert.equal(received[0]?.properties, { '$.mid': 'm1', 'a b': 'c&d', empty: '', none: null, bad: '%zz' });

  cloud.filters.length = 0;
  start({ connectionString: `${hub.connectionString('d')};ModuleId=m` });
  await until(() => cloud.filters.length === 3);
  assert.not.ok(cloud.filters.some((filter) => filter.includes('devicebound')));
});

test('of several hubs the first one has the twin; methods and messages come from all', async () => {
  const other = await AcknowledgingHub.start();
  const second = new CloudSide();
  other.cloud = second;
  try {
    start({
      connectionString: undefined,
      ca: undefined,
      connections: [hub, other].map((one, index) => ({
        connectionString: one.connectionString(`d${index}`),
        ca: one.caCertificate,
      })),
    });
    await until(() => cloud.reported.length === 1 && second.filters.length === 2);
    second.call('wardlet.status');
    await until(() => second.answers.length === 1);
    assert.is(second.gets, 0);
  } finally {
    await agents
      .pop()
      ?.stop({ timeoutMs: 100 })
      .catch(() => {});
    await other.close();
  }
});

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited++) {
    if (waited > 2_000) throw new Error(`waited too long for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test.run();
