// A camera: two connections to its maker's cloud that are kept alive to the second for days, pictures when something moves, and a
// recorder in the house that asks for its stream.
import { localMachine } from '../home-network.ts';
import { Noise } from '../messages/noise.ts';
import { encrypted } from '../messages/tls.ts';
import { udpDatagram } from '../packets/index.ts';
import { TcpSession } from '../tcp-session.ts';
import type { Activity } from '../timeline.ts';
import { Cloud } from './cloud.ts';
import { housekeeping } from './housekeeping.ts';
import { lastingSession } from './lasting-session.ts';
import { clientOf, type DeviceSetting, peoplesTimes, SECOND } from './setting.ts';
import { timeKeeping } from './time-keeping.ts';
import { transfer } from './transfer.ts';

const RECORDER = localMachine(9, 'recorder-9');
const RTSP = 554;
const RTSP_KEEP_ALIVE_SECONDS = 30;
/** A day, while people are up. */
const MOVEMENTS = 15;
const CLIP_SECONDS = [12, 40] as const;
/** RTP packets a second of a small stream. */
const PICTURE_RATE = 40;

export function camera(setting: DeviceSetting): Activity[] {
  const { random, period } = setting;
  const client = clientOf(setting);
  const control = new Cloud(setting.world, 'control.example.com', { addresses: 4, networks: 2 });
  const events = new Cloud(setting.world, 'events.example.com', { addresses: 4, networks: 2 });
  const drawing = random.fork();
  const steady = (cloud: Cloud, seconds: number, length: number): Activity =>
    lastingSession(setting, client, {
      server: () => cloud.server(drawing),
      port: 443,
      protocolName: 'http/1.1',
      persistence: 'hammers',
      firstMs: period.startMs + drawing.between(2, 9) * SECOND,
      next: (afterMs) => afterMs + seconds * SECOND,
      talk: (session, noise) => {
        session.send('device', encrypted(noise, length)).send('remote', encrypted(noise, length));
      },
    });
  return [
    ...housekeeping(setting, { leaseSeconds: 7200 }),
    timeKeeping(setting, client, { pool: new Cloud(setting.world, 'time.example.org'), everySeconds: 1024 }),
    steady(control, 30, 42),
    steady(events, 60, 18),
    movements(setting),
    recorder(setting),
  ];
}

/** Each one a clip for the cloud, and for the recorder while it lasts. */
function* movements(setting: DeviceSetting): Activity {
  const random = setting.random.fork();
  const client = clientOf(setting);
  const storage = new Cloud(setting.world, 'clips.example.com', { addresses: 24, networks: 6 });
  for (const startMs of peoplesTimes(random, setting.period, MOVEMENTS)) {
    yield startMs;
    const up = random.integer(500_000, 2_500_000);
    const uploadMs = startMs + random.between(2, 9) * SECOND;
    const clip = { server: storage.server(random), startMs: uploadMs, up, down: 200, rate: 400_000 };
    setting.start(stream(setting, random.fork(), startMs, random.between(...CLIP_SECONDS) * SECOND));
    setting.start(transfer(client, random.fork(), clip));
  }
}

/** RTP to the recorder, RFC 3550; what the pictures show is noise. */
function* stream(
  { network }: DeviceSetting,
  random: DeviceSetting['random'],
  startMs: number,
  durationMs: number,
): Activity {
  const noise = new Noise(random);
  const ports = {
    sourcePort: random.integer(3000, 5000) * 2,
    destinationPort: random.integer(8000, 9000) * 2,
  };
  for (let timeMs = startMs; timeMs < startMs + durationMs; timeMs += 1000 / PICTURE_RATE) {
    yield timeMs;
    const length = random.chance(0.15) ? random.integer(200, 900) : 1400;
    network.fromDevice(timeMs, RECORDER.address, udpDatagram({ ...ports, payload: noise.bytes(length) }));
  }
}

/** OPTIONS and its answer, inside one connection. RFC 2326 10.1 */
function* recorder({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const encoder = new TextEncoder();
  const session = new TcpSession(network, random, {
    devicePort: RTSP,
    remoteAddress: RECORDER.address,
    remotePort: random.integer(32_768, 60_999),
    startMs: period.startMs + random.between(5, 20) * SECOND,
    roundTripMs: 0.8,
    initiator: 'remote',
  });
  yield session.timeMs;
  session.open();
  let sequence = 1;
  let nextMs = session.timeMs;
  while (nextMs < period.endMs) {
    yield nextMs;
    session.until(nextMs);
    const request = `OPTIONS rtsp://192.0.2.50/stream RTSP/1.0\r\nCSeq: ${sequence}\r\nSession: 5D3AC1\r\n\r\n`;
    session.send('remote', encoder.encode(request));
    const answer = `RTSP/1.0 200 OK\r\nCSeq: ${sequence++}\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n`;
    session.send('device', encoder.encode(answer)).idle(0);
    nextMs += RTSP_KEEP_ALIVE_SECONDS * SECOND;
  }
}
