// A machine of the house that the device talked to is gone: it is sought for days, again and again, and nobody answers.

import { type DeviceSetting, SECOND } from '../devices/setting.ts';
import { localMachine } from '../home-network.ts';
import { COAP_PORT, coapChanged, coapPost } from '../messages/coap.ts';
import { Noise } from '../messages/noise.ts';
import { udpDatagram } from '../packets/index.ts';
import { PortCounter } from '../port-counter.ts';
import { every, type Period } from '../schedule.ts';
import { TcpSession } from '../tcp-session.ts';
import type { Activity } from '../timeline.ts';

export interface VanishedPeerOptions {
  /** Until then it answers, since 1970. */
  readonly vanishesMs: number;
  /** tcp: MQTT in the house, tried again every minute. udp: CoAP with its repetitions every two minutes. */
  readonly manner: 'tcp' | 'udp';
}

const BROKER = localMachine(30, 'broker-30');
const MQTT = 1883;
const TALK_SECONDS = 15;
const RETRY_SECONDS = 60;
const READING_SECONDS = 120;
/** RFC 7252 4.8: ACK_TIMEOUT and MAX_RETRANSMIT. */
const ACK_TIMEOUT_MS = 2000;
const MAX_RETRANSMIT = 4;

export function vanishedPeer(setting: DeviceSetting, options: VanishedPeerOptions): Activity {
  return options.manner === 'tcp'
    ? broker(setting, options.vanishesMs)
    : collector(setting, options.vanishesMs);
}

function* broker({ network, random: from, period }: DeviceSetting, vanishesMs: number): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const ports = new PortCounter(random);
  const session = (startMs: number) =>
    new TcpSession(network, random, {
      devicePort: ports.next(),
      remoteAddress: BROKER.address,
      remotePort: MQTT,
      startMs,
      roundTripMs: 1.5,
    });
  const startMs = period.startMs + random.between(2, 20) * SECOND;
  yield startMs;
  const first = session(startMs).open();
  for (let nextMs = first.timeMs; nextMs < vanishesMs; nextMs += TALK_SECONDS * SECOND) {
    yield nextMs;
    first.until(nextMs).send('device', noise.bytes(random.integer(20, 120)));
    first.send('remote', noise.bytes(4)).idle(0);
  }
  first.idle(TALK_SECONDS * SECOND);
  yield first.timeMs;
  first.sendInVain('device', noise.bytes(60), [300, 600, 1200, 2400, 4800, 9600, 19_200]);
  const seeking: Period = { startMs: first.timeMs, endMs: period.endMs };
  for (const timeMs of every(random, seeking, RETRY_SECONDS, RETRY_SECONDS, 0.05)) {
    yield timeMs;
    session(timeMs).synchronise().retry(1000).retry(2000);
  }
}

function* collector({ network, random: from, period }: DeviceSetting, vanishesMs: number): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const port = random.integer(49_152, 65_535);
  let id = random.integer(0, 0xffff);
  for (const timeMs of every(random, period, READING_SECONDS, random.between(1, 120), 0.02)) {
    yield timeMs;
    id = (id + 1) & 0xffff;
    const post = coapPost(noise, id, 'readings', noise.bytes(random.integer(30, 90)));
    const datagram = udpDatagram({ sourcePort: port, destinationPort: COAP_PORT, payload: post });
    network.fromDevice(timeMs, BROKER.address, datagram);
    if (timeMs < vanishesMs) {
      const back = { sourcePort: COAP_PORT, destinationPort: port, payload: coapChanged(post) };
      network.toDevice(timeMs + random.between(2, 30), BROKER.address, udpDatagram(back));
      continue;
    }
    let atMs = timeMs;
    for (let i = 0; i < MAX_RETRANSMIT; i++) {
      atMs += ACK_TIMEOUT_MS * 2 ** i * random.between(1, 1.5);
      network.fromDevice(atMs, BROKER.address, datagram);
    }
  }
}
