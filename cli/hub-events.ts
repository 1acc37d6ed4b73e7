// wardlet hub events: the hub's event log, also while it runs.

import type { LoggedEvent } from '../service/index.ts';
import { hubFolder } from './data-folder.ts';
import { integer } from './options.ts';
import { loadService } from './service-package.ts';
import { untilStopped } from './stop-signal.ts';
import { printable } from './terminal.ts';
import { TextOutput } from './text-output.ts';

export interface HubEventsOptions {
  readonly data?: string;
  readonly last: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** The log is asked for news this often. */
const FOLLOW_MS = 300;
/** The log holds no more by default. */
const MOST = 100_000;

export async function hubEvents(options: HubEventsOptions): Promise<void> {
  const last = integer('--last', options.last, 0, MOST);
  const { eventText, readEvents } = await loadService();
  const data = hubFolder(options.data);
  let afterId = readEvents(data, { last: 1 }).at(-1)?.id ?? 0;
  const show = (events: readonly LoggedEvent[]) => {
    const output = new TextOutput(process.stdout);
    for (const event of events) {
      afterId = Math.max(afterId, event.id);
      const text = () => `${new Date(event.timeMs).toISOString()}  ${printable(eventText(event))}`;
      output.write(`${options.json ? JSON.stringify(event) : text()}\n`);
    }
    output.end();
  };
  const events = readEvents(data, { last });
  show(events);
  if (options.follow) {
    await untilStopped(async (stopped) => {
      while (!stopped.aborted) {
        show(readEvents(data, { afterId, last: MOST }));
        await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
      }
    });
  } else if (events.length === 0 && !options.json) process.stdout.write('No events yet.\n');
}
