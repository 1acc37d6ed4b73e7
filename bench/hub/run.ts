// `npm run bench:hub`: the hub beside mosquitto in one run, `-- 1000 5000 --rounds 3 --seconds 5 --only REGEX`. The load comes from raw sockets in a process
// of their own. CPU time for a message is what holds on a busy machine; messages a second count where the server was busy.

import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../measure.ts';
import type { Course, Load, LoaderNews } from './loader.ts';
import { hub, mosquitto, type Server, type ServerKind } from './servers.ts';

const WINDOWS = [1, 20];
const BODY_BYTES = 300;
/** Of /proc/PID/stat. */
const TICKS_A_SECOND = 100;
/** The first is the yardstick. */
const SERVERS: readonly ServerKind[] = [
  mosquitto('nothing'),
  hub('nothing'),
  mosquitto('queued'),
  hub('written'),
  hub('synced'),
];

interface CourseFigures {
  readonly messagesPerSecond: number;
  /** Of one processor. */
  readonly busy: number;
  readonly loaderBusy: number;
  readonly microsecondsPerMessage: number;
}

interface Figures {
  readonly connectionsPerSecond: number;
  readonly microsecondsPerConnection: number;
  readonly idleKbPerDevice: number;
  readonly acknowledged: number;
  readonly courses: readonly CourseFigures[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const sizes = positionals.length > 0 ? positionals.map(Number) : [1000, 5000];
const only = new RegExp(values.only);

async function measure({ pid, port, ca, key }: Server, devices: number): Promise<Figures> {
  const before = residentKb(pid);
  const cpuBefore = cpuSeconds(pid);
  const loader = fork(fileURLToPath(new URL('loader.ts', import.meta.url)), [], {
    execArgv: ['--import', 'tsx'],
  });
  const load: Load = {
    port,
    ...(ca === undefined ? {} : { ca }),
    ...(key === undefined ? {} : { key }),
    devices,
    bodyBytes: BODY_BYTES,
  };
  loader.send(load);
  const connected = await news(loader, 'connected');
  const microsecondsPerConnection = ((cpuSeconds(pid) - cpuBefore) * 1e6) / devices;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const idleKbPerDevice = (residentKb(pid) - before) / devices;
  let acknowledged = 0;
  const courses: CourseFigures[] = [];
  for (const window of WINDOWS) {
    const course: Course = { seconds, window };
    const [cpu, loaderCpu] = [cpuSeconds(pid), cpuSeconds(loader.pid ?? 0)];
    loader.send(course);
    const done = await news(loader, 'done');
    const used = cpuSeconds(pid) - cpu;
    acknowledged += done.acknowledged;
    courses.push({
      messagesPerSecond: done.acknowledged / done.seconds,
      busy: used / done.seconds,
      loaderBusy: (cpuSeconds(loader.pid ?? 0) - loaderCpu) / done.seconds,
      microsecondsPerMessage: (used * 1e6) / done.acknowledged,
    });
  }
  const exit = once(loader, 'exit');
  loader.disconnect();
  await exit;
  return {
    connectionsPerSecond: devices / connected.seconds,
    microsecondsPerConnection,
    idleKbPerDevice,
    acknowledged,
    courses,
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

function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const line = (name: string, cells: readonly string[]) =>
  process.stdout.write(`${name.padEnd(36)}${cells.map((cell) => cell.padStart(12)).join('')}\n`);

/** All rounds of one number of devices, with TLS or without; the order turns round each time. */
async function compare(devices: number, isTls: boolean): Promise<void> {
  const servers = SERVERS.filter(({ name }) => only.test(`${name}, ${isTls ? 'TLS' : 'TCP'}`));
  if (servers.length === 0) return;
  const all = servers.map(() => [] as Figures[]);
  for (let round = 0; round < rounds; round++) {
    const order = [...servers.entries()];
    if (round % 2 === 1) order.reverse();
    for (const [index, server] of order) {
      all[index]?.push(await server.run(isTls, devices, (running) => measure(running, devices)));
    }
  }
  const of = (index: number, figure: (one: Figures) => number) => median((all[index] ?? []).map(figure));

  process.stdout.write(`\n${devices} devices, ${isTls ? 'TLS' : 'plain TCP'}\n`);
  line('', ['connects/s', 'us/connect', 'KB/idle']);
  for (const [index, { name }] of servers.entries()) {
    line(name, [
      of(index, (one) => one.connectionsPerSecond).toFixed(0),
      of(index, (one) => one.microsecondsPerConnection).toFixed(0),
      of(index, (one) => one.idleKbPerDevice).toFixed(1),
    ]);
  }
  for (const [course, window] of WINDOWS.entries()) {
    line(`${window} in flight a device`, [
      'messages/s',
      'ratio',
      'server busy',
      'loader busy',
      'us/message',
      'ratio',
    ]);
    const ofCourse = (index: number, figure: (one: CourseFigures) => number) =>
      of(index, ({ courses }) => figure(courses[course] as CourseFigures));
    for (const [index, { name }] of servers.entries()) {
      const rate = ofCourse(index, (one) => one.messagesPerSecond);
      const cost = ofCourse(index, (one) => one.microsecondsPerMessage);
      line(name, [
        rate.toFixed(0),
        (rate / ofCourse(0, (one) => one.messagesPerSecond)).toFixed(2),
        percent(ofCourse(index, (one) => one.busy)),
        percent(ofCourse(index, (one) => one.loaderBusy)),
        cost.toFixed(1),
        (ofCourse(0, (one) => one.microsecondsPerMessage) / cost).toFixed(2),
      ]);
    }
  }
}

if (spawnSync('mosquitto', ['-h']).error)
  throw new Error('mosquitto is not installed: apt-get install mosquitto');
process.stdout.write(
  `${cpus().length} processors, ${cpus()[0]?.model}; node ${process.version}; QoS 1, ${BODY_BYTES} bytes, ${seconds} s, median of ${rounds} rounds.\n` +
    'Ratios are to the first row. Every message that a hub acknowledged was found in its store afterwards.\n' +
    'written and synced: in a committed transaction before its PUBACK; synced: and on the disk.\n',
);
for (const devices of sizes) for (const isTls of [true, false]) await compare(devices, isTls);
