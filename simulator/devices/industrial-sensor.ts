// A sensor of a plant: read over Modbus by two controllers inside connections that last, CoAP to a collector, and a metric every ten
// seconds and log lines that nobody ever answers.
import { localMachine } from '../home-network.ts';
import { COAP_PORT, coapChanged, coapPost } from '../messages/coap.ts';
import { MODBUS_PORT, modbusRead, modbusValues } from '../messages/modbus.ts';
import { Noise } from '../messages/noise.ts';
import { udpDatagram } from '../packets/index.ts';
import { every } from '../schedule.ts';
import { TcpSession } from '../tcp-session.ts';
import type { Activity } from '../timeline.ts';
import { Cloud } from './cloud.ts';
import { housekeeping } from './housekeeping.ts';
import { clientOf, type DeviceSetting, SECOND } from './setting.ts';
import { timeKeeping } from './time-keeping.ts';

const CONTROLLERS = [
  { machine: localMachine(10, 'controller-10'), everySeconds: 5, unit: 1 },
  { machine: localMachine(11, 'controller-11'), everySeconds: 60, unit: 2 },
] as const;
const COLLECTOR = localMachine(20, 'collector-20');
const SYSLOG_PORT = 514;
const STATSD_PORT = 8125;

export function industrialSensor(setting: DeviceSetting): Activity[] {
  const client = clientOf(setting);
  return [
    ...housekeeping(setting, { groups: [], announces: false }),
    timeKeeping(setting, client, {
      pool: new Cloud(setting.world, 'time.example.org'),
      everySeconds: 64,
      manner: 'stays',
    }),
    ...CONTROLLERS.map(({ machine, everySeconds, unit }) =>
      polls(setting, machine.address, everySeconds, unit),
    ),
    readings(setting),
    unanswered(setting, STATSD_PORT, 10, 0, [40, 40]),
    unanswered(setting, SYSLOG_PORT, 240, 0.95, [60, 300]),
  ];
}

/** A question and its answer, to the millisecond; the controller connects anew once in a while. */
function* polls(
  { network, random: from, period }: DeviceSetting,
  controller: string,
  everySeconds: number,
  unit: number,
): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  let startMs = period.startMs + random.between(2, 10) * SECOND;
  let transaction = 0;
  while (startMs < period.endMs) {
    yield startMs;
    const session = new TcpSession(network, random, {
      devicePort: MODBUS_PORT,
      remoteAddress: controller,
      remotePort: random.integer(49_152, 65_535),
      startMs,
      roundTripMs: 0.6,
      initiator: 'remote',
    });
    session.open();
    const lastMs = startMs + random.between(10, 100) * 3600 * SECOND;
    let nextMs = startMs + everySeconds * SECOND;
    while (nextMs < Math.min(lastMs, period.endMs)) {
      yield nextMs;
      transaction = (transaction + 1) & 0xffff;
      session.until(nextMs).send('remote', modbusRead(transaction, unit, 100, 12));
      session.send('device', modbusValues(transaction, unit, noise.bytes(24))).idle(0);
      nextMs += everySeconds * SECOND;
    }
    if (nextMs < period.endMs) session.close('remote');
    startMs = session.timeMs + random.between(1, 5) * SECOND;
  }
}

function* readings({ network, random: from, period }: DeviceSetting): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const port = random.integer(49_152, 65_535);
  let id = random.integer(0, 0xffff);
  for (const timeMs of every(random, period, 60, random.between(1, 60), 0)) {
    yield timeMs;
    id = (id + 1) & 0xffff;
    const post = coapPost(noise, id, 'readings', noise.bytes(random.integer(30, 90)));
    const forth = { sourcePort: port, destinationPort: COAP_PORT, payload: post };
    network.fromDevice(timeMs, COLLECTOR.address, udpDatagram(forth));
    const back = { sourcePort: COAP_PORT, destinationPort: port, payload: coapChanged(post) };
    network.toDevice(timeMs + random.between(1, 30), COLLECTOR.address, udpDatagram(back));
  }
}

/** Datagrams one way: metrics (statsd) and log lines (RFC 5426) have no answer. */
function* unanswered(
  { network, random: from, period }: DeviceSetting,
  destinationPort: number,
  everySeconds: number,
  jitter: number,
  lengths: readonly [least: number, most: number],
): Activity {
  const random = from.fork();
  const noise = new Noise(random);
  const sourcePort = random.integer(32_768, 60_999);
  for (const timeMs of every(random, period, everySeconds, random.between(1, everySeconds), jitter)) {
    yield timeMs;
    const payload = noise.bytes(random.integer(...lengths));
    network.fromDevice(timeMs, COLLECTOR.address, udpDatagram({ sourcePort, destinationPort, payload }));
  }
}
