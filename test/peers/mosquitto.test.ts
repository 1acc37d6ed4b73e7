// The device's MQTT against a server that nobody here wrote: TLS, QoS 1, a large message, the server gone and back.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WardletError } from '../../bindings/js/errors.ts';
import { IotHubTransport, type OutgoingMessage, parseConnectionString } from '../../host/agent/index.ts';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const isInstalled = spawnSync('mosquitto', ['-h']).error === undefined;
const KEY = 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYw==';
const BOOT = '0f8fad5b-d9cb-469f-a165-70867728950e';
/** With its properties just below IoT Hub's 256 KB. */
const LARGE = 260_000;

const test = suite('mosquitto');
const opened: Array<() => unknown> = [];
test.after.each(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

class Broker {
  readonly ca: string;
  readonly port: number;
  readonly #configuration: string;
  #process: ChildProcess | undefined;

  private constructor(ca: string, port: number, configuration: string) {
    this.ca = ca;
    this.port = port;
    this.#configuration = configuration;
  }

  static async start(): Promise<Broker> {
    const folder = temporaryFolder();
    // It drops its rights to a user of its own, who has to read the key.
    chmodSync(folder, 0o755);
    const authority = await Authority.make('A test');
    const { certificate, key } = await authority.server({ names: ['localhost'] });
    const port = await freePort();
    const files = { certificate: join(folder, 'server.pem'), key: join(folder, 'key.pem') };
    writeFileSync(files.certificate, certificate);
    writeFileSync(files.key, key);
    const configuration = join(folder, 'mosquitto.conf');
    const lines = [
      `listener ${port} localhost`,
      `certfile ${files.certificate}`,
      `keyfile ${files.key}`,
      'allow_anonymous true',
      'max_queued_messages 0',
      'persistence false',
    ];
    writeFileSync(configuration, `${lines.join('\n')}\n`);
    const broker = new Broker(authority.certificate, port, configuration);
    opened.push(() => broker.kill());
    await broker.up();
    return broker;
  }

  async up(): Promise<void> {
    this.#process = spawn('mosquitto', ['-c', this.#configuration], { stdio: 'ignore' });
    for (let attempt = 0; attempt < 100; attempt++) {
      const socket = connectTcp(this.port, 'localhost');
      const answered = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      socket.destroy();
      if (answered) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('mosquitto does not listen');
  }

  async kill(): Promise<void> {
    const gone = this.#process && once(this.#process, 'exit');
    this.#process?.kill('SIGKILL');
    await gone;
  }

  /** Hears everything that devices publish. */
  async listener(): Promise<MqttClient> {
    const client = await connectAsync({
      protocol: 'mqtts',
      host: 'localhost',
      port: this.port,
      ca: this.ca,
      reconnectPeriod: 100,
    });
    opened.push(() => client.endAsync(true));
    return client;
  }
}

/** A transport, and what its listener heard. */
function device(broker: Broker): {
  transport: IotHubTransport;
  heard: string[];
  connected(times: number): Promise<void>;
} {
  const connection = parseConnectionString(
    `HostName=localhost;DeviceId=sensor-1;SharedAccessKey=${KEY};GatewayHostName=localhost:${broker.port}`,
  );
  const transport = new IotHubTransport({ connection, ca: broker.ca, retrySeconds: 1, maxRetrySeconds: 1 });
  opened.push(() => transport.close());
  const heard: string[] = [];
  let changed = (): void => {};
  const hear = (what: string) => (reason?: WardletError) => {
    heard.push(reason ? `${what} ${reason.code}` : what);
    changed();
  };
  transport.open({
    connected: hear('connected'),
    disconnected: hear('disconnected'),
    failed: hear('failed'),
  });
  const connected = async (times: number): Promise<void> => {
    while (heard.filter((what) => what === 'connected').length < times) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  return { transport, heard, connected };
}

function message(sequence: number, length = 400): OutgoingMessage {
  return { bootId: BOOT, sequence, format: '2.3', bytes: new Uint8Array(length).fill(sequence) };
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    if (attempt > 500) throw new Error('waited 10 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, 'localhost', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

if (isInstalled) {
  test('messages arrive with their properties in the topic, acknowledged, a large one too', async () => {
    const broker = await Broker.start();
    const listener = await broker.listener();
    const arrived: Array<{ topic: string; length: number }> = [];
    listener.on('message', (topic, payload) => arrived.push({ topic, length: payload.length }));
    await listener.subscribeAsync('devices/#', { qos: 1 });
    const { transport, connected } = device(broker);
    await connected(1);
    await Promise.all(
      [...Array.from({ length: 200 }, (_, sequence) => message(sequence)), message(200, LARGE)].map((one) =>
        transport.send(one),
      ),
    );
    await until(() => arrived.length === 201);
    assert.is(arrived.at(-1)?.length, LARGE);
    for (const [sequence, { topic }] of arrived.entries()) {
      assert.match(topic, /^devices\/sensor-1\/messages\/events\//);
      const bag = new URLSearchParams(topic.slice(topic.lastIndexOf('/') + 1));
      assert.is(bag.get('mti'), '2.3-1-1-0');
      assert.is(bag.get('$.ifid'), 'urn:azureiot:Security:SecurityAgent:1');
      assert.is(bag.get('wl-boot'), BOOT);
      assert.is(bag.get('wl-seq'), String(sequence));
    }
  });

  test('the server killed and back: connected again, and what was not acknowledged is known', async () => {
    const broker = await Broker.start();
    const { transport, heard, connected } = device(broker);
    await connected(1);
    await transport.send(message(0));
    await broker.kill();
    const rejected = await transport.send(message(1)).then(
      () => 'sent',
      (error: WardletError) => error.code,
    );
    assert.is(rejected, 'WL_DISCONNECTED');
    await broker.up();
    await connected(2);
    await transport.send(message(1));
    assert.ok(heard.includes('disconnected WL_DISCONNECTED'), heard.join(', '));
  });
} else {
  // A client that was not tried is no client that passed.
  test('mosquitto is installed', () => {
    throw new Error('mosquitto is not installed: apt-get install mosquitto');
  });
}

test.run();
