// A home automation that asks the device how it is: every ten seconds a new connection to its port 80, a few hundred bytes, and over. The
// device asks a plug every thirty seconds in the same way. Nobody guesses passwords.
import { clientOf, type DeviceSetting, SECOND } from '../devices/setting.ts';
import { localMachine } from '../home-network.ts';
import { Noise } from '../messages/noise.ts';
import { PortCounter } from '../port-counter.ts';
import { every } from '../schedule.ts';
import { TcpSession } from '../tcp-session.ts';
import type { Activity } from '../timeline.ts';

const AUTOMATION = localMachine(8, 'automation-8');
const PLUG = localMachine(95, 'plug-95');
const HTTP = 80;
const ASKED_SECONDS = 10;
const ASKING_SECONDS = 30;
const encoder = new TextEncoder();
const REQUEST = encoder.encode(
  'GET /status HTTP/1.1\r\nHost: device.local\r\nAccept: application/json\r\n\r\n',
);

export function shortConnections(setting: DeviceSetting): Activity[] {
  return [asked(setting), asking(setting)];
}

function* asked({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const ports = new PortCounter(random);
  for (const startMs of every(random, period, ASKED_SECONDS, random.between(1, ASKED_SECONDS), 0.01)) {
    yield startMs;
    const session = new TcpSession(network, random, {
      devicePort: HTTP,
      remoteAddress: AUTOMATION.address,
      remotePort: ports.next(),
      startMs,
      roundTripMs: 0.7,
      initiator: 'remote',
    });
    session
      .open()
      .send('remote', REQUEST)
      .send('device', noise.bytes(random.integer(180, 420)))
      .close('device');
  }
}

function* asking(setting: DeviceSetting): Activity {
  const { period } = setting;
  const random = setting.random.fork();
  const noise = new Noise(random);
  const client = clientOf(setting);
  const plug = { ...PLUG, roundTripMs: 4 };
  const firstMs = period.startMs + random.between(1, ASKING_SECONDS) * SECOND;
  for (let startMs = firstMs; startMs < period.endMs; startMs += ASKING_SECONDS * SECOND) {
    yield startMs;
    const session = client.session(random, plug, HTTP, startMs);
    session
      .open()
      .send('device', REQUEST)
      .send('remote', noise.bytes(random.integer(90, 200)))
      .close('remote');
  }
}
