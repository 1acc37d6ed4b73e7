// A traceroute (UDP to ports from 33,434 up, with ever more hops) every two hours: forty ports of one host, and errors
// from a dozen routers. It is no scan.
import { outageEnd } from '../conditions.ts';
import { clientOf, type DeviceSetting, peoplesTimes } from '../devices/setting.ts';
import { DEVICE } from '../home-network.ts';
import { cloudAt } from '../hosts.ts';
import { unreachable } from '../messages/unreachable.ts';
import { udpDatagram } from '../packets/index.ts';
import type { Activity } from '../timeline.ts';

/** A day. */
const TRACES = 10;
const FIRST_PORT = 33_434;
const PROBES_PER_HOP = 3;
/** Some routers say nothing. */
const ANSWERING_SHARE = 0.8;

export function* traceroutes(setting: DeviceSetting): Activity {
  const { network, period } = setting;
  const random = setting.random.fork();
  const client = clientOf(setting);
  for (const startMs of peoplesTimes(random, period, TRACES)) {
    yield startMs;
    const target = cloudAt('IPv4', random.next());
    const hops = random.integer(7, 16);
    const sourcePort = client.nextPort();
    let timeMs = startMs;
    for (let probe = 0; probe < hops * PROBES_PER_HOP; probe++) {
      const hop = 1 + Math.floor(probe / PROBES_PER_HOP);
      const isLast = hop === hops;
      const ports = { sourcePort, destinationPort: FIRST_PORT + probe };
      const datagram = udpDatagram({ ...ports, payload: new Uint8Array(32) });
      network.fromDevice(timeMs, target, datagram, { hopLimit: hop });
      const router = isLast ? target : cloudAt('IPv4', 0x1_7700 + 16 * hop);
      const isAnswered =
        outageEnd(network.conditions, timeMs) === undefined && random.chance(ANSWERING_SHARE);
      const waitMs = isAnswered ? hop * random.between(1, 6) : 5000;
      const error = unreachable(isLast ? 'port' : 'hops', DEVICE.address, target, datagram);
      if (isAnswered) network.toDevice(timeMs + waitMs, router, error);
      timeMs += waitMs + 0.3;
    }
  }
}
