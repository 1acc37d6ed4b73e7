// A hub of its own process, for tests that kill it. `node --import tsx test/support/hub-process.ts FOLDER [durability]`; says its port.

import { startHub } from '../../service/hub/hub.ts';

const [, , dataFolder = '', durability = 'synced'] = process.argv;
const hub = await startHub({ dataFolder, port: 0, durability: durability as 'synced' | 'written' });
process.stdout.write(`${JSON.stringify({ port: hub.port, caCertificate: hub.caCertificate })}\n`);
process.on('SIGTERM', () => void hub.close());
