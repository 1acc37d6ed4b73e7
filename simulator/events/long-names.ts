// Names that are long for a reason: block lists, checksums of files looked up by name, policies of mail. Bursts of questions of up to
// 120 characters with answers of up to 900 bytes, several times an hour. It is no tunnel: the day is a few megabytes.
import { clientOf, type DeviceSetting } from '../devices/setting.ts';
import { GATEWAY } from '../home-network.ts';
import { DNS_PORT } from '../messages/dns.ts';
import { dataAnswer, dataQuery } from '../messages/dns-data.ts';
import { Noise } from '../messages/noise.ts';
import { every } from '../schedule.ts';
import type { Activity } from '../timeline.ts';

const BURST_SECONDS = 900;
const DOMAIN = 'lookup.example.com';

export function* longNames(setting: DeviceSetting): Activity {
  const random = setting.random.fork();
  const noise = new Noise(random);
  const client = clientOf(setting);
  for (const startMs of every(random, setting.period, BURST_SECONDS, random.between(1, BURST_SECONDS), 0.5)) {
    yield startMs;
    let timeMs = startMs;
    for (let i = random.integer(10, 50); i > 0; i--) {
      const record = random.chance(0.3) ? 'TXT' : 'A';
      const dataLength = random.integer(24, 100);
      const id = random.integer(0, 0xffff);
      const query = dataQuery(noise, { id, record, dataLength, domain: DOMAIN });
      const port = client.nextPort();
      client.ask(timeMs, GATEWAY.address, port, DNS_PORT, query);
      const answer = dataAnswer(noise, query, record, random.integer(40, 700));
      client.answer(timeMs + random.between(2, 60), GATEWAY.address, port, DNS_PORT, answer);
      timeMs += random.exponential(120);
    }
  }
}
