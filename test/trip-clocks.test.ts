// A clock that is wrong, on the device or at the hub: what is said, and that everything arrives once the clock is right again.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WardletError } from '../bindings/js/errors.ts';
import { loadCore } from '../bindings/js/load.ts';
import { type Agent, type Clock, createAgent, systemClock } from '../host/agent/index.ts';
import { type Hub, type HubEvent, openRegistry, startHub } from '../service/index.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { wasmBytes } from './support/profiles.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { arrivedAt } from './support/trip.ts';

const DAY_MS = 86_400_000;
const DEVICE = 'sensor-1';
const demo = demoCapture(3);
const frames = demo.frames.slice(0, 300);

/** The device's clock, so far off the machine's. */
class WrongClock implements Clock {
  offMs: number;

  constructor(offMs: number) {
    this.offMs = offMs;
  }

  now(): number {
    return Date.now() + this.offMs;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    return systemClock.setTimer(callback, delayMs);
  }
}

interface Trip {
  readonly agent: Agent;
  readonly hub: Hub;
  readonly folder: string;
  readonly clock: WrongClock;
  readonly refusals: Array<Extract<HubEvent, { kind: 'refused' }>>;
}

const trips: Trip[] = [];

/** off: how far the clocks of device and hub are off the right time, which is the machine's. */
async function trip(off: { readonly deviceMs?: number; readonly hubMs?: number }): Promise<Trip> {
  const folder = temporaryFolder();
  const hub = await startHub({ dataFolder: folder, port: 0, now: () => Date.now() + (off.hubMs ?? 0) });
  const refusals: Trip['refusals'] = [];
  hub.on('event', (event) => {
    if (event.kind === 'refused') refusals.push(event);
  });
  const registry = openRegistry(folder);
  const connectionString = registry.connectionString(registry.add(DEVICE));
  registry.close();
  const clock = new WrongClock(off.deviceMs ?? 0);
  const agent = createAgent({
    core: await loadCore(wasmBytes('gateway')),
    connectionString,
    ca: hub.caCertificate,
    localAddresses: demo.localAddresses,
    clock,
    wallClock: clock,
    retrySeconds: 1,
    maxRetrySeconds: 1,
  });
  const all = { agent, hub, folder, clock, refusals };
  trips.push(all);
  return all;
}

function live({ agent, clock }: Trip): void {
  agent.start();
  for (const { bytes } of frames) agent.observe(bytes, { timeMs: clock.now(), linkType: demo.linkType });
}

function warning(agent: Agent): Promise<WardletError> {
  return new Promise((resolve) => {
    agent.on('warning', resolve);
  });
}

function active(agent: Agent): Promise<void> {
  return new Promise((resolve) => {
    agent.on('state', (state) => {
      if (state === 'active') resolve();
    });
  });
}

/** All that was counted has arrived, once. */
async function allArrives({ agent, folder }: Trip): Promise<void> {
  await agent.stop();
  const { bytes } = agent.status();
  const arrived = arrivedAt(folder, DEVICE);
  const sum = [...arrived.totals.values()].reduce((total, value) => total + value, 0);
  assert.ok(bytes.observed > 10_000);
  assert.is(sum, bytes.observed);
  assert.is(arrived.repeated, 0);
}

const test = suite('clocks');
test.after.each(async () => {
  for (const { agent, hub } of trips.splice(0)) {
    await agent.stop({ timeoutMs: 0 }).catch(() => {});
    await hub.close();
  }
});

test('a device a day behind: its token has expired; both sides say what time it is; set right, all arrives', async () => {
  const behind = await trip({ deviceMs: -DAY_MS });
  live(behind);
  const error = await warning(behind.agent);
  assert.is(error.code, 'WL_REFUSED');
  const day = new Date(behind.clock.now()).toISOString().slice(0, 10);
  assert.match(error.hint, new RegExp(`this device's clock, which reads ${day}`));
  const [refusal] = behind.refusals;
  assert.is(refusal?.reason, 'expired');
  assert.match(refusal?.detail ?? '', /expired 82[78]\d\d s ago: valid until .*, the hub's clock says /);

  behind.clock.offMs = 0;
  await active(behind.agent);
  await allArrives(behind);
});

test('a device a day ahead: its token lasts a day longer, and all arrives', async () => {
  const ahead = await trip({ deviceMs: DAY_MS });
  live(ahead);
  await active(ahead.agent);
  await allArrives(ahead);
  assert.equal(ahead.refusals, []);
});

test('a hub a day ahead of its devices: their tokens have expired for it, and nothing is taken', async () => {
  const early = await trip({ hubMs: DAY_MS });
  live(early);
  assert.is((await warning(early.agent)).code, 'WL_REFUSED');
  assert.is(early.refusals[0]?.reason, 'expired');
  assert.is(arrivedAt(early.folder, DEVICE).messages, 0);
});

test('a hub a day behind its devices: certificate and tokens hold, and all arrives', async () => {
  const late = await trip({ hubMs: -DAY_MS });
  live(late);
  await active(late.agent);
  await allArrives(late);
});

for (const [name, hubMs, says] of [
  [
    'more than a month ahead of the device: its certificate is not valid yet',
    40 * DAY_MS,
    /is not valid yet/,
  ],
  ['years behind the device: its certificate has expired', -3 * 365 * DAY_MS, /has expired/],
] as const) {
  test(`a hub made ${name}`, async () => {
    const off = await trip({ hubMs });
    live(off);
    const error = await warning(off.agent);
    assert.is(error.code, 'WL_UNTRUSTED_HUB');
    assert.match(error.message, says);
    assert.match(
      error.message,
      new RegExp(`this device's clock reads ${new Date().toISOString().slice(0, 10)}`),
    );
    assert.match(error.hint, /set this device's clock/);
  });
}

test.run();
