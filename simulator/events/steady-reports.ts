// A weather station's way: every five minutes to the second a new connection to the same host, a few hundred bytes, an answer. On the
// wire it is what an implant that is answered does; only what was learned of the device tells them apart.
import { Cloud } from '../devices/cloud.ts';
import { clientOf, type DeviceSetting } from '../devices/setting.ts';
import { transfer } from '../devices/transfer.ts';
import { every } from '../schedule.ts';
import type { Activity } from '../timeline.ts';

const REPORT_SECONDS = 300;

export function* steadyReports(setting: DeviceSetting): Activity {
  const random = setting.random.fork();
  const client = clientOf(setting);
  const server = new Cloud(setting.world, 'reports.example.net', { addresses: 1 }).at(0);
  for (const startMs of every(random, setting.period, REPORT_SECONDS, random.between(1, REPORT_SECONDS), 0)) {
    yield startMs;
    setting.start(
      transfer(client, random.fork(), { server, startMs, up: random.integer(300, 360), down: 90 }),
    );
  }
}
