// What a real core sends, over a network that drops, repeats and reorders, with reboots in between: the reader tells them apart.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { DeviceSequence } from '../bindings/js/messages/sequence.ts';
import { FORMAT_3_0_PROTOBUF, KEY_BATCH_DELAY, KEY_FORMAT } from '../schema/configuration-block.ts';
import { STATUS_NOW } from '../schema/status.ts';
import { intervals, numbers, seed } from './support/configuration-block.ts';
import { EPOCH, startedCore } from './support/driven-core.ts';
import { frame, peerV4 } from './support/packets.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();
const BOOTS = 12;
/** A message overtakes so many at most. */
const OVERTAKES = 6;

interface Sent {
  readonly bytes: Uint8Array;
  readonly place: number;
  readonly fate: 'arrives' | 'lost' | 'twice';
}

/** One life of a device, from its start to when the power fails: nothing that is not finished by then is ever sent. */
function life(random: SeededRandom, boot: number): Uint8Array[] {
  const core = startedCore(
    'standard',
    seed(boot + 1),
    intervals(1, 2, 5),
    numbers(KEY_FORMAT, FORMAT_3_0_PROTOBUF),
    numbers(KEY_BATCH_DELAY, random.pick([0, 3])),
  );
  core.exports.connect();
  const messages: Uint8Array[] = [];
  const take = () => {
    for (let next = core.take(); next; next = core.take()) {
      messages.push(next.bytes);
      // The line fails between sending and acknowledging: it is handed out, and sent, again.
      if (random.once(20)) core.disconnect(core.u64(STATUS_NOW));
      else core.exports.acknowledge(next.sequence);
    }
    core.exports.connect();
  };
  for (let time = EPOCH; time < EPOCH + 40_000; time += random.below(700)) {
    core.observe(frame({ to: peerV4(random.below(90)) }), time);
    core.tick(time);
    if (random.once(30)) core.collect(time);
    take();
  }
  return messages;
}

for (const [name, troubles] of [
  ['nothing happens', []],
  ['messages are lost', ['lost']],
  ['messages are repeated', ['twice']],
  ['messages overtake each other', ['late']],
  ['all of it at once', ['lost', 'twice', 'late']],
] as const) {
  test(`${BOOTS} boots of a device, ${name}: gap, late, repeat and reboot are told apart, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    const happens = (trouble: 'lost' | 'twice' | 'late') =>
      troubles.some((one) => one === trouble) && random.once(6);
    const sent = Array.from({ length: BOOTS }, (_, boot) => life(random, boot)).flat();
    const arriving = sent
      .map((bytes, index): Sent => {
        const place = index + (happens('late') ? random.below(OVERTAKES) + 0.5 : 0);
        return { bytes, place, fate: happens('lost') ? 'lost' : happens('twice') ? 'twice' : 'arrives' };
      })
      .sort((one, other) => one.place - other.place)
      .flatMap(({ bytes, fate }) => (fate === 'lost' ? [] : fate === 'twice' ? [bytes, bytes] : [bytes]));

    const device = new DeviceSequence();
    const boots = new Map<string, Set<number>>();
    let repeated = 0;
    let latest: string | undefined;
    for (const bytes of arriving) {
      const { bootId = '', sequence = -1 } = decodeMessage(bytes, '3.0-protobuf');
      const before = boots.get(bootId);
      const expected = boots.get(bootId) ?? new Set();
      const top = expected.size === 0 ? -1 : Math.max(...expected);
      const { kind, ...more } = device.see(bootId, sequence);
      if (before === undefined) assert.is(kind, boots.size === 0 ? 'first' : 'reboot');
      else if (before.has(sequence)) assert.is(kind, 'repeat');
      else if (sequence < top) assert.is(kind, 'late');
      else assert.is(kind, sequence === top + 1 ? 'next' : 'gap');
      if ('missing' in more) assert.is(more.missing, sequence - top - 1);
      repeated += Number(expected.has(sequence));
      boots.set(bootId, expected.add(sequence));
      latest = bootId;
    }
    assert.ok(latest !== undefined && boots.size === BOOTS);
    const seen = [...boots.values()];
    assert.equal(device.totals, {
      received: seen.reduce((sum, { size }) => sum + size, 0),
      missing: seen.reduce((sum, numbers) => sum + Math.max(...numbers) + 1 - numbers.size, 0),
      repeated,
      reboots: BOOTS - 1,
    });
    if (troubles.length === 0) assert.is(device.totals.missing, 0, 'a reboot is no gap');
  });
}

test.run();
