// Every message arrives: the connection cut at every step between hand-out and acknowledgement, and any schedule of connections,
// acknowledgements, packets and time. After removing repeated events nothing is double and nothing is missing.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { AgentRun } from './support/agent-run.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { settled } from './support/virtual-clock.ts';

const SECOND = 1_000;
const SEED = seedOfRun();

/** Steps of one message: handed out, stored by the hub, acknowledged. A cut after each, for each of several messages. */
const STEPS = ['handed out', 'stored', 'acknowledged'] as const;

for (const step of STEPS) {
  for (const which of [0, 1, 2, 3]) {
    test(`cut when message ${which} of 4 is ${step}: all arrive, in order, none twice but what the hub could not tell`, async () => {
      const run = new AgentRun('gateway');
      run.agent.start();
      for (let message = 0; message < 4; message++) {
        run.observe(message);
        await run.clock.pass(10 * SECOND);
      }
      await run.transport.connect();
      assert.is(run.transport.sends.length, 4);
      for (let message = 0; message < which; message++) {
        run.transport.store();
        run.transport.acknowledge();
      }
      if (step !== 'handed out') run.transport.store();
      if (step === 'acknowledged') run.transport.acknowledge();
      await settled();
      await run.transport.disconnect();
      await run.transport.connect();
      run.transport.automatic = true;
      await run.transport.drain();
      await run.agent.stop();

      const sequences = run.transport.stored.map(({ sequence }) => sequence);
      const expected = Array.from({ length: run.agent.status().messages.finished }, (_, at) => at);
      if (step === 'stored') expected.splice(which, 0, which);
      assert.equal(sequences, expected);
      assert.is(run.storedBytes(), 4 * 120);
      assert.is(acknowledgedOnce(run), run.agent.status().messages.finished);
      // What came twice is the same, byte for byte.
      const bytes = new Map<number, string>();
      for (const message of run.transport.stored) {
        const text = Buffer.from(message.bytes).toString('hex');
        assert.is(bytes.get(message.sequence) ?? text, text);
        bytes.set(message.sequence, text);
      }
    });
  }
}

test('acknowledgements in any order, and of a connection that is gone, leave nothing behind', async () => {
  const run = new AgentRun('gateway');
  run.agent.start();
  for (let message = 0; message < 5; message++) {
    run.observe(message);
    await run.clock.pass(10 * SECOND);
  }
  await run.transport.connect();
  const old = run.transport.sends.splice(0);
  // The transport loses the connection without a word about its sends.
  await run.transport.disconnect();
  await run.transport.connect();
  for (const { resolve } of old.reverse()) resolve();
  await settled();
  assert.is(run.agent.status().messages.unacknowledged, 5, 'an old answer acknowledges nothing');
  for (let index = 4; index >= 0; index--) {
    run.transport.store(index);
    run.transport.acknowledge(index);
  }
  await run.agent.idle();
  assert.is(run.agent.status().messages.unacknowledged, 0);
  run.transport.automatic = true;
  await run.agent.stop();
  assert.is(run.storedBytes(), 5 * 120);
});

test('the bytes a transport gets are its own: they stay as they are', async () => {
  const run = new AgentRun('lean-strict');
  run.agent.start();
  await run.transport.connect();
  run.observe(1);
  await run.clock.pass(10 * SECOND);
  const [first] = run.transport.sends;
  const before = Buffer.from(first?.message.bytes ?? []).toString('hex');
  await run.transport.drain();
  for (let round = 0; round < 20; round++) {
    run.observe(round);
    await run.clock.pass(10 * SECOND);
    await run.transport.drain();
  }
  assert.is(Buffer.from(first?.message.bytes ?? []).toString('hex'), before);
  assert.ok(run.transport.stored.every(({ bytes }) => bytes.buffer !== run.core.exports.memory.buffer));
});

for (const profile of ['lean-strict', 'standard', 'gateway'] as const) {
  test(`${profile}: any schedule of connect, disconnect, store, acknowledge, frames and time conserves, SEED=${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    for (let round = 0; round < 12; round++) {
      const run = new AgentRun(profile);
      let expected = 0;
      let connected = false;
      let restarted = 0;
      run.agent.start();
      for (let step = 0; step < 250; step++) {
        switch (random.below(9)) {
          case 0:
            if (!connected) await run.transport.connect();
            connected = true;
            break;
          case 1:
            if (connected) restarted++;
            if (connected) await run.transport.disconnect();
            connected = false;
            break;
          case 2:
            run.transport.store(random.below(run.transport.sends.length + 1));
            break;
          case 3:
          case 4:
            if (run.transport.sends.length > 0) {
              const index = random.below(run.transport.sends.length);
              run.transport.store(index);
              run.transport.acknowledge(index);
              await settled();
            }
            break;
          case 5:
            await run.clock.pass(random.pick([1, SECOND, 10 * SECOND, 100 * SECOND]));
            break;
          case 6:
            if (random.once(8)) run.clock.set(run.clock.now() + random.between(-200, 200) * SECOND);
            break;
          default:
            for (let frames = random.between(1, 30); frames > 0; frames--) {
              const payload = random.below(1_000);
              run.observe(random.below(150), payload);
              expected += payload + 20;
            }
        }
      }
      run.transport.automatic = true;
      if (!connected) await run.transport.connect();
      await run.transport.drain();
      await run.agent.stop();
      const { bytes, messages } = run.agent.status();
      assert.is(bytes.observed, expected);
      assert.is(bytes.reported, expected);
      assert.is(run.storedBytes(), expected, `round ${round}, ${restarted} connections lost`);
      assert.is(messages.unacknowledged, 0);
      assert.is(acknowledgedOnce(run), messages.finished);
      assert.is(run.clock.timers, 0);
      alternate(run);
    }
  });
}

/** Each change begins where the one before ended. */
function alternate(run: AgentRun): void {
  run.states.reduce((last, [next, previous]) => {
    assert.is(previous, last);
    assert.is.not(next, previous);
    return next;
  }, 'not initialised');
}

/** Sequences acknowledged; none of them twice, and each one as it was sent. */
function acknowledgedOnce(run: AgentRun): number {
  const done = run.messages.filter(({ stage }) => stage === 'acknowledged');
  assert.is(new Set(done.map(({ sequence }) => sequence)).size, done.length);
  for (const { bytes, format } of done) decodeMessage(bytes, format);
  return done.length;
}

test.run();
