// The server's certificate is renewed while the hub runs.

import { connect } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startHub } from '../service/hub/hub.ts';
import { openRegistry } from '../service/hub/registry.ts';
import { HubClient } from './support/hub-client.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

test('new connections get the new certificate, on both ports; the others go on', async () => {
  const dataFolder = temporaryFolder();
  const registry = openRegistry(dataFolder);
  const { id, primaryKey } = registry.add('pump-1');
  registry.close();
  // Started a year ago, so that what is made now is in force for the clients of this test.
  let aheadMs = -380 * 86_400_000;
  const hub = await startHub({
    dataFolder,
    port: 0,
    webSocketPort: 0,
    durability: 'written',
    now: () => Date.now() + aheadMs,
  });
  const heard = new HeardEvents(hub);
  const serials = () => Promise.all([hub.port, hub.webSocketPort ?? 0].map((port) => serialAt(port, hub)));

  const before = await serials();
  assert.is(before[0], before[1]);
  const client = await HubClient.open(hub);
  assert.is(await client.connect({ deviceId: id, key: primaryKey }), 0);
  assert.is(await hub.renewCertificate(), false);

  aheadMs = 0;
  assert.is(await hub.renewCertificate(), true);
  const { expiresMs } = await heard.next('certificate_issued');
  assert.ok(expiresMs > Date.now() + 360 * 86_400_000);
  const after = await serials();
  assert.is(after[0], after[1]);
  assert.is.not(after[0], before[0]);
  assert.is(await hub.renewCertificate(), false);

  client.publish('devices/pump-1/messages/events/', 'x', 1);
  await client.next('puback');
  client.close();
  const next = await HubClient.open(hub);
  assert.is(await next.connect({ deviceId: id, key: primaryKey }), 0);
  next.close();
  await hub.close();
});

function serialAt(port: number, hub: { readonly caCertificate: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: 'localhost', ca: hub.caCertificate }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test.run();
