// Labelled scenarios: they repeat, they are what their labels say, and the core counts every frame of them or knows why not.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PcapFrame } from '../host/capture/index.ts';
import {
  COUNTED,
  MALFORMED,
  NON_IP,
  NON_UNICAST,
  TRUNCATED,
  UNSUPPORTED_PROTOCOL,
} from '../schema/reasons.ts';
import {
  type AttackKind,
  attackScenario,
  attackVariants,
  BENIGN_EVENTS,
  benignScenario,
  DEVICE_NAMES,
  detectionScenarios,
  mixedScenarios,
  type Scenario,
  scenario,
} from '../simulator/scenarios/index.ts';
import { seenIn } from './support/attack-run.ts';
import { verdictsOn } from './support/scenario-run.ts';
import { digest } from './support/tcp-connections.ts';

const seed = Number(process.env.SEED ?? Date.now()) >>> 0;
const HOUR = 3_600_000;

/** One of each kind that is soon over: a few thousand frames each. */
function oneOfEach(): Scenario[] {
  const found = new Map<AttackKind, Scenario>();
  for (const variant of attackVariants()) {
    const { kind, durationMs, needsGateway = false } = variant;
    const isLong = durationMs > HOUR / 2 && kind !== 'BEACON';
    if (found.has(kind) || isLong || needsGateway) continue;
    found.set(kind, attackScenario(seed, variant, DEVICE_NAMES[found.size % DEVICE_NAMES.length] ?? 'lock'));
  }
  return [...found.values()];
}

const SAMPLE = oneOfEach();

test('every kind of detection of the schema has scenarios, every scenario a name and a seed of its own', () => {
  const schema = readFileSync(new URL('../schema/message-3.0.proto', import.meta.url), 'utf8');
  const [, body = ''] = /enum DetectionKind \{([^}]*)\}/.exec(schema) ?? [];
  const kinds = [...body.matchAll(/(\w+) = \d+/g)]
    .map(([, name]) => name)
    .filter((n) => n !== 'KIND_UNKNOWN');
  const scenarios = [...detectionScenarios({ seed }), ...mixedScenarios(seed)];
  assert.equal([...new Set(scenarios.map(({ kind }) => kind))].sort(), kinds.sort());
  assert.ok(scenarios.length > 800, `${scenarios.length} scenarios`);
  assert.is(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
  assert.is(new Set(scenarios.map((one) => one.seed)).size, scenarios.length);
  for (const direction of ['in', 'out']) {
    const found = scenarios.flatMap(({ attacks }) => attacks).filter((one) => one.direction === direction);
    const ways = new Set(found.map(({ kind, family }) => `${kind} ${family}`));
    // Calls home and DNS tunnels go out; a sweep of a gateway's addresses is of IPv4.
    assert.is(ways.size, direction === 'out' ? 26 : 21, [...ways].join(', '));
  }
  for (const { attackStartMs = 0, period, attacks, kind, indicators } of scenarios) {
    assert.ok(attackStartMs > period.startMs + 10 * 60_000);
    for (const { startMs, endMs } of attacks) assert.ok(startMs < endMs && endMs <= period.endMs);
    assert.is(indicators.length > 0, kind === 'SUSPICIOUS_ADDRESS');
  }
});

test('every attack can stand behind every device', () => {
  const kinds = ['ICMP_TUNNEL'] as const;
  const once = [...detectionScenarios({ seed, kinds })];
  const everywhere = [...detectionScenarios({ seed, kinds, devices: DEVICE_NAMES })];
  assert.is(everywhere.length, DEVICE_NAMES.length * once.length);
});

test(`the seed makes a scenario, again and again, SEED=${seed}`, () => {
  for (const one of SAMPLE.slice(0, 4)) assert.is(digest(one.frames), digest(one.frames));
  const [variant] = attackVariants();
  assert.ok(variant);
  const again = (number: number) => digest(attackScenario(number, variant, 'lock').frames);
  assert.is(again(seed), again(seed));
  assert.is.not(again(seed), again(seed + 1));
});

test(`until its attack begins a scenario is the same as without it, SEED=${seed}`, () => {
  for (const one of SAMPLE) {
    const peace = scenario({ ...one, attacks: [] }).frames[Symbol.iterator]();
    let common = 0;
    for (const { timeMs, bytes } of one.frames) {
      if (timeMs >= (one.attackStartMs ?? 0)) break;
      const other = peace.next().value as PcapFrame | undefined;
      assert.is(other?.timeMs, timeMs);
      assert.is(Buffer.compare(other?.bytes ?? new Uint8Array(0), bytes), 0);
      common++;
    }
    assert.ok(common > 15, `${one.name}: ${common} frames before`);
  }
});

test(`an attack adds what is not there without it, SEED=${seed}`, () => {
  for (const one of SAMPLE) {
    const [attack] = one.attacks;
    assert.ok(attack);
    const during = (frames: Iterable<PcapFrame>) => {
      const peers = new Map<string, number>();
      for (const { timeMs, bytes } of frames) {
        if (timeMs < attack.startMs || timeMs > attack.endMs + 60_000) continue;
        const packet = seenIn(timeMs, bytes);
        if (packet) peers.set(packet.remote, (peers.get(packet.remote) ?? 0) + 1);
      }
      return peers;
    };
    const war = during(one.frames);
    const peace = during(scenario({ ...one, attacks: [] }).frames);
    const more = [...war].filter(([peer, count]) => count > (peace.get(peer) ?? 0));
    assert.ok(more.length > 0, one.name);
    if (attack.kind === 'HORIZONTAL_SCAN') assert.ok(more.length > 25, `${more.length} hosts`);
  }
});

test(`the core counts every frame, or ignores it for the reason expected, SEED=${seed}`, () => {
  const benign = BENIGN_EVENTS.map((event, i) => {
    const device = DEVICE_NAMES[i % DEVICE_NAMES.length] ?? 'lock';
    return shortened(benignScenario(seed, device, event), 2 * HOUR);
  });
  for (const one of [...SAMPLE, ...benign]) {
    const { core, model } = verdictsOn(one.frames, one.localAddresses);
    const isCut = one.name.includes('cut');
    assert.is(core[COUNTED], model.counted ?? 0, one.name);
    assert.is(core[NON_IP], model.non_ip ?? 0, one.name);
    assert.is(core[NON_UNICAST], model.non_unicast ?? 0, one.name);
    assert.is(core[UNSUPPORTED_PROTOCOL], model.unsupported_protocol ?? 0, one.name);
    assert.is(core[MALFORMED], 0, one.name);
    if (!isCut) assert.is(core[TRUNCATED], 0, one.name);
    const total = Object.values(model).reduce((sum, count) => sum + count, 0);
    assert.is(
      core.reduce((sum, count) => sum + count, 0),
      total,
    );
    assert.ok((model.counted ?? 0) > 0.1 * total, `${one.name}: ${model.counted} of ${total} counted`);
  }
});

/** Its first hours. */
function shortened(one: Scenario, lengthMs: number): Scenario {
  const endMs = one.period.startMs + lengthMs;
  return { ...one, frames: { [Symbol.iterator]: () => until(one.frames, endMs) } };
}

function* until(frames: Iterable<PcapFrame>, endMs: number): Generator<PcapFrame> {
  for (const frame of frames) {
    if (frame.timeMs >= endMs) return;
    yield frame;
  }
}

test(`a capture cut to headers says how long its frames were, SEED=${seed}`, () => {
  const cut = benignScenario(seed, 'camera', 'cut to 96 bytes');
  const whole = scenario({ ...cut, attacks: [] });
  const other = whole.frames[Symbol.iterator]();
  let shorter = 0;
  for (const { timeMs, bytes, originalLength } of until(cut.frames, cut.period.startMs + 6 * HOUR)) {
    const full = other.next().value as PcapFrame;
    assert.is(full.timeMs, timeMs);
    assert.is(bytes.length, Math.min(96, full.bytes.length));
    assert.is(originalLength ?? bytes.length, full.bytes.length);
    if (originalLength !== undefined) shorter++;
  }
  assert.ok(shorter > 100);
});

test(`a lossy capture lacks some frames, and has some twice, SEED=${seed}`, () => {
  const lossy = benignScenario(seed, 'industrial sensor', 'lossy capture');
  const whole = digests(scenario({ ...lossy, attacks: [] }).frames);
  const kept = digests(lossy.frames);
  const expected = new Set(whole);
  assert.ok(kept.every((frame) => expected.has(frame)));
  const distinct = new Set(kept).size;
  assert.ok(Math.abs(distinct / whole.length - 0.99) < 0.003, `${distinct} of ${whole.length}`);
  assert.ok(Math.abs((kept.length - distinct) / whole.length - 0.005) < 0.003);
});

function digests(frames: Iterable<PcapFrame>): string[] {
  return Array.from(frames, ({ timeMs, bytes }) => `${timeMs} ${Buffer.from(bytes).toString('latin1')}`);
}

test('two attacks at once are both in the label', () => {
  const mixed = [...mixedScenarios(seed)];
  assert.ok(mixed.length >= 8);
  for (const { attacks, name } of mixed) {
    assert.is(new Set(attacks.map(({ kind }) => kind)).size, 2, name);
    assert.ok(attacks.length >= 2);
  }
});

test.run();
