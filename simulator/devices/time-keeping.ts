// The time of day from a pool of servers, at steady intervals: a question and an answer each.
import type { Client } from '../client.ts';
import { every } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import type { Cloud } from './cloud.ts';
import type { DeviceSetting } from './setting.ts';

export interface TimeKeepingOptions {
  readonly pool: Cloud;
  /** Between rounds; exact but for what the look-up takes. */
  readonly everySeconds: number;
  /** Servers asked in a round; default 1. */
  readonly servers?: number;
}

export function* timeKeeping(
  { random: from, period }: DeviceSetting,
  client: Client,
  { pool, everySeconds, servers = 1 }: TimeKeepingOptions,
): Activity {
  const random = from.fork();
  const firstSeconds = random.between(1, everySeconds);
  for (const timeMs of every(random, period, everySeconds, firstSeconds, 0)) {
    yield timeMs;
    for (let i = 0; i < servers; i++) {
      const server = pool.server(random);
      // The clocks are asked one after the other, the name once.
      const askedMs = i === 0 ? client.lookUp(random, server, timeMs) : timeMs + 100 + 20 * i;
      client.askTime(random, server, askedMs);
    }
  }
}
