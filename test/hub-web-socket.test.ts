// MQTT over WebSocket: the same hub behind an HTTP upgrade, and what else may be asked there.

import { request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { connectAsync } from 'mqtt';
import { generate, type Packet } from 'mqtt-packet';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { type Hub, startHub } from '../service/hub/hub.ts';
import type { ReceivedMessage } from '../service/hub/received-message.ts';
import { type Device, openRegistry } from '../service/hub/registry.ts';
import { inSeconds, sasToken } from './support/hub-client.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: WebSocket');

let hub: Hub;
let heard: HeardEvents;
let device: Device;
let messages: ReceivedMessage[] = [];
const EVENTS = 'devices/pump-1/messages/events/';
const USER = 'localhost/pump-1/?api-version=2021-04-12';

test.before(async () => {
  const dataFolder = temporaryFolder();
  hub = await startHub({
    dataFolder,
    port: 0,
    webSocketPort: 0,
    durability: 'written',
    limits: { handshakeTimeoutMs: 400 },
  });
  heard = new HeardEvents(hub);
  hub.on('message', (message) => messages.push(message));
  const registry = openRegistry(dataFolder);
  device = registry.add('pump-1');
  registry.close();
});
test.before.each(() => {
  messages = [];
  heard.all.length = 0;
});
test.after(() => hub.close());

const password = (key = device.primaryKey) => sasToken({ deviceId: 'pump-1', key }, inSeconds(60));
const url = (path: string) => `wss://localhost:${hub.webSocketPort}${path}`;

async function open(
  path = '/$iothub/websocket',
  protocols: string[] = ['mqtt'],
  headers: Record<string, string> = {},
): Promise<WebSocket> {
  const socket = new WebSocket(url(path), protocols, { ca: hub.caCertificate, headers });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

const next = (socket: WebSocket) =>
  new Promise<Buffer>((resolve, reject) => {
    socket.once('message', (data: Buffer) => resolve(data));
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
  });
const closed = (socket: WebSocket) => new Promise<number>((resolve) => socket.once('close', resolve));

const connectPacket = () =>
  generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    clientId: 'pump-1',
    username: USER,
    password: Buffer.from(password()),
  } as Packet);

test('a client that somebody else wrote sends small and large, and both arrive', async () => {
  const client = await connectAsync(url('/$iothub/websocket?iothub-no-client-cert=true'), {
    ca: hub.caCertificate,
    clientId: 'pump-1',
    username: USER,
    password: password(),
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  assert.match((await heard.next('connected')).remoteAddress, /127\.0\.0\.1|::1/);
  await client.publishAsync(`${EVENTS}a=1`, 'small', { qos: 1 });
  await client.publishAsync(EVENTS, Buffer.alloc(256 * 1024, 7), { qos: 1 });
  assert.equal(
    messages.map(({ body, properties }) => [body.length, properties]),
    [
      [5, { a: '1' }],
      [256 * 1024, {}],
    ],
  );
  await client.endAsync();
  assert.is((await heard.next('disconnected')).reason, 'by_device');
});

test('a page of any origin may connect; packets need not be cut where messages are', async () => {
  const socket = await open('/%24iothub/websocket', ['mqttv3.1', 'mqtt'], { origin: 'https://example.com' });
  assert.is(socket.protocol, 'mqtt');
  const bytes = Buffer.concat([
    connectPacket(),
    generate({
      cmd: 'publish',
      topic: EVENTS,
      payload: 'x',
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    }),
  ]);
  const answers: Buffer[] = [];
  socket.on('message', (data: Buffer) => answers.push(data));
  for (const byte of bytes) socket.send(Buffer.from([byte]));
  while (Buffer.concat(answers).length < 8) await next(socket);
  assert.equal(Buffer.concat(answers), Buffer.from([0x20, 2, 0, 0, 0x40, 2, 0, 1]));
  socket.terminate();
});

test('a refused device has its return code', async () => {
  const error = await connectAsync(
    url('/$iothub/websocket'),
    {
      ca: hub.caCertificate,
      clientId: 'pump-1',
      username: USER,
      password: password('AAAAAAAAAAAAAAAAAAAAAA=='),
      reconnectPeriod: 0,
    },
    false,
  ).then(
    () => undefined,
    (reason: { code?: number }) => reason,
  );
  assert.is(error?.code, 5);
});

test('another path, another subprotocol: refused, and the log says so', async () => {
  for (const [path, protocols, status] of [
    ['/', ['mqtt'], 404],
    ['/$iothub/websocket/', ['mqtt'], 404],
    ['/$iothub/websocket', ['amqp'], 400],
    ['/$iothub/websocket', [], 400],
  ] as const) {
    const failure = await open(path, [...protocols]).then(
      () => 'open',
      (error) => String(error),
    );
    assert.match(failure, String(status), path);
    await heard.next('handshake_failed');
  }
});

test('plain requests get a line of text and the end', async () => {
  for (const [path, status] of [
    ['/', 404],
    ['/$iothub/websocket', 426],
    [`/${'x'.repeat(20_000)}`, undefined],
  ] as const) {
    const answer = await new Promise<number | undefined>((resolve) => {
      request({ host: 'localhost', port: hub.webSocketPort, path, ca: hub.caCertificate }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      })
        .on('error', () => resolve(undefined))
        .end();
    });
    assert.is(answer, status);
    await heard.next('handshake_failed');
  }
});

test('text, messages over the limit and broken MQTT end the connection', async () => {
  const text = await open();
  text.send('hello');
  await closed(text);
  assert.is((await heard.next('handshake_failed')).reason, 'WS_TEXT_MESSAGE');

  const large = await open();
  large.send(connectPacket());
  await next(large);
  large.send(Buffer.alloc(400 * 1024));
  await closed(large);
  assert.is((await heard.next('disconnected')).reason, 'lost');

  const broken = await open();
  broken.send(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
  await closed(broken);
  assert.is((await heard.next('terminated')).reason, 'malformed');
});

test('pings of the WebSocket are answered', async () => {
  const socket = await open();
  const pong = new Promise<Buffer>((resolve) => socket.once('pong', resolve));
  socket.ping('still there?');
  assert.is(String(await pong), 'still there?');
  socket.terminate();
});

test('who upgrades too slowly is dropped', async () => {
  const socket = connectTls({ port: hub.webSocketPort ?? 0, host: 'localhost', ca: hub.caCertificate });
  socket.write('GET /$iothub/websocket HTTP/1.1\r\n');
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  await heard.next('handshake_failed', ({ reason }) => reason === 'no upgrade in time');
});

test('a hub that was not asked to does not listen for WebSocket', async () => {
  const other = await startHub({ dataFolder: temporaryFolder(), port: 0, durability: 'written' });
  assert.is(other.webSocketPort, undefined);
  await other.close();
});

test.run();
