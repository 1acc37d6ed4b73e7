// A television with a browser in it: pages of dozens of connections, videos over QUIC for hours, and something to say at night too.
import type { Client } from '../client.ts';
import { outageEnd } from '../conditions.ts';
import type { Server } from '../home-network.ts';
import { encrypted } from '../messages/tls.ts';
import type { Random } from '../random.ts';
import { every } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import { Cloud } from './cloud.ts';
import { housekeeping } from './housekeeping.ts';
import { lastingSession } from './lasting-session.ts';
import { loadPage, Web } from './page-load.ts';
import { QuicFlow } from './quic-flow.ts';
import { clientOf, type DeviceSetting, MINUTE, peoplesTimes, SECOND } from './setting.ts';
import { timeKeeping } from './time-keeping.ts';

/** A day. */
const VISITS = 6;
const PAGES = [2, 9] as const;
const VIDEOS = 1.5;
/** A video comes in bursts: so many bytes every so many seconds. */
const BURST_SECONDS = 5;
const BURST = 150_000;

export function television(setting: DeviceSetting): Activity[] {
  const { random, period } = setting;
  const client = clientOf(setting);
  const maker = new Cloud(setting.world, 'tv.example.com', { addresses: 12, networks: 4 });
  const web = new Web(setting.world);
  const drawing = random.fork();
  return [
    ...housekeeping(setting, { groups: ['224.0.0.251', '239.255.255.250'] }),
    timeKeeping(setting, client, { pool: new Cloud(setting.world, 'time.example.org'), everySeconds: 7200 }),
    lastingSession(setting, client, {
      server: () => maker.server(drawing),
      port: 443,
      protocolName: 'h2',
      firstMs: period.startMs + 6 * SECOND,
      life: [7200, 30_000],
      next: (afterMs) => afterMs + 120 * SECOND,
      talk: (session, noise) => {
        session.send('device', encrypted(noise, 60)).send('remote', encrypted(noise, 40));
      },
    }),
    visits(setting, client, web),
    videos(setting, client, web),
    standby(setting, client, web),
  ];
}

/** Some pages one after the other. */
function* visits(setting: DeviceSetting, client: Client, web: Web): Activity {
  const random = setting.random.fork();
  for (const visitMs of peoplesTimes(random, setting.period, VISITS)) {
    yield visitMs;
    setting.start(pages(random.fork(), client, web, visitMs));
  }
}

function* pages(random: Random, client: Client, web: Web, visitMs: number): Activity {
  let startMs = visitMs;
  for (let i = random.integer(...PAGES); i > 0; i--) {
    yield startMs;
    loadPage(random, { client, web, startMs });
    startMs += random.between(10, 100) * SECOND;
  }
}

function* videos(setting: DeviceSetting, client: Client, web: Web): Activity {
  const random = setting.random.fork();
  for (const startMs of peoplesTimes(random, setting.period, VIDEOS)) {
    yield startMs;
    const server = web.sites[random.integer(0, 3)]?.server(random);
    if (server === undefined) return;
    const endMs = Math.min(startMs + random.between(5, 35) * MINUTE, setting.period.endMs);
    setting.start(video(random.fork(), client, server, startMs, endMs));
  }
}

function* video(random: Random, client: Client, server: Server, startMs: number, endMs: number): Activity {
  const flow = new QuicFlow(client, random, server, client.lookUp(random, server, startMs)).open();
  while (flow.timeMs < endMs) {
    yield flow.timeMs;
    flow.ask(BURST_SECONDS * SECOND * random.between(0.9, 1.1), random.integer(60, 900));
    if (outageEnd(client.network.conditions, flow.timeMs) === undefined) flow.receive(BURST);
  }
}

/** Even when it is off it looks what is on, and who advertises. */
function* standby(setting: DeviceSetting, client: Client, web: Web): Activity {
  const random = setting.random.fork();
  for (const startMs of every(random, setting.period, 3600, random.between(60, 3000), 0.2)) {
    yield startMs;
    loadPage(random, { client, web, startMs });
  }
}
