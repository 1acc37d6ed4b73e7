// Devices at peace, for as many days as false alarms are to be counted over; and the mishaps that look like attacks and are none.
import type { Conditions } from '../conditions.ts';
import type { DeviceKindName, DeviceSetting } from '../devices/index.ts';
import { localManager } from '../events/local-manager.ts';
import { longNames } from '../events/long-names.ts';
import { shortConnections } from '../events/short-connections.ts';
import { steadyReports } from '../events/steady-reports.ts';
import { traceroutes } from '../events/traceroutes.ts';
import { vanishedPeer } from '../events/vanished-peer.ts';
import { Random, seedFor } from '../random.ts';
import type { Period } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { DEVICE_NAMES, MONDAY_MS } from './detection-scenarios.ts';
import { type Scenario, scenario } from './scenario.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SNAP_LENGTH = 96;

export const BENIGN_EVENTS = [
  'nothing',
  'outages',
  'reboots',
  'resolver change',
  'broken IPv6',
  'local manager',
  'vanished broker',
  'vanished collector',
  'short connections',
  'steady reports',
  'traceroutes',
  'long names',
  'cut to 96 bytes',
  'lossy capture',
] as const;
export type BenignEvent = (typeof BENIGN_EVENTS)[number];

/** Every kind of device with every mishap, so many days each. */
export function* benignScenarios(seed: number, days = 1): Generator<Scenario> {
  for (const event of BENIGN_EVENTS) {
    for (const device of DEVICE_NAMES) yield benignScenario(seed, device, event, days);
  }
}

export function benignScenario(
  seed: number,
  device: DeviceKindName,
  event: BenignEvent = 'nothing',
  days = 1,
): Scenario {
  const name = `${device}, ${days} ${days === 1 ? 'day' : 'days'}, ${event}`;
  const own = seedFor(name, seed);
  const random = new Random(own);
  const startMs = MONDAY_MS + random.integer(0, 6) * DAY;
  const period = { startMs, endMs: startMs + days * DAY };
  const base = { name, seed: own, device, period };
  const middleMs = startMs + random.between(0.2, 0.4) * days * DAY;
  switch (event) {
    case 'nothing':
      return scenario(base);
    case 'outages':
      return scenario({ ...base, conditions: outages(random, period) });
    case 'reboots':
      return scenario({ ...base, rebootsMs: times(random, period, 3) });
    case 'resolver change':
      return scenario({ ...base, conditions: { outages: [], resolverChangeMs: middleMs } });
    case 'broken IPv6':
      return scenario({ ...base, conditions: { outages: [], isV6Broken: true } });
    case 'local manager':
      return scenario({ ...base, events: localManager });
    case 'vanished broker':
      return scenario({ ...base, events: vanishing('tcp', middleMs) });
    case 'vanished collector':
      return scenario({ ...base, events: vanishing('udp', middleMs) });
    case 'short connections':
      return scenario({ ...base, events: shortConnections });
    case 'steady reports':
      return scenario({ ...base, events: (setting) => [steadyReports(setting)] });
    case 'traceroutes':
      return scenario({ ...base, events: (setting) => [traceroutes(setting)] });
    case 'long names':
      return scenario({ ...base, events: (setting) => [longNames(setting)] });
    case 'cut to 96 bytes':
      return scenario({ ...base, snapLength: SNAP_LENGTH });
    case 'lossy capture':
      return scenario({ ...base, captureFaults: { lost: 0.01, doubled: 0.005 } });
  }
}

function vanishing(manner: 'tcp' | 'udp', vanishesMs: number) {
  return (setting: DeviceSetting): Activity[] => [vanishedPeer(setting, { manner, vanishesMs })];
}

/** Two a day: one of minutes, one of hours. */
function outages(random: Random, { startMs, endMs }: Period): Conditions {
  const found: Period[] = [];
  for (let dayMs = startMs; dayMs < endMs; dayMs += DAY) {
    const shortMs = dayMs + random.between(0.05, 0.25) * DAY;
    const longMs = dayMs + random.between(0.4, 0.6) * DAY;
    found.push(
      { startMs: shortMs, endMs: shortMs + random.between(2, 20) * 60_000 },
      { startMs: longMs, endMs: longMs + random.between(1.5, 6) * HOUR },
    );
  }
  return { outages: found };
}

/** So many a day, in order. */
function times(random: Random, { startMs, endMs }: Period, perDay: number): number[] {
  const count = Math.round((perDay * (endMs - startMs)) / DAY);
  return Array.from({ length: count }, () => random.between(startMs + HOUR, endMs - HOUR)).sort(
    (a, b) => a - b,
  );
}
