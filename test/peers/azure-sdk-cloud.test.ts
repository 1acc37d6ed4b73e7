// The real Azure client and what comes from the cloud: twins, direct methods, messages; as a device, as a module, and over the renewal
// of a token, after which the client does not subscribe again.

import azureCommon, { type Message as AzureMessage } from 'azure-iot-common';
import azureDevice, {
  type Client,
  type DeviceMethodRequest,
  type DeviceMethodResponse,
  type Twin,
} from 'azure-iot-device';
import azureMqtt from 'azure-iot-device-mqtt';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hub, openRegistry, type Registry, startHub } from '../../service/index.ts';
import { HeardEvents } from '../support/hub-events.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

// CommonJS: what they export is found only at run time.
const { Message, NoRetry } = azureCommon;
const { Mqtt } = azureMqtt;
const { ModuleClient, SharedAccessKeyAuthenticationProvider } = azureDevice;

const test = suite('the Azure client and the cloud');
const SENSOR = { deviceId: 'sensor-1' };
let hub: Hub;
let registry: Registry;
let heard: HeardEvents;
const closing: Array<() => Promise<unknown>> = [];

test.before.each(async () => {
  const dataFolder = temporaryFolder();
  hub = await startHub({ dataFolder, port: 0 });
  registry = openRegistry(dataFolder);
  registry.add('sensor-1');
  heard = new HeardEvents(hub);
});
test.after.each(async () => {
  for (const close of closing.splice(0)) await close().catch(() => {});
  registry.close();
  await hub.close();
});

function connectionString(): string {
  const device = registry.get('sensor-1');
  return device ? registry.connectionString(device) : '';
}

async function opened(client: Client): Promise<Client> {
  closing.push(() => client.close());
  client.setRetryPolicy(new NoRetry());
  await client.setOptions({ ca: hub.caCertificate });
  await client.open();
  return client;
}

const open = () => opened(azureDevice.Client.fromConnectionString(connectionString(), Mqtt));

/** Listens for desired properties, and waits until the client has subscribed. */
async function desired(twin: Twin): Promise<unknown[]> {
  const seen: unknown[] = [];
  twin.on('properties.desired', (patch: unknown) => seen.push(patch));
  await until(() => hub.twins.get(SENSOR).connectionState === 'Connected');
  await new Promise((resolve) => setTimeout(resolve, 200));
  return seen;
}

async function until(is: () => boolean): Promise<void> {
  for (let waits = 0; waits < 400; waits++) {
    if (is()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it has not come about');
}

function reported(twin: Twin, patch: unknown): Promise<Error | undefined> {
  return new Promise((resolve) =>
    twin.properties.reported.update(patch, (error?: Error) => resolve(error ?? undefined)),
  );
}

function echo(request?: DeviceMethodRequest, response?: DeviceMethodResponse): void {
  void response?.send(200, { echo: request?.payload });
}

test('its twin: read, desired properties as they change, reported ones, and a refusal', async () => {
  hub.twins.update(SENSOR, { properties: { desired: { rate: 10, mode: 'a' } } });
  const twin = await (await open()).getTwin();
  assert.equal(twin.properties.desired, { rate: 10, mode: 'a', $version: 2 });
  const seen = await desired(twin);
  hub.twins.update(SENSOR, { properties: { desired: { rate: 20, mode: null } } });
  await until(() => twin.properties.desired.$version === 3);
  assert.equal(twin.properties.desired, { rate: 20, $version: 3 });
  assert.equal(seen.at(-1), { rate: 20, mode: null, $version: 3 });

  assert.is(await reported(twin, { state: { ok: true } }), undefined);
  assert.equal(hub.twins.get(SENSOR).properties.reported.state, { ok: true });
  assert.match((await reported(twin, { 'a b': 1 }))?.message ?? '', /space/);
});

test('direct methods: answered with what the device made of them', async () => {
  const client = await open();
  client.onDeviceMethod('echo', echo);
  const options = { connectTimeoutSeconds: 5 };
  assert.equal(await hub.methods.invoke(SENSOR, 'echo', { n: [1] }, options), {
    status: 200,
    payload: { echo: { n: [1] } },
  });
});

test('messages: with their properties, and those sent while it was away', async () => {
  const client = await open();
  const messages: AzureMessage[] = [];
  client.on('message', (message: AzureMessage) => {
    messages.push(message);
    void client.complete(message);
  });
  hub.cloudToDevice.send('sensor-1', {
    body: 'now',
    messageId: 'm 1',
    correlationId: 'c',
    properties: { 'a b': 'c&d=e/ü' },
  });
  await heard.next('cloud_to_device_completed');
  await until(() => messages.length === 1);
  assert.is(String(messages[0]?.data), 'now');
  assert.is(messages[0]?.messageId, 'm 1');
  assert.is(messages[0]?.correlationId, 'c');
  assert.is(messages[0]?.properties.getValue('a b'), 'c&d=e/ü');

  await client.close();
  hub.cloudToDevice.send('sensor-1', { body: 'later' });
  await client.open();
  await heard.next('cloud_to_device_completed');
  await until(() => messages.length === 2);
  assert.is(String(messages[1]?.data), 'later');
});

test('a module: sends, has a twin of its own, and is called', async () => {
  const module = registry.modules.add('sensor-1', 'security');
  const identity = { ...SENSOR, moduleId: 'security' };
  const client = ModuleClient.fromConnectionString(registry.connectionString(module), Mqtt);
  closing.push(() => client.close());
  client.setRetryPolicy(new NoRetry());
  await client.setOptions({ ca: hub.caCertificate });
  await client.open();
  const senders: Array<string | undefined> = [];
  hub.on('message', ({ moduleId }) => senders.push(moduleId));
  await client.sendEvent(new Message('from the module'));
  assert.equal(senders, ['security']);

  hub.twins.update(identity, { properties: { desired: { own: true } } });
  const twin = await client.getTwin();
  assert.is(twin.properties.desired.own, true);
  assert.is(await reported(twin, { a: 1 }), undefined);
  assert.is(hub.twins.get(identity).properties.reported.a, 1);
  client.onMethod('echo', echo);
  const { status } = await hub.methods.invoke(identity, 'echo', 1, { connectTimeoutSeconds: 5 });
  assert.is(status, 200);
});

test('the renewal of a token loses nothing: twin, methods and messages go on without subscribing again', async () => {
  // A token of 3 s, renewed after 1 s.
  const provider = SharedAccessKeyAuthenticationProvider.fromConnectionString(connectionString(), 3, 2);
  const client = await opened(azureDevice.Client.fromAuthenticationProvider(provider, Mqtt));
  const messages: string[] = [];
  client.on('message', (message: AzureMessage) => messages.push(String(message.data)));
  client.onDeviceMethod('echo', echo);
  const twin = await client.getTwin();
  await desired(twin);
  for (let renewal = 1; renewal <= 3; renewal++) {
    await heard.next('disconnected', ({ reason }) => reason === 'by_device');
    // Sent while it is away, or hardly back.
    hub.cloudToDevice.send('sensor-1', { body: String(renewal) });
    const call = hub.methods.invoke(SENSOR, 'echo', renewal, { connectTimeoutSeconds: 5 });
    assert.equal((await call).payload, { echo: renewal });
    hub.twins.update(SENSOR, { properties: { desired: { renewal } } });
    await until(() => twin.properties.desired.renewal === renewal);
    assert.is(await reported(twin, { renewal }), undefined);
    await heard.next('cloud_to_device_completed');
  }
  assert.equal(messages, ['1', '2', '3']);
  assert.is(hub.twins.get(SENSOR).properties.reported.renewal, 3);
});

test.run();
