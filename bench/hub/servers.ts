// What is measured: the hub and mosquitto, each as a process of its own with a folder of its own.

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from 'mqtt-packet';
import { hubCertificates } from '../../service/hub/certificates.ts';
import { makeDataFolder } from '../../service/hub/data-folder.ts';
import { openDatabase } from '../../service/hub/database.ts';

export interface Server {
  readonly pid: number;
  readonly port: number;
  readonly ca?: string;
  readonly key?: string;
}

export interface ServerKind {
  readonly name: string;
  /** Runs it and works with it; `stored` of a hub that stores is looked at afterwards. */
  run<T>(isTls: boolean, devices: number, work: (server: Server) => Promise<T>): Promise<T>;
}

type Counted = { readonly acknowledged: number };

const KEY = Buffer.alloc(32, 7).toString('base64');

/** What a hub keeps of a message before it acknowledges it. */
export function hub(keeping: 'nothing' | 'written' | 'synced'): ServerKind {
  return {
    name: `hub, ${keeping === 'nothing' ? 'keeps nothing' : keeping}`,
    async run(isTls, devices, work) {
      const folder = mkdtempSync(join(tmpdir(), 'wardlet-bench-hub-'));
      const data = join(folder, 'hub');
      const child = fork(
        fileURLToPath(new URL('server.ts', import.meta.url)),
        [data, String(devices), KEY, keeping],
        { execArgv: ['--import', 'tsx'] },
      );
      try {
        const [{ port, plainPort, ca }] = (await once(child, 'message')) as [
          { port: number; plainPort: number; ca: string },
        ];
        const server = isTls ? { port, ca } : { port: plainPort };
        const result = await work({ ...server, pid: child.pid ?? 0, key: KEY });
        await ended(child, () => child.disconnect());
        if (keeping !== 'nothing') checkStored(data, result as Counted);
        return result;
      } finally {
        child.kill();
        rmSync(folder, { recursive: true });
      }
    },
  };
}

/** Every message that was acknowledged is there, and no other. */
function checkStored(dataFolder: string, { acknowledged }: Counted): void {
  const database = openDatabase(makeDataFolder(dataFolder));
  const { stored } = database.prepare('SELECT count(*) AS stored FROM messages').get() as { stored: number };
  database.close();
  if (stored !== acknowledged) throw new Error(`${acknowledged} acknowledged, ${stored} stored`);
}

/**
 * `nothing`: nobody subscribes, a message is forgotten as it is acknowledged. `queued`: a QoS 1 subscriber with a persistent session is away, so
 * every message is queued for it in memory, and the memory written to the disk every second: what mosquitto has of durability.
 */
export function mosquitto(keeping: 'nothing' | 'queued'): ServerKind {
  return {
    name: `mosquitto, ${keeping === 'nothing' ? 'keeps nothing' : 'queues, saved every 1 s'}`,
    async run(isTls, _, work) {
      const folder = mkdtempSync(join(tmpdir(), 'wardlet-bench-mosquitto-'));
      chmodSync(folder, 0o755);
      const port = await freePort();
      const lines = [
        'allow_anonymous true',
        'max_queued_messages 0',
        'max_queued_bytes 0',
        `listener ${port} localhost`,
      ];
      if (keeping === 'queued') {
        // mosquitto drops root's rights.
        mkdirSync(join(folder, 'kept'));
        chmodSync(join(folder, 'kept'), 0o777);
        lines.push(
          'persistence true',
          `persistence_location ${join(folder, 'kept')}/`,
          'autosave_interval 1',
        );
      }
      let ca: string | undefined;
      if (isTls) {
        // Of a hub, so that both use the same kind of key.
        const data = makeDataFolder(join(folder, 'hub'));
        ca = (await hubCertificates(data, ['localhost'], Date.now())).authority;
        for (const name of ['server.pem', 'server-key.pem']) {
          writeFileSync(join(folder, name), readFileSync(join(data.path, name)), { mode: 0o644 });
        }
        lines.push(`certfile ${join(folder, 'server.pem')}`, `keyfile ${join(folder, 'server-key.pem')}`);
      }
      // Connections are taken without TLS too, by the subscriber.
      const innerPort = await freePort();
      lines.push(`listener ${innerPort} localhost`);
      writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
      const child = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
      try {
        await listening(innerPort);
        if (keeping === 'queued') await subscribeAndLeave(innerPort);
        return await work({ pid: child.pid ?? 0, port, ...(ca === undefined ? {} : { ca }) });
      } finally {
        // Not asked to end: it would save once more.
        await ended(child, () => child.kill('SIGKILL'));
        rmSync(folder, { recursive: true });
      }
    },
  };
}

async function ended(child: ChildProcess, end: () => void): Promise<void> {
  const exit = once(child, 'exit');
  end();
  await exit;
}

async function subscribeAndLeave(port: number): Promise<void> {
  const socket = connect({ port, host: 'localhost' });
  await once(socket, 'connect');
  socket.write(
    generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: false,
      keepalive: 0,
      clientId: 'reader',
    }),
  );
  await once(socket, 'data');
  socket.write(
    generate({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: 'devices/+/messages/events/#', qos: 1 }],
    }),
  );
  await once(socket, 'data');
  socket.end(generate({ cmd: 'disconnect' }));
  await once(socket, 'close');
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect({ port, host: 'localhost' });
    const answered = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, 'localhost', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
