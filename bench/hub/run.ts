// `npm run bench:hub`: the hub beside mosquitto in one run. The load comes from raw sockets in a process of their own; the figures say how
// busy the server was. Memory of idle devices, connections and messages a second.

import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.ts';
import type { Load, LoaderNews } from './loader.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const SECONDS = 5;
const ROUNDS = 3;
const WINDOW = 20;
const BODY_BYTES = 300;
/** Of /proc/PID/stat. */
const TICKS_A_SECOND = 100;

interface Server {
  readonly process: ChildProcess;
  readonly port: number;
  readonly ca?: string;
  readonly key?: string;
}

interface Figures {
  readonly connectionsPerSecond: number;
  readonly messagesPerSecond: number;
  /** Of one processor. */
  readonly busy: number;
  readonly idleKbPerDevice: number;
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function measure(server: Server, devices: number): Promise<Figures> {
  const pid = server.process.pid ?? 0;
  const before = residentKb(pid);
  const loader = fork(file('loader.ts'), [], { execArgv: ['--import', 'tsx'] });
  const load: Load = {
    port: server.port,
    ...(server.ca === undefined ? {} : { ca: server.ca }),
    ...(server.key === undefined ? {} : { key: server.key }),
    devices,
    seconds: SECONDS,
    window: WINDOW,
    bodyBytes: BODY_BYTES,
  };
  loader.send(load);
  const connected = await news(loader, 'connected');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const idleKbPerDevice = (residentKb(pid) - before) / devices;
  const cpuBefore = cpuSeconds(pid);
  loader.send('begin');
  const done = await news(loader, 'done');
  const busy = (cpuSeconds(pid) - cpuBefore) / done.seconds;
  await once(loader, 'exit');
  return {
    connectionsPerSecond: devices / connected.seconds,
    messagesPerSecond: done.acknowledged / done.seconds,
    busy,
    idleKbPerDevice,
  };
}

async function news<Kind extends LoaderNews['kind']>(
  loader: ChildProcess,
  kind: Kind,
): Promise<Extract<LoaderNews, { kind: Kind }>> {
  const ended = once(loader, 'exit').then(() => {
    throw new Error('the loader ended before its time');
  });
  for (;;) {
    const [message] = (await Promise.race([once(loader, 'message'), ended])) as [LoaderNews];
    if (message.kind === kind) return message as Extract<LoaderNews, { kind: Kind }>;
  }
}

async function withHub<T>(
  devices: number,
  durability: string,
  work: (server: Server) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'wardlet-bench-hub-'));
  const child = fork(file('server.ts'), [join(folder, 'hub'), String(devices), KEY, durability], {
    execArgv: ['--import', 'tsx'],
  });
  try {
    const [{ port, ca }] = (await once(child, 'message')) as [{ port: number; ca: string }];
    return await work({ process: child, port, ca, key: KEY });
  } finally {
    child.disconnect();
    await once(child, 'exit');
    rmSync(folder, { recursive: true });
  }
}

/** TLS with the authority and certificate of a hub, so that both use the same kind of key. */
async function withMosquitto<T>(secure: boolean, work: (server: Server) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'wardlet-bench-mosquitto-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const lines = ['allow_anonymous true', 'max_queued_messages 0', `listener ${port} localhost`];
  let ca: string | undefined;
  if (secure) {
    const { hubCertificates } = await import('../../service/hub/certificates.ts');
    const { makeDataFolder } = await import('../../service/hub/data-folder.ts');
    const data = makeDataFolder(join(folder, 'hub'));
    ca = (await hubCertificates(data, ['localhost'], Date.now())).authority;
    for (const name of ['server.pem', 'server-key.pem']) {
      writeFileSync(join(folder, name), readFileSync(join(data.path, name)), { mode: 0o644 });
    }
    lines.push(`certfile ${join(folder, 'server.pem')}`, `keyfile ${join(folder, 'server-key.pem')}`);
  }
  writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  const child = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
  try {
    await listening(port);
    return await work({ process: child, port, ...(ca === undefined ? {} : { ca }) });
  } finally {
    child.kill();
    await once(child, 'exit');
    rmSync(folder, { recursive: true });
  }
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

function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

const medianOf = (all: readonly Figures[], of: (one: Figures) => number) => median(all.map(of));

function row(name: string, devices: number, all: readonly Figures[], yardstick: number): string {
  const messages = medianOf(all, (one) => one.messagesPerSecond);
  return [
    name.padEnd(34),
    String(devices).padStart(8),
    medianOf(all, (one) => one.connectionsPerSecond)
      .toFixed(0)
      .padStart(15),
    messages.toFixed(0).padStart(12),
    `${(100 * medianOf(all, (one) => one.busy)).toFixed(0)} %`.padStart(8),
    medianOf(all, (one) => one.idleKbPerDevice)
      .toFixed(0)
      .padStart(16),
    (messages / yardstick).toFixed(2).padStart(8),
  ].join('');
}

if (spawnSync('mosquitto', ['-h']).error)
  throw new Error('mosquitto is not installed: apt-get install mosquitto');
const sizes = process.argv.slice(2).map(Number).filter(Boolean);
process.stdout.write(
  `${cpus().length} processors, ${cpus()[0]?.model}; node ${process.version}; QoS 1, ${BODY_BYTES} bytes, ${WINDOW} in flight a device, ${SECONDS} s, median of ${ROUNDS} rounds\n` +
    'mosquitto has no subscriber: it keeps nothing. The hub stores every message before it acknowledges it.\n' +
    `${'server'.padEnd(34)} devices  connections/s  messages/s    busy  KB idle device   ratio\n`,
);
for (const devices of sizes.length > 0 ? sizes : [1000, 5000]) {
  const rounds: Record<'mosquitto' | 'written' | 'synced', Figures[]> = {
    mosquitto: [],
    written: [],
    synced: [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    rounds.mosquitto.push(await withMosquitto(true, (server) => measure(server, devices)));
    rounds.written.push(await withHub(devices, 'written', (server) => measure(server, devices)));
    rounds.synced.push(await withHub(devices, 'synced', (server) => measure(server, devices)));
  }
  const yardstick = medianOf(rounds.mosquitto, (one) => one.messagesPerSecond);
  process.stdout.write(
    [
      row('mosquitto, TLS', devices, rounds.mosquitto, yardstick),
      row('hub, TLS, written', devices, rounds.written, yardstick),
      row('hub, TLS, synced', devices, rounds.synced, yardstick),
      '',
    ].join('\n'),
  );
}
