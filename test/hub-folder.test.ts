// The data folder: its modes, its lock, its certificates, and a first start that is killed anywhere.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { hubCertificates } from '../service/hub/certificates.ts';
import { dataFolderAt, makeDataFolder } from '../service/hub/data-folder.ts';
import { startHub } from '../service/hub/hub.ts';
import { readMessages } from '../service/hub/message-reader.ts';
import { openRegistry } from '../service/hub/registry.ts';
import { killed, spawnHub, startHubChild } from './support/hub-child.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { codeOf, errorOf } from './support/thrown-error.ts';

const test = suite('hub: its data folder');
const DAY = 86_400_000;
const NAMES = ['localhost', '127.0.0.1', '::1', 'hub.example.com'];

async function rejection(promise: Promise<unknown>): Promise<WardletError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WardletError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('only the owner reads it', async () => {
  const folder = join(temporaryFolder(), 'a', 'hub');
  const hub = await startHub({ dataFolder: folder, port: 0 });
  assert.is(statSync(folder).mode & 0o777, 0o700);
  for (const name of readdirSync(folder)) assert.is(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  assert.ok(
    ['ca.pem', 'ca-key.pem', 'server.pem', 'server-key.pem', 'hub.db'].every((name) =>
      readdirSync(folder).includes(name),
    ),
  );
  assert.is(hub.caFile, join(folder, 'ca.pem'));
  await hub.close();
});

test('a folder that cannot be used: which, why, and what to do', async () => {
  const place = temporaryFolder();
  writeFileSync(join(place, 'file'), '');
  mkdirSync(join(place, 'damaged'));
  writeFileSync(join(place, 'damaged', 'hub.db'), 'not a database '.repeat(100));
  mkdirSync(join(place, 'home'));
  writeFileSync(join(place, 'home', 'thesis.txt'), '');
  chmodSync(join(place, 'home'), 0o755);
  const start = (name: string) => rejection(startHub({ dataFolder: join(place, name), port: 0 }));
  for (const [name, hint] of [
    ['file', /it is a file/],
    ['file/below', /a part of the path is a file/],
    ['damaged', /backup/],
    ['home', /empty/],
  ] as const) {
    const error = await start(name);
    assert.is(error.code, 'WL_BAD_DATA_FOLDER', name);
    assert.match(error.hint, hint, name);
  }
  assert.is(statSync(join(place, 'home')).mode & 0o777, 0o755);
  if (process.platform === 'linux') {
    const unwritable = await rejection(startHub({ dataFolder: '/sys/nowhere/hub', port: 0 }));
    assert.is(unwritable.code, 'WL_BAD_DATA_FOLDER');
  }
  assert.is(
    codeOf(() => [...readMessages(join(place, 'nothing'))]),
    'WL_BAD_DATA_FOLDER',
  );
  assert.not.ok(existsSync(join(place, 'nothing')));
});

test('one hub a folder, also in one process; a port that is taken', async () => {
  const folder = temporaryFolder();
  const hub = await startHub({ dataFolder: folder, port: 0 });
  const second = await rejection(startHub({ dataFolder: folder, port: 0 }));
  assert.is(second.code, 'WL_BAD_DATA_FOLDER');
  assert.match(second.message, /another hub/);
  const other = temporaryFolder();
  assert.is((await rejection(startHub({ dataFolder: other, port: hub.port }))).code, 'WL_PORT_IN_USE');
  // Nothing of the attempt is left: the folder can be used at once.
  await (await startHub({ dataFolder: other, port: 0 })).close();
  assert.is(
    (await rejection(startHub({ dataFolder: other, port: 0, host: '192.0.2.1' }))).code,
    'WL_BAD_OPTION',
  );

  const program = createServer().listen(0, '127.0.0.1');
  await once(program, 'listening');
  const address = program.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  assert.is((await rejection(startHub({ dataFolder: other, port }))).code, 'WL_PORT_IN_USE');
  program.close();
  await hub.close();
});

test('the lock ends with its process, however that ends', async () => {
  const folder = temporaryFolder();
  const child = await startHubChild(folder);
  assert.match((await rejection(startHub({ dataFolder: folder, port: 0 }))).message, /another hub/);
  await child.kill('SIGKILL');
  await (await startHub({ dataFolder: folder, port: 0 })).close();
});

test('killed anywhere in its first start, it starts the second time', async () => {
  const folder = temporaryFolder();
  // Until the first file is there, then from moment to moment.
  for (const delayMs of [0, 8]) {
    const child = spawnHub(join(folder, `${delayMs}`));
    while (!existsSync(join(folder, `${delayMs}`, 'hub.db')))
      await new Promise((resolve) => setTimeout(resolve, 2));
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await killed(child, 'SIGKILL');
    const hub = await startHub({ dataFolder: join(folder, `${delayMs}`), port: 0 });
    await hub.close();
  }
});

test('every state that a kill can leave of the certificates is repaired', async () => {
  const now = Date.now();
  const whole = makeDataFolder(temporaryFolder());
  await hubCertificates(whole, NAMES, now);
  const files = ['ca-key.pem', 'ca.pem', 'server-key.pem', 'server.pem'];
  for (let kept = 0; kept <= files.length; kept++) {
    const folder = makeDataFolder(temporaryFolder());
    // In the order in which they are written; the last one may be torn, under another name.
    for (const name of files.slice(0, kept))
      writeFileSync(join(folder.path, name), readFileSync(join(whole.path, name)));
    writeFileSync(join(folder.path, '.1.tmp'), '-----BEGIN');
    const { server, authority } = await hubCertificates(folder, NAMES, now);
    assert.ok(new X509Certificate(server).verify(new X509Certificate(authority).publicKey), `${kept} files`);
  }
});

test('certificates: for every name, from the past, by an authority that stays', async () => {
  const now = Date.now();
  const folder = makeDataFolder(temporaryFolder());
  const first = await hubCertificates(folder, NAMES, now);
  assert.ok(first.isNew);
  const server = new X509Certificate(first.server);
  const authority = new X509Certificate(first.authority);
  assert.ok(
    authority.ca && !server.ca && server.checkIssued(authority) && server.verify(authority.publicKey),
  );
  assert.is(server.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  for (const name of ['localhost', 'hub.example.com']) assert.ok(server.checkHost(name), name);
  for (const address of ['127.0.0.1', '::1']) assert.ok(server.checkIP(address), address);
  assert.ok(Date.parse(server.validFrom) < now - 2 * DAY && Date.parse(authority.validFrom) < now - 2 * DAY);

  const same = await hubCertificates(folder, NAMES, now);
  assert.ok(!same.isNew && same.server === first.server);
  const renamed = await hubCertificates(folder, [...NAMES, '192.0.2.7'], now);
  assert.ok(renamed.isNew && new X509Certificate(renamed.server).checkIP('192.0.2.7'));
  assert.ok((await hubCertificates(folder, NAMES, now)).isNew, 'a name less');
  assert.not.ok((await hubCertificates(folder, NAMES, now + 360 * DAY)).isNew);
  assert.ok((await hubCertificates(folder, NAMES, now + 370 * DAY)).isNew, 'soon out of date');
  assert.is((await hubCertificates(folder, NAMES, now)).authority, first.authority);
});

test('a damaged authority is a matter for a person; a damaged server certificate is not', async () => {
  const folder = makeDataFolder(temporaryFolder());
  await hubCertificates(folder, NAMES, Date.now());
  writeFileSync(folder.serverFile, 'nonsense');
  assert.ok((await hubCertificates(folder, NAMES, Date.now())).isNew);
  unlinkSync(folder.caKeyFile);
  const error = await rejection(hubCertificates(folder, NAMES, Date.now()));
  assert.is(error.code, 'WL_BAD_DATA_FOLDER');
  assert.match(error.hint, /ca\.pem/);
  assert.is(
    (await rejection(hubCertificates(folder, NAMES, Date.now() + 40 * 365 * DAY))).code,
    'WL_BAD_DATA_FOLDER',
  );
});

test('a real handshake by every local name, and not by another one', async () => {
  const hub = await startHub({ dataFolder: temporaryFolder(), port: 0, hostNames: ['hub.example.com'] });
  const handshake = (host: string, servername: string) =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host, port: hub.port, ca: hub.caCertificate, servername }, () => {
        resolve(socket.authorized);
        socket.destroy();
      });
      socket.on('error', () => resolve(false));
    });
  assert.ok(await handshake('127.0.0.1', 'localhost'));
  assert.ok(await handshake('127.0.0.1', 'hub.example.com'));
  assert.ok(await handshake('127.0.0.1', ''));
  assert.not.ok(await handshake('127.0.0.1', 'elsewhere.example.com'));
  assert.is(hub.hostName, 'hub.example.com');
  assert.ok(hub.hostNames.includes(hostname().toLowerCase()) || hostname() === '');
  await hub.close();
});

test('the registry: add, list, change, remove; also before the first start', async () => {
  const folder = temporaryFolder();
  const registry = openRegistry(folder);
  const device = registry.add('pump-1');
  assert.is(Buffer.from(device.primaryKey, 'base64').length, 32);
  assert.is.not(device.primaryKey, device.secondaryKey);
  assert.ok(device.isEnabled && Math.abs(device.createdMs - Date.now()) < 5_000);
  assert.equal(registry.get('pump-1'), device);
  const key = Buffer.alloc(16, 3).toString('base64');
  registry.add('a', { primaryKey: key });
  assert.equal(
    registry.list().map(({ id }) => id),
    ['a', 'pump-1'],
  );

  assert.is(
    codeOf(() => registry.add('pump-1')),
    'WL_DEVICE_EXISTS',
  );
  assert.is(
    codeOf(() => registry.add('../x')),
    'WL_BAD_DEVICE_ID',
  );
  assert.is(
    codeOf(() => registry.add('b', { secondaryKey: 'short' })),
    'WL_BAD_KEY',
  );
  assert.is(
    codeOf(() => registry.remove('b')),
    'WL_NO_SUCH_DEVICE',
  );
  assert.is(
    codeOf(() => registry.setKeys('a', { primaryKey: '!' })),
    'WL_BAD_KEY',
  );
  const secret = Buffer.alloc(12, 9).toString('base64');
  assert.not.match(
    JSON.stringify(errorOf(() => registry.add('b', { primaryKey: secret }))),
    new RegExp(secret),
  );
  assert.is(registry.get('a')?.primaryKey, key);
  assert.is(registry.get("a' OR '1'='1"), undefined);

  // As a hub listens: the port is in the connection string where it is not the usual one.
  assert.is(
    registry.connectionString(device),
    `HostName=localhost;DeviceId=pump-1;SharedAccessKey=${device.primaryKey}`,
  );
  const hub = await startHub({ dataFolder: folder, port: 0 });
  const text = registry.connectionString(device, { which: 'secondary' });
  assert.is(
    text,
    `HostName=localhost;DeviceId=pump-1;SharedAccessKey=${device.secondaryKey};GatewayHostName=localhost:${hub.port}`,
  );
  await hub.close();

  registry.remove('a');
  registry.close();
  const again = openRegistry(folder);
  assert.equal(again.list(), [device]);
  again.close();
  assert.ok(existsSync(dataFolderAt(folder).databaseFile));
});

test.run();
