// What every kind of device is given: its network, its random numbers, and how long it is looked at.
import { Client } from '../client.ts';
import type { HomeNetwork } from '../home-network.ts';
import type { Random } from '../random.ts';
import type { Period } from '../schedule.ts';
import type { Activity } from '../timeline.ts';

export interface DeviceSetting {
  readonly network: HomeNetwork;
  readonly random: Random;
  readonly period: Period;
  /** Switched on at the start of the period; otherwise it has been on for long, and its connections are under way. */
  readonly boots: boolean;
  /** Seed of what is the same after a reboot: who is behind which name. */
  readonly world: number;
  /** Lets something else begin, now or later. */
  readonly start: (activity: Activity) => void;
}

/** All that a device of this kind does and hears in the period. Which of it comes first does not depend on what comes later. */
export type DeviceKind = (setting: DeviceSetting) => Activity[];

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A device's client: its ports, its look-ups. */
export function clientOf({ network, random }: DeviceSetting): Client {
  return new Client(network, random.fork());
}

/** Times of things that people set off: so many a day, most of them between 7 and 23 o'clock UTC. */
export function* peoplesTimes(random: Random, { startMs, endMs }: Period, perDay: number): Generator<number> {
  // 16 waking hours with 31 of 32 parts of the density.
  const most = (perDay * 31) / 32 / (16 * HOUR);
  const least = perDay / 32 / (8 * HOUR);
  let timeMs = startMs;
  for (;;) {
    timeMs += random.exponential(1 / most);
    if (timeMs >= endMs) return;
    const hour = (timeMs % DAY) / HOUR;
    if ((hour >= 7 && hour < 23) || random.chance(least / most)) yield timeMs;
  }
}
