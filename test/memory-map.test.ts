// The memory map: every region aligned, none over another, nothing between them but padding, and the end is __heap_base.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { layout, layoutNames } from './support/layout.ts';
import { memoryMap } from './support/memory-map.ts';
import { newExports, PROFILES } from './support/profiles.ts';

/** The compiler leaves address 0 to be nobody's; the gateway's begins where compilers like to. */
const FIRST = [8, 1_024];

for (const profile of PROFILES) {
  const core = newExports(profile);
  const map = memoryMap(core);

  test(`${profile}: regions are aligned to 8 bytes, those of texts to 4`, () => {
    for (const { name, start } of map) assert.is(start % (name === 'TEXTS' ? 4 : 8), 0, name);
  });

  test(`${profile}: regions follow each other without overlap, with no more between them than alignment needs`, () => {
    assert.ok(FIRST.includes(map[0]?.start ?? 0), `the first region begins at ${map[0]?.start}`);
    for (const [index, { name, start }] of map.entries()) {
      const end = index === 0 ? start : (map[index - 1]?.end ?? 0);
      assert.ok(start >= end, `${name} begins at ${start}, before the end of ${map[index - 1]?.name}`);
      assert.ok(start - end < 8, `${start - end} bytes before ${name} belong to no region`);
    }
  });

  test(`${profile}: the last region ends at __heap_base, inside the memory`, () => {
    const end = map.at(-1)?.end ?? 0;
    assert.ok(core.__heap_base.value - end < 8, `${end} of ${core.__heap_base.value}`);
    assert.ok(core.__heap_base.value >= end);
    assert.ok(core.__heap_base.value <= core.memory.buffer.byteLength);
  });

  test(`${profile}: records hold what the map says they hold`, () => {
    assert.is(layout('FLOW_V4_SIZE'), layout('FLOW_ADDRESSES') + 8);
    assert.is(layout('FLOW_V6_SIZE'), layout('FLOW_ADDRESSES') + 32);
    assert.is(layout('FLOW_V4_SIZE') % 8, 0);
    assert.is(layout('FLOW_V6_SIZE') % 8, 0);
    assert.is(core.AGENT_SIZE.value, layout('AGENT_SIZE'));
    assert.is(core.OUTBOX_SIZE.value % 8, 0);
    assert.is(core.MESSAGE_MAX.value % 8, 0);
    assert.ok(core.MESSAGE_MAX.value < core.OUTBOX_SIZE.value);
  });

  test(`${profile}: no two fields of the agent's state share a byte`, () => {
    const sizes: ReadonlyArray<readonly [string, number]> = [
      ['AGENT_DUE', 24],
      ['AGENT_PENDING_SINCE', 8],
      ['AGENT_SEEN_BASE', 8],
      ['AGENT_COLLECTED', 8],
      ['AGENT_OLDEST', 8],
      ['AGENT_MULTIPLIERS', 32],
      ['AGENT_RANDOM', 16],
      ['AGENT_INTERVALS', 12],
      ['AGENT_ENABLED', 4],
      ['AGENT_GROUP', 4],
      ['AGENT_COUNTED_PROTOCOLS', 4],
      ['AGENT_PROTOCOLS', 4],
      ['AGENT_UNICAST_ONLY', 4],
      ['AGENT_SEND_EMPTY', 4],
      ['AGENT_CACHE_SIZE', 4],
      ['AGENT_FIRST_COLLECTION', 4],
      ['AGENT_PENDING_TIME', 4],
      ['AGENT_SPOOL', 4],
      ['AGENT_FORMAT', 4],
      ['AGENT_BATCH_DELAY', 4],
      ['AGENT_SEEDED', 4],
      ['AGENT_WAITING', 4],
      ['AGENT_EARLY', 4],
      ['AGENT_LOCALS_V4_END', 4],
      ['AGENT_LOCALS_V6_END', 4],
      ['AGENT_OWN_END', 4],
      ['AGENT_FLOWS_USED', 8],
      ['AGENT_FLOWS_HAND', 8],
      ['AGENT_SETTLED', 8],
      ['AGENT_COUNTERS_SENT', 8],
      ['AGENT_BATCH_OPENED', 8],
      ['AGENT_BATCH_LENGTH', 4],
      ['AGENT_BATCH_EVENTS', 4],
      ['AGENT_LOST', 4],
      ['AGENT_BEAT_MESSAGES', 4],
      ['AGENT_SYSTEM_SAID', 4],
      ['AGENT_SYSTEM_TIME', 8],
      ['AGENT_OUTBOX_RECORDS', 4],
      ['AGENT_OUTBOX_HEAD', 4],
      ['AGENT_OUTBOX_TAIL', 4],
      ['AGENT_OUTBOX_UNSENT', 4],
      ['AGENT_OUTBOX_UNSENT_COUNT', 4],
    ];
    const fields = layoutNames().filter((name) => name.startsWith('AGENT_') && name !== 'AGENT_SIZE');
    assert.equal(fields.sort(), sizes.map(([name]) => name).sort(), 'every field has its size in this list');
    const owner = new Map<number, string>();
    for (const [name, size] of sizes) {
      for (let at = layout(name); at < layout(name) + size; at++) {
        assert.is(owner.get(at), undefined, `${name} and ${owner.get(at)} at ${at}`);
        owner.set(at, name);
      }
    }
    assert.ok(Math.max(...owner.keys()) < layout('AGENT_SIZE'));
  });
}

test.run();
