// A speaker that listens: services behind very many addresses, names looked up in bursts, questions all day, music in the evening.
import type { Family } from '../hosts.ts';
import { encrypted } from '../messages/tls.ts';
import { every } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { Cloud } from './cloud.ts';
import { housekeeping } from './housekeeping.ts';
import { lastingSession } from './lasting-session.ts';
import { clientOf, type DeviceSetting, HOUR, MINUTE, peoplesTimes, SECOND } from './setting.ts';
import { timeKeeping } from './time-keeping.ts';
import { transfer } from './transfer.ts';

const SERVICES = ['voice', 'metrics', 'device', 'images', 'skills', 'music', 'arcus', 'weather'] as const;
/** A day. */
const QUESTIONS = 35;
const EVENINGS = 0.8;
const SONG_MS = 3.5 * MINUTE;

export function voiceAssistant(setting: DeviceSetting): Activity[] {
  const { random, period } = setting;
  const client = clientOf(setting);
  const clouds = SERVICES.map((name, i) => cloudOf(setting.world, name, i % 3 === 1 ? 'IPv6' : 'IPv4'));
  const pushing = new Cloud(setting.world, 'push.example.com', { addresses: 30, networks: 10 });
  const drawing = random.fork();
  return [
    ...housekeeping(setting, { groups: ['224.0.0.251', '239.255.255.250'] }),
    timeKeeping(setting, client, { pool: cloudOf(setting.world, 'ntp'), everySeconds: 1800, servers: 2 }),
    lastingSession(setting, client, {
      server: () => pushing.server(drawing),
      port: 443,
      protocolName: 'h2',
      firstMs: period.startMs + 5 * SECOND,
      life: [3000, 20_000],
      next: (afterMs) => afterMs + 45 * SECOND,
      talk: (session, noise) => {
        session.send('device', encrypted(noise, 17)).send('remote', encrypted(noise, 17));
      },
    }),
    metrics(setting, clouds),
    questions(setting, clouds),
    music(setting, clouds),
  ];
}

function cloudOf(world: number, name: string, family: Family = 'IPv4'): Cloud {
  return new Cloud(world, `${name}.assistant.example.com`, { addresses: 60, networks: 16, family });
}

/** Every few minutes a short report, each time to another address, also at night. */
function* metrics(setting: DeviceSetting, clouds: readonly Cloud[]): Activity {
  const random = setting.random.fork();
  const client = clientOf(setting);
  for (const startMs of every(random, setting.period, 280, random.between(1, 100), 0.25)) {
    yield startMs;
    const server = clouds[random.integer(1, 2)]?.server(random);
    if (server === undefined) return;
    const up = random.integer(600, 6000);
    setting.start(transfer(client, random.fork(), { server, startMs, up, down: 200 }));
  }
}

/** A question opens three to seven connections within two seconds. */
function* questions(setting: DeviceSetting, clouds: readonly Cloud[]): Activity {
  const random = setting.random.fork();
  const client = clientOf(setting);
  for (const askedMs of peoplesTimes(random, setting.period, QUESTIONS)) {
    yield askedMs;
    const count = random.integer(3, 7);
    for (let i = 0; i < count; i++) {
      const server = clouds[random.integer(0, clouds.length - 1)]?.server(random);
      if (server === undefined) return;
      const startMs = askedMs + random.between(0, 2 * SECOND);
      const [up, down] = [random.integer(300, 60_000), random.integer(500, 120_000)];
      setting.start(transfer(client, random.fork(), { server, startMs, up, down }));
    }
  }
}

/** Some evenings: song after song, each from another address. */
function* music(setting: DeviceSetting, clouds: readonly Cloud[]): Activity {
  const random = setting.random.fork();
  const client = clientOf(setting);
  for (const eveningMs of peoplesTimes(random, setting.period, EVENINGS)) {
    yield eveningMs;
    const endMs = Math.min(eveningMs + random.between(0.1, 1) * HOUR, setting.period.endMs);
    for (let startMs = eveningMs + SECOND; startMs < endMs; startMs += SONG_MS * random.between(0.6, 1.2)) {
      const server = clouds[5]?.server(random);
      if (server === undefined) return;
      const song = { server, startMs, up: 300, down: random.integer(2_000_000, 4_000_000), rate: 200_000 };
      setting.start(transfer(client, random.fork(), song));
    }
  }
}
