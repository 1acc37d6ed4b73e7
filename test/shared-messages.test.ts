// Several collections of schema 3.0 share a message (Agent_MaxBatchDelay): when it is finished, and what is not said again.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { MessageFormat, Payload, SecurityMessage } from '../bindings/js/messages/security-message.ts';
import { FORMATS as WRITTEN } from '../bindings/js/profiles.ts';
import {
  COLLECTOR_HEARTBEAT,
  COLLECTOR_NETWORK_ACTIVITY,
  COLLECTOR_SYSTEM_INFORMATION,
  FORMAT_2_3,
  FORMAT_3_0_FLATBUFFERS,
  FORMAT_3_0_PROTOBUF,
  KEY_BATCH_DELAY,
  KEY_CACHE_SIZE,
  KEY_FORMAT,
  KEY_OS,
  KEY_PENDING_TIME,
  KEY_SEND_EMPTY,
} from '../schema/configuration-block.ts';
import {
  STATE_SUSPENDED,
  STATUS_DUE,
  STATUS_NOW,
  STATUS_REPORTED_BYTES,
  STATUS_STATE,
} from '../schema/status.ts';
import { collectors, type Entry, numbers, ownConnections, text } from './support/configuration-block.ts';
import { type DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import type { Frame } from './support/packet-model.ts';
import { DEVICE_V4, frame, PEER_V4, peerV4, peerV6 } from './support/packets.ts';
import { PROFILES, type Profile } from './support/profiles.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const COMPACT = numbers(KEY_FORMAT, FORMAT_3_0_PROTOBUF);
const FORMATS: ReadonlyMap<number, MessageFormat> = new Map([
  [FORMAT_2_3, '2.3'],
  [FORMAT_3_0_FLATBUFFERS, '3.0-flatbuffers'],
  [FORMAT_3_0_PROTOBUF, '3.0-protobuf'],
]);
const ONLY_ACTIVITY = collectors(
  [COLLECTOR_SYSTEM_INFORMATION, 0, 2],
  [COLLECTOR_HEARTBEAT, 0, 2],
  [COLLECTOR_NETWORK_ACTIVITY, 1, 0],
);
const ONLY_HEARTBEAT = collectors([COLLECTOR_SYSTEM_INFORMATION, 0, 2], [COLLECTOR_HEARTBEAT, 1, 2]);

interface Build {
  readonly profile: Profile;
  readonly format: number;
}

/** Every way to share messages. */
const BUILDS = PROFILES.flatMap((profile) =>
  [...FORMATS]
    .filter(([number, name]) => number !== FORMAT_2_3 && WRITTEN[profile].includes(name))
    .map(([format]): Build => ({ profile, format })),
);

/** Connected: never suspended. High 10 s, medium 30 s, low 60 s. */
function connected({ profile, format }: Build, ...entries: readonly Entry[]): DrivenCore {
  const core = startedCore(profile, numbers(KEY_FORMAT, format), ...entries);
  core.exports.connect();
  return core;
}

function taken(core: DrivenCore): SecurityMessage[] {
  const messages: SecurityMessage[] = [];
  for (let next = core.take(); next; next = core.take()) {
    core.exports.acknowledge(next.sequence);
    assert.ok(next.bytes.length <= core.exports.MESSAGE_MAX.value);
    const message = decodeMessage(next.bytes, FORMATS.get(next.format));
    // A heartbeat of protobuf is a message without events.
    messages.push({
      ...message,
      events: message.events.filter(({ payload }) => payload.kind !== 'Heartbeat'),
    });
  }
  return messages;
}

function kindsOf(messages: readonly SecurityMessage[]): Payload['kind'][][] {
  return messages.map(({ events }) => events.map(({ payload }) => payload.kind));
}

/** Seconds after EPOCH of the events of each message. */
function timesOf(messages: readonly SecurityMessage[]): number[][] {
  return messages.map(({ events }) => events.map(({ time }) => time - EPOCH / SECOND));
}

/** Ticks when the core asks to, with a packet each `every` seconds; what comes out, and the second at which it did. */
function live(core: DrivenCore, seconds: number, every: number, from = 0): Array<[number, SecurityMessage]> {
  const out: Array<[number, SecurityMessage]> = [];
  for (let second = from; second <= from + seconds; second++) {
    const now = EPOCH + second * SECOND;
    if (every > 0 && second % every === 0) core.observe(frame(), now);
    if (core.u64(STATUS_DUE) <= now) core.tick(now);
    for (const message of taken(core)) out.push([second, message]);
  }
  return out;
}

/** With what was counted at second 5 in a message that is open since second 10. */
function opened(build: Build, ...entries: readonly Entry[]): DrivenCore {
  const core = connected(build, ONLY_ACTIVITY, ...entries);
  core.observe(frame(), EPOCH + 5 * SECOND);
  core.tick(EPOCH + 10 * SECOND);
  assert.is(core.take(), undefined, 'an open message is not handed out');
  return core;
}

for (const build of BUILDS) {
  const { profile, format } = build;
  const name = `${profile}, ${FORMATS.get(format)}`;

  test(`${name}: collections of 60 s share a message; it goes when the first of them has waited so long`, () => {
    const core = connected(build, ONLY_ACTIVITY);
    const out = live(core, 200, 1);
    assert.equal(
      out.map(([second]) => second),
      [70, 140],
    );
    assert.equal(timesOf(out.map(([, message]) => message)), [
      [10, 20, 30, 40, 50, 60, 70],
      [80, 90, 100, 110, 120, 130, 140],
    ]);
    assert.equal(
      out.map(([, { sequence, time = 0, uptimeSeconds }]) => [
        sequence,
        time - EPOCH / SECOND,
        uptimeSeconds,
      ]),
      [
        [0, 10, 10],
        [1, 80, 80],
      ],
      'a message tells the time it was begun at',
    );
    assert.is(new Set(out.flatMap(([, { events }]) => events.map(({ id }) => id))).size, 14);
  });

  test(`${name}: the core asks to be called when a message has waited long enough, collection or not`, () => {
    const core = opened(build, numbers(KEY_BATCH_DELAY, 7));
    assert.is(core.u64(STATUS_DUE), EPOCH + 17 * SECOND);
    assert.is(core.tick(EPOCH + 16_999), EPOCH + 17 * SECOND);
    assert.equal(taken(core), []);
    core.tick(EPOCH + 17 * SECOND);
    assert.equal(timesOf(taken(core)), [[10]]);
  });

  test(`${name}: delay 0 sends each collection at once`, () => {
    const core = connected(build, ONLY_ACTIVITY, numbers(KEY_BATCH_DELAY, 0));
    const out = live(core, 45, 1);
    assert.equal(
      out.map(([second]) => second),
      [10, 20, 30, 40],
    );
  });

  if (WRITTEN[profile].includes('2.3')) {
    test(`${name}: a delay means nothing in schema 2.3`, () => {
      const core = startedCore(profile, numbers(KEY_BATCH_DELAY, 60), numbers(KEY_FORMAT, FORMAT_2_3));
      core.observe(frame(), EPOCH + 5 * SECOND);
      core.tick(EPOCH + 10 * SECOND);
      assert.is(core.drain().length, 1);
    });
  }

  test(`${name}: what does not fit goes on in the next message, and nothing is lost or said twice`, () => {
    const core = connected(build, ONLY_ACTIVITY, numbers(KEY_BATCH_DELAY, 3_600));
    const bytes = new Map<string, number>();
    let messages = 0;
    let events = 0;
    const read = () => {
      for (const message of taken(core)) {
        messages++;
        for (const { payload } of message.events) {
          if (payload.kind !== 'NetworkActivity') continue;
          events++;
          for (const { remoteAddress, bytesOut, packetsOut = 0 } of payload.flows) {
            assert.is(bytesOut, 120 * packetsOut);
            bytes.set(remoteAddress, (bytes.get(remoteAddress) ?? 0) + bytesOut);
          }
        }
      }
    };
    for (let round = 1; round <= 30; round++) {
      for (let peer = 0; peer < 64; peer++) {
        core.observe(frame({ to: peerV4(peer), payload: 100 }), EPOCH + round * 10 * SECOND - 1);
        core.observe(frame({ to: peerV6(peer), payload: 100 }), EPOCH + round * 10 * SECOND - 1);
      }
      core.tick(EPOCH + round * 10 * SECOND);
      read();
      // What found no room is due at once where there is some again.
      while (core.u64(STATUS_DUE) === core.u64(STATUS_NOW)) {
        core.tick(core.u64(STATUS_NOW));
        read();
      }
    }
    while (core.collect(core.u64(STATUS_NOW), 1) > 0) read();
    assert.is(bytes.size, 128);
    for (const [peer, sum] of bytes) assert.is(sum, 30 * 120, peer);
    if (core.exports.MESSAGE_MAX.value === 4_096) {
      assert.ok(messages >= 15 && events > 30, `${messages} messages, ${events} events`);
    }
  });

  test(`${name}: an explicit collection takes what waits with it, and goes at once`, () => {
    const core = opened(build);
    core.observe(frame(), EPOCH + 12 * SECOND);
    assert.is(core.collect(EPOCH + 13 * SECOND, 1), 1);
    assert.equal(timesOf(taken(core)), [[10, 13]]);
    assert.is(core.collect(EPOCH + 13 * SECOND, 1), 0, 'nothing is left');
    const idle = opened(build);
    assert.is(idle.collect(EPOCH + 13 * SECOND, 1), 1, 'though it has nothing to add');
    assert.equal(timesOf(taken(idle)), [[10]]);
  });

  test(`${name}: a change of configuration finishes it under the one before, a reconnect does not`, () => {
    for (const entry of [numbers(KEY_BATCH_DELAY, 5), numbers(KEY_CACHE_SIZE, 3), text(KEY_OS, 'other')]) {
      const core = opened(build);
      assert.is(core.configure(entry), 0);
      assert.equal(timesOf(taken(core)), [[10]]);
    }
    const strict = opened(build);
    const isRefused = strict.configure(numbers(KEY_FORMAT, FORMAT_2_3)) < 0;
    assert.equal(timesOf(taken(strict)), isRefused ? [] : [[10]], 'in its own format');
    const core = opened(build);
    core.configure(ownConnections([{ remote: PEER_V4, remotePort: 8883, localPort: 0 }]));
    core.disconnect(EPOCH + 11 * SECOND);
    core.exports.connect();
    assert.is(core.configure(numbers(KEY_CACHE_SIZE, 0)) < 0, true, 'refused: nothing changes');
    assert.equal(taken(core), []);
    core.tick(EPOCH + 70 * SECOND);
    assert.equal(timesOf(taken(core)), [[10]]);
  });

  test(`${name}: who is suspended keeps nothing open`, () => {
    const core = opened(build, numbers(KEY_PENDING_TIME, 2), numbers(KEY_BATCH_DELAY, 3_600));
    core.disconnect(EPOCH + 11 * SECOND);
    core.tick(EPOCH + 13 * SECOND);
    assert.is(core.u32(STATUS_STATE), STATE_SUSPENDED);
    assert.equal(timesOf(taken(core)), [[10]]);
  });

  test(`${name}: times of one message do not jump with the clock`, () => {
    for (const jump of [-HOUR, HOUR, 1e12]) {
      const core = opened(build, numbers(KEY_BATCH_DELAY, 3_600));
      core.observe(frame(), EPOCH + 12 * SECOND);
      core.tick(EPOCH + 12 * SECOND + jump);
      assert.equal(timesOf(taken(core)), [[10]]);
      core.collect(core.u64(STATUS_NOW), 1);
      assert.equal(timesOf(taken(core)), [[12 + jump / SECOND]]);
    }
    const core = opened(build);
    core.observe(frame(), EPOCH + 12 * SECOND);
    core.collect(EPOCH + 1e12, 1);
    assert.equal(timesOf(taken(core)), [[10], [1e12 / SECOND]]);
  });

  test(`${name}: a clock that stands still, or goes back a little, leaves it open`, () => {
    const core = opened(build);
    for (const time of [EPOCH, EPOCH + 10 * SECOND, EPOCH + 9 * SECOND]) core.tick(time);
    assert.equal(taken(core), []);
    assert.is(core.u64(STATUS_DUE), EPOCH + 20 * SECOND);
  });

  test(`${name}: no more events share a message than a reader takes`, () => {
    const core = connected(build, ONLY_ACTIVITY, numbers(KEY_SEND_EMPTY, 1), numbers(KEY_BATCH_DELAY, 3_600));
    const out = live(core, 4_000, 0);
    // FlatBuffers have eight places; a message of `lean` is full before.
    const most = format === FORMAT_3_0_PROTOBUF ? 256 : 8;
    const sizes = out.map(([, { events }]) => events.length);
    assert.ok(sizes.length > 0 && sizes.every((size) => size <= most), `${sizes}`);
    assert.ok(profile === 'lean' || sizes[0] === most, `${sizes}`);
  });

  test(`${name}: a heartbeat is a message without events, and only where nothing else says that the device lives`, () => {
    const core = connected(build, ONLY_HEARTBEAT, numbers(KEY_BATCH_DELAY, 15));
    assert.equal(
      live(core, 130, 0).map(([second, { events }]) => [second, events.length]),
      [
        [60, 0],
        [120, 0],
      ],
    );
    // Counted at 131, collected at 140, sent at 155: not at 180.
    core.observe(frame(), EPOCH + 131 * SECOND);
    assert.equal(
      live(core, 118, 0, 132).map(([second, { events }]) => [second, events.length]),
      [
        [155, 1],
        [240, 0],
      ],
    );
    // Open while it is due: 300.
    assert.equal(live(core, 38, 0, 251), []);
    core.observe(frame(), EPOCH + 289 * SECOND);
    assert.equal(
      live(core, 80, 0, 290).map(([second, { events }]) => [second, events.length]),
      [[305, 1]],
    );
    assert.is(core.collect(EPOCH + 371 * SECOND, 4), 1, 'whoever asks gets one');
  });

  test(`${name}: system information is said at first, when it has changed, and once a day`, () => {
    const core = connected(
      build,
      collectors([COLLECTOR_NETWORK_ACTIVITY, 0, 0], [COLLECTOR_HEARTBEAT, 0, 2]),
      text(KEY_OS, 'one'),
      numbers(KEY_BATCH_DELAY, 0),
    );
    const said: Array<[number, string | undefined]> = [];
    const until = (seconds: number) => {
      for (let due = core.u64(STATUS_DUE); due <= EPOCH + seconds * SECOND; due = core.tick(due)) {
        core.tick(due);
        for (const { events } of taken(core)) {
          for (const { payload, time } of events) {
            if (payload.kind === 'SystemInformation')
              said.push([time - EPOCH / SECOND, payload.operatingSystem]);
          }
        }
      }
    };
    until(1_000);
    core.configure(text(KEY_OS, 'one'));
    until(2_000);
    core.configure(text(KEY_OS, 'two'));
    until(200_000);
    assert.equal(said, [
      [60, 'one'],
      [2_040, 'two'],
      [2_040 + 86_400, 'two'],
      [2_040 + 2 * 86_400, 'two'],
    ]);
    core.collect(core.u64(STATUS_NOW), 2);
    assert.equal(kindsOf(taken(core)), [['SystemInformation']], 'whoever asks gets it');
    core.tick(core.u64(STATUS_NOW) - 12 * HOUR);
    // With the daily statistics, where the profile has them.
    assert.is(kindsOf(taken(core)).flat()[0], 'SystemInformation', 'a clock set back counts as a day');
  });

  test(`${name}: the order of events holds in a shared message too`, () => {
    const core = connected(build, text(KEY_OS, 'x'));
    const out = live(core, 75, 1);
    assert.equal(kindsOf(out.map(([, message]) => message)), [
      [
        ...Array.from({ length: 6 }, () => 'NetworkActivity' as const),
        'SystemInformation',
        'NetworkActivity',
      ],
    ]);
  });
}

/** What a device says to a service and hears from it: a port of its own, any number of bytes. */
function conversation(flow: number): ReadonlyArray<readonly [delay: number, sent: Frame]> {
  const [fromPort, toPort] = [40_000 + ((flow * 7_919) % 20_000), [443, 8_883, 123][flow % 3] ?? 0];
  const back = { from: peerV4(flow), to: DEVICE_V4, fromPort: toPort, toPort: fromPort };
  return [
    [flow * 60, frame({ to: peerV4(flow), fromPort, toPort, payload: 100 + ((flow * 131) % 900) })],
    [flow * 60 + 40, frame({ ...back, payload: 200 + ((flow * 17) % 1_200) })],
  ];
}

/** A day of a device that is never quiet: messages in 4 KB units, bytes of them, bytes that they tell of. */
function day(flows: number, ...entries: readonly Entry[]): { units: number; bytes: number; told: number } {
  const core = startedCore('standard', text(KEY_OS, 'Azure RTOS 6.3'), ...entries);
  core.exports.connect();
  const said = Array.from({ length: flows }, (_, flow) => conversation(flow));
  let units = 0;
  let bytes = 0;
  for (let now = EPOCH; now < EPOCH + 24 * HOUR; now += 10 * SECOND) {
    for (const [delay, sent] of said.flat()) {
      if (core.put(sent, now + 1_000 + delay)) continue;
      core.flush();
      core.put(sent, now + 1_000 + delay);
    }
    core.flush();
    core.tick(now + 10 * SECOND);
    for (let next = core.take(); next; next = core.take()) {
      core.exports.acknowledge(next.sequence);
      units += Math.ceil(next.bytes.length / 4_096);
      bytes += next.bytes.length;
    }
  }
  return { units, bytes, told: core.u64(STATUS_REPORTED_BYTES) };
}

for (const flows of [64, 5]) {
  test(`a device with ${flows} flows that is never quiet pays a third of schema 2.3, or less`, () => {
    const strict = day(flows);
    const shared = day(flows, COMPACT);
    assert.is(shared.told, strict.told);
    assert.is(strict.units, 8_640);
    assert.ok(shared.units * 3 <= strict.units, `${shared.units} units a day beside ${strict.units}`);
    assert.ok(shared.bytes < strict.bytes / 2, `${shared.bytes} bytes beside ${strict.bytes}`);
  });
}

test.run();
