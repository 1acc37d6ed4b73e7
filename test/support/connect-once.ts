// A process that connects with the connection string given, to a hub of its own, and ends: for what such a process prints.

import { IotHubTransport, parseConnectionString } from '../../host/agent/index.ts';
import { AcknowledgingHub } from './acknowledging-hub.ts';

const hub = await AcknowledgingHub.start();
const connection = parseConnectionString(hub.connectionString('d', process.argv[2]));
const transport = new IotHubTransport({ connection, ca: hub.caCertificate });
await new Promise<void>((resolve, reject) =>
  transport.open({ connected: resolve, disconnected: reject, failed: reject }),
);
await transport.close();
await hub.close();
console.log('through');
