// Several connections: one message for each distinct hub and device, delivered when every one has it.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AgentOptions } from '../host/agent/agent-options.ts';
import { parseConnectionString } from '../host/transport/connection-string.ts';
import { IotHubTransport } from '../host/transport/iot-hub-transport.ts';
import { AgentRun, reportedBytes } from './support/agent-run.ts';
import { failure } from './support/capture-checks.ts';
import { FakeTransport } from './support/fake-transport.ts';
import { frame } from './support/packets.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { settled } from './support/virtual-clock.ts';

const SECOND = 1_000;
const SEED = seedOfRun();
const KEY = 'c2VjcmV0IHNlY3JldA==';

function several(transports: readonly FakeTransport[], options: object = {}): AgentRun {
  return new AgentRun('standard', {
    transport: undefined,
    connections: transports.map((transport) => ({ transport })),
    ...options,
  } as Partial<AgentOptions>);
}

test('one hub is enough to be active; a message leaves when every hub has it, and goes to each once', async () => {
  const [a, b] = [new FakeTransport('a/d'), new FakeTransport('b/d')];
  const run = several([a, b]);
  run.agent.start();
  a.automatic = true;
  await a.connect();
  assert.is(run.agent.status().state, 'active');
  run.observe(1);
  await run.clock.pass(10 * SECOND);
  assert.is(a.stored.length, 1);
  assert.is(run.agent.status().messages.unacknowledged, 1, 'the other one lacks it');
  b.automatic = true;
  await b.connect();
  await run.agent.idle();
  await a.disconnect();
  assert.is(run.agent.status().state, 'active');
  assert.equal(
    run.warnings.map(({ code }) => code),
    ['WL_DISCONNECTED'],
  );
  await b.disconnect();
  assert.is(run.agent.status().state, 'pending');
  run.observe(2);
  await run.clock.pass(10 * SECOND);
  await b.connect();
  await a.connect();
  await run.agent.stop();
  for (const { stored, closed } of [a, b]) {
    assert.is(reportedBytes(stored), 240);
    assert.is(new Set(stored.map(({ sequence }) => sequence)).size, stored.length);
    assert.is(closed, 1);
  }
});

test('what one hub has is not sent to it again when all connections were lost meanwhile', async () => {
  const [a, b] = [new FakeTransport('a/d'), new FakeTransport('b/d')];
  const run = several([a, b]);
  run.agent.start();
  await a.connect();
  await b.connect();
  run.observe(1);
  await run.clock.pass(10 * SECOND);
  a.store();
  a.acknowledge();
  await settled();
  await a.disconnect();
  await b.disconnect();
  await a.connect();
  await b.connect();
  assert.is(a.sends.length, 0);
  assert.is(b.sends.length, 1);
  a.automatic = b.automatic = true;
  await b.drain();
  await run.agent.stop();
  assert.is(reportedBytes(a.stored), 120);
  assert.is(reportedBytes(b.stored), 120);
});

test('a device and its modules are one: the message goes over one of them, another where that is lost', async () => {
  const [device, module] = [new FakeTransport('a/d'), new FakeTransport('a/d')];
  const run = several([device, module]);
  run.agent.start();
  await device.connect();
  await module.connect();
  run.observe(1);
  await run.clock.pass(10 * SECOND);
  assert.is(device.sends.length, 1);
  assert.is(module.sends.length, 0);
  await device.disconnect();
  assert.is(run.agent.status().state, 'active');
  assert.is(module.sends.length, 1);
  module.automatic = true;
  await module.drain();
  await run.agent.stop();
  assert.is(module.stored.length + device.stored.length, run.agent.status().messages.finished);

  const identityOf = (text: string) =>
    new IotHubTransport({ connection: parseConnectionString(text) }).identity;
  const whole = `HostName=Hub.example;DeviceId=d;SharedAccessKey=${KEY}`;
  assert.is(identityOf(whole), identityOf(`${whole};ModuleId=m`.replace('Hub', 'hub')));
  assert.is.not(identityOf(whole), identityOf(whole.replace('=d', '=D')));
});

test('one that is not enabled is never opened; none enabled, and too many, are told', async () => {
  const [a, b] = [new FakeTransport('a/d'), new FakeTransport('b/d')];
  const run = several([], { connections: [{ transport: a, enabled: false }, { transport: b }] });
  run.agent.start();
  assert.equal([a.opened, b.opened], [0, 1]);
  const many = (count: number) =>
    several(Array.from({ length: count }, (_, index) => new FakeTransport(`${index}/d`)));
  many(64);
  for (const action of [() => many(65), () => several([])]) {
    assert.is((await failure(action)).code, 'WL_BAD_OPTION');
  }
});

test('faults in connections name which one and what, and no value of a secret', async () => {
  const { code, message } = await failure(() =>
    several([], {
      connections: [
        { connectionString: KEY, transport: new FakeTransport() },
        { connectionString: 5, enabled: 'yes' },
        { colour: 'red' },
        'x',
        { transport: {}, ca: 'x' },
        { connectionString: 'x', protocol: 'amqp', certificate: KEY },
      ],
    }),
  );
  assert.is(code, 'WL_BAD_OPTION');
  for (const part of [
    'connections, 1: either connectionString or dps or transport',
    'connections, 2: enabled is not',
    'connections, 2: connectionString is no text',
    'connections, 3: there is no option "colour"',
    'connections, 4: is no object',
    'connections, 5: transport is no transport',
    'connections, 5: ca is no certificate',
    'connections, 5: ca goes with connectionString',
    'connections, 6: protocol is "amqp"',
    'connections, 6: certificate is no certificate',
    'connections, 6: certificate and privateKey go together',
  ]) {
    assert.ok(message.includes(part), `${part}: ${message}`);
  }
  assert.not.ok(message.includes(KEY));
});

test('the key Connections, where no option says otherwise', async () => {
  const settings = (Connections: unknown) =>
    several([], { connections: undefined, layers: [{ source: 'file', values: { Connections } }] });
  settings([
    `HostName=h;DeviceId=d;SharedAccessKey=${KEY}`,
    { host: 'other', id: 'd', module: 'm', key: KEY, enabled: false },
    { dps: { idScope: '0ne0', registrationId: 'd', groupKey: KEY } },
    {
      host: 'third',
      id: 'd',
      certificate: '-----BEGIN CERTIFICATE-----',
      privateKey: '-----BEGIN EC PRIVATE KEY-----',
      protocol: 'mqtt-ws',
    },
  ]);
  for (const [given, told] of [
    [[], /no connection is enabled/],
    [
      [{ dps: { idScope: '0', registrationId: 'a/b', groupKey: KEY } }],
      /Connections, 1: dps: registrationId is none/,
    ],
    [
      [{ dps: { idScope: '0', registrationId: 'd', certificate: 'a.pem', privateKey: 'b.pem' } }],
      /Connections, 1: dps: certificate is no certificate in PEM text/,
    ],
    [[{ host: 'h', id: 'd', key: KEY, ca: 'ca.pem' }], /Connections, 1: ca is no certificate/],
  ] as const) {
    const { code, message } = await failure(() => settings(given));
    assert.is(code, 'WL_BAD_OPTION');
    assert.match(message, told);
  }
});

test("the agent's own connections are ignored where that is wanted, each time anew, and a twin may change its mind", async () => {
  const [a, b] = [new FakeTransport('a/d'), new FakeTransport('b/d')];
  const run = several([a, b], { configuration: { NetworkActivity_ExcludeOwnConnection: true } });
  const own = () => run.agent.status().packets.ignored.own;
  const hear = (fromPort: number) => run.agent.observe(frame({ fromPort, toPort: 8883 }).bytes);
  run.agent.start();
  hear(50_001);
  a.move(50_001);
  b.move(50_002);
  for (const port of [50_001, 50_002, 50_003]) hear(port);
  assert.is(own(), 2);
  a.move(50_003);
  for (const port of [50_001, 50_002, 50_003]) hear(port);
  assert.is(own(), 4);
  run.agent.applyDesired({ NetworkActivity_ExcludeOwnConnection: false });
  hear(50_002);
  assert.is(own(), 4);
  run.agent.applyDesired({});
  hear(50_002);
  assert.is(own(), 5);

  // As format 2.3 has it: not wanted unless somebody says so.
  const strict = several([a]);
  strict.agent.start();
  a.move(50_001);
  strict.agent.observe(frame({ fromPort: 50_001, toPort: 8883 }).bytes);
  assert.is(strict.agent.status().packets.ignored.own, 0);
});

test(`three hubs that come and go as they like: every byte at every one of them, SEED=${SEED}`, async () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 10; round++) {
    const hubs = ['a/d', 'b/d', 'c/d'].map((identity) => new FakeTransport(identity));
    const up = new Set<FakeTransport>();
    const run = several(hubs);
    run.agent.start();
    for (let step = 0; step < 150; step++) {
      const hub = random.pick(hubs);
      switch (random.below(5)) {
        case 0:
          if (up.has(hub)) await hub.disconnect();
          else await hub.connect();
          if (!up.delete(hub)) up.add(hub);
          break;
        case 1:
        case 2: {
          const index = random.below(hub.sends.length + 1);
          hub.store(index);
          if (random.once(2)) hub.acknowledge(index);
          await settled();
          break;
        }
        case 3:
          await run.clock.pass(random.pick([1, SECOND, 15 * SECOND]));
          break;
        default:
          run.observe(random.below(100), random.below(500));
      }
    }
    for (const hub of hubs) {
      hub.automatic = true;
      if (!up.has(hub)) await hub.connect();
      await hub.drain();
    }
    await run.agent.stop();
    const { observed } = run.agent.status().bytes;
    for (const hub of hubs) assert.is(reportedBytes(hub.stored), observed, `round ${round}, ${hub.identity}`);
    assert.is(run.agent.status().messages.unacknowledged, 0);
    assert.is(run.clock.timers, 0);
  }
});

test.run();
