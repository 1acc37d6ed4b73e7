// What opening one page does: dozens of connections at once to a dozen hosts, TCP and QUIC, some of which are refused or come to nothing.
import type { Client } from '../client.ts';
import { outageEnd } from '../conditions.ts';
import type { Server } from '../home-network.ts';
import type { Family } from '../hosts.ts';
import { Noise } from '../messages/noise.ts';
import { encrypted } from '../messages/tls.ts';
import { Random, seedFor } from '../random.ts';
import { Cloud } from './cloud.ts';
import { QuicFlow } from './quic-flow.ts';

const HTTPS = 443;

/** The part of the web that one household sees. */
export class Web {
  readonly sites: readonly Cloud[];
  readonly advertisers: readonly Cloud[];
  /** Refuse, or do not answer: hosts that are gone, or that a filter keeps away. */
  readonly gone: readonly Cloud[];

  constructor(world: number) {
    const random = new Random(seedFor('web', world));
    const clouds = (count: number, name: string, addresses: number): Cloud[] =>
      Array.from({ length: count }, (_, i) => {
        const family: Family = random.chance(0.3) ? 'IPv6' : 'IPv4';
        return new Cloud(world, `${name}-${i}.example.com`, { addresses, networks: 2, family });
      });
    this.sites = clouds(30, 'site', 3);
    this.advertisers = clouds(80, 'ads', 4);
    this.gone = clouds(9, 'gone', 1);
  }
}

export interface PageLoadOptions {
  readonly client: Client;
  readonly web: Web;
  readonly startMs: number;
}

/** Lays out one page: some seconds. */
export function loadPage(random: Random, { client, web, startMs }: PageLoadOptions): void {
  const site = pick(random, web.sites);
  if (outageEnd(client.network.conditions, startMs) !== undefined) {
    // No page, so nobody to tell who else is to be asked.
    const server = site.server(random);
    for (let i = 0; i < 3; i++) askInVain(client, random, server, startMs + 250 * i);
    return;
  }
  for (let i = random.integer(2, 6); i > 0; i--) {
    fetchPart(client, random, site.server(random), startMs + random.between(0, 300), random.chance(0.4));
  }
  for (let i = random.integer(4, 28); i > 0; i--) {
    const server = pick(random, web.advertisers).server(random);
    fetchPart(client, random, server, startMs + random.between(200, 2500), random.chance(0.3));
  }
  for (let i = random.integer(0, 2); i > 0; i--) {
    failOn(client, random, pick(random, web.gone).server(random), startMs + random.between(200, 2500));
  }
}

function fetchPart(client: Client, random: Random, server: Server, startMs: number, isQuic: boolean): void {
  const noise = new Noise(random);
  const down = Math.ceil(random.exponential(9000));
  if (isQuic) {
    new QuicFlow(client, random, server, client.lookUp(random, server, startMs)).open().receive(down);
    return;
  }
  const session = client.tlsSession(random, server, HTTPS, 'h2', startMs, noise);
  session.send('device', encrypted(noise, random.integer(200, 900)));
  session.idle(random.between(3, 80)).send('remote', encrypted(noise, Math.min(down, 60_000)));
  session.idle(random.between(5, 30_000)).close(random.chance(0.5) ? 'device' : 'remote');
}

function askInVain(client: Client, random: Random, server: Server, startMs: number): void {
  const session = client.session(random, server, HTTPS, client.lookUp(random, server, startMs));
  session.synchronise().retry(1000).retry(2000);
}

/** Refused at once, or after three SYNs nothing. */
function failOn(client: Client, random: Random, server: Server, startMs: number): void {
  const session = client.session(random, server, HTTPS, client.lookUp(random, server, startMs));
  session.synchronise();
  if (random.chance(0.5)) session.reset('remote');
  else session.retry(1000).retry(2000);
}

function pick(random: Random, clouds: readonly Cloud[]): Cloud {
  const cloud = clouds[random.integer(0, clouds.length - 1)];
  if (cloud === undefined) throw new RangeError('no clouds');
  return cloud;
}
