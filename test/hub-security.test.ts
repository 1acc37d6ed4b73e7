// What an attacker tries at the hub, as one list: all of it is refused, and a device that is connected the whole time loses nothing.

import { once } from 'node:events';
import { statSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { openRegistry, type Registry } from '../service/hub/registry.ts';
import { restToken, rotateRestToken } from '../service/rest/token.ts';
import { HubClient, inSeconds, sasToken } from './support/hub-client.ts';
import { HubDevice } from './support/hub-device.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: security');
const folder = temporaryFolder();
const SEED = Number(process.env.SEED ?? 20260);

let hub: Hub;
let registry: Registry;
let onlooker: HubDevice;
let timer: NodeJS.Timeout;
let sent = 0;
const stored = new Set<string>();

test.before(async () => {
  hub = await startHub({
    dataFolder: folder,
    port: 0,
    restPort: 0,
    durability: 'written',
    limits: { connectTimeoutMs: 500, handshakeTimeoutMs: 500 },
  });
  hub.on('message', ({ deviceId, body }) => {
    if (deviceId === 'onlooker') stored.add(Buffer.from(body).toString());
  });
  registry = openRegistry(folder);
  for (const id of ['onlooker', 'pump-1', 'pump-2']) registry.add(id);
  onlooker = await HubDevice.connect(hub, registry, { deviceId: 'onlooker' });
  timer = setInterval(() => onlooker.publish('devices/onlooker/messages/events/', String(sent++), 1), 20);
});
test.after(async () => {
  registry.close();
  await hub.close();
});

const keyOf = (id: string) => registry.get(id)?.primaryKey ?? '';

async function refused(password: string, deviceId = 'pump-1'): Promise<void> {
  const client = await HubClient.open(hub);
  const code = await client.connect({ deviceId, key: '' }, { password });
  client.close();
  assert.ok(code === 4 || code === 5, String(code));
}

async function ended(act: (device: HubDevice) => void): Promise<void> {
  const device = await HubDevice.connect(hub, registry, { deviceId: 'pump-1' });
  act(device);
  await device.client.closed();
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly etag?: string | undefined;
}

function rest(
  method: string,
  path: string,
  options: { body?: string; headers?: object } = {},
): Promise<Answer> {
  const headers = { authorization: `Bearer ${restToken(folder)}`, ...options.headers };
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: 'localhost',
        port: hub.restPort,
        ca: hub.caCertificate,
        method,
        path,
        headers: headers as never,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, etag: response.headers.etag }),
        );
        response.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(options.body);
  });
}

/** What comes back for bytes that no client library would send. */
async function raw(text: string): Promise<string> {
  const socket = connectTls({ host: 'localhost', port: hub.restPort ?? 0, ca: hub.caCertificate });
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

test('a token for another device, with another key, of a policy, or expired', async () => {
  const inAnHour = inSeconds(3600);
  await refused(sasToken({ deviceId: 'pump-2', key: keyOf('pump-2') }, inAnHour));
  await refused(sasToken({ deviceId: 'pump-1', key: keyOf('pump-2') }, inAnHour));
  await refused(`${sasToken({ deviceId: 'pump-1', key: keyOf('pump-1') }, inAnHour)}&skn=iothubowner`);
  await refused(sasToken({ deviceId: 'pump-1', key: keyOf('pump-1') }, inSeconds(-3600)));
});

test('an old token after its key was rotated', async () => {
  const old = sasToken({ deviceId: 'pump-2', key: keyOf('pump-2') }, inSeconds(3600));
  registry.setKeys('pump-2', { primaryKey: Buffer.alloc(32, 7).toString('base64') });
  await refused(old, 'pump-2');
});

test("another device's topic, and a path in an id", async () => {
  await ended((device) => device.publish('devices/onlooker/messages/events/', 'x'));
  await ended((device) => device.publish('devices/pump-1/../onlooker/messages/events/', 'x'));
  for (const deviceId of ['../../hub.db', '..%2f..%2fhub.db', 'a/b/c']) {
    await refused(sasToken({ deviceId, key: keyOf('pump-1') }, inSeconds(3600)), deviceId);
  }
});

test('oversized: CONNECT, client id, topic, bag, body, twin', async () => {
  const big = await HubClient.open(hub);
  assert.is(
    await big.connect(
      { deviceId: 'pump-1', key: '' },
      { password: 'x'.repeat(60_000), clientId: 'y'.repeat(60_000) },
    ),
    undefined,
  );
  await refused('x'.repeat(60_000));
  await refused('x', 'y'.repeat(10_000));
  const events = 'devices/pump-1/messages/events/';
  await ended((device) => device.publish(events, Buffer.alloc(300 * 1024)));
  const device = await HubDevice.connect(hub, registry, { deviceId: 'pump-1' });
  await device.subscribe(['$iothub/twin/res/#']);
  const twin = JSON.stringify(
    Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, 'v'.repeat(4_000)])),
  );
  assert.match(
    (await device.ask('$iothub/twin/PATCH/properties/reported/?$rid=1', twin)).topic,
    /res\/4\d\d/,
  );
  device.client.close();
});

test('1,000 malformed MQTT packets', async () => {
  let state = SEED;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  process.stdout.write(`seed ${SEED} `);
  for (let round = 0; round < 1_000; round += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await HubClient.open(hub);
        // Never a CONNECT: the first nibble of that is 1.
        const bytes = Buffer.from(Array.from({ length: 2 + random(200) }, () => random(256)));
        if (bytes[0] !== undefined && bytes[0] >> 4 === 1) bytes[0] = 0xf0;
        client.socket.end(bytes);
        await client.closed();
        assert.not.ok(client.received.some((packet) => packet.cmd === 'connack' && packet.returnCode === 0));
      }),
    );
  }
});

test('slow CONNECT, slow TLS, TLS below 1.2', async () => {
  const slow = await HubClient.open(hub);
  slow.socket.write(Buffer.from([0x10]));
  await slow.closed();
  const tcp = connectTcp(hub.port, 'localhost').on('error', () => {});
  await once(tcp, 'connect');
  tcp.write(Buffer.from([0x16, 3, 1]));
  tcp.resume();
  await once(tcp, 'close');
  for (const port of [hub.port, hub.restPort ?? 0]) {
    const old = connectTls({
      host: 'localhost',
      port,
      ca: hub.caCertificate,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    old.on('secureConnect', () => assert.unreachable('TLS 1.1'));
    await new Promise((resolve) => old.on('error', resolve));
  }
});

test('REST without its token: 401, and nothing else', async () => {
  assert.is(statSync(join(folder, 'rest-token')).mode & 0o777, 0o600);
  const before = await rest('GET', '/devices');
  const old = restToken(folder);
  for (const authorization of ['', 'Bearer ', 'Bearer x', `Basic ${old}`, `Bearer ${old}x`]) {
    for (const path of ['/devices', '/openapi.json', '/nowhere', `/devices?token=${old}`]) {
      const { status, text } = await rest('GET', path, { headers: { authorization } });
      assert.is(status, 401);
      assert.equal(JSON.parse(text), { errorCode: 401_003, message: 'Unauthorized' });
    }
    assert.is((await rest('DELETE', '/devices/pump-1', { headers: { authorization } })).status, 401);
  }
  rotateRestToken(folder);
  assert.is((await rest('GET', '/devices', { headers: { authorization: `Bearer ${old}` } })).status, 401);
  assert.is((await rest('GET', '/devices')).text, before.text);
});

test('REST: oversized, paths in ids, deep JSON, keys of prototypes', async () => {
  for (const id of ['..%2f..%2fhub.db', '%2e%2e%2fx', 'a%00b', '%']) {
    assert.is((await rest('GET', `/devices/${id}`)).status, 400, id);
    assert.is((await rest('GET', `/twins/${id}`)).status, 400, id);
  }
  assert.is((await rest('GET', `/devices/${'a'.repeat(3_000)}`)).status, 414);
  assert.is((await rest('PUT', '/devices/new', { body: ' '.repeat(300 * 1024) })).status, 413);
  assert.is((await rest('PUT', '/devices/new', { body: '['.repeat(100_000) })).status, 400);
  assert.is((await rest('PATCH', '/twins/pump-1', { body: '{"tags":{"__proto__":{"x":1}}}' })).status, 400);
  assert.is((await rest('GET', '/devices/new')).status, 404);
  assert.match(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'h'.repeat(40_000)}\r\n\r\n`), /^HTTP\/1.1 4/);
});

test('REST: smuggling, pipelining, broken chunks', async () => {
  const head = `POST /devices HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${restToken(folder)}\r\n`;
  const both = await raw(
    `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /devices`,
  );
  assert.match(both, /^HTTP\/1.1 400/);
  const chunks = await raw(`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`);
  assert.not.match(chunks, /HTTP\/1.1 2/);
  const get = head.replace('POST', 'GET');
  assert.is((await raw(`${get}\r\n${get}\r\n${get}\r\n`)).match(/HTTP\/1.1 200/g)?.length, 1);
});

test('REST: what it is for', async () => {
  const made = await rest('PUT', '/devices/new', { body: '{"status":"disabled"}' });
  assert.match(made.text, /"status":"disabled"/);
  assert.is((await rest('PUT', '/devices/new', { body: '{}' })).status, 409);
  assert.is((await rest('PUT', '/devices/new', { body: '{}', headers: { 'if-match': '"x"' } })).status, 412);
  const on = { body: '{"status":"enabled"}', headers: { 'if-match': made.etag } };
  assert.match((await rest('PUT', '/devices/new', on)).text, /"status":"enabled"/);
  const twin = await rest('PATCH', '/twins/new', { body: '{"tags":{"a":1}}' });
  assert.is(twin.status, 200);
  await rest('PATCH', '/twins/new', { body: '{"tags":{"a":2}}' });
  const late = { body: '{"tags":{"a":3}}', headers: { 'if-match': twin.etag } };
  assert.is((await rest('PATCH', '/twins/new', late)).status, 412);
  const sentTo = { body: 'hello', headers: { 'iothub-messageid': 'm1', 'iothub-app-a': 'b' } };
  assert.is((await rest('POST', '/devices/new/messages/devicebound', sentTo)).status, 201);
  assert.match((await rest('DELETE', '/devices/new/commands')).text, /"totalMessagesPurged":1/);
  assert.is((await rest('POST', '/twins/new/methods', { body: '{"methodName":"x"}' })).status, 404);
  for (let n = 0; n < 50; n++) registry.modules.add('new', `m${n}`);
  assert.is((await rest('PUT', '/devices/new/modules/one-more', { body: '{}' })).status, 403);
  assert.is((await rest('PUT', '/certificates/c', { body: '{"certificate":"x"}' })).status, 400);
  assert.is(
    (await rest('PUT', '/diagnosticSettings/d', { body: '{"categories":["Connections"]}' })).status,
    200,
  );
  assert.is((await rest('DELETE', '/diagnosticSettings/d')).status, 204);
  assert.is((await rest('DELETE', '/devices/new')).status, 204);
  const paths = (JSON.parse((await rest('GET', '/openapi.json')).text) as { paths: object }).paths;
  assert.ok('/twins/{id}/modules/{mid}/methods' in paths);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const log = (await rest('GET', '/events?after=0&top=1000')).text;
  for (const kind of [
    'unauthorised',
    'operation',
    'diagnostics_added',
    'diagnostics_deleted',
    'certificate_change_failed',
  ]) {
    assert.match(log, `"kind":"${kind}"`);
  }
});

test('an address that the IP filter rejects gets no connection; the device that is there goes on', async () => {
  assert.is((await rest('PUT', '/ipFilterRules', { body: '[{"filterName":"x"}]' })).status, 400);
  const rules = ['192.0.2.0/24', '127.0.0.0/8', '::1'].map((ipMask, n) => ({
    filterName: `r${n}`,
    action: 'reject',
    ipMask,
  }));
  assert.is((await rest('PUT', '/ipFilterRules', { body: JSON.stringify(rules) })).status, 200);
  let isOpen = true;
  await HubClient.open(hub).catch(() => {
    isOpen = false;
  });
  assert.not.ok(isOpen);
});

test('the onlooker has lost nothing', async () => {
  clearInterval(timer);
  await onlooker.settled();
  while (stored.size < sent) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(sent > 50);
  assert.is(stored.size, sent);
  assert.is(onlooker.client.isClosed, false);
  onlooker.client.close();
});

test.run();
