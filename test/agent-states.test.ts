// The states an agent goes through, each said once: hub away for ten minutes, clocks that jump, signals, and nothing that leaks.

import { inspect } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { AgentRun } from './support/agent-run.ts';
import { failure } from './support/capture-checks.ts';
import { EPOCH } from './support/driven-core.ts';
import { settled } from './support/virtual-clock.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

for (const profile of ['lean-strict', 'standard', 'gateway'] as const) {
  test(`${profile}: the hub away for ten minutes: pending, suspended at 300 s, active again, and every byte arrives`, async () => {
    const run = new AgentRun(profile);
    run.agent.start();
    assert.equal(run.states, [['pending', 'not initialised']]);
    for (let second = 0; second < 600; second++) {
      run.observe(second % 40);
      await run.clock.pass(SECOND);
      if (second === 298) assert.is(run.agent.status().state, 'pending');
      if (second === 299) assert.is(run.agent.status().state, 'suspended');
    }
    assert.equal(run.states.slice(1), [['suspended', 'pending']]);
    const { messages } = run.agent.status();
    assert.is(run.transport.sends.length, 0, 'nothing is handed out without a connection');

    await run.transport.connect();
    assert.equal(run.states.slice(2), [['active', 'suspended']]);
    run.transport.automatic = true;
    await run.transport.drain();
    await run.agent.idle();
    assert.ok(run.agent.status().messages.finished > messages.finished);
    await run.clock.pass(2 * MINUTE);
    await run.agent.stop();
    assert.is(run.agent.status().bytes.observed, 600 * 120);
    assert.is(run.storedBytes(), 600 * 120);
    assert.equal(run.states.slice(3), [['pending', 'active']]);
    assert.is(run.clock.timers, 0, 'no timer is left');
    assert.equal(run.warnings, []);
  });
}

test('a day without a hub: suspended holds the same memory, one timer, and no message more', async () => {
  const run = new AgentRun();
  run.agent.start();
  await run.clock.pass(10 * MINUTE);
  const { finished } = run.agent.status().messages;
  for (let hour = 0; hour < 24; hour++) {
    run.observe(hour);
    await run.clock.pass(60 * MINUTE);
    await run.transport.fail();
    assert.is(run.clock.timers, 1);
  }
  assert.is(run.agent.status().messages.finished, finished);
  assert.is(run.warnings.length, 24);
  assert.equal(run.states.length, 2);
});

test('a connection that comes and goes: each change is said once, with what was before', async () => {
  const run = new AgentRun();
  run.agent.start();
  await run.transport.connect();
  await run.transport.connect();
  await run.transport.disconnect();
  await run.transport.disconnect();
  await run.transport.connect();
  assert.equal(run.states, [
    ['pending', 'not initialised'],
    ['active', 'pending'],
    ['pending', 'active'],
    ['active', 'pending'],
  ]);
  assert.equal(
    run.warnings.map(({ code }) => code),
    ['WL_DISCONNECTED'],
  );
});

for (const [name, by] of [
  ['a day forward', 86_400 * SECOND],
  ['a day back', -86_400 * SECOND],
  ['30 seconds back', -30 * SECOND],
  ['to 1970', -EPOCH],
] as const) {
  test(`the clock is set ${name}: timers go on, collections go on, no byte is lost`, async () => {
    const run = new AgentRun();
    run.transport.automatic = true;
    run.agent.start();
    await run.transport.connect();
    run.observe(1);
    await run.clock.pass(25 * SECOND);
    run.clock.set(run.clock.now() + by);
    run.observe(2);
    const before = run.agent.status().messages.finished;
    for (let minute = 0; minute < 5; minute++) {
      run.observe(3);
      await run.clock.pass(MINUTE);
    }
    assert.ok(run.agent.status().messages.finished >= before + 5);
    await run.agent.stop();
    assert.is(run.storedBytes(), 7 * 120);
  });
}

test('a clock that stands still, or tells no number, keeps nobody busy', async () => {
  for (const frozen of [EPOCH, Number.NaN]) {
    const run = new AgentRun();
    const now = run.clock.now.bind(run.clock);
    run.agent.start();
    run.clock.now = () => frozen;
    let timers = 0;
    const setTimer = run.clock.setTimer.bind(run.clock);
    run.clock.setTimer = (callback, delayMs) => {
      timers++;
      return setTimer(callback, delayMs);
    };
    await run.clock.pass(10 * MINUTE);
    assert.ok(timers <= 70, `${timers} timers`);
    run.clock.now = now;
  }
});

test('stop collects what is left, waits for the hub, and then takes nothing more', async () => {
  const run = new AgentRun();
  run.agent.start();
  await run.transport.connect();
  run.observe(1);
  const stopped = run.agent.stop();
  assert.is(run.transport.sends.length, 1);
  assert.is(run.agent.stop(), stopped, 'the same promise');
  await run.transport.drain();
  await stopped;
  assert.is(run.storedBytes(), 120);
  assert.is(run.transport.closed, 1);
  assert.is((await failure(() => run.observe(2))).code, 'WL_NOT_STARTED');
  assert.is((await failure(() => run.agent.start())).code, 'WL_NOT_STARTED');
});

test('stop at its deadline says how much the hub has not acknowledged', async () => {
  const run = new AgentRun();
  run.agent.start();
  await run.transport.connect();
  run.observe(1);
  const stopped = failure(() => run.agent.stop({ timeoutMs: 5_000 }));
  const waiting = failure(() => run.agent.idle());
  await run.clock.pass(5_000);
  const { code, message } = await stopped;
  assert.is(code, 'WL_UNDELIVERED');
  assert.match(message, /\b1 message that/);
  assert.is((await waiting).code, 'WL_UNDELIVERED');
  assert.is(run.clock.timers, 0);
});

test('an agent that never started stops at once', async () => {
  const run = new AgentRun();
  await run.agent.stop();
  assert.equal(run.states, []);
  assert.is((await failure(() => run.agent.start())).code, 'WL_NOT_STARTED');
});

test('a signal stops the agent, and what goes wrong then is a warning', async () => {
  const controller = new AbortController();
  const run = new AgentRun('standard', { signal: controller.signal });
  run.agent.start();
  await run.transport.connect();
  run.observe(1);
  controller.abort();
  await run.clock.pass(10 * SECOND);
  assert.is(run.transport.closed, 1);
  assert.equal(
    run.warnings.map(({ code }) => code),
    ['WL_UNDELIVERED'],
  );
  const late = new AgentRun('standard', { signal: controller.signal });
  assert.throws(() => late.agent.start(), /abort/i);
  assert.is(late.transport.opened, 0);
});

test('a listener may hand in frames, stop the agent, or throw: the agent goes on', async () => {
  const thrown: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  try {
    const run = new AgentRun();
    run.agent.on('message', () => {
      throw new Error('a fault of the program');
    });
    const off = run.agent.on('message', ({ stage }) => stage === 'sent' && run.observe(2));
    run.agent.start();
    run.transport.automatic = true;
    await run.transport.connect();
    run.observe(1);
    await run.clock.pass(10 * SECOND);
    off();
    await run.clock.pass(10 * SECOND);
    await run.agent.stop();
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.is(run.storedBytes(), 240);
    assert.is(thrown.length, run.messages.length);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
});

test('a transport that refuses a message and stays connected gets it again', async () => {
  const run = new AgentRun();
  run.agent.start();
  await run.transport.connect();
  run.observe(1);
  await run.clock.pass(10 * SECOND);
  const [send] = run.transport.sends.splice(0);
  send?.reject(new WardletError('WL_DISCONNECTED', 'not now', { hint: 'later' }));
  await settled();
  await run.clock.pass(3 * SECOND);
  assert.equal(
    run.transport.sends.map(({ message }) => message.sequence),
    [0],
  );
  await run.transport.drain();
  run.transport.automatic = true;
  await run.agent.stop();
  assert.is(run.storedBytes(), 120);
});

test('an agent shows nothing of itself', () => {
  const run = new AgentRun();
  assert.is(JSON.stringify(run.agent), '{}');
  assert.is(inspect(run.agent, { depth: 9, showHidden: true }).includes('transport'), false);
});

test.run();
