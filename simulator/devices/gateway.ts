// A gateway that serves a dozen machines: their traffic passes through it under their own addresses, it asks the time of a whole pool
// and answers pings of its own.
import { Client } from '../client.ts';
import { outageEnd } from '../conditions.ts';
import { Noise } from '../messages/noise.ts';
import { echoBody, icmpMessage } from '../packets/index.ts';
import { every } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { Cloud } from './cloud.ts';
import { housekeeping } from './housekeeping.ts';
import { loadPage, Web } from './page-load.ts';
import { clientOf, type DeviceSetting, peoplesTimes } from './setting.ts';
import { timeKeeping } from './time-keeping.ts';
import { transfer } from './transfer.ts';

/** Of the machines behind it: 192.0.2.100 up. The first dozen are on. */
export const SERVED_ADDRESSES: readonly string[] = Array.from({ length: 32 }, (_, i) => `192.0.2.${100 + i}`);
const MACHINES = 12;
/** A day, of each machine. */
const VISITS = 2;
const ECHO_SECONDS = 60;

export function gateway(setting: DeviceSetting): Activity[] {
  const { random } = setting;
  const client = clientOf(setting);
  const pool = new Cloud(setting.world, 'pool.example.org', { addresses: 40, networks: 20 });
  const web = new Web(setting.world);
  return [
    ...housekeeping(setting, { leaseSeconds: 3600 }),
    timeKeeping(setting, client, { pool, everySeconds: 64, servers: 4, manner: 'stays', dead: 1 }),
    ...SERVED_ADDRESSES.slice(0, MACHINES).flatMap((address) =>
      machine(setting, new Client(setting.network, random.fork(), address), web),
    ),
    lineChecks(setting),
  ];
}

/** One of the machines: pages when people are up, reports by day and night. */
function machine(setting: DeviceSetting, client: Client, web: Web): Activity[] {
  return [visits(setting, client, web), reports(setting, client)];
}

function* visits(setting: DeviceSetting, client: Client, web: Web): Activity {
  const random = setting.random.fork();
  for (const startMs of peoplesTimes(random, setting.period, VISITS)) {
    yield startMs;
    loadPage(random, { client, web, startMs });
  }
}

function* reports(setting: DeviceSetting, client: Client): Activity {
  const random = setting.random.fork();
  const cloud = new Cloud(setting.world, 'reports.example.com', { addresses: 6 });
  const seconds = random.integer(600, 3600);
  for (const startMs of every(random, setting.period, seconds, random.between(1, seconds), 0.05)) {
    yield startMs;
    const sizes = { up: random.integer(300, 3000), down: random.integer(100, 2000) };
    setting.start(transfer(client, random.fork(), { server: cloud.server(random), startMs, ...sizes }));
  }
}

/** Is the line there? A ping to the same host outside. */
function* lineChecks({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const host = '198.51.100.1';
  const identifier = random.integer(1, 0xffff);
  let sequence = 0;
  for (const timeMs of every(random, period, ECHO_SECONDS, random.between(1, ECHO_SECONDS), 0)) {
    yield timeMs;
    const body = echoBody(identifier, ++sequence & 0xffff, noise.bytes(56));
    network.fromDevice(timeMs, host, icmpMessage({ type: 8, body }));
    if (outageEnd(network.conditions, timeMs) !== undefined) continue;
    network.toDevice(timeMs + random.between(8, 30), host, icmpMessage({ type: 0, body }));
  }
}
