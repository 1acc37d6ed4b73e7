// The hub as a process of its own, to be measured. `FOLDER DEVICES KEY DURABILITY`; says its port and authority to its parent.

import { openRegistry, startHub } from '../../service/index.ts';

const [, , dataFolder = '', devices = '0', primaryKey = '', durability = 'synced'] = process.argv;
const hub = await startHub({
  dataFolder,
  port: 0,
  durability: durability === 'written' ? 'written' : 'synced',
});
const registry = openRegistry(dataFolder);
for (let index = 0; index < Number(devices); index++) registry.add(`device-${index}`, { primaryKey });
registry.close();
hub.on('event', (event) => {
  if (event.kind === 'terminated' || event.kind === 'storage_failed')
    process.stderr.write(`${JSON.stringify(event)}\n`);
});
process.send?.({ port: hub.port, ca: hub.caCertificate });
process.once('disconnect', () => void hub.close());
