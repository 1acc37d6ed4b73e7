// The transport against real sockets and real TLS: failures by name, messages through cuts and renewals, and no key anywhere.

import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import type { IPublishPacket } from 'mqtt-packet';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../bindings/js/core.ts';
import type { WardletError } from '../bindings/js/errors.ts';
import {
  createAgent,
  IotHubTransport,
  type OutgoingMessage,
  parseConnectionString,
} from '../host/agent/index.ts';
import { AcknowledgingHub } from './support/acknowledging-hub.ts';
import { LOCAL_ADDRESSES } from './support/agent-run.ts';
import { Authority } from './support/certificates.ts';
import { frame, peerV4 } from './support/packets.ts';
import { newExports } from './support/profiles.ts';

const KEY = 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYw==';
const FAST = { random: () => 0, retrySeconds: 1, connectTimeoutSeconds: 1 };

const test = suite('transport');
let hub: AcknowledgingHub;
const opened: IotHubTransport[] = [];
const servers: Array<{ close(): unknown }> = [];

test.before.each(async () => {
  hub = await AcknowledgingHub.start();
});
test.after.each(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
  await Promise.all([hub.close(), ...servers.splice(0).map((server) => server.close())]);
});

/** What the listener hears, in order. */
class Heard {
  readonly said: string[] = [];
  readonly errors: WardletError[] = [];
  readonly #waiting: Array<() => void> = [];

  listener = {
    connected: () => this.#hear('connected'),
    disconnected: (reason: WardletError) => this.#hear('disconnected', reason),
    failed: (reason: WardletError) => this.#hear('failed', reason),
  };

  async until(count: number): Promise<void> {
    while (this.said.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #hear(what: string, reason?: WardletError): void {
    this.said.push(what);
    if (reason) this.errors.push(reason);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function connect(
  options: Partial<ConstructorParameters<typeof IotHubTransport>[0]> = {},
  text = hub.connectionString('d', KEY),
) {
  const heard = new Heard();
  const transport = new IotHubTransport({
    connection: parseConnectionString(text),
    ca: hub.caCertificate,
    ...FAST,
    ...options,
  });
  opened.push(transport);
  transport.open(heard.listener);
  return { transport, heard };
}

function message(sequence: number, length = 100): OutgoingMessage {
  const bytes = new Uint8Array(length).fill(sequence);
  return { bootId: '00000000-0000-4000-8000-000000000001', sequence, format: '2.3', bytes };
}

const sequenceOf = ({ topic }: IPublishPacket) => Number(/wl-seq=(\d+)/.exec(topic)?.[1]);

test('connects as IoT Hub wants it, sends at QoS 1, and says goodbye', async () => {
  const { transport, heard } = connect();
  await heard.until(1);
  await transport.send(message(7));
  await transport.close();
  const [packet] = hub.connects;
  assert.is(packet?.clientId, 'd');
  assert.is(packet?.username, 'hub.example/d/?api-version=2021-04-12');
  assert.match(String(packet?.password), /^SharedAccessSignature sr=hub\.example%2Fdevices%2Fd&sig=/);
  assert.is(packet?.clean, true);
  assert.is(packet?.protocolVersion, 4);
  assert.is(packet?.keepalive, 60);
  const [stored] = hub.stored;
  assert.is(stored?.qos, 1);
  assert.is(stored?.retain, false);
  assert.match(stored?.topic ?? '', /^devices\/d\/messages\/events\/mti=2\.3-1-1-0&/);
  assert.equal([...((stored?.payload ?? []) as Uint8Array)], [...message(7).bytes]);
  assert.is(hub.disconnects, 1);
  assert.equal(heard.said, ['connected']);
});

test('a message of 64 KB arrives whole', async () => {
  const { transport, heard } = connect();
  await heard.until(1);
  await transport.send(message(1, 65_536));
  assert.is(hub.stored[0]?.payload.length, 65_536);
});

test('so many at once, in order, and no more', async () => {
  hub.answer = () => 'keep quiet';
  const { transport, heard } = connect({ maxInFlight: 4 });
  await heard.until(1);
  const sends = Array.from({ length: 10 }, (_, sequence) => transport.send(message(sequence)));
  for (const send of sends) send.catch(() => {});
  await until(() => hub.stored.length === 4);
  await pause(50);
  assert.equal(hub.stored.map(sequenceOf), [0, 1, 2, 3]);
  await transport.close();
  const reasons = await Promise.allSettled(sends);
  assert.ok(
    reasons.every((reason) => reason.status === 'rejected' && reason.reason.code === 'WL_DISCONNECTED'),
  );
});

test('a lost connection rejects what is under way, says so, and comes back', async () => {
  hub.answer = () => 'cut after storing';
  const { transport, heard } = connect();
  await heard.until(1);
  const order: string[] = [];
  const send = transport.send(message(0)).catch((error: WardletError) => order.push(error.code));
  await heard.until(2);
  await send;
  assert.equal(order, ['WL_DISCONNECTED']);
  hub.answer = () => 'acknowledge';
  await heard.until(3);
  assert.equal(heard.said, ['connected', 'disconnected', 'connected']);
  await transport.send(message(0));
  assert.is(hub.stored.length, 2);
});

test('a token is renewed without a word: nothing lost, nothing rejected, a new one each time', async () => {
  const { transport, heard } = connect({ tokenLifetimeSeconds: 0.2 });
  await heard.until(1);
  let sent = 0;
  const sends: Array<Promise<void>> = [];
  while (hub.connects.length < 5) {
    sends.push(transport.send(message(sent++)));
    await pause(2);
  }
  await Promise.all(sends);
  const sequences = hub.stored.map(sequenceOf);
  assert.equal(
    [...new Set(sequences)],
    Array.from({ length: sent }, (_, at) => at),
  );
  assert.is(sequences.length, sent, 'the renewal waits for acknowledgements');
  assert.equal(heard.said, ['connected']);
});

test('a renewal that cannot wait sends again what was not acknowledged', async () => {
  hub.answer = () => 'keep quiet';
  let now = Date.now();
  const timers: Array<readonly [() => void, number]> = [];
  const clock = {
    now: () => now,
    setTimer(callback: () => void, delayMs: number) {
      timers.push([callback, delayMs]);
      return () => {};
    },
  };
  const { transport, heard } = connect({ clock, tokenLifetimeSeconds: 3_600 });
  await heard.until(1);
  const sends = [0, 1, 2].map((sequence) => transport.send(message(sequence)));
  await until(() => hub.stored.length === 3);
  now += 2_700_000;
  timers.find(([, delayMs]) => delayMs === 2_700_000)?.[0]();
  await until(() => timers.some(([, delayMs]) => delayMs === 5_000));
  hub.answer = () => 'acknowledge';
  timers.find(([, delayMs]) => delayMs === 5_000)?.[0]();
  await Promise.all(sends);
  assert.equal(hub.stored.map(sequenceOf), [0, 1, 2, 0, 1, 2]);
  const expiries = hub.connects.map(({ password }) => Number(/se=(\d+)/.exec(String(password))?.[1]));
  assert.is((expiries[1] ?? 0) - (expiries[0] ?? 0), 2_700);
  assert.equal(heard.said, ['connected']);
});

test('a renewal the hub refuses is a lost connection', async () => {
  const { heard } = connect({ tokenLifetimeSeconds: 0.2 });
  await heard.until(1);
  hub.returnCode = 5;
  await heard.until(2);
  assert.is(heard.said[1], 'disconnected');
  assert.is(heard.errors[0]?.code, 'WL_REFUSED');
  hub.returnCode = 0;
  await until(() => heard.said.at(-1) === 'connected');
});

for (const [returnCode, pattern] of [
  [1, /3\.1\.1/],
  [2, /device id/],
  [3, /not available/],
  [4, /not authorised/],
  [5, /not authorised/],
] as const) {
  test(`CONNACK ${returnCode} is a refusal, tried again`, async () => {
    hub.returnCode = returnCode;
    const { heard } = connect();
    await heard.until(2);
    assert.equal(heard.said.slice(0, 2), ['failed', 'failed']);
    assert.is(heard.errors[0]?.code, 'WL_REFUSED');
    assert.match(heard.errors[0]?.message ?? '', pattern);
    hub.returnCode = 0;
    await until(() => heard.said.at(-1) === 'connected');
  });
}

test('nothing listens: unreachable', async () => {
  const text = hub.connectionString('d', KEY);
  await hub.close();
  const { heard } = connect({}, text);
  await heard.until(1);
  assert.is(heard.errors[0]?.code, 'WL_UNREACHABLE');
  assert.match(heard.errors[0]?.message ?? '', /nothing listens/);
});

test('a host that does not exist: unreachable', async () => {
  const { heard } = connect({}, `HostName=nowhere.invalid;DeviceId=d;SharedAccessKey=${KEY}`);
  await heard.until(1);
  assert.is(heard.errors[0]?.code, 'WL_UNREACHABLE');
});

test('something else listens: it closes, keeps quiet, or speaks no TLS', async () => {
  for (const [serve, pattern] of [
    [(server: Server) => server.on('connection', (socket) => socket.destroy()), /closes/],
    [(server: Server) => server, /does not answer/],
    [
      (server: Server) => server.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      /TLS/,
    ],
  ] as const) {
    const server = serve(createServer());
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const { port } = server.address() as { port: number };
    const { heard, transport } = connect(
      {},
      `HostName=h;DeviceId=d;SharedAccessKey=${KEY};GatewayHostName=localhost:${port}`,
    );
    await heard.until(1);
    assert.is(heard.errors[0]?.code, 'WL_UNREACHABLE', heard.errors[0]?.message);
    assert.match(heard.errors[0]?.message ?? '', pattern);
    await transport.close();
    server.close();
  }
});

test('a hub that accepts TLS and says nothing more: unreachable after the time-out', async () => {
  hub.returnCode = undefined;
  const { heard } = connect();
  await heard.until(1);
  assert.match(heard.errors[0]?.message ?? '', /does not answer/);
});

test('certificates: unknown authority, expired, not yet valid, another name, TLS 1.1', async () => {
  const authority = await Authority.make('Another Authority');
  const day = 86_400_000;
  const at = (days: number) => new Date(Date.now() + days * day);
  const cases = [
    [{}, hub.caCertificate, 'WL_UNTRUSTED_HUB', /no authority/],
    [{ notBefore: at(-2), notAfter: at(-1) }, authority.certificate, 'WL_UNTRUSTED_HUB', /expired.*clock/],
    [
      { notBefore: at(1), notAfter: at(2) },
      authority.certificate,
      'WL_UNTRUSTED_HUB',
      /not valid yet.*clock/,
    ],
    [{ names: ['other.example'] }, authority.certificate, 'WL_WRONG_HOST', /localhost/],
    [{}, undefined, 'WL_UNTRUSTED_HUB', /no authority/],
  ] as const;
  for (const [options, ca, code, pattern] of cases) {
    const { certificate, key } = await authority.server(options);
    const other = await AcknowledgingHub.start({ cert: certificate, key });
    servers.push(other);
    const { heard } = connect({ ca }, other.connectionString('d', KEY));
    await heard.until(1);
    assert.is(heard.errors[0]?.code, code, heard.errors[0]?.message);
    assert.match(heard.errors[0]?.message ?? '', pattern);
    assert.is(other.connects.length, 0, 'no token was sent');
  }
  const { certificate, key } = await authority.server();
  const old = await AcknowledgingHub.start({
    cert: certificate,
    key,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  servers.push(old);
  const { heard } = connect({ ca: authority.certificate }, old.connectionString('d', KEY));
  await heard.until(1);
  assert.is(heard.errors[0]?.code, 'WL_UNREACHABLE', heard.errors[0]?.message);
});

test('closed at any moment, it says nothing more and leaves nothing open', async () => {
  for (const delay of [0, 1, 2, 5, 10, 20]) {
    const { transport, heard } = connect();
    await pause(delay);
    const before = heard.said.length;
    await transport.close();
    await transport.close();
    await pause(20);
    assert.is(heard.said.length, before);
  }
  await until(() => hub.connections === 0);
});

test('over WebSocket: path and subprotocol of IoT Hub, messages through a cut, the same failures by name', async () => {
  const web = await AcknowledgingHub.startWebSocket();
  servers.push(web);
  const text = web.connectionString('d', KEY);
  const { transport, heard } = connect({ protocol: 'mqtt-ws', ca: web.caCertificate }, text);
  await heard.until(1);
  await transport.send(message(0));
  web.cut();
  await heard.until(3);
  await transport.send(message(1, 100_000));
  assert.equal(heard.said, ['connected', 'disconnected', 'connected']);
  assert.equal(
    web.stored.map(({ payload }) => payload.length),
    [100, 100_000],
  );
  assert.equal(web.paths, ['/$iothub/websocket', '/$iothub/websocket']);
  assert.is(web.connects[0]?.clientId, 'd');

  const untrusted = connect({ protocol: 'mqtt-ws' }, text).heard;
  await untrusted.until(1);
  assert.is(untrusted.errors[0]?.code, 'WL_UNTRUSTED_HUB');
  web.returnCode = 5;
  const refused = connect({ protocol: 'mqtt-ws', ca: web.caCertificate }, text).heard;
  await refused.until(1);
  assert.is(refused.errors[0]?.code, 'WL_REFUSED');
  assert.is(parseConnectionString(`HostName=h;DeviceId=d;SharedAccessKey=${KEY}`, 443).port, 443);
});

test('with a certificate: no password, no token to renew, over both ways; without one it is told at once', async () => {
  const { certificate, key: privateKey } = await (await Authority.make('Factory')).server({ names: ['d'] });
  const asking = { requestCert: true, rejectUnauthorized: false };
  for (const [protocol, server] of [
    ['mqtt', await AcknowledgingHub.start(asking)],
    ['mqtt-ws', await AcknowledgingHub.startWebSocket(asking)],
  ] as const) {
    servers.push(server);
    const text = `HostName=hub.example;DeviceId=d;x509=true;GatewayHostName=localhost:${server.port}`;
    const { transport, heard } = connect(
      { protocol, certificate, privateKey, ca: server.caCertificate, tokenLifetimeSeconds: 5 },
      text,
    );
    await heard.until(1);
    await transport.send(message(0));
    assert.is(server.connects[0]?.password ?? undefined, undefined);
    assert.equal(server.shown, ['d']);
    assert.not.ok(inspect(transport, { depth: 9, showHidden: true }).includes('PRIVATE KEY'));
    assert.throws(() => connect({ ca: server.caCertificate }, text), /no certificate/);
  }
});

test('its own TCP connection is known with the first packet, and again with every new one', async () => {
  for (const [protocol, server] of [
    ['mqtt', await AcknowledgingHub.start()],
    ['mqtt-ws', await AcknowledgingHub.startWebSocket()],
  ] as const) {
    servers.push(server);
    const { transport, heard } = connect(
      { protocol, ca: server.caCertificate },
      server.connectionString('d', KEY),
    );
    for (let round = 0; round < 2; round++) {
      await heard.until(2 * round + 1);
      const { address = '', port = 0 } = server.peers[round] ?? {};
      assert.equal(transport.ownConnections, [
        { remoteAddress: address, remotePort: server.port, localPort: port },
      ]);
      server.cut();
      await heard.until(2 * round + 2);
    }
  }
});

test('connections lost within seconds, again and again: a longer wait and a warning that says what it looks like', async () => {
  const waits: number[] = [];
  // What waits for an attempt comes at once, what watches a connection never.
  const clock = {
    now: Date.now,
    setTimer(callback: () => void, delayMs: number) {
      if (delayMs === 10_000 || delayMs >= 2_000_000) return () => {};
      waits.push(delayMs);
      const timer = setTimeout(callback, delayMs === 60_000 ? 60_000 : 1);
      return () => clearTimeout(timer);
    },
  };
  const { heard } = connect({ clock, maxRetrySeconds: 100 });
  for (let round = 0; round < 7; round++) {
    await heard.until(2 * round + 1);
    hub.cut();
    await heard.until(2 * round + 2);
  }
  assert.equal(
    heard.errors.map(({ code }) => code),
    [...Array(3).fill('WL_DISCONNECTED'), ...Array(4).fill('WL_TAKEN_OVER')],
  );
  assert.match(heard.errors[3]?.message ?? '', /4 connections in a row .* as d takes over/);
  assert.equal(
    waits.filter((ms) => ms !== 60_000),
    [100, 100, 100, 30_000, 50_000, 50_000, 50_000],
  );
});

test('no key and no token in what agent and transport show, in warnings, or in the process title', async () => {
  const core = new Core(newExports('standard'));
  const agent = createAgent({
    core,
    connectionString: hub.connectionString('d', KEY),
    ca: hub.caCertificate,
    localAddresses: LOCAL_ADDRESSES,
    ...FAST,
  });
  const shown: unknown[] = [];
  agent.on('warning', (error) => shown.push(error));
  agent.on('message', (sent) => shown.push(sent));
  agent.on('state', (...states) => shown.push(states));
  hub.returnCode = 5;
  agent.start();
  await until(() => shown.length >= 3);
  hub.returnCode = 0;
  await until(() => agent.status().state === 'active');
  agent.observe(frame({ to: peerV4(1) }).bytes);
  hub.cut();
  const stopped = agent.stop();
  const { transport } = connect();
  shown.push(agent, transport, transport.close, process.title, process.argv);
  await stopped;
  const said = shown.flatMap((what) => [
    inspect(what, { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null }),
    inspect(what, { depth: 12, getters: true, customInspect: false }),
    JSON.stringify(what) ?? '',
  ]);
  const secrets = [KEY.replace(/=+$/, ''), 'SharedAccessSignature', 'sig='];
  for (const secret of secrets)
    assert.not.ok(
      said.some((text) => text.includes(secret)),
      secret,
    );
});

test('DEBUG and NODE_DEBUG print neither key nor token', () => {
  const script = fileURLToPath(new URL('support/connect-once.ts', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script, KEY], {
    env: { ...process.env, DEBUG: 'mqtt*', NODE_DEBUG: 'tls,net' },
    encoding: 'utf8',
  });
  assert.match(stdout, /through/);
  assert.match(stderr, /mqttjs/, 'DEBUG works');
  for (const secret of [KEY.replace(/=+$/, ''), 'SharedAccessSignature', 'sig=']) {
    const at = stderr.indexOf(secret);
    assert.is(at, -1, stderr.slice(Math.max(0, at - 200), at + 100));
  }
});

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 2) {
    if (waited > 10_000) throw new Error(`waited too long for ${condition}`);
    await pause(2);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test.run();
