// An agent that writes schema 3.0: collections wait to share a message, and whoever stops or changes it gets all of it.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { AgentOptions } from '../host/agent/agent-options.ts';
import { AgentRun } from './support/agent-run.ts';

const SECOND = 1_000;

async function running(options: Partial<AgentOptions> = {}): Promise<AgentRun> {
  const run = new AgentRun('standard', { format: '3.0-protobuf', ...options });
  run.transport.automatic = true;
  run.agent.start();
  await run.transport.connect();
  return run;
}

async function live(run: AgentRun, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    run.observe(second % 5);
    await run.clock.pass(SECOND);
  }
}

/** Events of each message that the hub stored. */
function eventsOf(run: AgentRun): number[] {
  return run.transport.stored.map(({ bytes, format }) => decodeMessage(bytes, format).events.length);
}

for (const format of ['3.0-protobuf', '3.0-flatbuffers'] as const) {
  test(`${format}: a minute of collections is one message`, async () => {
    const run = await running({ format });
    await live(run, 69);
    assert.is(run.transport.stored.length, 0);
    await live(run, 1);
    // Seven of network activity, one of system information.
    assert.equal(eventsOf(run), [8]);
    await run.agent.stop();
  });

  test(`${format}: an agent that stops leaves nothing in the open message`, async () => {
    const run = await running({ format });
    await live(run, 35);
    assert.is(run.transport.stored.length, 0);
    await run.agent.stop();
    assert.is(run.agent.status().bytes.observed, 35 * 120);
    assert.is(run.storedBytes(), 35 * 120);
  });
}

test('a delay of its own, and one that the twin changes: what waits goes first', async () => {
  const run = await running({ maxBatchDelaySeconds: 15 });
  await live(run, 26);
  assert.equal(eventsOf(run), [2]);
  await live(run, 10);
  assert.equal(eventsOf(run), [2]);
  run.agent.applyDesired({ Agent_MaxBatchDelay: 0 });
  await live(run, 1);
  assert.equal(eventsOf(run), [2, 2], 'what had been collected, and what had not');
  await live(run, 20);
  assert.equal(eventsOf(run).slice(2), [1, 1]);
  await run.agent.stop();
  assert.is(run.storedBytes(), 57 * 120);
});

test('wardlet.collect sends what waits', async () => {
  const run = await running();
  await live(run, 12);
  assert.is(run.transport.method('wardlet.collect')?.status, 200);
  await live(run, 1);
  assert.is(run.storedBytes(), 12 * 120);
  await run.agent.stop();
});

test.run();
