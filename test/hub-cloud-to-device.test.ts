// Messages for devices: delivered, acknowledged, delivered again, expired, given up, refused, purged, and that they last.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { azureErrorOf } from '../service/hub/azure-errors.ts';
import { feedbackOf } from '../service/hub/device-happenings.ts';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { parsePropertyBag } from '../service/hub/property-bag.ts';
import { openRegistry, type Registry } from '../service/hub/registry.ts';
import { HubDevice } from './support/hub-device.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { codeOf, errorOf } from './support/thrown-error.ts';

const test = suite('hub: cloud to device');
const PUMP = { deviceId: 'pump' };
const TOPIC = 'devices/pump/messages/devicebound/';
const HOUR_MS = 3_600_000;

const folder = temporaryFolder();
let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
/** How far the hub's clock is ahead. */
let aheadMs = 0;
const start = async () => {
  hub = await startHub({
    dataFolder: folder,
    port: 0,
    durability: 'written',
    limits: { maxDeliveries: 3 },
    now: () => Date.now() + aheadMs,
  });
  heard = new HeardEvents(hub);
};

test.before(async () => {
  await start();
  registry = openRegistry(folder);
  registry.add('pump');
});
test.before.each(() => {
  heard.all.length = 0;
  hub.cloudToDevice.purge('pump');
});
test.after(async () => {
  registry.close();
  await hub.close();
});

async function listening(clean = true, qos: 0 | 1 = 1): Promise<HubDevice> {
  const device = await HubDevice.connect(hub, registry, PUMP, clean);
  if (!device.isSessionPresent) await device.subscribe([`${TOPIC}#`], qos);
  return device;
}

/** The hub has noticed. */
async function gone(device: HubDevice): Promise<void> {
  device.client.close();
  await heard.next('disconnected');
}

test('a message reaches a device at QoS 1 with all its properties; PUBACK completes it', async () => {
  const device = await listening();
  const id = hub.cloudToDevice.send('pump', {
    body: 'set',
    properties: { 'a &=': 'ä/?#+%', empty: '' },
    messageId: 'm 1',
    correlationId: 'c',
    userId: 'u',
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    ack: 'full',
  });
  assert.is(id, 'm 1');
  const { topic, text, qos, dup, packetId } = await device.next();
  assert.is(text, 'set');
  assert.equal([qos, dup], [1, false]);
  assert.ok(topic.startsWith(TOPIC));
  const { '$.exp': expiry, ...properties } = parsePropertyBag(topic.slice(TOPIC.length)) ?? {};
  assert.equal(properties, {
    'a &=': 'ä/?#+%',
    empty: '',
    '$.mid': 'm 1',
    '$.to': '/devices/pump/messages/devicebound',
    '$.cid': 'c',
    '$.uid': 'u',
    '$.ct': 'application/json',
    '$.ce': 'utf-8',
    'iothub-ack': 'full',
  });
  assert.ok(Math.abs(Date.parse(String(expiry)) - Date.now() - HOUR_MS) < 10_000);
  assert.is(hub.cloudToDevice.pending('pump')[0]?.deliveries, 1);
  assert.ok((await heard.next('cloud_to_device_sent')).bytes > 3);

  device.acknowledge(packetId);
  const completed = await heard.next('cloud_to_device_completed');
  assert.equal(feedbackOf(completed), { deviceId: 'pump', originalMessageId: 'm 1', description: 'Success' });
  assert.equal(hub.cloudToDevice.pending('pump'), []);
  // Once more, and for what never was: nothing comes of it.
  device.acknowledge(packetId);
  device.acknowledge(60_000);
  await device.settled();
  assert.not.ok(heard.all.some(({ kind }) => kind === 'cloud_to_device_completed'));
  await gone(device);
});

test('what is not acknowledged comes again on the next connection, in order, as the same packet', async () => {
  const first = await listening(false);
  for (const body of ['1', '2', '3']) hub.cloudToDevice.send('pump', { body });
  const sent = [await first.next(), await first.next(), await first.next()];
  first.acknowledge(sent[1]?.packetId ?? 0);
  await heard.next('cloud_to_device_completed');
  // Not twice on one connection.
  await first.subscribe([`${TOPIC}#`], 1);
  await first.settled();
  assert.is(first.waiting, 0);
  await gone(first);

  // The session is found again: nobody subscribes.
  const second = await HubDevice.connect(hub, registry, PUMP, false);
  const again = [await second.next(), await second.next()];
  assert.equal(
    again,
    [sent[0], sent[2]].map((message) => ({ ...message, dup: true })),
  );
  for (const { packetId } of again) second.acknowledge(packetId);
  await heard.next('cloud_to_device_completed');
  await heard.next('cloud_to_device_completed');
  await gone(second);
});

test('what is sent while the device is away waits, and outlives the hub', async () => {
  hub.cloudToDevice.send('pump', { body: Buffer.from([0, 255]), messageId: 'away' });
  await hub.close();
  await start();
  assert.is(hub.cloudToDevice.pending('pump')[0]?.messageId, 'away');
  const device = await HubDevice.connect(hub, registry, PUMP, false);
  const { packetId, dup } = await device.next();
  assert.not.ok(dup);
  device.acknowledge(packetId);
  await heard.next('cloud_to_device_completed');
  await gone(device);
});

test('fifty wait at most; the rest is refused until there is room', async () => {
  for (let count = 0; count < 50; count++) hub.cloudToDevice.send('pump', { body: String(count) });
  const error = errorOf(() => hub.cloudToDevice.send('pump', { body: 'one more' }));
  assert.is(error.code, 'WL_QUEUE_FULL');
  assert.is(azureErrorOf(error).errorCode, 403_004);
  assert.is((await heard.next('cloud_to_device_rejected')).reason, 'queue_full');

  // A few at a time, until all are through.
  const device = await listening(false);
  for (let count = 0; count < 50; count++) {
    const { text, packetId } = await device.next();
    assert.is(text, String(count));
    assert.ok(hub.cloudToDevice.pending('pump').filter(({ deliveries }) => deliveries > 0).length <= 8);
    device.acknowledge(packetId);
  }
  for (let count = 0; count < 50; count++) await heard.next('cloud_to_device_completed');
  assert.equal(hub.cloudToDevice.pending('pump'), []);
  await gone(device);
});

test('64 KB with properties, and not a byte more; large ones do not end the connection', async () => {
  const overhead = (await sizeOf('')) + 2;
  const room = 64 * 1024 - overhead;
  const body = 'x'.repeat(room);
  for (let count = 0; count < 30; count++) hub.cloudToDevice.send('pump', { body, properties: { a: 'b' } });
  for (const message of [
    { body: `${body}x`, properties: { a: 'b' } },
    { body: '', properties: { a: '%'.repeat(22_000) } },
  ]) {
    assert.is(
      codeOf(() => hub.cloudToDevice.send('pump', message)),
      'WL_TOO_LARGE',
    );
    assert.is((await heard.next('cloud_to_device_rejected')).reason, 'too_large');
  }
  const device = await listening(true, 0);
  for (let count = 0; count < 30; count++) {
    const { text, qos } = await device.next();
    assert.is(text.length, room);
    assert.is(qos, 0);
  }
  // At QoS 0 there is nothing to wait for.
  await heard.next('cloud_to_device_completed');
  assert.equal(hub.cloudToDevice.pending('pump'), []);
  await gone(device);
});

async function sizeOf(body: string): Promise<number> {
  hub.cloudToDevice.send('pump', { body });
  hub.cloudToDevice.purge('pump');
  return (await heard.next('cloud_to_device_sent')).bytes;
}

test('a message that expires is not delivered, and its sender hears so', async () => {
  hub.cloudToDevice.send('pump', {
    body: 'a',
    messageId: 'short',
    expiresMs: Date.now() + 60_000,
    ack: 'negative',
  });
  hub.cloudToDevice.send('pump', { body: 'b', messageId: 'long', ack: 'positive' });
  aheadMs = 61_000;
  const expired = await heard.next('cloud_to_device_expired');
  assert.equal(feedbackOf(expired), { deviceId: 'pump', originalMessageId: 'short', description: 'Expired' });
  aheadMs = 2 * HOUR_MS;
  assert.is(feedbackOf(await heard.next('cloud_to_device_expired')), undefined);
  aheadMs = 0;
  assert.equal(hub.cloudToDevice.pending('pump'), []);
});

test('a message that is never acknowledged is given up after the third delivery', async () => {
  hub.cloudToDevice.send('pump', { body: 'poison', messageId: 'p', ack: 'negative' });
  hub.cloudToDevice.send('pump', { body: 'next' });
  for (let delivery = 1; delivery <= 3; delivery++) {
    const device = await listening();
    assert.is((await device.next()).text, 'poison');
    const { packetId } = await device.next();
    if (delivery === 3) {
      device.acknowledge(packetId);
      await heard.next('cloud_to_device_completed');
    }
    await gone(device);
  }
  const last = await listening();
  const { deliveries, ...given } = await heard.next('cloud_to_device_dead_lettered');
  assert.is(deliveries, 3);
  assert.is(feedbackOf(given)?.description, 'DeliveryCountExceeded');
  await last.settled();
  assert.is(last.waiting, 0);
  await gone(last);
});

test('a queue is purged, also of what is on its way', async () => {
  const device = await listening();
  for (let count = 0; count < 10; count++) hub.cloudToDevice.send('pump', { body: 'x' });
  const { packetId } = await device.next();
  assert.is(hub.cloudToDevice.purge('pump'), 10);
  assert.is((await heard.next('cloud_to_device_purged', ({ count }) => count > 0)).count, 10);
  hub.cloudToDevice.send('pump', { body: 'after' });
  device.acknowledge(packetId);
  await device.settled();
  assert.is(hub.cloudToDevice.pending('pump').length, 1);
  assert.is(
    codeOf(() => hub.cloudToDevice.purge('nobody')),
    'WL_NO_SUCH_DEVICE',
  );
  await gone(device);
});

test('what cannot be sent is refused with a reason', async () => {
  const wrong: ReadonlyArray<Record<string, unknown>> = [
    { body: 1 },
    { body: 'x', messageId: '' },
    { body: 'x', messageId: 'x'.repeat(129) },
    { body: 'x', expiresMs: Date.now() + 49 * HOUR_MS },
    { body: 'x', expiresMs: Number.NaN },
    { body: 'x', ack: 'perhaps' },
    { body: 'x', properties: { '$.to': 'elsewhere' } },
    { body: 'x', properties: { '': 'a' } },
    { body: 'x', properties: { a: 1 } },
    { body: 'x', properties: { a: '\ud800' } },
  ];
  for (const message of wrong) {
    const send = () => hub.cloudToDevice.send('pump', message as never);
    assert.is(codeOf(send), 'WL_BAD_OPTION', JSON.stringify(message));
    assert.is((await heard.next('cloud_to_device_rejected')).reason, 'bad_message');
  }
  assert.is(
    codeOf(() => hub.cloudToDevice.send('nobody', { body: 'x' })),
    'WL_NO_SUCH_DEVICE',
  );
  assert.is((await heard.next('cloud_to_device_rejected')).reason, 'unknown_device');
  assert.equal(hub.cloudToDevice.pending('pump'), []);
});

test.run();
