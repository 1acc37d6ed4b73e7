// Twins over the wire and for the service side: read, report, desired changes, conditions, and that they last.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { openRegistry, type Registry } from '../service/hub/registry.ts';
import { startHubChild } from './support/hub-child.ts';
import { HubDevice } from './support/hub-device.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { codeOf } from './support/thrown-error.ts';

const test = suite('hub: twins');
const PUMP = { deviceId: 'pump' };
const REPORT = '$iothub/twin/PATCH/properties/reported/?$rid=';

const folder = temporaryFolder();
let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
let device: HubDevice;
const start = async () => {
  hub = await startHub({ dataFolder: folder, port: 0, durability: 'written' });
  heard = new HeardEvents(hub);
};

test.before(async () => {
  await start();
  registry = openRegistry(folder);
  registry.add('pump');
  registry.add('other');
  device = await HubDevice.connect(hub, registry, PUMP, false);
  await device.subscribe(['$iothub/twin/res/#', '$iothub/twin/PATCH/properties/desired/#']);
});
test.before.each(() => {
  heard.all.length = 0;
});
test.after(async () => {
  registry.close();
  await hub.close();
});

test('a twin that nobody has touched is empty, of version 1', async () => {
  const { topic, text } = await device.ask('$iothub/twin/GET/?$rid=a%20b');
  assert.is(topic, '$iothub/twin/res/200/?$rid=a%20b');
  assert.equal(JSON.parse(text), { desired: { $version: 1 }, reported: { $version: 1 } });
  const { etag, version, status, connectionState, tags } = hub.twins.get(PUMP);
  assert.equal(
    { etag, version, status, connectionState, tags },
    { etag: 'AAAAAAAAAAE=', version: 1, status: 'enabled', connectionState: 'Connected', tags: {} },
  );
});

test('what the service desires reaches the device with its version; null deletes', async () => {
  hub.twins.update(PUMP, { tags: { floor: 3 }, properties: { desired: { rate: { high: 10 }, mode: 'a' } } });
  const first = await device.next();
  assert.is(first.topic, '$iothub/twin/PATCH/properties/desired/?$version=2');
  assert.equal(JSON.parse(first.text), { rate: { high: 10 }, mode: 'a', $version: 2 });
  assert.equal((await heard.next('twin_updated')).sections, ['tags', 'desired']);

  hub.twins.update(PUMP, { properties: { desired: { mode: null } } });
  assert.equal(JSON.parse((await device.next()).text), { mode: null, $version: 3 });
  const { text } = await device.ask('$iothub/twin/GET/?$rid=1');
  assert.equal(JSON.parse(text).desired, { rate: { high: 10 }, $version: 3 });

  // Tags are not the device's business.
  hub.twins.update(PUMP, { tags: { floor: 4 } });
  await device.settled();
  assert.is(device.waiting, 0);
});

test('a document put in the place of the old one reaches the device as what differs', async () => {
  const read = hub.twins.get(PUMP);
  hub.twins.replace(PUMP, {
    ...read,
    properties: { desired: { ...read.properties.desired, rate: { low: 1 } } },
  });
  assert.equal(JSON.parse((await device.next()).text), { rate: { low: 1, high: null }, $version: 4 });
  assert.equal(hub.twins.get(PUMP).tags, { floor: 4 });
});

test('what the device reports is merged, answered with its version, and kept', async () => {
  const answer = await device.ask(`${REPORT}2`, JSON.stringify({ state: { ok: true }, list: [1, { a: 2 }] }));
  assert.is(answer.topic, '$iothub/twin/res/204/?$rid=2&$version=2');
  assert.is(answer.text, '');
  assert.is((await heard.next('twin_updated')).by, 'device');
  await device.ask(`${REPORT}3`, JSON.stringify({ state: { ok: null, since: 5 } }));
  const { $metadata, ...reported } = hub.twins.get(PUMP).properties.reported;
  assert.equal(reported, { state: { since: 5 }, list: [1, { a: 2 }], $version: 3 });
  assert.match(JSON.stringify($metadata), /"since":\{"\$lastUpdated":"[^"]+Z","\$lastUpdatedVersion":3\}/);
});

test('a report against the rules is answered with a number and a sentence, and changes nothing', async () => {
  const before = hub.twins.get(PUMP);
  const wrong: ReadonlyArray<readonly [string | Buffer, number, number]> = [
    ['not JSON', 400, 400_004],
    [Buffer.from([0x7b, 0xff, 0x7d]), 400, 400_004],
    ['[]', 400, 400_004],
    ['', 400, 400_004],
    [`${'['.repeat(60_000)}`, 400, 400_004],
    [`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400, 400_004],
    ['{"a.b":1}', 400, 400_004],
    ['{"$version":1}', 400, 400_004],
    [JSON.stringify({ a: 'x'.repeat(5_000) }), 400, 400_004],
    [
      JSON.stringify(Object.fromEntries([...Array(9).keys()].map((n) => [`k${n}`, 'x'.repeat(4_000)]))),
      413,
      413_001,
    ],
  ];
  for (const [payload, status, errorCode] of wrong) {
    const { topic, text } = await device.ask(`${REPORT}4`, payload);
    assert.is(topic, `$iothub/twin/res/${status}/?$rid=4`, String(payload).slice(0, 40));
    const answer = JSON.parse(text);
    assert.is(answer.errorCode, errorCode);
    assert.type(answer.message, 'string');
    assert.is((await heard.next('twin_refused')).status, status);
  }
  assert.equal(hub.twins.get(PUMP), before);
});

test('reports of many devices at once are each answered, the good ones and the bad', async () => {
  const devices = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const identity = { deviceId: `fleet-${index}` };
      registry.add(identity.deviceId);
      const one = await HubDevice.connect(hub, registry, identity);
      await one.subscribe(['$iothub/twin/res/#']);
      return { one, identity, index };
    }),
  );
  for (const { one, index } of devices) {
    one.publish(`${REPORT}1`, JSON.stringify({ index }));
    one.publish(`${REPORT}2`, index % 2 === 0 ? '{"a b":1}' : '{"second":true}', 1);
    one.publish('$iothub/twin/GET/?$rid=3', '');
  }
  for (const { one, identity, index } of devices) {
    const isBad = index % 2 === 0;
    assert.is((await one.next()).topic, '$iothub/twin/res/204/?$rid=1&$version=2');
    assert.is(
      (await one.next()).topic,
      `$iothub/twin/res/${isBad ? '400/?$rid=2' : '204/?$rid=2&$version=3'}`,
    );
    // What is read after a report has it.
    assert.is(JSON.parse((await one.next()).text).reported.index, index);
    await one.client.next('puback');
    assert.is(hub.twins.get(identity).properties.reported.second, isBad ? undefined : true);
    one.client.close();
  }
});

test('a change on a condition is made only while it holds', () => {
  const { etag } = hub.twins.get(PUMP);
  const next = hub.twins.update(PUMP, { tags: { a: 1 } }, { etag });
  assert.not.equal(next.etag, etag);
  assert.is(
    codeOf(() => hub.twins.update(PUMP, { tags: { a: 2 } }, { etag })),
    'WL_TWIN_CHANGED',
  );
  assert.is(hub.twins.get(PUMP).tags.a, 1);
  assert.is(hub.twins.update(PUMP, { tags: { a: 3 } }, { etag: '*' }).tags.a, 3);
});

test('the service side is held to the same rules; of a change with a fault nothing is made', () => {
  const before = hub.twins.get(PUMP);
  const refused = (change: unknown) => codeOf(() => hub.twins.update(PUMP, change as never));
  assert.is(refused({ tags: { b: 1 }, properties: { desired: { 'a b': 1 } } }), 'WL_BAD_TWIN');
  assert.is(refused({ properties: { desired: null } }), 'WL_BAD_TWIN');
  assert.is(refused({ properties: { desired: 'x' } }), 'WL_BAD_TWIN');
  assert.is(refused({ tags: [] }), 'WL_BAD_TWIN');
  assert.is(refused({ tags: { a: 'x'.repeat(4_096), b: 'x'.repeat(4_096) } }), 'WL_TOO_LARGE');
  assert.equal(hub.twins.get(PUMP), before);
  assert.is(
    codeOf(() => hub.twins.get({ deviceId: 'nobody' })),
    'WL_NO_SUCH_DEVICE',
  );
  assert.is(
    codeOf(() => hub.twins.update({ ...PUMP, moduleId: 'm' }, {})),
    'WL_NO_SUCH_MODULE',
  );
});

test("one device's twin is not another's", async () => {
  const other = await HubDevice.connect(hub, registry, { deviceId: 'other' });
  await other.subscribe(['$iothub/twin/res/#', '$iothub/twin/PATCH/properties/desired/#']);
  hub.twins.update(PUMP, { properties: { desired: { secret: 1 } } });
  await device.next();
  const { text } = await other.ask('$iothub/twin/GET/?$rid=1');
  assert.equal(JSON.parse(text).desired, { $version: 1 });
  assert.is(other.waiting, 0);
  other.client.close();
});

test('twins last', async () => {
  const before = hub.twins.get(PUMP);
  await hub.close();
  await start();
  assert.equal(hub.twins.get(PUMP), { ...before, connectionState: 'Disconnected' });
});

test('what was answered with 204 survives a kill', async () => {
  const own = temporaryFolder();
  const devices = openRegistry(own);
  devices.add('pump');
  const child = await startHubChild(own);
  const reporter = await HubDevice.connect(child, devices, PUMP);
  await reporter.subscribe(['$iothub/twin/res/#']);
  for (let n = 1; n <= 200; n++) reporter.publish(`${REPORT}${n}`, JSON.stringify({ n, [`k${n % 7}`]: n }));
  let answered = 0;
  while (answered < 60) answered = Number(/\$rid=(\d+)/.exec((await reporter.next()).topic)?.[1]);
  await child.kill('SIGKILL');
  const next = await startHub({ dataFolder: own, port: 0, durability: 'written' });
  const { n, $version, ...reported } = next.twins.get(PUMP).properties.reported;
  assert.ok(typeof n === 'number' && n >= answered, `${n} of ${answered}`);
  // All of a report, or nothing of it.
  assert.is($version, n + 1);
  assert.is(reported[`k${n % 7}`], n);
  await next.close();
  devices.close();
});

test.run();
