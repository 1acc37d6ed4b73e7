// The time of day from a pool of servers, at steady intervals: a question and an answer each.
import type { Client } from '../client.ts';
import { every } from '../schedule.ts';
import type { Activity } from '../timeline.ts';
import type { Cloud } from './cloud.ts';
import type { DeviceSetting } from './setting.ts';

export interface TimeKeepingOptions {
  readonly pool: Cloud;
  /** Between rounds; exact but for what a look-up takes. */
  readonly everySeconds: number;
  /** Servers asked in a round; default 1. */
  readonly servers?: number;
  /**
   * wanders: a name is looked up each time, as simple clients do. stays: the same servers for days, as ntpd does; default wanders.
   */
  readonly manner?: 'wanders' | 'stays';
  /** Of the servers that stay, so many never answer, and are asked nevertheless; default 0. */
  readonly dead?: number;
}

export function* timeKeeping(
  { random: from, period }: DeviceSetting,
  client: Client,
  options: TimeKeepingOptions,
): Activity {
  const { pool, everySeconds, servers = 1, manner = 'wanders', dead = 0 } = options;
  const random = from.fork();
  const firstSeconds = random.between(1, everySeconds);
  const kept = Array.from({ length: servers }, (_, i) => pool.at(i));
  for (const timeMs of every(random, period, everySeconds, firstSeconds, 0)) {
    yield timeMs;
    for (const [i, known] of kept.entries()) {
      const askedMs = timeMs + 100 * i;
      if (manner === 'stays') {
        client.askTime(random, known, askedMs, { isDead: i < dead });
        continue;
      }
      const server = pool.server(random);
      // The servers are asked one after the other, the name once.
      client.askTime(random, server, i === 0 ? client.lookUp(random, server, timeMs) : askedMs + 50);
    }
  }
}
