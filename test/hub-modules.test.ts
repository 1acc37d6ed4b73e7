// Modules: identities below a device, each with keys, a connection and a twin of its own.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hub, startHub } from '../service/hub/hub.ts';
import type { ReceivedMessage } from '../service/hub/received-message.ts';
import { openRegistry, type Registry } from '../service/hub/registry.ts';
import { HubClient } from './support/hub-client.ts';
import { HubDevice } from './support/hub-device.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { codeOf } from './support/thrown-error.ts';

const test = suite('hub: modules');
const MODULE = { deviceId: 'pump', moduleId: 'security' };
const EVENTS = 'devices/pump/modules/security/messages/events/';

let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
const messages: ReceivedMessage[] = [];
const folder = temporaryFolder();

test.before(async () => {
  hub = await startHub({ dataFolder: folder, port: 0, durability: 'written' });
  heard = new HeardEvents(hub);
  hub.on('message', (message) => messages.push(message));
  registry = openRegistry(folder);
  registry.add('pump');
  registry.modules.add('pump', 'security');
});
test.before.each(() => {
  heard.all.length = 0;
});
test.after(async () => {
  registry.close();
  await hub.close();
});

test('are registered, listed and given keys; what is wrong says so', () => {
  const { modules } = registry;
  const made = modules.add('pump', 'b');
  assert.equal(
    modules.list('pump').map(({ id }) => id),
    ['b', 'security'],
  );
  assert.equal(modules.get('pump', 'b'), made);
  assert.equal(modules.list('nobody'), []);
  assert.not.equal(
    modules.setKeys('pump', 'b', { primaryKey: made.secondaryKey }).primaryKey,
    made.primaryKey,
  );
  assert.is(
    codeOf(() => modules.add('pump', 'b')),
    'WL_MODULE_EXISTS',
  );
  assert.is(
    codeOf(() => modules.add('nobody', 'b')),
    'WL_NO_SUCH_DEVICE',
  );
  assert.is(
    codeOf(() => modules.add('pump', 'a/b')),
    'WL_BAD_DEVICE_ID',
  );
  assert.is(
    codeOf(() => modules.add('pump', 'c', { primaryKey: 'x' })),
    'WL_BAD_KEY',
  );
  modules.remove('pump', 'b');
  assert.is(
    codeOf(() => modules.remove('pump', 'b')),
    'WL_NO_SUCH_MODULE',
  );
  assert.is(
    codeOf(() => modules.setKeys('pump', 'b', {})),
    'WL_NO_SUCH_MODULE',
  );
  assert.match(
    registry.connectionString(modules.add('pump', 'd'), { port: 8883 }),
    /^HostName=localhost;DeviceId=pump;ModuleId=d;SharedAccessKey=[^;]+$/,
  );
});

test('connect beside their device, and send under their own name', async () => {
  const device = await HubDevice.connect(hub, registry, { deviceId: 'pump' });
  const module = await HubDevice.connect(hub, registry, MODULE);
  module.publish(`${EVENTS}a=1`, 'hello', 1);
  await module.client.next('puback');
  assert.is(messages.at(-1)?.moduleId, 'security');
  assert.is(messages.at(-1)?.deviceId, 'pump');
  await device.settled();
  assert.not.ok(device.client.isClosed);

  // One connection an identity: the next of the module takes its place, and not the device's.
  const next = await HubDevice.connect(hub, registry, MODULE);
  assert.is((await heard.next('taken_over')).moduleId, 'security');
  await module.client.closed();
  next.publish('devices/pump/messages/events/', 'as the device', 1);
  assert.is((await heard.next('terminated')).reason, 'foreign_topic');
  device.client.close();
});

test("the device's key is not its module's, nor the other way round", async () => {
  const client = await HubClient.open(hub);
  const key = registry.get('pump')?.primaryKey ?? '';
  const fields = { clientId: 'pump/security', username: 'localhost/pump/security/?api-version=2021-04-12' };
  assert.is(await client.connect({ deviceId: 'pump/modules/security', key }, fields), 5);
  assert.is((await heard.next('refused')).reason, 'bad_signature');
  const other = await HubClient.open(hub);
  assert.is(
    await other.connect({
      deviceId: 'pump',
      key: registry.modules.get('pump', 'security')?.primaryKey ?? '',
    }),
    5,
  );
  assert.is((await heard.next('refused')).reason, 'bad_signature');
});

test('end when they, their key or their device go; nothing of them is left for the next of that name', async () => {
  registry.modules.add('pump', 'short');
  const short = { deviceId: 'pump', moduleId: 'short' };
  const first = await HubDevice.connect(hub, registry, short, false);
  hub.twins.update(short, { properties: { desired: { a: 1 } } });
  registry.modules.setKeys('pump', 'short', {
    primaryKey: registry.modules.get('pump', 'short')?.secondaryKey ?? '',
  });
  await first.client.closed();
  assert.is((await heard.next('revoked')).reason, 'key_changed');

  const second = await HubDevice.connect(hub, registry, short, false);
  assert.ok(second.isSessionPresent);
  registry.modules.remove('pump', 'short');
  await second.client.closed();
  assert.is((await heard.next('revoked')).reason, 'removed');
  assert.is(
    codeOf(() => hub.twins.get(short)),
    'WL_NO_SUCH_MODULE',
  );

  registry.modules.add('pump', 'short');
  const third = await HubDevice.connect(hub, registry, short, false);
  assert.not.ok(third.isSessionPresent);
  assert.is(hub.twins.get(short).properties.desired.a, undefined);
  registry.remove('pump');
  await third.client.closed();
  assert.equal(registry.modules.list('pump'), []);
});

test.run();
