// A door lock that sleeps most of the time: MQTT over TLS with long keep-alives, to a cloud behind several addresses.
import { encrypted } from '../messages/tls.ts';
import type { Activity } from '../timeline.ts';
import { Cloud } from './cloud.ts';
import { housekeeping } from './housekeeping.ts';
import { lastingSession } from './lasting-session.ts';
import { clientOf, type DeviceSetting, peoplesTimes, SECOND } from './setting.ts';
import { timeKeeping } from './time-keeping.ts';

const MQTT_TLS = 8883;
const KEEP_ALIVE_SECONDS = 300;
/** A day. */
const OPENINGS = 14;

export function lock(setting: DeviceSetting): Activity[] {
  const { random, period } = setting;
  const client = clientOf(setting);
  const cloud = new Cloud(setting.world, 'locks.example.com', { addresses: 8, networks: 6 });
  const drawing = random.fork();
  const openings = peoplesTimes(random.fork(), period, OPENINGS);
  let openingMs = openings.next().value ?? Number.POSITIVE_INFINITY;
  return [
    ...housekeeping(setting, { leaseSeconds: 86_400, announces: false, groups: [], hasV6: false }),
    timeKeeping(setting, client, {
      pool: new Cloud(setting.world, 'pool.example.org'),
      everySeconds: 11_059,
    }),
    lastingSession(setting, client, {
      server: () => cloud.server(drawing),
      port: MQTT_TLS,
      firstMs: period.startMs + 3 * SECOND,
      life: [20_000, 90_000],
      next: (afterMs) => {
        const keepAliveMs = afterMs + KEEP_ALIVE_SECONDS * SECOND;
        if (openingMs >= keepAliveMs) return keepAliveMs;
        const wokenMs = Math.max(afterMs + 50, openingMs);
        openingMs = openings.next().value ?? Number.POSITIVE_INFINITY;
        return wokenMs;
      },
      talk: (session, noise) => {
        // A state of the lock and its acknowledgement, or no more than a ping.
        const isState = drawing.chance(0.15);
        session.send('device', encrypted(noise, isState ? drawing.integer(180, 700) : 2));
        session.send('remote', encrypted(noise, isState ? 4 : 2));
      },
    }),
  ];
}
