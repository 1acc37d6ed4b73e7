// Days of devices at peace: what docs/simulator.md says of them, and the traps they set.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DEVICE_KINDS } from '../simulator/devices/index.ts';
import { HomeNetwork, Playback, Random } from '../simulator/index.ts';
import { ACK, RST, SYN } from '../simulator/packets/index.ts';
import { benignScenario, DEVICE_NAMES, type Scenario } from '../simulator/scenarios/index.ts';
import { glance, type Seen } from './support/attack-run.ts';
import { dissect } from './support/dissect.ts';

const seed = Number(process.env.SEED ?? Date.now()) >>> 0;
const HOUR = 3_600_000;
const BROKER = 'c000021e';
const MANAGER = 'c0000205';

/** Packets to and from the device's addresses; frames of all kinds are counted, each hundredth is taken apart. */
function packetsOf(one: Scenario): { readonly frames: number; readonly packets: readonly Seen[] } {
  const packets: Seen[] = [];
  let frames = 0;
  for (const { timeMs, bytes } of one.frames) {
    if (frames++ % 100 === 0) dissect(bytes);
    const packet = glance(timeMs, bytes);
    if (packet !== undefined) packets.push(packet);
  }
  return { frames, packets };
}

const unicast = (packets: readonly Seen[]) => packets.filter(({ remote }) => !/^(e0|ef|ff)/.test(remote));
const keyOf = ({ local, localPort, remote, remotePort }: Seen) =>
  `${local} ${localPort} ${remote} ${remotePort}`;
const firstSyns = (packets: readonly Seen[]) => {
  const known = new Set<string>();
  return packets.filter((packet) => {
    if (!packet.isOut || packet.flags !== SYN || known.has(keyOf(packet))) return false;
    known.add(keyOf(packet));
    return true;
  });
};
const accepted = (packets: readonly Seen[]) =>
  new Set(packets.filter(({ isOut, flags }) => !isOut && flags === (SYN | ACK)).map(keyOf));

/** Rows of the table in docs/simulator.md: kind, frames, peers, connections. */
function statedRanges(): ReadonlyMap<string, ReadonlyArray<readonly [least: number, most: number]>> {
  const text = readFileSync(new URL('../docs/simulator.md', import.meta.url), 'utf8');
  const rows = text.matchAll(
    /^\| `([a-z ]+)` \|.*?\| (\d[\d,]*) to (\d[\d,]*) \| (\d+) to (\d+) \| (\d+) to (\d+) \|$/gm,
  );
  return new Map(
    [...rows].map(([, kind = '', ...numbers]) => {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = numbers.map((text) =>
        Number(text.replaceAll(',', '')),
      );
      return [
        kind,
        [
          [a, b],
          [c, d],
          [e, f],
        ],
      ];
    }),
  );
}

test(`a day of each kind is within the ranges that the document states, SEED=${seed}`, () => {
  const ranges = statedRanges();
  assert.equal([...ranges.keys()].sort(), [...DEVICE_NAMES].sort());
  for (const device of DEVICE_NAMES) {
    const { frames, packets } = packetsOf(benignScenario(seed, device));
    const peers = new Set(unicast(packets).map(({ remote }) => remote)).size;
    const measured = [frames, peers, firstSyns(packets).length];
    for (const [i, [least, most]] of (ranges.get(device) ?? []).entries()) {
      const number = measured[i] ?? 0;
      assert.ok(number >= least && number <= most, `${device}: ${measured.join(', ')}`);
    }
  }
});

test(`a camera's keep-alives are exact inside one connection, all day, SEED=${seed}`, () => {
  const { packets } = packetsOf(benignScenario(seed, 'camera'));
  const flows = new Map<string, Seen[]>();
  for (const packet of packets) {
    if (packet.protocol !== 6 || packet.remotePort !== 443 || !packet.isOut) continue;
    flows.set(keyOf(packet), [...(flows.get(keyOf(packet)) ?? []), packet]);
  }
  const lasting = [...flows.values()].filter((flow) => {
    const [first] = flow;
    return (flow.at(-1)?.timeMs ?? 0) - (first?.timeMs ?? 0) > 23 * HOUR;
  });
  assert.is(lasting.length, 2);
  for (const flow of lasting) {
    assert.ok(flow.every(({ flags }) => (flags & SYN) === 0));
    const startMs = flow[0]?.timeMs ?? 0;
    const onTheSecond = flow.filter(({ timeMs }) => {
      const rest = (timeMs - startMs) % 30_000;
      return rest < 0.01 || rest > 29_999.99;
    });
    assert.ok(onTheSecond.length > 1400 && onTheSecond.length < 3000, `${onTheSecond.length}`);
  }
});

test(`an outage: unanswered SYNs to the cloud for hours, and then it goes on, SEED=${seed}`, () => {
  for (const [device, least] of [
    ['lock', 12],
    ['camera', 300],
  ] as const) {
    const { packets } = packetsOf(benignScenario(seed, device, 'outages'));
    const isAnswered = accepted(packets);
    const failed = firstSyns(packets).filter((packet) => !isAnswered.has(keyOf(packet)));
    const times = failed.map(({ timeMs }) => timeMs);
    assert.ok(failed.length >= least, `${device}: ${failed.length} attempts`);
    assert.ok(Math.max(...times) - Math.min(...times) > HOUR);
    assert.ok(new Set(failed.map(({ remote }) => remote)).size < 25);
    const lastMs = Math.max(...times);
    assert.ok(
      packets.some(({ timeMs, isOut, protocol }) => timeMs > lastMs + HOUR && !isOut && protocol === 6),
    );
  }
});

test(`a peer that vanished is sought until the end of the day, SEED=${seed}`, () => {
  for (const event of ['vanished broker', 'vanished collector'] as const) {
    const { packets } = packetsOf(benignScenario(seed, 'lock', event));
    const ours = packets.filter(({ remote }) => remote === BROKER);
    const heard = ours.filter(({ isOut }) => !isOut).map(({ timeMs }) => timeMs);
    const asked = ours.filter(({ isOut }) => isOut).map(({ timeMs }) => timeMs);
    assert.ok(heard.length > 100);
    const silenceMs = Math.max(...heard);
    assert.ok(Math.max(...asked) - silenceMs > 12 * HOUR);
    assert.ok(asked.filter((timeMs) => timeMs > silenceMs).length > 1000);
  }
});

test(`a reboot: joins the network, connects anew, to the same services, SEED=${seed}`, () => {
  const calm = packetsOf(benignScenario(seed, 'industrial sensor', 'reboots'));
  assert.ok(new Set(unicast(calm.packets).map(({ remote }) => remote)).size < 18);
  let discoveries = 0;
  for (const { bytes } of benignScenario(seed, 'lock', 'reboots').frames) {
    const { source, protocol } = dissect(bytes);
    if (source === '00000000' && protocol === 17) discoveries++;
  }
  // A discovery and a request each.
  assert.is(discoveries, 6);
});

test(`another resolver: names are asked of the gateway, and then of the other, SEED=${seed}`, () => {
  const { packets } = packetsOf(benignScenario(seed, 'voice assistant', 'resolver change'));
  const questions = packets.filter(
    ({ isOut, remotePort, protocol }) => isOut && protocol === 17 && remotePort === 53,
  );
  const resolvers = questions.map(({ remote }) => remote);
  const change = resolvers.indexOf('c6336435');
  assert.ok(change > 100);
  assert.equal(new Set(resolvers.slice(0, change)), new Set(['c0000201']));
  // A look-up that began before the change still ends with the old one.
  assert.ok(resolvers.slice(change).filter((remote) => remote === 'c0000201').length <= 2);
});

test(`a manager looks at six ports an hour, and pings, SEED=${seed}`, () => {
  const { packets } = packetsOf(benignScenario(seed, 'lock', 'local manager'));
  const ours = packets.filter(({ remote }) => remote === MANAGER);
  const syns = ours.filter(({ flags }) => flags === SYN);
  assert.ok(syns.length >= 6 * 22 && syns.length <= 6 * 25, `${syns.length} looks`);
  assert.is(new Set(syns.map(({ localPort }) => localPort)).size, 6);
  assert.is(ours.filter(({ isOut, flags }) => isOut && flags === (RST | ACK)).length, (syns.length / 6) * 5);
  assert.ok(ours.filter(({ type, isOut }) => type === 8 && !isOut).length > 4000);
});

test(`a television opens dozens of connections at once, a few of which fail, SEED=${seed}`, () => {
  const { packets } = packetsOf(benignScenario(seed, 'television'));
  const opened = firstSyns(packets);
  assert.ok(most(opened, 10_000, (some) => some.length) >= 12);
  const isAnswered = accepted(packets);
  const failed = opened.filter((packet) => !isAnswered.has(keyOf(packet)));
  const hosts = most(failed, 300_000, (some) => new Set(some.map(({ remote }) => remote)).size);
  assert.ok(hosts >= 1 && hosts <= 9, `${hosts} hosts failed in five minutes`);
});

/** The largest that `of` gives for the packets of any stretch so long. */
function most(packets: readonly Seen[], lengthMs: number, of: (some: readonly Seen[]) => number): number {
  let from = 0;
  let found = 0;
  for (const [to, { timeMs }] of packets.entries()) {
    while ((packets[from]?.timeMs ?? 0) < timeMs - lengthMs) from++;
    found = Math.max(found, of(packets.slice(from, to + 1)));
  }
  return found;
}

test(`a plant's sensor sends metrics that nobody answers, every ten seconds, SEED=${seed}`, () => {
  const { packets } = packetsOf(benignScenario(seed, 'industrial sensor'));
  const metrics = packets.filter(({ remotePort }) => remotePort === 8125);
  assert.ok(metrics.length > 8600 && metrics.every(({ isOut }) => isOut));
  for (const [i, { timeMs }] of metrics.slice(1).entries()) {
    assert.ok(Math.abs(timeMs - (metrics[i]?.timeMs ?? 0) - 10_000) < 0.01);
  }
});

test(`broken IPv6: whoever is asked is first asked there, in vain, SEED=${seed}`, () => {
  const { packets } = packetsOf(benignScenario(seed, 'television', 'broken IPv6'));
  const isAnswered = accepted(packets);
  const opened = firstSyns(packets);
  const overV6 = opened.filter(({ remote }) => remote.length === 32);
  assert.ok(overV6.length > 100 && overV6.every((packet) => !isAnswered.has(keyOf(packet))));
  assert.ok(opened.length > 1.7 * overV6.length);
  assert.ok(most(overV6, 300_000, (some) => new Set(some.map(({ remote }) => remote)).size) > 12);
  assert.is(
    packets.filter(({ remote, isOut, protocol }) => remote.length === 32 && protocol === 17 && isOut).length,
    0,
  );
});

test(`what looks like an attack and is none: short connections, steady reports, traceroutes, long names, SEED=${seed}`, () => {
  const short = packetsOf(benignScenario(seed, 'lock', 'short connections')).packets;
  const asked = short.filter(({ remote, flags, isOut }) => remote === 'c0000208' && flags === SYN && !isOut);
  assert.ok(asked.length > 8600 && asked.every(({ localPort }) => localPort === 80), `${asked.length} asked`);
  assert.ok(firstSyns(short).filter(({ remotePort }) => remotePort === 80).length > 2870);

  const reports = firstSyns(packetsOf(benignScenario(seed, 'industrial sensor', 'steady reports')).packets);
  assert.ok(reports.length >= 287 && new Set(reports.map(({ remote }) => remote)).size === 1);
  for (const [i, { timeMs }] of reports.slice(1).entries()) {
    // The name is looked up before.
    assert.ok(Math.abs(timeMs - (reports[i]?.timeMs ?? 0) - 300_000) < 70);
  }

  const routes = packetsOf(benignScenario(seed, 'lock', 'traceroutes')).packets;
  const probes = routes.filter(
    ({ isOut, remotePort }) => isOut && remotePort >= 33_434 && remotePort < 33_500,
  );
  const ports = new Map<string, number>();
  for (const { remote } of probes) ports.set(remote, (ports.get(remote) ?? 0) + 1);
  assert.ok(Math.max(...ports.values()) <= 48);
  assert.ok(routes.filter(({ type }) => type === 11).length >= 0.5 * probes.length);

  let bytes = 0;
  for (const frame of benignScenario(seed, 'lock', 'long names').frames) {
    const packet = glance(frame.timeMs, frame.bytes);
    if (packet?.remotePort === 53) bytes += frame.bytes.length;
  }
  assert.ok(bytes > 500_000 && bytes < 3_000_000, `${bytes} bytes of DNS`);
});

test(`people sleep at night, SEED=${seed}`, () => {
  const { packets } = packetsOf(benignScenario(seed, 'television'));
  const opened = firstSyns(packets);
  const isNight = ({ timeMs }: Seen) => {
    const hour = (timeMs / HOUR) % 24;
    return hour < 7 || hour >= 23;
  };
  assert.ok(opened.filter(isNight).length < 0.55 * opened.length);
});

test(`days stream: what waits does not grow with their number, SEED=${seed}`, () => {
  for (const device of ['television', 'gateway', 'lock'] as const) {
    const startMs = 1_748_822_400_000;
    const waiting = [1, 3].map((days) => {
      const playback = new Playback();
      playback.start(
        ...DEVICE_KINDS[device]({
          network: new HomeNetwork(playback),
          random: new Random(seed),
          period: { startMs, endMs: startMs + days * 24 * HOUR },
          boots: true,
          world: seed,
          start: (activity) => {
            playback.start(activity);
          },
        }),
      );
      let highest = 0;
      for (const _ of playback.frames()) highest = Math.max(highest, playback.waiting);
      return highest;
    });
    assert.ok(Math.max(...waiting) < 4000, `${device}: ${waiting.join(', ')} frames wait`);
  }
});

test.run();
