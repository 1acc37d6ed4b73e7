// wardlet hub: the hub, and what happens on it as lines.

import type { HubEvent } from '../service/index.ts';
import { out } from './colours.ts';
import { hubFolder } from './data-folder.ts';
import { integer } from './options.ts';
import { clockTime, receivedJson, receivedLines } from './received-view.ts';
import { loadService } from './service-package.ts';
import { aborted, untilStopped } from './stop-signal.ts';
import { printable } from './terminal.ts';

export interface HubVerbOptions {
  readonly data?: string;
  readonly port: string;
  readonly wsPort?: string;
  readonly plainPort?: string;
  readonly plainHost?: string;
  readonly restPort?: string;
  readonly host: string;
  readonly hostName?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export async function hub(options: HubVerbOptions): Promise<void> {
  const port = integer('--port', options.port, 0, 65535);
  const webSocketPort =
    options.wsPort === undefined ? undefined : integer('--ws-port', options.wsPort, 0, 65535);
  const plainPort =
    options.plainPort === undefined ? undefined : integer('--plain-port', options.plainPort, 0, 65535);
  const restPort =
    options.restPort === undefined ? undefined : integer('--rest-port', options.restPort, 0, 65535);
  const { eventText, startHub } = await loadService();
  const running = await startHub({
    dataFolder: hubFolder(options.data),
    port,
    ...(webSocketPort === undefined ? {} : { webSocketPort }),
    ...(plainPort === undefined ? {} : { plainPort }),
    ...(options.plainHost === undefined ? {} : { plainHost: options.plainHost }),
    ...(restPort === undefined ? {} : { restPort }),
    host: options.host,
    ...(options.hostName === undefined ? {} : { hostNames: options.hostName }),
  });
  const print = (line: string) => process.stdout.write(`${line}\n`);
  running.on('message', (message) => {
    if (options.quiet) return;
    if (options.json) print(JSON.stringify(receivedJson(message)));
    else for (const line of receivedLines(message)) print(line);
  });
  running.on('event', (event: HubEvent) => {
    if (options.json) print(JSON.stringify({ type: 'event', ...event }));
    else print(`${clockTime(event.timeMs)}  ${printable(eventText(event))}`);
  });
  if (options.json) {
    print(
      JSON.stringify({
        type: 'listening',
        port: running.port,
        ...(running.webSocketPort === undefined ? {} : { webSocketPort: running.webSocketPort }),
        ...(running.plainPort === undefined ? {} : { plainPort: running.plainPort }),
        ...(running.restPort === undefined ? {} : { restPort: running.restPort }),
        hostName: running.hostName,
        ca: running.caFile,
      }),
    );
  } else {
    print(`Hub ${out.bold(`${running.hostName}:${running.port}`)}, MQTT with TLS; Ctrl-C stops it.`);
    if (running.webSocketPort !== undefined) {
      print(`MQTT over WebSocket: wss://${running.hostName}:${running.webSocketPort}/$iothub/websocket`);
    }
    if (running.plainPort !== undefined) {
      print(`MQTT without TLS on port ${running.plainPort}: tokens and messages there travel in clear text.`);
    }
    if (running.restPort !== undefined) {
      print(`REST: https://localhost:${running.restPort}, with the token in rest-token of the data folder`);
    }
    print(`Its certificate authority, for devices: ${out.bold(printable(running.caFile))}`);
    print(out.dim('Register a device: wardlet hub device add sensor-1'));
  }
  await untilStopped(async (stopped) => {
    await aborted(stopped);
    await running.close();
  });
}
