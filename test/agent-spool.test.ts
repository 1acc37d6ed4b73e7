// An agent with a spool: never suspended, a message safe when it is on the disk, what waits goes first after a restart, and every loss told.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { openFileSpool } from '../host/spool/file-spool.ts';
import type { Spool } from '../host/spool/spool.ts';
import { HubMarks } from '../host/transport/hub-marks.ts';
import { AgentRun, reportedBytes } from './support/agent-run.ts';
import { failure } from './support/capture-checks.ts';
import { FakeTransport } from './support/fake-transport.ts';
import { messageOf } from './support/spool-messages.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { settled } from './support/virtual-clock.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

test('ten minutes without a hub: pending all the time, every message in the spool, all of them at the hub afterwards', async () => {
  const run = new AgentRun('lean-strict', { spool: await openFileSpool(temporaryFolder()) });
  run.agent.start();
  for (let second = 0; second < 600; second += 5) {
    run.observe(second % 40);
    await run.clock.pass(5 * SECOND);
    if (second % 50 === 0) await until(() => run.agent.status().messages.unacknowledged === 0);
  }
  await run.agent.idle();
  assert.equal(run.states, [['pending', 'not initialised']]);
  const waiting = run.agent.spool()?.messages ?? 0;
  assert.is(waiting, run.agent.status().messages.finished);
  assert.ok(waiting >= 60);
  assert.is(run.transport.sends.length, 0);

  run.transport.automatic = true;
  await run.transport.connect();
  await run.agent.stop();
  assert.is(run.storedBytes(), 120 * 120);
  assert.equal(
    run.transport.stored.map(({ sequence }) => sequence),
    Array.from({ length: run.agent.status().messages.finished }, (_, at) => at),
    'in order, each once',
  );
  assert.is(run.agent.spool()?.messages, 0);
  assert.equal(run.warnings, []);
  assert.is(run.clock.timers, 0);
});

test('after a restart what waits goes first, and a stop without a hub loses nothing and is no error', async () => {
  const folder = temporaryFolder();
  const first = new AgentRun('standard', { spool: await openFileSpool(folder) });
  first.agent.start();
  first.observe(1);
  await first.clock.pass(15 * SECOND);
  first.observe(2);
  await first.agent.stop();
  const waiting = first.agent.status().messages.finished;

  const second = new AgentRun('standard', {
    spool: openFileSpool,
    configuration: { Spool_Path: folder },
    entropy: (length: number) => new Uint8Array(length).fill(8),
  });
  second.agent.start();
  second.observe(3);
  second.transport.automatic = true;
  await second.transport.connect();
  await second.clock.pass(10 * SECOND);
  await second.agent.stop();
  const boots = second.transport.stored.map(({ bootId }) => bootId === first.agent.status().bootId);
  assert.equal(boots.slice(0, waiting), Array(waiting).fill(true));
  assert.not.ok(boots.slice(waiting).includes(true));
  assert.is(second.storedBytes(), 3 * 120);
});

test('connections that come and go: nothing is missing, and a message is written to the disk once', async () => {
  const run = new AgentRun('gateway', { spool: await openFileSpool(temporaryFolder()) });
  run.agent.start();
  for (let round = 0; round < 8; round++) {
    await run.transport.connect();
    run.observe(round);
    await run.clock.pass(10 * SECOND);
    await run.agent.idle();
    await until(() => run.transport.sends.length > 0);
    run.transport.store();
    if (round % 2) run.transport.acknowledge();
    await run.transport.disconnect();
  }
  const { finished } = run.agent.status().messages;
  assert.is(run.messages.filter(({ stage }) => stage === 'sent').length, finished);
  run.transport.automatic = true;
  await run.transport.connect();
  await run.agent.stop();
  assert.is(run.storedBytes(), 8 * 120);
  assert.is(
    new Set(run.transport.stored.map(({ sequence }) => sequence)).size,
    run.agent.status().messages.finished,
  );
});

test('a message leaves the spool when every hub has it, and each hub goes at its own pace', async () => {
  const hubs = [new FakeTransport('a/d'), new FakeTransport('b/d')] as const;
  const run = new AgentRun('standard', {
    transport: undefined,
    connections: hubs.map((transport) => ({ transport })),
    spool: await openFileSpool(temporaryFolder()),
  });
  run.agent.start();
  hubs[0].automatic = true;
  await hubs[0].connect();
  for (let round = 0; round < 5; round++) {
    run.observe(round);
    await run.clock.pass(10 * SECOND);
  }
  await run.agent.idle();
  await until(() => hubs[0].stored.length === run.agent.status().messages.finished);
  const { finished } = run.agent.status().messages;
  assert.is(run.agent.spool()?.messages, finished, 'the other hub has none of them');
  hubs[1].automatic = true;
  await hubs[0].disconnect();
  await hubs[1].connect();
  await until(() => run.agent.spool()?.messages === 0);
  await hubs[0].connect();
  await run.agent.stop();
  for (const hub of hubs) assert.is(reportedBytes(hub.stored), 5 * 120);
  assert.is(hubs[0].stored.length, run.agent.status().messages.finished, 'none twice');
});

test('which hub has which message outlives a restart: none gets one twice', async () => {
  const folder = temporaryFolder();
  const start = async () => {
    const hubs = [new FakeTransport('a/d'), new FakeTransport('b/d')] as const;
    const run = new AgentRun('standard', {
      transport: undefined,
      connections: hubs.map((transport) => ({ transport })),
      spool: await openFileSpool(folder),
      entropy: (length: number) => new Uint8Array(length).fill(hubs.length + restarts++),
    });
    run.agent.start();
    for (const hub of hubs) hub.automatic = true;
    return { hubs, run };
  };
  let restarts = 0;
  const names = (hub: FakeTransport) => hub.stored.map(({ bootId, sequence }) => `${bootId}/${sequence}`);
  const first = await start();
  await first.hubs[0].connect();
  for (let round = 0; round < 5; round++) {
    first.run.observe(round);
    await first.run.clock.pass(10 * SECOND);
  }
  await until(() => first.hubs[0].stored.length === first.run.agent.status().messages.finished);
  const before = first.hubs[0].stored.length;
  const stopped = first.run.agent.stop({ timeoutMs: 1 });
  await first.run.agent.idle();
  await first.run.clock.pass(SECOND);
  await stopped;
  const waiting = names(first.hubs[0]).slice(0, before);
  assert.ok(waiting.length >= 5);

  const second = await start();
  await second.hubs[0].connect();
  await second.hubs[1].connect();
  await until(() => waiting.every((name) => names(second.hubs[1]).includes(name)));
  await second.run.agent.stop();
  assert.equal(
    names(second.hubs[0]).filter((name) => waiting.includes(name)),
    [],
    'it had them',
  );
  assert.is(second.run.agent.spool()?.messages, 0);
  assert.is(new Set(names(second.hubs[1])).size, second.hubs[1].stored.length, 'none twice');
});

test('notes of hubs: as they were, whatever else stands there is nothing', () => {
  const marks = new HubMarks();
  const message = (sequence: number, bootId = 'b') => ({ bootId, sequence });
  for (const sequence of [0, 1, 2, 7, 8]) marks.add('a/d', message(sequence));
  marks.add('__proto__', message(1));
  marks.forget(message(1));
  const text = marks.text();
  const again = new HubMarks();
  again.load(text);
  assert.is(again.text(), text);
  for (const sequence of [0, 2, 7, 8]) assert.ok(again.has('a/d', message(sequence)));
  for (const sequence of [1, 3, 9]) assert.not.ok(again.has('a/d', message(sequence)));
  assert.not.ok(again.has('a/d', message(0, 'c')));
  assert.not.ok(again.has('b/d', message(0)));
  for (const nonsense of [
    '',
    '[]',
    'null',
    '{"version":2,"hubs":{"a/d":{"b":[[0,9]]}}}',
    '{"version":1,"hubs":[1]}',
    '{"version":1,"hubs":{"a/d":{"b":[[0,1e99],[null,2],"x",[1.5,2]]}}}',
  ]) {
    const none = new HubMarks();
    none.load(nonsense);
    assert.not.ok(none.has('a/d', message(0)), nonsense);
  }
});

test('a spool that does not open: a warning that says why, and the agent goes on as without', async () => {
  const folder = temporaryFolder();
  const other = await openFileSpool(folder);
  const run = new AgentRun('standard', { spool: openFileSpool, configuration: { Spool_Path: folder } });
  run.agent.start();
  await until(() => run.warnings.length > 0);
  assert.equal(
    run.warnings.map(({ code }) => code),
    ['WL_BAD_SPOOL'],
  );
  run.observe(1);
  await run.clock.pass(6 * MINUTE);
  assert.equal(
    run.states.map(([next]) => next),
    ['pending', 'suspended'],
  );
  run.transport.automatic = true;
  await run.transport.connect();
  await run.agent.stop();
  assert.is(run.storedBytes(), 120);
  await other.close();
});

test('a spool that fails while it runs: messages go to the hub directly, and to the spool again when that works', async () => {
  const spool = await openFileSpool(temporaryFolder());
  let full = false;
  const faulty: Spool = {
    append: (message, nowMs) =>
      full
        ? Promise.reject(new WardletError('WL_SPOOL_FULL', 'the disk is full', { hint: 'a test' }))
        : spool.append(message, nowMs),
    read: (options) => spool.read(options),
    delivered: (id) => spool.delivered(id),
    giveUpOld: (nowMs) => spool.giveUpOld(nowMs),
    statistics: () => spool.statistics(),
    limit: (options) => spool.limit(options),
    close: () => spool.close(),
  };
  const run = new AgentRun('standard', { spool: faulty });
  run.agent.start();
  run.observe(1);
  await run.clock.pass(10 * SECOND);
  await run.agent.idle();
  full = true;
  run.observe(2);
  await run.clock.pass(30 * SECOND);
  assert.ok(run.agent.status().messages.unacknowledged > 0);
  assert.equal(
    run.warnings.map(({ code }) => code),
    ['WL_SPOOL_FULL'],
  );
  run.transport.automatic = true;
  await run.transport.connect();
  await run.agent.idle();
  await until(() => spool.statistics().messages === 0);
  assert.is(run.storedBytes(), 240);
  await run.transport.disconnect();
  // Without a hub and without room: suspended, then the disk has room again.
  await run.clock.pass(8 * MINUTE);
  assert.is(run.agent.status().state, 'suspended');
  full = false;
  run.observe(3);
  await run.clock.pass(2 * MINUTE);
  await until(() => run.agent.status().state === 'pending');
  await run.agent.idle();
  assert.ok(spool.statistics().messages > 0);
  await run.transport.connect();
  await run.agent.stop();
  assert.is(run.storedBytes(), 360);
});

test('what the spool gives up is counted and told: for age, for room; limits change while it runs', async () => {
  const spool = await openFileSpool(temporaryFolder(), { maxBytes: 65_536 });
  const run = new AgentRun('standard', {
    spool,
    configuration: { Spool_MaxBytes: 65_536, Spool_MaxAge: 60 },
  });
  run.agent.start();
  await settled();
  for (let sequence = 0; sequence < 40; sequence++)
    await spool.append(messageOf(sequence, 3_000), run.clock.now());
  run.observe(1);
  await run.clock.pass(10 * SECOND);
  await run.agent.idle();
  await until(() => run.warnings.length >= 1);
  run.agent.applyDesired({ Spool_MaxAge: 10 });
  await run.clock.pass(40 * MINUTE);
  const codes = new Set(run.warnings.map(({ code }) => code));
  assert.equal([...codes], ['WL_GIVEN_UP']);
  for (const text of [/\d+ messages had no room/, /waited too long/]) {
    assert.ok(
      run.warnings.some(({ message }) => text.test(message)),
      String(text),
    );
  }
  const { givenUp } = spool.statistics();
  const told = run.warnings.reduce((sum, { message }) => sum + Number(/(\d+) message/.exec(message)?.[1]), 0);
  assert.is(told, givenUp.size.messages + givenUp.age.messages);
  assert.ok(givenUp.size.messages > 0 && givenUp.age.messages > 0);
  await run.agent.stop();
});

test('a spool that opens later: tried again after growing waits, and what waits in memory goes to the disk', async () => {
  const folder = temporaryFolder();
  const other = await openFileSpool(folder);
  let openings = 0;
  const spool = (path: string) => {
    openings++;
    return openFileSpool(path);
  };
  const run = new AgentRun('standard', {
    spool,
    configuration: { Spool_Path: folder },
    random: () => 0.5,
  });
  run.agent.start();
  await until(() => run.warnings.length > 0);
  run.observe(1);
  // An attempt is the disk's business, and takes real time.
  for (let second = 0; second < 200 && openings < 4; second++) {
    await run.clock.pass(SECOND);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(openings === 4, `${openings} attempts`);
  assert.is(run.warnings.length, 1, 'said once');
  assert.is(run.agent.spool(), undefined);
  await other.close();
  for (let second = 0; second < 90 && run.agent.spool() === undefined; second++) {
    await run.clock.pass(SECOND);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await run.agent.idle();
  assert.is(run.agent.spool()?.messages, run.agent.status().messages.finished);
  await run.agent.stop();
  assert.is(run.clock.timers, 0);
});

test('a path without what opens it, and what opens without a path, are told at once', async () => {
  for (const options of [
    { configuration: { Spool_Path: '/tmp/nowhere' } },
    { spool: openFileSpool },
    { spool: {} as Spool },
  ]) {
    assert.is((await failure(() => new AgentRun('standard', options))).code, 'WL_BAD_OPTION');
  }
});

/** Files take their time, which no clock of a test drives. */
async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited++) {
    if (waited > 2_000) throw new Error(`waited too long for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test.run();
