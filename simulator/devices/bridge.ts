// A hub of a smart home: many machines around it, found by mDNS and SSDP, spoken to all day; a cloud; a look for new firmware.
import { type LocalHost, localMachine } from '../home-network.ts';
import { COAP_PORT, coapChanged, coapPost } from '../messages/coap.ts';
import { MDNS_PORT, mdnsQuery } from '../messages/dns.ts';
import { Noise } from '../messages/noise.ts';
import { SSDP_GROUP, SSDP_PORT, ssdpAnswer, ssdpSearch } from '../messages/ssdp.ts';
import { encrypted } from '../messages/tls.ts';
import { udpDatagram } from '../packets/index.ts';
import { PortCounter } from '../port-counter.ts';
import { every } from '../schedule.ts';
import { TcpSession } from '../tcp-session.ts';
import type { Activity } from '../timeline.ts';
import { Cloud } from './cloud.ts';
import { housekeeping } from './housekeeping.ts';
import { lastingSession } from './lasting-session.ts';
import { clientOf, type DeviceSetting, peoplesTimes, SECOND } from './setting.ts';
import { timeKeeping } from './time-keeping.ts';
import { transfer } from './transfer.ts';

const LAMPS = Array.from({ length: 14 }, (_, i) => localMachine(64 + i, `lamp-${64 + i}`));
const PLAYERS = Array.from({ length: 6 }, (_, i) => localMachine(80 + i, `player-${80 + i}`));
const PLUGS = Array.from({ length: 5 }, (_, i) => localMachine(90 + i, `plug-${90 + i}`));
const PLUG_PORT = 6668;
const DESCRIPTION_PORT = 49_152;
const MDNS_GROUP = '224.0.0.251';

export function bridge(setting: DeviceSetting): Activity[] {
  const { random, period } = setting;
  const client = clientOf(setting);
  const cloud = new Cloud(setting.world, 'home.example.com', { addresses: 6, networks: 3 });
  const drawing = random.fork();
  return [
    ...housekeeping(setting, { groups: [MDNS_GROUP, SSDP_GROUP] }),
    timeKeeping(setting, client, { pool: new Cloud(setting.world, 'time.example.org'), everySeconds: 3600 }),
    lastingSession(setting, client, {
      server: () => cloud.server(drawing),
      port: 443,
      protocolName: 'h2',
      firstMs: period.startMs + 4 * SECOND,
      life: [40_000, 200_000],
      next: (afterMs) => afterMs + (drawing.chance(0.7) ? 60 : drawing.between(1, 60)) * SECOND,
      talk: (session, noise) => {
        session
          .send('device', encrypted(noise, drawing.integer(40, 900)))
          .send('remote', encrypted(noise, 60));
      },
    }),
    discovery(setting),
    searches(setting),
    lamps(setting),
    ...PLUGS.map((plug) => plugSession(setting, plug)),
    firmware(setting),
  ];
}

/** Multicast DNS: who is there? */
function* discovery({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const ports = { sourcePort: MDNS_PORT, destinationPort: MDNS_PORT };
  for (const timeMs of every(random, period, 120, 8, 0.2)) {
    yield timeMs;
    for (const [i, name] of ['_hap._tcp.local', '_matter._tcp.local', '_coap._udp.local'].entries()) {
      const query = udpDatagram({ ...ports, payload: mdnsQuery({ name, type: 'PTR' }) });
      network.fromDevice(timeMs + 20 * i, MDNS_GROUP, query, { hopLimit: 255 });
    }
  }
}

/** SSDP: one question to all, an answer from each player to the port that asked, then their descriptions are fetched. */
function* searches({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const ports = new PortCounter(random);
  const target = 'urn:schemas-upnp-org:device:MediaRenderer:1';
  for (const timeMs of every(random, period, 900, random.between(10, 60), 0.2)) {
    yield timeMs;
    const sourcePort = ports.next();
    const search = udpDatagram({ sourcePort, destinationPort: SSDP_PORT, payload: ssdpSearch(target) });
    for (let i = 0; i < 3; i++) {
      network.fromDevice(timeMs + 150 * i, SSDP_GROUP, search, { hopLimit: 4 });
    }
    for (const player of PLAYERS) {
      const location = `http://${player.address}:${DESCRIPTION_PORT}/description.xml`;
      const answer = {
        sourcePort: SSDP_PORT,
        destinationPort: sourcePort,
        payload: ssdpAnswer(target, location),
      };
      const answeredMs = timeMs + random.between(30, 2900);
      network.toDevice(answeredMs, player.address, udpDatagram(answer));
      if (random.chance(0.3)) describe(network, random, player, ports.next(), answeredMs + 20);
    }
  }
}

function describe(
  network: DeviceSetting['network'],
  random: DeviceSetting['random'],
  player: LocalHost,
  devicePort: number,
  startMs: number,
): void {
  const noise = new Noise(random);
  const ends = { devicePort, remoteAddress: player.address, remotePort: DESCRIPTION_PORT };
  const session = new TcpSession(network, random, { ...ends, startMs, roundTripMs: random.between(1, 6) });
  session
    .open()
    .send('device', noise.bytes(140))
    .send('remote', noise.bytes(random.integer(900, 4000)));
  session.close('remote');
}

/** Lamps are told what to do, and asked what they do, by CoAP. */
function* lamps({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const port = random.integer(49_152, 65_535);
  let id = random.integer(0, 0xffff);
  for (const timeMs of every(random, period, 30, 5, 0.4)) {
    yield timeMs;
    const lamp = LAMPS[random.integer(0, LAMPS.length - 1)];
    if (lamp === undefined) return;
    id = (id + 1) & 0xffff;
    const post = coapPost(noise, id, 'state', noise.bytes(random.integer(12, 60)));
    const forth = { sourcePort: port, destinationPort: COAP_PORT, payload: post };
    network.fromDevice(timeMs, lamp.address, udpDatagram(forth));
    const back = { sourcePort: COAP_PORT, destinationPort: port, payload: coapChanged(post) };
    network.toDevice(timeMs + random.between(3, 40), lamp.address, udpDatagram(back));
  }
}

/** Plugs hold one connection each, and say every ten seconds that they are there. */
function* plugSession({ network, random: from, period }: DeviceSetting, plug: LocalHost): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const session = new TcpSession(network, random, {
    devicePort: random.integer(49_152, 65_535),
    remoteAddress: plug.address,
    remotePort: PLUG_PORT,
    startMs: period.startMs + random.between(3, 15) * SECOND,
    roundTripMs: random.between(2, 9),
  });
  yield session.timeMs;
  session.open();
  for (let nextMs = session.timeMs; nextMs < period.endMs; nextMs += 20 * SECOND) {
    yield nextMs;
    session.until(nextMs).send('device', noise.bytes(24)).send('remote', noise.bytes(24)).idle(0);
  }
}

/** Is there anything new? Once a day there is not, and some days people press the button. */
function* firmware(setting: DeviceSetting): Activity {
  const random = setting.random.fork();
  const client = clientOf(setting);
  const mirror = new Cloud(setting.world, 'firmware.example.com', { addresses: 4 });
  for (const startMs of peoplesTimes(random, setting.period, 1.5)) {
    yield startMs;
    const down = random.chance(0.1) ? random.integer(2_000_000, 6_000_000) : random.integer(800, 5000);
    setting.start(transfer(client, random.fork(), { server: mirror.server(random), startMs, up: 200, down }));
  }
}
