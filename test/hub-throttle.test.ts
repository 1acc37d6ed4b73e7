// Throttling: too much is read later, and nothing is lost.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hub, startHub } from '../service/hub/hub.ts';
import type { HubLimits } from '../service/hub/limits.ts';
import { type Device, openRegistry } from '../service/hub/registry.ts';
import { Bucket } from '../service/hub/throttle.ts';
import { HubClient } from './support/hub-client.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: throttling');

test('a bucket holds one second and pays its debts', () => {
  const bucket = new Bucket(100, 0);
  assert.is(bucket.take(100, 0), 0);
  assert.is(bucket.take(50, 0), 500);
  assert.is(bucket.take(0, 500), 0);
  assert.is(bucket.take(1, 500), 10);
  assert.not.ok(bucket.isIdle(1500));
  assert.ok(bucket.isIdle(1600));
  assert.is(bucket.take(101, 1_000_000), 10);
});

async function throttledHub(limits: Partial<HubLimits>) {
  const dataFolder = temporaryFolder();
  const hub: Hub = await startHub({ dataFolder, port: 0, durability: 'written', limits });
  const registry = openRegistry(dataFolder);
  const devices: readonly Device[] = ['pump-1', 'pump-2'].map((id) => registry.add(id));
  registry.close();
  const heard = new HeardEvents(hub);
  const client = async ({ id, primaryKey }: Device, keepalive = 60) => {
    const opened = await HubClient.open(hub);
    assert.is(await opened.connect({ deviceId: id, key: primaryKey }, { keepalive }), 0);
    return opened;
  };
  return { hub, heard, devices, client };
}

/** In pieces that the hub reads one by one, as fast as it does. */
function flood(client: HubClient, deviceId: string, count: number): void {
  const body = Buffer.alloc(30_000);
  for (let n = 1; n <= count; n++) client.publish(`devices/${deviceId}/messages/events/`, body, n);
}

async function acknowledged(client: HubClient, count: number): Promise<number[]> {
  const ids: number[] = [];
  while (ids.length < count) {
    const packet = await client.next('puback');
    if (packet.cmd === 'puback') ids.push(packet.messageId ?? 0);
  }
  return ids;
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('a device that sends too fast is read later; all of it arrives, others are not held up, keepalive goes on', async () => {
  const { hub, heard, devices, client } = await throttledHub({ maxDeviceSendsPerSecond: 20 });
  const [fast, other] = devices;
  if (!fast || !other) throw new Error('two devices');
  const flooding = await client(fast, 1);
  const began = performance.now();
  flood(flooding, fast.id, 60);
  const event = await heard.next('throttled');
  assert.equal([event.scope, event.deviceId, event.perSecond], ['device', fast.id, 20]);
  const calm = await client(other);
  flood(calm, other.id, 5);
  await acknowledged(calm, 5);
  const calmMs = performance.now() - began;
  assert.equal(await acknowledged(flooding, 60), upTo(60));
  const floodedMs = performance.now() - began;
  // A second's worth at once, the next 40 at 20 a second.
  assert.ok(floodedMs > 1_700, `${floodedMs}`);
  assert.ok(calmMs < floodedMs / 2, `${calmMs} ${floodedMs}`);
  assert.not.ok(heard.all.some(({ kind }) => kind === 'throttled' || kind === 'terminated'));
  flooding.close();
  calm.close();
  await hub.close();
});

test('all devices together', async () => {
  const { hub, heard, devices, client } = await throttledHub({ maxSendsPerSecond: 50 });
  const began = performance.now();
  const clients = await Promise.all(devices.map((device) => client(device)));
  for (const [index, each] of clients.entries()) flood(each, devices[index]?.id ?? '', 40);
  for (const each of clients) assert.equal(await acknowledged(each, 40), upTo(40));
  assert.ok(performance.now() - began > 500);
  assert.is((await heard.next('throttled')).scope, 'hub');
  for (const each of clients) each.close();
  await hub.close();
});

test('handshakes wait their turn, and every one comes', async () => {
  const { hub, heard, devices, client } = await throttledHub({ maxConnectsPerSecond: 10 });
  const [device] = devices;
  if (!device) throw new Error('a device');
  const began = performance.now();
  const clients = await Promise.all(upTo(16).map(() => HubClient.open(hub)));
  assert.ok(performance.now() - began > 500);
  assert.is((await heard.next('throttled')).scope, 'connections');
  for (const each of clients) each.close();
  (await client(device)).close();
  await hub.close();
});

test.run();
