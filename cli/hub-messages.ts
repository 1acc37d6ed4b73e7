// wardlet hub messages: what devices have sent, also while the hub runs.

import type { ReceivedMessage } from '../service/hub/received-message.ts';
import type { Registry } from '../service/index.ts';
import { hubFolder } from './data-folder.ts';
import { MessageFolder } from './message-folder.ts';
import { integer } from './options.ts';
import { receivedJson, receivedLines } from './received-view.ts';
import { loadService } from './service-package.ts';
import { untilStopped } from './stop-signal.ts';
import { printable } from './terminal.ts';
import { TextOutput } from './text-output.ts';

export interface HubMessagesOptions {
  readonly data?: string;
  readonly device?: string;
  readonly last: string;
  readonly follow?: boolean;
  readonly save?: string;
  readonly json?: boolean;
}

/** The store is asked for news this often. */
const FOLLOW_MS = 300;

export async function hubMessages(options: HubMessagesOptions): Promise<void> {
  const last = integer('--last', options.last, 0, Number.MAX_SAFE_INTEGER);
  const folder = options.save === undefined ? undefined : new MessageFolder(options.save);
  const { openRegistry, readMessages } = await loadService();
  const data = hubFolder(options.data);
  const device = options.device === undefined ? {} : { deviceId: options.device };
  let shown = 0;
  let afterId = 0;
  const show = (messages: Iterable<ReceivedMessage>) => {
    const output = new TextOutput(process.stdout);
    for (const message of messages) {
      afterId = message.id;
      shown++;
      folder?.write(message.body);
      if (options.json) output.write(`${JSON.stringify(receivedJson(message))}\n`);
      else for (const line of receivedLines(message)) output.write(`${line}\n`);
    }
    output.end();
  };

  show(readMessages(data, { ...device, last }));
  if (options.follow) {
    await untilStopped(async (stopped) => {
      while (!stopped.aborted) {
        show(readMessages(data, { ...device, afterId }));
        await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
      }
    });
  } else if (shown === 0 && !options.json) {
    process.stdout.write('No messages yet.\n');
    if (options.device !== undefined)
      noteUnregistered(openRegistry(data, { mustExist: true }), options.device);
  }
}

/** An id that nobody registered is more often a slip than a device that was removed. */
function noteUnregistered(registry: Registry, device: string): void {
  try {
    if (registry.get(device)) return;
    process.stderr.write(
      `No device ${printable(device)} is registered: wardlet hub device list shows those that are\n`,
    );
  } finally {
    registry.close();
  }
}
