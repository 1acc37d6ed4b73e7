// The bindings' decoder and the tests' own reader know nothing of each other: on what the cores write they agree.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/index.ts';
import { KEY_HARDWARE, KEY_KERNEL, KEY_OS, KEY_SEND_EMPTY } from '../schema/configuration-block.ts';
import { intervals, numbers, text } from './support/configuration-block.ts';
import { v4 } from './support/device.ts';
import { EPOCH, startedCore } from './support/driven-core.ts';
import { hex, type ReadEvent, readMessage } from './support/message-reader.ts';
import { DEVICE_V4, DEVICE_V6 } from './support/packets.ts';
import { PROFILES } from './support/profiles.ts';
import { neighbourhood, RandomFrames } from './support/random-frames.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const SEED = seedOfRun();

/** An address text as hex digits; the URL parser knows every way to write an IPv6 address. */
function digits(address: string): string {
  if (!address.includes(':')) return hex(v4(address));
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (part: string) => part.split(':').filter(Boolean);
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0');
  return [...groups(head), ...zeros, ...groups(tail)].map((group) => group.padStart(4, '0')).join('');
}

/** A message as the tests' reader would tell it, from the bindings' decoder. */
function decoded(bytes: Uint8Array) {
  const { moduleId, moduleVersion, events } = decodeMessage(bytes);
  const [major = 0, minor = 0, patch = 0] = moduleVersion.split('.').map(Number);
  return {
    moduleId,
    moduleVersion: major * 2 ** 24 + minor * 2 ** 16 + patch,
    events: events.map(({ id, time, collectionIntervalSeconds, payload }): ReadEvent => {
      const base = {
        id: id.replaceAll('-', ''),
        time,
        interval: collectionIntervalSeconds,
        flows: [],
        system: {},
      };
      switch (payload.kind) {
        case 'NetworkActivity':
          return {
            ...base,
            kind: payload.kind,
            flows: payload.flows.map((flow) => {
              const { family, localPort, remotePort, bytesIn, bytesOut } = flow;
              const protocol = flow.protocol as 'TCP' | 'UDP' | 'ICMP';
              const addresses = { local: digits(flow.localAddress), remote: digits(flow.remoteAddress) };
              return { family, ...addresses, localPort, remotePort, bytesIn, bytesOut, protocol };
            }),
          };
        case 'SystemInformation': {
          const { operatingSystem: os, kernel, hardware } = payload;
          return {
            ...base,
            kind: payload.kind,
            system: { ...(os && { os }), ...(kernel && { kernel }), ...(hardware && { hardware }) },
          };
        }
        case 'Heartbeat':
          return { ...base, kind: payload.kind };
        default:
          throw new Error(`no core writes ${payload.kind}`);
      }
    }),
  };
}

// The second reader knows schema 2.3 only.
for (const profile of PROFILES.filter((profile) => profile !== 'lean')) {
  test(`${profile}: two readers tell the same of every message, SEED=${SEED}`, () => {
    const random = new SeededRandom(SEED);
    let messages = 0;
    for (let round = 0; round < 10; round++) {
      const core = startedCore(
        profile,
        intervals(1, 2, 3),
        numbers(KEY_SEND_EMPTY, random.below(2)),
        text(KEY_OS, 'o'.repeat(random.below(40))),
        text(KEY_KERNEL, 'ä'.repeat(random.below(20))),
        text(KEY_HARDWARE, 'h'.repeat(random.below(40))),
      );
      core.exports.connect();
      const [remotes, ports] = random.pick([
        [1, 1],
        [20, 5],
        [200, 60_000],
      ] as const);
      const frames = new RandomFrames(random, neighbourhood([DEVICE_V4, DEVICE_V6], remotes, ports, 5, 96));
      for (let time = EPOCH; time < EPOCH + 60_000; time += 250) {
        for (let count = random.below(50); count > 0; count--) {
          core.put(frames.next(), time);
          core.flush();
        }
        core.tick(time);
        for (const { bytes } of core.drain()) {
          assert.equal(decoded(bytes), readMessage(bytes));
          messages++;
        }
      }
    }
    assert.ok(messages > 200);
  });
}

test.run();
