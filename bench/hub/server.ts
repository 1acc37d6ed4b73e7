// The hub as a process of its own, to be measured. `FOLDER DEVICES KEY KEEPING`; says its ports and authority to its parent.
// KEEPING: how durable messages are, or `nothing`.

import { MessageStore, type Stored } from '../../service/hub/message-store.ts';
import { openRegistry, startHub } from '../../service/index.ts';

const [, , dataFolder = '', devices = '0', primaryKey = '', keeping = 'synced'] = process.argv;
if (keeping === 'nothing') {
  // What the protocol costs by itself: acknowledged together, as after a commit, and forgotten.
  let waiting: Stored[] = [];
  MessageStore.prototype.append = (_, stored) => {
    if (waiting.push(stored) > 1) return;
    setImmediate(() => {
      const batch = waiting;
      waiting = [];
      for (const done of batch) done();
    });
  };
}
const hub = await startHub({
  dataFolder,
  port: 0,
  plainPort: 0,
  durability: keeping === 'synced' ? 'synced' : 'written',
  limits: { maxSendsPerSecond: 10_000_000 },
});
const registry = openRegistry(dataFolder);
for (let index = 0; index < Number(devices); index++) registry.add(`device-${index}`, { primaryKey });
registry.close();
hub.on('event', (event) => {
  if (event.kind === 'terminated' || event.kind === 'storage_failed')
    process.stderr.write(`${JSON.stringify(event)}\n`);
});
process.send?.({ port: hub.port, plainPort: hub.plainPort, ca: hub.caCertificate });
process.once('disconnect', () => void hub.close());
