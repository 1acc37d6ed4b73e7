// What a small sensor does all day. Each activity draws from a generator of its own, so that changing one leaves the others as
// they were.
import { DeviceSessions } from './device-sessions.ts';
import type { HomeNetwork } from './home-network.ts';
import { NetworkDuties } from './network-duties.ts';
import type { Random } from './random.ts';

export interface OrdinaryDeviceOptions {
  /** Since 1970. */
  readonly startMs: number;
  /** At least a minute, or there is little to see. */
  readonly durationMs: number;
}

/** Puts everything the device says and hears from startMs, when it is switched on, until durationMs later. */
export function ordinaryDevice(
  network: HomeNetwork,
  random: Random,
  { startMs, durationMs }: OrdinaryDeviceOptions,
): void {
  const period = { startMs, endMs: startMs + durationMs };
  const duties = new NetworkDuties(network, random.fork(), period);
  duties.join();
  duties.addressQuestions();
  duties.pings();
  duties.multicasts();
  const sessions = new DeviceSessions(network, random.fork(), period);
  sessions.hubSession();
  sessions.cloudRequests();
  sessions.softwareUpdate();
  sessions.collectorSession();
  sessions.timeQueries();
}
