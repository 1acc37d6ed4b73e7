// What an agent writes where nobody asks for a format, and where somebody does: on the wire and beside it.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { securityTopic } from '../host/transport/security-topic.ts';
import { AgentRun } from './support/agent-run.ts';
import { failure } from './support/capture-checks.ts';
import { PROFILES } from './support/profiles.ts';

/** Connected, on the defaults but for `options`; every message is acknowledged at once. */
function running(...[profile, options]: ConstructorParameters<typeof AgentRun>): AgentRun {
  const run = new AgentRun(profile, { format: undefined, ...options });
  run.transport.automatic = true;
  run.agent.start();
  run.transport.connect();
  return run;
}

/** A packet a second, to one of seven peers. */
async function seconds(run: AgentRun, count: number): Promise<void> {
  for (let second = 0; second < count; second++) {
    run.observe(second % 7);
    await run.clock.pass(1_000);
  }
}

for (const profile of PROFILES) {
  const format = profile === 'lean-strict' ? '2.3' : '3.0-protobuf';

  test(`${profile}: an agent writes ${format} where nothing else is asked for, and stops with nothing left`, async () => {
    const run = running(profile);
    await seconds(run, 185);
    await run.agent.stop();
    const { stored } = run.transport;
    assert.ok(stored.every((message) => message.format === format));
    // 2.3: every ten seconds, and what was left. 3.0: what a minute has collected.
    assert.is(stored.length, profile === 'lean-strict' ? 19 : 4);
    assert.is(run.storedBytes(), run.agent.status().bytes.observed);
  });
}

test('a message of 3.0 has several collections in it, each with its own time', async () => {
  const run = running('standard');
  await seconds(run, 75);
  const [message] = run.transport.stored;
  assert.ok(message);
  const events = message ? decodeMessage(message.bytes, message.format).events : [];
  const times = events.filter(({ payload }) => payload.kind === 'NetworkActivity').map(({ time }) => time);
  assert.ok(times.length >= 6, `${times}`);
  assert.equal(times, [...new Set(times)].sort());
  await run.agent.stop();
});

test('a stop sends what waits to share a message, also what finds room only then', async () => {
  for (const profile of PROFILES) {
    const run = new AgentRun(profile, { format: undefined });
    run.agent.start();
    await run.transport.connect();
    // More than an outbox of lean holds, and nobody takes any of it until the agent stops.
    for (let peer = 0; peer < 60; peer++) run.observe(peer, 400);
    await run.clock.pass(11_000);
    for (let peer = 100; peer < 160; peer++) run.observe(peer, 400);
    const stopped = run.agent.stop({ timeoutMs: 60_000 });
    for (let round = 0; round < 20; round++) await run.transport.drain();
    await stopped;
    assert.is(run.storedBytes(), run.agent.status().bytes.observed, profile);
  }
});

test('the property mti says the format; boot id and sequence are beside a body of 2.3 and in one of 3.0', async () => {
  for (const [format, mti] of [
    ['2.3', '2.3-1-1-0'],
    ['3.0-flatbuffers', '3.0-1-1-0'],
    ['3.0-protobuf', '3.0-2-1-0'],
  ] as const) {
    const run = running('standard', { format });
    await seconds(run, 75);
    await run.agent.stop();
    assert.ok(run.transport.stored.length > 0);
    for (const message of run.transport.stored) {
      const topic = securityTopic({ deviceId: 'd' } as Parameters<typeof securityTopic>[0], message);
      assert.match(topic, new RegExp(`^devices/d/messages/events/mti=${mti}&`));
      assert.is(/&wl-boot=.*&wl-seq=/.test(topic), format === '2.3', topic);
      const { bootId, sequence } = decodeMessage(message.bytes, message.format);
      assert.equal(
        [bootId, sequence],
        format === '2.3' ? [undefined, undefined] : [message.bootId, message.sequence],
      );
    }
  }
});

test('2.3 by option, by key and by twin; a key and a twin may ask for what the option does not', async () => {
  for (const options of [
    { format: '2.3' as const },
    { configuration: { Agent_MessageFormat: '2.3' } },
    { layers: [{ source: 'file' as const, values: { Agent_MessageFormat: '2.3' } }] },
  ]) {
    const run = running('standard', options);
    await seconds(run, 25);
    assert.ok(run.transport.stored.length >= 2);
    assert.ok(run.transport.stored.every(({ format }) => format === '2.3'));
    await run.agent.stop();
  }
  const run = running('standard');
  await seconds(run, 15);
  assert.is(run.transport.stored.length, 0, 'a collection waits');
  run.agent.applyDesired({ Agent_MessageFormat: '2.3', $version: 2 });
  assert.equal(
    run.transport.stored.map(({ format }) => format),
    ['3.0-protobuf'],
    'what was collected goes first, as it was collected',
  );
  await seconds(run, 15);
  assert.is(run.transport.stored.at(-1)?.format, '2.3');
  await run.agent.stop();
  assert.is(run.storedBytes(), run.agent.status().bytes.observed);
});

test('a format that the profile lacks is refused: what it writes, and which profiles have it', async () => {
  for (const [profile, format, writes, others] of [
    ['lean', '2.3', 'lean writes 3.0-protobuf', '2.3 is in lean-strict, standard, gateway'],
    ['lean', '3.0-flatbuffers', 'lean writes 3.0-protobuf', '3.0-flatbuffers is in standard, gateway'],
    ['lean-strict', '3.0-protobuf', 'lean-strict writes 2.3', '3.0-protobuf is in lean, standard, gateway'],
  ] as const) {
    const { code, message } = await failure(() => new AgentRun(profile, { format }));
    assert.is(code, 'WL_BAD_CONFIGURATION');
    for (const part of ['Agent_MessageFormat', writes, others]) assert.ok(message.includes(part), message);
  }
});

test.run();
