// Direct methods: asked, answered, late, wrong, several at once, and devices that are not there.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { azureErrorOf } from '../service/hub/azure-errors.ts';
import { DirectMethods } from '../service/hub/direct-methods.ts';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { openRegistry, type Registry } from '../service/hub/registry.ts';
import { HubDevice } from './support/hub-device.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: direct methods');
const PUMP = { deviceId: 'pump' };
const CALLS = '$iothub/methods/POST/#';

const folder = temporaryFolder();
let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
let device: HubDevice;

test.before(async () => {
  hub = await startHub({ dataFolder: folder, port: 0, durability: 'written' });
  heard = new HeardEvents(hub);
  registry = openRegistry(folder);
  registry.add('pump');
  registry.add('other');
  registry.modules.add('pump', 'm');
  device = await HubDevice.connect(hub, registry, PUMP);
  await device.subscribe([CALLS]);
});
test.before.each(() => {
  heard.all.length = 0;
});
test.after(async () => {
  registry.close();
  await hub.close();
});

/** The code it is rejected with, and the status that IoT Hub gives. */
async function failure(call: Promise<unknown>): Promise<readonly [string, number]> {
  try {
    await call;
  } catch (error) {
    return [(error as { code: string }).code, azureErrorOf(error).status];
  }
  throw new Error('it was answered');
}

function ridOf(topic: string): string {
  return /\$rid=(.+)$/.exec(topic)?.[1] ?? '';
}

test('a call reaches the device with name and payload, and its answer comes back as it is', async () => {
  const call = hub.methods.invoke(PUMP, 'wardlet.status', { verbose: true });
  const { topic, text } = await device.next();
  assert.match(topic, /^\$iothub\/methods\/POST\/wardlet\.status\/\?\$rid=[0-9a-f]+$/);
  assert.equal(JSON.parse(text), { verbose: true });
  device.publish(`$iothub/methods/res/-3/?$rid=${ridOf(topic)}`, '{"state":["active",null]}');
  assert.equal(await call, { status: -3, payload: { state: ['active', null] } });
  const { method, outcome, status } = await heard.next('method_called');
  assert.equal([method, outcome, status], ['wardlet.status', 'answered', -3]);
});

test('several at once are told apart, in whatever order they are answered', async () => {
  const calls = ['a', 'b', 'c'].map((name) => hub.methods.invoke(PUMP, name));
  const asked = [await device.next(), await device.next(), await device.next()];
  assert.is(asked[0]?.text, 'null');
  for (const { topic } of asked.reverse()) {
    device.publish(`$iothub/methods/res/200/?$rid=${ridOf(topic)}`, JSON.stringify(topic.split('/')[3]));
  }
  const answers = await Promise.all(calls);
  assert.equal(
    answers.map(({ payload }) => payload),
    ['a', 'b', 'c'],
  );
});

test("nobody answers another's call", async () => {
  const other = await HubDevice.connect(hub, registry, { deviceId: 'other' });
  const call = hub.methods.invoke(PUMP, 'ask');
  const rid = ridOf((await device.next()).topic);
  other.publish(`$iothub/methods/res/200/?$rid=${rid}`, '"forged"', 1);
  await other.client.next('puback');
  assert.is((await heard.next('ignored')).deviceId, 'other');
  device.publish(`$iothub/methods/res/200/?$rid=${rid}`, '');
  assert.equal(await call, { status: 200, payload: null });
  other.client.close();
});

test('who is not connected, or not subscribed, is offline; who is not registered, unknown', async () => {
  assert.equal(await failure(hub.methods.invoke({ deviceId: 'other' }, 'x')), ['WL_DEVICE_OFFLINE', 404]);
  const silent = await HubDevice.connect(hub, registry, { deviceId: 'other' });
  assert.equal(await failure(hub.methods.invoke({ deviceId: 'other' }, 'x')), ['WL_DEVICE_OFFLINE', 404]);
  assert.is((await heard.next('method_called')).outcome, 'offline');
  assert.equal(await failure(hub.methods.invoke({ deviceId: 'nobody' }, 'x')), ['WL_NO_SUCH_DEVICE', 404]);
  assert.equal(await failure(hub.methods.invoke({ ...PUMP, moduleId: 'n' }, 'x')), [
    'WL_NO_SUCH_MODULE',
    404,
  ]);
  silent.client.close();
});

test('a call can wait for its device to come', async () => {
  const module = { ...PUMP, moduleId: 'm' };
  const call = hub.methods.invoke(module, 'hello', 1, { connectTimeoutSeconds: 20 });
  const late = await HubDevice.connect(hub, registry, module);
  await late.subscribe([CALLS]);
  late.publish(`$iothub/methods/res/201/?$rid=${ridOf((await late.next()).topic)}`, '{}');
  assert.is((await call).status, 201);
  late.client.close();
});

test('what is asked wrongly is not asked', async () => {
  const refused = async (name: string, payload?: unknown, options = {}) =>
    (await failure(hub.methods.invoke(PUMP, name, payload, options)))[0];
  for (const name of ['', 'a b', 'a/b', 'a#', 'a+b', '$a', 'x'.repeat(65)]) {
    assert.is(await refused(name), 'WL_BAD_OPTION', name);
  }
  assert.is(await refused('a', () => {}), 'WL_BAD_OPTION');
  for (const seconds of [4, 301, 5.5, Number.NaN]) {
    assert.is(await refused('a', 1, { responseTimeoutSeconds: seconds }), 'WL_BAD_OPTION', String(seconds));
  }
  assert.is(await refused('a', 1, { connectTimeoutSeconds: -1 }), 'WL_BAD_OPTION');
  assert.is(await refused('a', 'x'.repeat(128 * 1024 - 1)), 'WL_TOO_LARGE');
  assert.is(device.waiting, 0);
});

test('an answer that is no JSON, or too large, fails the call', async () => {
  for (const answer of ['{', 'x'.repeat(128 * 1024 + 1)]) {
    const call = failure(hub.methods.invoke(PUMP, 'ask'));
    device.publish(`$iothub/methods/res/200/?$rid=${ridOf((await device.next()).topic)}`, answer);
    assert.equal(await call, ['WL_BAD_ANSWER', 502]);
    assert.is((await heard.next('method_called')).outcome, 'bad_answer');
  }
});

test('large calls at once do not end the connection of a device that reads', async () => {
  const payload = 'x'.repeat(128 * 1024 - 2);
  const calls = Array.from({ length: 20 }, () => hub.methods.invoke(PUMP, 'large', payload));
  for (let count = 0; count < calls.length; count++) {
    const { topic, text } = await device.next();
    assert.is(text.length, payload.length + 2);
    device.publish(`$iothub/methods/res/200/?$rid=${ridOf(topic)}`, '1');
  }
  assert.is((await Promise.all(calls)).length, 20);
});

test('a call that is not answered ends in time, counted from when the device was asked', async () => {
  const timers: Array<{ readonly action: () => void; readonly ms: number; isStopped: boolean }> = [];
  const pushed: string[] = [];
  let unreadBytes = 1024 * 1024;
  const outcomes: unknown[] = [];
  const methods = new DirectMethods({
    requireRegistered: () => {},
    lineOf: () => ({ unreadBytes, qosOf: () => 0, push: (topic) => pushed.push(topic) }),
    record: (happening) => outcomes.push('outcome' in happening && happening.outcome),
    setTimer(action, ms) {
      const timer = { action, ms, isStopped: false };
      timers.push(timer);
      return () => {
        timer.isStopped = true;
      };
    },
  });
  const call = failure(methods.invoke(PUMP, 'slow', 1, { responseTimeoutSeconds: 5 }));
  const other = methods.invoke(PUMP, 'fast');
  // The device has not read what it was sent before.
  assert.equal(pushed, []);
  unreadBytes = 0;
  methods.sendWaiting();
  assert.is(pushed.length, 2);
  assert.equal(
    timers.filter(({ isStopped }) => !isStopped).map(({ ms }) => ms),
    [5_000, 30_000],
  );
  timers.find(({ ms, isStopped }) => ms === 5_000 && !isStopped)?.action();
  assert.equal(await call, ['WL_METHOD_TIMEOUT', 504]);
  // Too late for the one, in time for the other.
  assert.not.ok(methods.answered(PUMP, ridOf(pushed[0] ?? ''), 200, new Uint8Array()));
  assert.ok(methods.answered(PUMP, ridOf(pushed[1] ?? ''), 200, new Uint8Array()));
  assert.is((await other).status, 200);
  assert.equal(outcomes, ['timed_out', 'answered']);
  assert.ok(timers.every(({ isStopped }) => isStopped));
});

test('a hub that shuts down leaves no call waiting', async () => {
  const call = failure(hub.methods.invoke(PUMP, 'last'));
  await device.next();
  await hub.close();
  assert.equal(await call, ['WL_DEVICE_OFFLINE', 404]);
});

test.run();
