// The real Azure client against the hub: what it connects with, what arrives, and what it makes of each refusal.

import { once } from 'node:events';
import azureCommon, { type Message as AzureMessage } from 'azure-iot-common';
import azureDevice, { type Client } from 'azure-iot-device';
import azureMqtt from 'azure-iot-device-mqtt';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Hub,
  type HubEvent,
  openRegistry,
  type ReceivedMessage,
  type Registry,
  startHub,
} from '../../service/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

// CommonJS: what they export is found only at run time.
const { Message, NoRetry } = azureCommon;
const { Mqtt } = azureMqtt;

const test = suite('the Azure client');
let hub: Hub;
let registry: Registry;
let messages: ReceivedMessage[];
let events: HubEvent[];
const clients: Client[] = [];

test.before.each(async () => {
  const dataFolder = temporaryFolder();
  hub = await startHub({ dataFolder, port: 0 });
  registry = openRegistry(dataFolder);
  messages = [];
  events = [];
  hub.on('message', (message) => messages.push(message));
  hub.on('event', (event) => events.push(event));
});
test.after.each(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close().catch(() => {})));
  registry.close();
  await hub.close();
});

/** A client that hides no fault behind retries. */
async function clientOf(connectionString: string): Promise<Client> {
  const client = azureDevice.Client.fromConnectionString(connectionString, Mqtt);
  client.setRetryPolicy(new NoRetry());
  await client.setOptions({ ca: hub.caCertificate });
  clients.push(client);
  return client;
}

/** The client's error names, as its users catch them. */
async function refusal(connectionString: string): Promise<string> {
  const client = await clientOf(connectionString);
  return client.open().then(
    () => 'connected',
    (error: Error) => error.name,
  );
}

test('it connects through GatewayHostName and sends; properties and system properties arrive', async () => {
  const device = registry.add('sensor-1');
  const client = await clientOf(registry.connectionString(device));
  await client.open();
  const message: AzureMessage = new Message('{"temperature":21}');
  message.messageId = 'm 1';
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.properties.add('a b', 'c&d=e/ü');
  await client.sendEvent(message);
  const [arrived] = messages;
  assert.is(arrived?.deviceId, 'sensor-1');
  assert.is(new TextDecoder().decode(arrived?.body), '{"temperature":21}');
  const { properties = {} } = arrived ?? {};
  assert.is(properties['a b'], 'c&d=e/ü');
  assert.is(properties['$.mid'], 'm 1');
  assert.is(properties['$.ct'], 'application/json');
  assert.is(properties['$.ce'], 'utf-8');
});

test('many at once, each acknowledged once it is stored', async () => {
  const client = await clientOf(registry.connectionString(registry.add('sensor-1')));
  await client.open();
  await Promise.all(
    Array.from({ length: 300 }, (_, number) => client.sendEvent(new Message(String(number)))),
  );
  const bodies = messages.map(({ body }) => Number(new TextDecoder().decode(body)));
  assert.equal(bodies, [...Array(300).keys()]);
});

test('a wrong key, an unknown device and a disabled one are refused as the client expects it', async () => {
  const device = registry.add('sensor-1');
  const good = registry.connectionString(device);
  const wrong = good.replace(device.primaryKey, Buffer.alloc(32, 1).toString('base64'));
  assert.is(await refusal(wrong), 'UnauthorizedError');
  assert.is(await refusal(good.replace('sensor-1', 'sensor-2')), 'UnauthorizedError');
  registry.setEnabled('sensor-1', false);
  assert.is(await refusal(good), 'UnauthorizedError');
  const reasons = events.flatMap((event) => (event.kind === 'refused' ? [event.reason] : []));
  assert.equal(reasons, ['bad_signature', 'unknown_device', 'disabled']);
});

test('a device removed while it is connected hears of it', async () => {
  const client = await clientOf(registry.connectionString(registry.add('sensor-1')));
  await client.open();
  const gone = once(client, 'disconnect');
  registry.remove('sensor-1');
  await gone;
  assert.ok(events.some(({ kind }) => kind === 'revoked'));
});

test.run();
