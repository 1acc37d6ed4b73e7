// What a program reports through its agent arrives, in its order, with a hub or without.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReportedEvent } from '../bindings/js/event-block.ts';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { LogRecord } from '../bindings/js/messages/security-message.ts';
import { AgentRun } from './support/agent-run.ts';
import { errorOf } from './support/thrown-error.ts';

const SECOND = 1_000;

function log(line: number): ReportedEvent {
  return { kind: 'Log', records: [record(line)] };
}

function record(line: number): LogRecord {
  return {
    level: 'WARN',
    message: `line ${line} ${'x'.repeat(200)}`,
    fileName: 'a.c',
    line,
    timestamp: line,
  };
}

function storedLines(run: AgentRun): number[] {
  return run.transport.stored
    .flatMap(({ bytes, format }) => decodeMessage(bytes, format).events)
    .flatMap(({ payload }) => (payload.kind === 'Log' ? payload.records : []))
    .map(({ line }) => line);
}

test('an event goes to the hub, as it was reported', async () => {
  const run = new AgentRun();
  run.agent.start();
  await run.transport.connect();
  run.transport.automatic = true;
  run.agent.report(log(7));
  await run.agent.stop();
  assert.equal(storedLines(run), [7]);
});

test('more than the outbox holds waits in the agent, and arrives whole and in order', async () => {
  const run = new AgentRun();
  run.agent.start();
  const lines = Array.from({ length: 300 }, (_, line) => line);
  for (const line of lines) run.agent.report(log(line));
  run.agent.report({ kind: 'Log', records: [record(300), record(301)] });
  await run.transport.connect();
  run.transport.automatic = true;
  await run.transport.drain();
  await run.clock.pass(60 * SECOND);
  await run.agent.stop();
  assert.equal(storedLines(run), [...lines, 300, 301]);
});

test('what cannot be reported is refused at once, also while others wait; so is one too many', () => {
  const run = new AgentRun();
  run.agent.start();
  const bad = { kind: 'Log', records: [{ ...record(1), line: -1 }] } as const;
  assert.is(errorOf(() => run.agent.report(bad)).code, 'WL_BAD_EVENT');
  for (let line = 0; line < 1_000; line++) run.agent.report(log(line));
  assert.is(errorOf(() => run.agent.report(bad)).code, 'WL_BAD_EVENT');
  assert.is(
    errorOf(() => {
      for (let line = 0; line < 1_000; line++) run.agent.report(log(line));
    }).code,
    'WL_TOO_MANY_EVENTS',
  );
});

test('nothing is reported before start and after stop', async () => {
  const run = new AgentRun();
  assert.is(errorOf(() => run.agent.report(log(1))).code, 'WL_NOT_STARTED');
  run.agent.start();
  run.transport.automatic = true;
  await run.transport.connect();
  await run.agent.stop();
  assert.is(errorOf(() => run.agent.report(log(1))).code, 'WL_NOT_STARTED');
});

test.run();
