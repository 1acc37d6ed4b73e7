// Sessions: a client with clean=0 finds its subscriptions again, on another connection and after the hub's restart.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { openRegistry } from '../service/hub/registry.ts';
import { HubDevice } from './support/hub-device.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: sessions');
const PUMP = { deviceId: 'pump' };
const RESPONSES = '$iothub/twin/res/#';
const DESIRED = '$iothub/twin/PATCH/properties/desired/#';

const folder = temporaryFolder();
const registry = openRegistry(folder);
let hub: Hub;
const start = () => startHub({ dataFolder: folder, port: 0, durability: 'written' });

test.before(async () => {
  registry.add('pump');
  hub = await start();
});
test.after(async () => {
  registry.close();
  await hub.close();
});

test('a new session is none that was present; the next connection finds it, QoS 0 too', async () => {
  const first = await HubDevice.connect(hub, registry, PUMP, false);
  assert.not.ok(first.isSessionPresent);
  assert.equal(await first.subscribe([RESPONSES, DESIRED]), [0, 0]);
  await first.leave();

  const second = await HubDevice.connect(hub, registry, PUMP, false);
  assert.ok(second.isSessionPresent);
  assert.is((await second.ask('$iothub/twin/GET/?$rid=7')).topic, '$iothub/twin/res/200/?$rid=7');
  hub.twins.update(PUMP, { properties: { desired: { a: 1 } } });
  assert.match((await second.next()).topic, /PATCH\/properties\/desired/);
  await second.unsubscribe(DESIRED);
  second.client.close();
});

test('what was unsubscribed stays so, and a restart of the hub changes nothing', async () => {
  await hub.close();
  hub = await start();
  const device = await HubDevice.connect(hub, registry, PUMP, false);
  assert.ok(device.isSessionPresent);
  hub.twins.update(PUMP, { properties: { desired: { a: 2 } } });
  const answer = await device.ask('$iothub/twin/GET/?$rid=8');
  assert.is(answer.topic, '$iothub/twin/res/200/?$rid=8');
  assert.is(device.waiting, 0);

  // A takeover leaves it to the one that takes over.
  const other = await HubDevice.connect(hub, registry, PUMP, false);
  await device.client.closed();
  assert.is((await other.ask('$iothub/twin/GET/?$rid=9')).topic, '$iothub/twin/res/200/?$rid=9');
  other.client.close();
});

test('clean=1 forgets: nothing is restored then, nor afterwards', async () => {
  const clean = await HubDevice.connect(hub, registry, PUMP);
  assert.not.ok(clean.isSessionPresent);
  clean.publish('$iothub/twin/GET/?$rid=1', '');
  await clean.settled();
  assert.is(clean.waiting, 0);
  await clean.subscribe([RESPONSES]);
  await clean.leave();

  const kept = await HubDevice.connect(hub, registry, PUMP, false);
  assert.not.ok(kept.isSessionPresent);
  kept.publish('$iothub/twin/GET/?$rid=1', '');
  await kept.settled();
  assert.is(kept.waiting, 0);
  kept.client.close();
});

test.run();
