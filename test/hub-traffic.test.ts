// What a device may say once it is in, and what ends its connection.

import { connect as connectTls } from 'node:tls';
import { connectAsync } from 'mqtt';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readEvents } from '../service/hub/event-log.ts';
import { type Hub, startHub } from '../service/hub/hub.ts';
import type { Termination } from '../service/hub/hub-events.ts';
import { openMessages, readMessages } from '../service/hub/message-reader.ts';
import type { ReceivedMessage } from '../service/hub/received-message.ts';
import { type Device, openRegistry, type Registry } from '../service/hub/registry.ts';
import { type ConnectFields, HubClient, inSeconds, sasToken } from './support/hub-client.ts';
import { HeardEvents } from './support/hub-events.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: what a device may say');

let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
let device: Device;
let messages: ReceivedMessage[] = [];
/** How far the hub's clock is ahead. */
let aheadMs = 0;
const folder = temporaryFolder();
const EVENTS = 'devices/pump-1/messages/events/';

test.before(async () => {
  hub = await startHub({
    dataFolder: folder,
    port: 0,
    durability: 'written',
    limits: { connectTimeoutMs: 600, maxConnections: 20 },
    now: () => Date.now() + aheadMs,
  });
  hub.on('message', (message) => messages.push(message));
  heard = new HeardEvents(hub);
  registry = openRegistry(folder);
  device = registry.add('pump-1');
  registry.add('pump-2');
});
test.before.each(() => {
  messages = [];
  heard.all.length = 0;
});
test.after(async () => {
  registry.close();
  await hub.close();
});

async function connected(fields: ConnectFields = {}, deviceId = 'pump-1'): Promise<HubClient> {
  const client = await HubClient.open(hub);
  const key = registry.get(deviceId)?.primaryKey ?? '';
  assert.is(await client.connect({ deviceId, key }, fields), 0);
  return client;
}

async function ended(client: HubClient, reason: Termination): Promise<void> {
  await client.closed();
  assert.is((await heard.next('terminated')).reason, reason);
}

test('a message is stored as it was sent, and acknowledged', async () => {
  const client = await connected();
  const before = Date.now();
  client.publish(`${EVENTS}mti=2.3-1-0-0&%24.ct=a%2Bb&flag`, Buffer.from([0, 255]), 7);
  assert.is((await client.next('puback')).messageId, 7);
  const [stored] = [...readMessages(folder, { deviceId: 'pump-1' })].slice(-1);
  assert.equal(stored, messages[0] && { ...messages[0], body: new Uint8Array([0, 255]) });
  assert.is(stored?.deviceId, 'pump-1');
  assert.equal(stored?.properties, { mti: '2.3-1-0-0', '$.ct': 'a+b', flag: null });
  assert.ok(stored && stored.enqueuedMs >= before && stored.enqueuedMs <= Date.now());
  client.close();
});

test('QoS 0 is stored too; retain becomes a property; several in one piece keep their order', async () => {
  const client = await connected();
  client.socket.cork();
  client.publish(EVENTS, 'a', 0, 0);
  client.publish(EVENTS, 'b', 1, 1, true);
  client.publish(EVENTS, 'c', 2);
  client.socket.uncork();
  await client.next('puback');
  assert.is((await client.next('puback')).messageId, 2);
  assert.equal(
    messages.map(({ body, properties }) => [Buffer.from(body).toString(), properties]),
    [
      ['a', {}],
      ['b', { 'mqtt-retain': 'true' }],
      ['c', {}],
    ],
  );
  client.close();
});

test('readers page, follow and cut', async () => {
  const all = [...readMessages(folder)];
  assert.ok(all.length >= 4);
  assert.equal(
    all.map(({ id }) => id),
    [...all.keys()].map((index) => index + 1),
  );
  const ids = (query: Parameters<typeof readMessages>[1]) =>
    [...readMessages(folder, query)].map(({ id }) => id);
  assert.equal(
    ids({ last: 2 }),
    all.slice(-2).map(({ id }) => id),
  );
  assert.equal(ids({ last: 999 }).length, all.length);
  assert.equal(ids({ last: 0 }), []);
  assert.equal(ids({ afterId: 1, limit: 2 }), [2, 3]);
  assert.equal(ids({ deviceId: 'nobody' }), []);

  const follower = openMessages(folder);
  const client = await connected();
  for (let n = 1; n <= 250; n++) client.publish(EVENTS, 'x', n);
  for (let n = 1; n <= 250; n++) await client.next('puback');
  client.close();
  assert.is([...follower.read({ afterId: all.length })].length, 250);
  follower.close();
});

const BAD: ReadonlyArray<readonly [string, Termination, (client: HubClient) => void]> = [
  ['QoS 2', 'qos_2', (client) => client.publish(EVENTS, 'x', 1, 2)],
  ['a topic IoT Hub does not have', 'unknown_topic', (client) => client.publish('events', 'x', 1)],
  [
    "another device's topic",
    'foreign_topic',
    (client) => client.publish('devices/pump-2/messages/events/', 'x', 1),
  ],
  [
    'a path for a device',
    'unknown_topic',
    (client) => client.publish('devices/../pump-2/messages/events/', 'x', 1),
  ],
  [
    'properties that cannot be decoded',
    'bad_properties',
    (client) => client.publish(`${EVENTS}a=%E2`, 'x', 1),
  ],
  ['more than 256 KB', 'too_large', (client) => client.publish(EVENTS, Buffer.alloc(256 * 1024 + 1), 1)],
  [
    'a packet of 256 MB, announced',
    'too_large',
    (client) => client.socket.write(Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f])),
  ],
  ['no MQTT', 'malformed', (client) => client.socket.write(Buffer.from([0xf0, 0]))],
  [
    'CONNECT again',
    'protocol_violation',
    (client) => void client.connect({ deviceId: 'pump-1', key: device.primaryKey }),
  ],
  ['what only a server says', 'protocol_violation', (client) => client.send({ cmd: 'pingresp' })],
];

for (const [name, reason, act] of BAD) {
  test(`ended: ${name}`, async () => {
    const client = await connected();
    act(client);
    await ended(client, reason);
    assert.is(messages.length, 0);
  });
}

test('256 KB exactly is taken', async () => {
  const client = await connected();
  client.publish(EVENTS, Buffer.alloc(256 * 1024), 1);
  await client.next('puback');
  assert.is(messages[0]?.body.length, 256 * 1024);
  client.close();
});

test('subscriptions: granted at most QoS 1, refused with 0x80, and gone again', async () => {
  const client = await connected();
  client.send({
    cmd: 'subscribe',
    messageId: 5,
    subscriptions: [
      { topic: 'devices/pump-1/messages/devicebound/#', qos: 2 },
      { topic: '$iothub/methods/POST/#', qos: 0 },
      { topic: 'devices/pump-2/messages/devicebound/#', qos: 0 },
    ],
  });
  const answer = await client.next('suback');
  assert.equal(answer.cmd === 'suback' && answer.granted, [1, 0, 0x80]);
  assert.match((await heard.next('subscription_refused')).filter, /pump-2/);
  client.send({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: ['$iothub/methods/POST/#'] });
  assert.is((await client.next('unsuback')).messageId, 6);
  client.send({ cmd: 'pingreq' });
  await client.next('pingresp');
  client.close();
});

test('a new connection takes over, and both hear of it', async () => {
  const first = await connected();
  const second = await connected();
  await first.closed();
  assert.is((await heard.next('taken_over')).deviceId, 'pump-1');
  second.publish(EVENTS, 'still here', 1);
  await second.next('puback');
  second.close();
});

test('a will is telemetry when the line ends, and nothing after a goodbye', async () => {
  const will = { topic: `${EVENTS}a=b`, payload: 'gone', qos: 1, retain: false } as const;
  const polite = await connected({ will });
  polite.send({ cmd: 'disconnect' });
  await polite.closed();
  await heard.next('disconnected', ({ reason }) => reason === 'by_device');
  const cut = await connected({ will });
  cut.socket.destroy();
  await heard.next('disconnected', ({ reason }) => reason === 'lost');
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(
    messages.map(({ body, properties }) => [Buffer.from(body).toString(), properties]),
    [['gone', { a: 'b', 'iothub-MessageType': 'Will' }]],
  );
});

test('silence ends a connection after 1.5 times its keepalive; a ping keeps it', async () => {
  const quiet = await connected({ keepalive: 1 });
  const alive = await connected({ keepalive: 1 }, 'pump-2');
  const timer = setInterval(() => alive.send({ cmd: 'pingreq' }), 400);
  const from = performance.now();
  await ended(quiet, 'keepalive');
  assert.ok(performance.now() - from >= 1_400);
  assert.not.ok(alive.isClosed);
  clearInterval(timer);
  alive.close();
});

test('a connection ends with its token', async () => {
  const client = await connected();
  aheadMs = 3_590_000;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.not.ok(client.isClosed);
  aheadMs = 3_601_000;
  await ended(client, 'token_expired');
  aheadMs = 0;
});

test('no CONNECT in time, or something else first: over', async () => {
  const slow = await HubClient.open(hub);
  slow.socket.write(Buffer.from([0x10, 50, 0, 4]));
  const eager = await HubClient.open(hub);
  eager.publish(EVENTS, 'x', 1);
  await eager.closed();
  assert.is((await heard.next('terminated')).reason, 'not_connect');
  await ended(slow, 'connect_timeout');
});

test('removed, disabled, key changed: out within a second', async () => {
  const acts: ReadonlyArray<readonly [string, (id: string) => unknown]> = [
    ['removed', (id) => registry.remove(id)],
    ['disabled', (id) => registry.setEnabled(id, false)],
    ['key_changed', (id) => registry.setKeys(id, { primaryKey: Buffer.alloc(32, 7).toString('base64') })],
  ];
  const bystander = await connected();
  for (const [reason, act] of acts) {
    registry.add(`doomed-${reason}`);
    const client = await connected({}, `doomed-${reason}`);
    const from = performance.now();
    act(`doomed-${reason}`);
    await client.closed();
    assert.ok(performance.now() - from < 1_000);
    assert.is((await heard.next('revoked')).reason, reason);
  }
  assert.not.ok(bystander.isClosed);
  bystander.close();
});

test('TLS before 1.2 and plain TCP get nowhere', async () => {
  const failed = new Promise<Error>((resolve) => {
    const socket = connectTls({
      port: hub.port,
      host: 'localhost',
      ca: hub.caCertificate,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    });
    socket.on('error', resolve);
  });
  assert.ok((await failed) instanceof Error);
  assert.match((await heard.next('handshake_failed')).reason, /UNSUPPORTED_PROTOCOL/);
});

test('a client that does not trust the authority: the log says so', async () => {
  const socket = connectTls({ port: hub.port, host: 'localhost', maxVersion: 'TLSv1.2' });
  await new Promise((resolve) => socket.on('error', resolve));
  assert.ok((await heard.next('handshake_failed')).reason);
});

test('more connections than the limit are closed as they come', async () => {
  const clients: HubClient[] = [];
  for (let index = 0; index < 25; index++) {
    const client = await HubClient.open(hub).catch(() => undefined);
    if (client) clients.push(client);
  }
  assert.ok(clients.length <= 20, String(clients.length));
  assert.ok((await heard.next('connections_dropped')).count > 0);
  for (const client of clients) client.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
});

const seed = seedOfRun();
test(`1,000 damaged packets: the hub goes on, the others are undisturbed, SEED=${seed}`, async () => {
  const random = new SeededRandom(seed);
  const bystander = await connected({}, 'pump-2');
  const { generate } = await import('mqtt-packet');
  const connect = generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    clientId: 'pump-1',
    username: 'localhost/pump-1/?api-version=2021-04-12',
    password: Buffer.from(sasToken({ deviceId: 'pump-1', key: device.primaryKey }, inSeconds(600))),
  });
  const packets = [
    connect,
    generate({
      cmd: 'publish',
      topic: `${EVENTS}a=b`,
      payload: 'x',
      qos: 1,
      messageId: 1,
      retain: false,
      dup: false,
    }),
    generate({
      cmd: 'subscribe',
      messageId: 5,
      subscriptions: [{ topic: '$iothub/methods/POST/#', qos: 0 }],
    }),
    generate({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: ['$iothub/methods/POST/#'] }),
    generate({ cmd: 'pingreq' }),
    generate({ cmd: 'puback', messageId: 1 }),
  ];
  const damaged = () => {
    const bytes = Buffer.from(random.pick(packets));
    for (let times = random.between(1, 4); times > 0; times--)
      bytes[random.below(bytes.length)] = random.below(256);
    return random.once(4) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
  };
  let client: HubClient | undefined;
  for (let count = 0; count < 1_000; count++) {
    if (!client || client.isClosed) {
      client = await HubClient.open(hub);
      if (random.once(2)) client.socket.write(connect);
    }
    client.socket.write(damaged());
    if (random.once(10)) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  client?.close();
  bystander.publish('devices/pump-2/messages/events/', 'undisturbed', 9);
  assert.is((await bystander.next('puback')).messageId, 9);
  bystander.close();
});

test('the mqtt package connects, publishes and is acknowledged', async () => {
  const client = await connectAsync({
    protocol: 'mqtts',
    host: 'localhost',
    port: hub.port,
    ca: hub.caCertificate,
    protocolVersion: 4,
    clean: false,
    clientId: 'pump-1',
    username: 'localhost/pump-1/?api-version=2021-04-12',
    password: sasToken({ deviceId: 'pump-1', key: device.primaryKey }, inSeconds(600)),
    reconnectPeriod: 0,
  });
  await Promise.all(
    Array.from({ length: 50 }, (_, index) => client.publishAsync(`${EVENTS}n=${index}`, 'x', { qos: 1 })),
  );
  await client.endAsync();
  assert.equal(
    messages.map(({ properties }) => properties.n),
    [...Array(50).keys()].map(String),
  );
});

test('an answer that nobody waits for is acknowledged, and noted once', async () => {
  const client = await connected();
  client.publish('$iothub/methods/res/200/?$rid=1', '', 1, 1);
  client.publish('$iothub/methods/res/200/?$rid=2', '', 2, 1);
  await client.next('puback');
  assert.is((await client.next('puback')).messageId, 2);
  assert.is((await heard.next('ignored')).topic, 'method_response');
  assert.not.ok(heard.all.some(({ kind }) => kind === 'ignored'));
  client.close();
});

test('the log holds what happened, in order, for other processes', async () => {
  await new Promise((resolve) => setTimeout(resolve, 300));
  const all = readEvents(folder);
  assert.is(all[0]?.kind, 'started');
  assert.ok(all.every((event, index) => index === 0 || event.id > (all[index - 1]?.id ?? 0)));
  assert.ok(readEvents(folder, { deviceId: 'pump-1' }).some(({ kind }) => kind === 'taken_over'));
  assert.equal(readEvents(folder, { last: 2 }), all.slice(-2));
  assert.not.match(JSON.stringify(all), new RegExp(device.primaryKey.slice(0, 20).replace(/[+/]/g, '\\$&')));
});

test.run();
