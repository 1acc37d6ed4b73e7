// Configuration of a running agent: changes apply whole or not at all, what was counted goes out first, and no byte is lost.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { AgentOptions } from '../host/agent/agent-options.ts';
import { environmentLayer } from '../host/configuration/environment.ts';
import { limitsOf } from '../host/configuration/limits.ts';
import { AgentRun } from './support/agent-run.ts';
import { failure } from './support/capture-checks.ts';
import { checkReport } from './support/desired-documents.ts';
import { desiredDocument } from './support/random-settings.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SECOND = 1_000;
const SEED = seedOfRun();

/** Started, connected, with a hub that takes everything. */
async function running(options: Partial<AgentOptions> = {}): Promise<AgentRun> {
  const run = new AgentRun('standard', options);
  run.transport.automatic = true;
  run.agent.start();
  await run.transport.connect();
  return run;
}

/** Kinds of the events of each message stored. */
function kinds(run: AgentRun): string[][] {
  return run.transport.stored.map(({ bytes, format }) =>
    decodeMessage(bytes, format).events.map(({ payload }) => payload.kind),
  );
}

test('a shorter interval: what was counted goes out at once, and the next collection comes by the new one', async () => {
  const run = await running({ intervalSeconds: { high: 60, medium: 120, low: 3_600 } });
  await run.clock.pass(5 * SECOND);
  run.observe(1);
  const reported = run.agent.applyDesired({
    CollectorsCore_PriorityIntervals: '2s,30s,60s',
    $version: 7,
  });
  assert.is(reported.latest_state, 'success');
  assert.is(reported.latest_version, 7);
  assert.is(run.storedBytes(), 120, 'sent before the change');
  run.observe(2);
  await run.clock.pass(2 * SECOND);
  assert.is(run.storedBytes(), 240);
  await run.clock.pass(10 * SECOND);
  run.observe(3);
  await run.agent.stop();
  assert.is(run.storedBytes(), 360);
});

test('a collector switched off and on, and moved to another group, while the agent runs', async () => {
  const run = await running({ intervalSeconds: { high: 10, medium: 20, low: 40 } });
  run.agent.applyDesired({ Heartbeat_Disabled: true, SystemInformation_MessageFrequency: 'High' });
  await run.clock.pass(45 * SECOND);
  const before = kinds(run).flat();
  assert.not.ok(before.includes('Heartbeat'));
  assert.ok(before.filter((kind) => kind === 'SystemInformation').length >= 4);
  run.observe(1);
  run.agent.applyDesired({ NetworkActivity_Disabled: true });
  assert.is(run.storedBytes(), 120, 'what was counted before it was switched off');
  run.observe(2);
  assert.is(run.agent.status().packets.ignored.disabled, 1);
  await run.clock.pass(45 * SECOND);
  assert.ok(kinds(run).flat().includes('Heartbeat'), 'left out: as the device has it');
  run.agent.applyDesired({});
  run.observe(3);
  await run.agent.stop();
  assert.is(run.storedBytes(), 240);
});

test('a document with a fault changes nothing, and the report names key, value, reason and what is in force', async () => {
  const run = await running();
  run.agent.applyDesired({ NetworkActivity_CacheSize: 12 });
  const block = Buffer.from(new Uint8Array(run.core.exports.memory.buffer)).toString('latin1');
  const reported = run.agent.applyDesired({
    NetworkActivity_CacheSize: 20,
    Heartbeat_MessageFrequency: 'Often',
    $version: 9,
  });
  assert.is(reported.latest_state, 'failed');
  assert.equal(reported.latest_invalid_fields, ['Heartbeat_MessageFrequency']);
  assert.match(String(reported.latest_invalid_reasons), /"Often".*in force: Low/);
  assert.is(reported.NetworkActivity_CacheSize, 12);
  const now = Buffer.from(new Uint8Array(run.core.exports.memory.buffer)).toString('latin1');
  assert.ok(now === block, 'the core has not been touched');
  checkReport(reported);
});

test('every change and refusal is an event; before the start it applies, after stop it does not', async () => {
  const run = new AgentRun();
  const states: unknown[] = [];
  run.agent.on('configuration', ({ latest_state }) => states.push(latest_state));
  run.agent.applyDesired({ NetworkActivity_Protocols: 'UDP' });
  run.agent.applyDesired(null);
  run.agent.start();
  run.observe(1);
  assert.is(run.agent.status().packets.ignored.disabled, 1, 'TCP was switched off');
  assert.equal(states, ['success', 'failed']);
  await run.transport.connect();
  run.transport.automatic = true;
  await run.agent.stop();
  assert.is((await failure(() => run.agent.applyDesired({}))).code, 'WL_NOT_STARTED');
});

test('documents, options, settings: the later wins; all faults of all of them are told at once', async () => {
  const { agent } = new AgentRun('standard', {
    layers: [
      { source: 'file', values: { NetworkActivity_CacheSize: 5, Agent_PendingTime: 7, Agent_RetryTime: 9 } },
      environmentLayer({ WARDLET_AGENT_PENDING_TIME: '8' }),
    ],
    cacheSize: 6,
    configuration: { Heartbeat_MessageFrequency: 'High' },
    host: { SystemInformation_Kernel: 'Linux' },
  });
  const reported = agent.applyDesired({ Agent_RetryTime: 11 });
  assert.is(reported.NetworkActivity_CacheSize, 6);
  assert.is(reported.Agent_PendingTime, 8);
  assert.is(reported.Agent_RetryTime, 11);
  assert.is(reported.Heartbeat_MessageFrequency, 'High');
  assert.is(reported.SystemInformation_Kernel, 'Linux');
  const { code, message } = await failure(
    () =>
      new AgentRun('standard', {
        layers: [environmentLayer({ WARDLET_AGENT_PENDING: '8' })],
        configuration: { Heartbeat_MessageFrequency: 'Often' },
      }),
  );
  assert.is(code, 'WL_BAD_CONFIGURATION');
  assert.match(message, /WARDLET_AGENT_PENDING/);
  assert.match(message, /Heartbeat_MessageFrequency = "Often"/);
});

test('addresses may come from a document; none at all is told', async () => {
  const from = (values: object) =>
    new AgentRun('standard', { localAddresses: undefined, layers: [{ source: 'file', values }] });
  from({ LocalAddresses: '10.0.0.5' });
  const { code, message } = await failure(() => from({}));
  assert.is(code, 'WL_BAD_OPTION');
  assert.match(message, /localAddresses is needed/);
});

test(`any desired properties between packets, time and lost connections: every counted byte arrives, SEED=${SEED}`, async () => {
  const random = new SeededRandom(SEED);
  for (let round = 0; round < 6; round++) {
    const run = await running();
    for (let step = 0; step < 80; step++) {
      switch (random.below(4)) {
        case 0:
          checkReport(run.agent.applyDesired(desiredDocument(random, limitsOf(run.core))));
          break;
        case 1:
          await run.clock.pass(random.pick([1, SECOND, 20 * SECOND]));
          break;
        case 2:
          await run.transport.disconnect();
          await run.transport.connect();
          break;
        default:
          for (let frames = random.between(1, 20); frames > 0; frames--) run.observe(random.below(90));
      }
    }
    // What is switched off may hold back what it had counted when the outbox was full.
    run.agent.applyDesired({});
    await run.agent.stop();
    const { packets, bytes, messages } = run.agent.status();
    assert.is(packets.seen, packets.counted + Object.values(packets.ignored).reduce((a, b) => a + b, 0));
    assert.is(bytes.reported, bytes.observed);
    assert.is(run.storedBytes(), bytes.observed);
    assert.is(messages.unacknowledged, 0);
  }
});

test.run();
