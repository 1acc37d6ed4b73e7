// The real Azure client over the other ways in, WebSocket and certificates; what it makes of refusals that only these have; limits of the hub;
// and a token that is renewed while messages are under way.

import { X509Certificate } from 'node:crypto';
import azureDevice, { type DeviceMethodRequest, type DeviceMethodResponse } from 'azure-iot-device';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../../bindings/js/errors.ts';
import {
  type Hub,
  type HubOptions,
  openAuthorities,
  openRegistry,
  type ReceivedMessage,
  type Registry,
  startHub,
} from '../../service/index.ts';
import {
  closeClients,
  deviceClient,
  Message,
  Mqtt,
  MqttWs,
  outcome,
  prepared,
  until,
} from '../support/azure-client.ts';
import { Authority, type Pem, selfSigned } from '../support/certificates.ts';
import { inSeconds, sasToken } from '../support/hub-client.ts';
import { HeardEvents } from '../support/hub-events.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const test = suite('the Azure client, all ways in');
const DEVICE = { deviceId: 'sensor-1' };
let data = '';
let hub: Hub;
let registry: Registry;
let heard: HeardEvents;
let messages: ReceivedMessage[] = [];

async function start(options: Partial<HubOptions> = {}): Promise<void> {
  data = temporaryFolder();
  messages = [];
  hub = await startHub({ dataFolder: data, port: 0, webSocketPort: 0, ...options });
  registry = openRegistry(data);
  heard = new HeardEvents(hub);
  hub.on('message', (message) => messages.push(message));
}
test.after.each(async () => {
  await closeClients();
  registry.close();
  await hub.close();
});

const bodies = () => messages.map(({ body }) => Buffer.from(body).toString());
const reasons = () =>
  heard.all.flatMap((event) =>
    event.kind === 'refused' || event.kind === 'terminated' ? [event.reason] : [],
  );

/** As the client is given it: with a certificate it does not look at GatewayHostName. */
const byCertificate = (port: number) => `HostName=localhost:${port};DeviceId=sensor-1;x509=true`;
const trustWith = ({ certificate, key }: Pem) => ({ ca: hub.caCertificate, cert: certificate, key });

test('over WebSocket: sends, has a twin, is called', async () => {
  await start();
  registry.add('sensor-1');
  // The client adds :443 and the path by itself: behind the ? they are no part of it any more.
  const gateway = `GatewayHostName=localhost:${hub.webSocketPort}/$iothub/websocket?x=`;
  const given = `HostName=localhost;DeviceId=sensor-1;SharedAccessKey=${registry.get('sensor-1')?.primaryKey};${gateway}`;
  const client = await deviceClient(given, { ca: hub.caCertificate }, MqttWs);
  await client.open();
  await client.sendEvent(new Message('through a web socket'));
  assert.equal(bodies(), ['through a web socket']);
  hub.twins.update(DEVICE, { properties: { desired: { rate: 5 } } });
  assert.is((await client.getTwin()).properties.desired.rate, 5);
  client.onDeviceMethod('ping', (_, response) => void response.send(200, 'pong'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { payload } = await hub.methods.invoke(DEVICE, 'ping', null, { connectTimeoutSeconds: 5 });
  assert.is(payload, 'pong');
  const wrong = given.replace(
    /SharedAccessKey=[^;]*/,
    `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`,
  );
  const stranger = await deviceClient(wrong, { ca: hub.caCertificate }, MqttWs);
  assert.is(await outcome(() => stranger.open()), 'UnauthorizedError');
});

test('a certificate, by thumbprint: sends; a wrong or an expired one does not', async () => {
  await start();
  const own = await selfSigned('sensor-1');
  registry.add('sensor-1', { primaryThumbprint: new X509Certificate(own.certificate).fingerprint256 });
  const client = await deviceClient(byCertificate(hub.port), trustWith(own));
  await client.open();
  await client.sendEvent(new Message('by thumbprint'));
  assert.equal(bodies(), ['by thumbprint']);
  const other = await deviceClient(byCertificate(hub.port), trustWith(await selfSigned('sensor-1')));
  assert.is(await outcome(() => other.open()), 'UnauthorizedError');
  assert.equal(reasons(), ['wrong_thumbprint']);
});

test('a certificate of an authority: sends; an expired one, and one of somebody else, does not', async () => {
  await start();
  const factory = await Authority.make('factory');
  const authorities = openAuthorities(data);
  authorities.add('factory', factory.certificate);
  authorities.close();
  registry.add('sensor-1', { authentication: 'ca' });
  const open = async (pem: Pem) =>
    outcome(async () => {
      const client = await deviceClient(byCertificate(hub.port), trustWith(pem));
      await client.open();
      await client.sendEvent(new Message('by authority'));
    });
  assert.is(await open(await factory.device('sensor-1')), 'done');
  assert.equal(bodies(), ['by authority']);
  const past = { notBefore: new Date(Date.now() - 2e8), notAfter: new Date(Date.now() - 1e8) };
  assert.is(await open(await factory.device('sensor-1', past)), 'UnauthorizedError');
  assert.is(await open(await (await Authority.make('stranger')).device('sensor-1')), 'UnauthorizedError');
  assert.is(await open(await factory.device('sensor-2')), 'UnauthorizedError');
  assert.equal(reasons(), ['certificate_expired', 'unknown_ca', 'other_name']);
});

test('a certificate on the port of IoT Hub, as the client has it in the field', async () => {
  try {
    await start({ port: 8883 });
  } catch (error) {
    if (!(error instanceof WardletError && error.code === 'WL_PORT_IN_USE')) throw error;
    await start();
    process.stdout.write('\n  port 8883 is taken by another program: this claim is not tested here\n');
    assert.not.ok(process.env.CI, 'port 8883 is free in CI');
    return;
  }
  const own = await selfSigned('sensor-1');
  registry.add('sensor-1', { primaryThumbprint: new X509Certificate(own.certificate).fingerprint256 });
  const given = 'HostName=localhost;DeviceId=sensor-1;x509=true;GatewayHostName=elsewhere.example';
  const client = await deviceClient(given, trustWith(own));
  await client.open();
  await client.sendEvent(new Message('on 8883'));
  assert.equal(bodies(), ['on 8883']);
});

test('an expired token, and one of another device, are refused', async () => {
  await start();
  const { primaryKey: key } = registry.add('sensor-1');
  const { primaryKey: otherKey } = registry.add('sensor-2');
  const open = async (token: string) => {
    const client = azureDevice.Client.fromSharedAccessSignature(token, Mqtt);
    await prepared(client, { ca: hub.caCertificate });
    return outcome(() => client.open());
  };
  const hostName = `localhost:${hub.port}`;
  assert.is(await open(sasToken({ hostName, ...DEVICE, key }, inSeconds(60))), 'done');
  assert.is(await open(sasToken({ hostName, ...DEVICE, key }, inSeconds(-60))), 'UnauthorizedError');
  assert.is(await open(sasToken({ hostName, ...DEVICE, key: otherKey }, inSeconds(60))), 'UnauthorizedError');
  assert.equal(reasons(), ['expired', 'bad_signature']);
});

test('an oversized message: the hub ends the connection and says why, and keeps nothing of it', async () => {
  await start();
  const client = await deviceClient(registry.connectionString(registry.add('sensor-1')), {
    ca: hub.caCertificate,
  });
  await client.open();
  await client.sendEvent(new Message(Buffer.alloc(255 * 1024)));
  assert.is(messages.length, 1);
  // This far the client looks itself.
  const tooLarge = new Message(Buffer.alloc(257 * 1024));
  assert.is(await outcome(() => client.sendEvent(tooLarge)), 'MessageTooLargeError');
  // It does not count properties.
  const message = new Message(Buffer.alloc(256 * 1024));
  message.properties.add('more', 'than that');
  const sent = outcome(() => client.sendEvent(message));
  await heard.next('terminated', ({ reason }) => reason === 'too_large');
  assert.not.equal(
    await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 3_000, 'no word'))]),
    'done',
  );
  assert.is(messages.length, 1);
});

test('more than the hub takes in a second: it waits, says so, and loses nothing', async () => {
  await start({ limits: { maxDeviceSendsPerSecond: 20 } });
  const client = await deviceClient(registry.connectionString(registry.add('sensor-1')), {
    ca: hub.caCertificate,
  });
  await client.open();
  const started = performance.now();
  // One after the other: what has arrived at once is served at once.
  for (let number = 0; number < 60; number++) await client.sendEvent(new Message(String(number)));
  const seconds = (performance.now() - started) / 1000;
  assert.equal(bodies(), [...Array(60).keys()].map(String));
  assert.ok(seconds > 1.5, `${seconds} s`);
  await heard.next('throttled', ({ scope }) => scope === 'device');
});

test('a token of seconds, renewed while messages are under way: all arrive, none twice', async () => {
  await start();
  const connectionString = registry.connectionString(registry.add('sensor-1'));
  const { SharedAccessKeyAuthenticationProvider } = azureDevice;
  // A token of 4 s, renewed after 2 s.
  const provider = SharedAccessKeyAuthenticationProvider.fromConnectionString(connectionString, 4, 2);
  const client = azureDevice.Client.fromAuthenticationProvider(provider, Mqtt);
  await prepared(client, { ca: hub.caCertificate });
  await client.open();
  const sent: string[] = [];
  const ended = performance.now() + 9_000;
  while (performance.now() < ended) {
    const body = String(sent.length);
    await client.sendEvent(new Message(body));
    sent.push(body);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const renewals = heard.all.filter(({ kind }) => kind === 'connected').length - 1;
  assert.ok(renewals >= 3, `${renewals} renewals`);
  assert.equal([...new Set(bodies())], sent);
  assert.is(bodies().length, sent.length);
});

test('twins: a null takes a property away, desired and reported; what breaks a rule is refused whole', async () => {
  await start();
  const client = await deviceClient(registry.connectionString(registry.add('sensor-1')), {
    ca: hub.caCertificate,
  });
  await client.open();
  const twin = await client.getTwin();
  const report = (patch: unknown) =>
    outcome(
      () =>
        new Promise<void>((resolve, reject) =>
          twin.properties.reported.update(patch, (error?: Error) => (error ? reject(error) : resolve())),
        ),
    );
  const reported = () => {
    const { $version: _, $metadata: __, ...rest } = hub.twins.get(DEVICE).properties.reported;
    return rest;
  };
  assert.is(await report({ a: { b: 1, c: 2 }, d: 3 }), 'done');
  assert.is(await report({ a: { b: null }, d: null }), 'done');
  assert.equal(reported(), { a: { c: 2 } });
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
  for (const bad of [
    { 'a.b': 1 },
    { a$: 1 },
    { a: 'x'.repeat(5_000) },
    deep(12),
    { many: 'y'.repeat(40_000) },
  ])
    assert.not.equal(await report(bad), 'done');
  assert.equal(reported(), { a: { c: 2 } });
  twin.on('properties.desired', () => {});
  await new Promise((resolve) => setTimeout(resolve, 300));
  hub.twins.update(DEVICE, { properties: { desired: { x: 1, y: { z: 2 } } } });
  hub.twins.update(DEVICE, { properties: { desired: { x: null, y: { w: 3 } } } });
  await until(() => twin.properties.desired.y?.w === 3, 'the delta');
  assert.equal(
    { x: twin.properties.desired.x, y: twin.properties.desired.y },
    { x: undefined, y: { z: 2, w: 3 } },
  );
});

test('methods: nobody is there (404 of IoT Hub), answered, and not answered in time, as one that the client does not have', async () => {
  await start();
  const client = await deviceClient(registry.connectionString(registry.add('sensor-1')), {
    ca: hub.caCertificate,
  });
  const invoke = (name: string) =>
    hub.methods.invoke(DEVICE, name, {}, { connectTimeoutSeconds: 1, responseTimeoutSeconds: 5 });
  const code = (name: string) =>
    invoke(name).then(
      ({ status }) => String(status),
      (error: WardletError) => error.code,
    );
  assert.is(await code('echo'), 'WL_DEVICE_OFFLINE');
  await client.open();
  client.onDeviceMethod('echo', (request: DeviceMethodRequest, response: DeviceMethodResponse) => {
    void response.send(201, request.payload);
  });
  client.onDeviceMethod('silent', () => {});
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.is(await code('echo'), '201');
  assert.is(await code('silent'), 'WL_METHOD_TIMEOUT');
  assert.is(await code('unheard_of'), 'WL_METHOD_TIMEOUT');
});

test('messages for the device: taken, it is completed; over MQTT the client can neither reject nor abandon', async () => {
  await start();
  const client = await deviceClient(registry.connectionString(registry.add('sensor-1')), {
    ca: hub.caCertificate,
  });
  await client.open();
  const results: string[] = [];
  client.on('message', async (message) => {
    for (const action of ['reject', 'abandon', 'complete'] as const)
      results.push(`${action} ${await outcome(() => client[action](message))}`);
  });
  hub.cloudToDevice.send('sensor-1', { body: 'once' });
  await heard.next('cloud_to_device_completed');
  await until(() => results.length === 3, 'the outcome');
  assert.equal(results, ['reject NotImplementedError', 'abandon NotImplementedError', 'complete done']);
});

test.run();
