// A program that looks after the machines of a network, as administrators run it: a ping every minute, SNMP every five, and once an
// hour a look whether six well-known ports are open (most are not). It is meant well, and stays below what anybody calls a scan.

import type { DeviceSetting } from '../devices/setting.ts';
import { DEVICE, localMachine } from '../home-network.ts';
import { Noise } from '../messages/noise.ts';
import { unreachable } from '../messages/unreachable.ts';
import { echoBody, icmpMessage, udpDatagram } from '../packets/index.ts';
import { PortCounter } from '../port-counter.ts';
import { every } from '../schedule.ts';
import { TcpSession } from '../tcp-session.ts';
import type { Activity } from '../timeline.ts';

const MANAGER = localMachine(5, 'manager-5');
const PING_SECONDS = 60;
const SNMP_SECONDS = 300;
const SNMP_PORT = 161;
const LOOK_SECONDS = 3600;
/** SSH, telnet, HTTP, HTTPS, RTSP, printing. */
const LOOKED_AT = [22, 23, 80, 443, 554, 9100] as const;
const OPEN = 80;

export function localManager(setting: DeviceSetting): Activity[] {
  return [pings(setting), snmp(setting), looks(setting)];
}

function* pings({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const pattern = Uint8Array.from({ length: 32 }, (_, i) => 97 + (i % 23));
  let sequence = 0;
  for (const timeMs of every(random, period, PING_SECONDS, random.between(1, PING_SECONDS), 0)) {
    yield timeMs;
    for (let i = 0; i < 3; i++) {
      const body = echoBody(1, ++sequence & 0xffff, pattern);
      const askedMs = timeMs + 1000 * i;
      network.toDevice(askedMs, MANAGER.address, icmpMessage({ type: 8, body }));
      network.fromDevice(askedMs + random.between(0.1, 0.8), MANAGER.address, icmpMessage({ type: 0, body }));
    }
  }
}

/** The device has no SNMP, and says so. */
function* snmp({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const ports = new PortCounter(random);
  for (const timeMs of every(random, period, SNMP_SECONDS, random.between(1, SNMP_SECONDS), 0)) {
    yield timeMs;
    const payload = noise.bytes(43);
    const query = udpDatagram({ sourcePort: ports.next(), destinationPort: SNMP_PORT, payload });
    network.toDevice(timeMs, MANAGER.address, query);
    const error = unreachable('port', MANAGER.address, DEVICE.address, query);
    network.fromDevice(timeMs + random.between(0.1, 0.8), MANAGER.address, error);
  }
}

function* looks({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const ports = new PortCounter(random);
  for (const startMs of every(random, period, LOOK_SECONDS, random.between(1, LOOK_SECONDS), 0.02)) {
    yield startMs;
    for (const [i, devicePort] of LOOKED_AT.entries()) {
      const session = new TcpSession(network, random, {
        devicePort,
        remoteAddress: MANAGER.address,
        remotePort: ports.next(),
        startMs: startMs + 400 * i,
        roundTripMs: 0.5,
        initiator: 'remote',
      });
      session.synchronise();
      if (devicePort === OPEN) session.accept().acknowledge('remote').close('remote');
      else session.reset('device');
    }
  }
}
