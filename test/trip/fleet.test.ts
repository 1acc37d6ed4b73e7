// Two hundred devices for a minute, and one fault after the other: what was sent, acknowledged, lost and repeated, as a table.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../../bindings/js/core.ts';
import type { WardletError } from '../../bindings/js/errors.ts';
import {
  type Agent,
  type Clock,
  createAgent,
  IotHubTransport,
  parseConnectionString,
  systemClock,
} from '../../host/agent/index.ts';
import { openMessageLog } from '../../host/spool/message-log.ts';
import type { Spool, SpoolOptions } from '../../host/spool/spool.ts';
import { openFolder } from '../../host/spool/spool-folder.ts';
import { openRegistry } from '../../service/index.ts';
import { LOCAL_ADDRESSES } from '../support/agent-run.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import { frame, peerV4 } from '../support/packets.ts';
import { newExports } from '../support/profiles.ts';
import { SeededRandom, seedOfRun } from '../support/seeded-random.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { arrivedAt, endProcesses, hubOn, type JsonCommand } from '../support/trip.ts';

const seed = seedOfRun();
const DEVICES = 200;
const PACKETS_EVERY_MS = 500;
const TEN_MINUTES = 600_000;
const TOKEN_SECONDS = 10;

const test = suite('a fleet');
test.after.each(endProcesses);

/** What a device has beside its memory. */
type Keeping = 'nothing' | 'a spool on the small disk' | 'a spool';

/** A wall clock that can be put wrong. */
class WallClock implements Clock {
  offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    return systemClock.setTimer(callback, delayMs);
  }
}

class Device {
  readonly id: string;
  readonly connectionString: string;
  readonly agent: Agent;
  readonly keeping: Keeping;
  readonly wallClock = new WallClock();
  readonly warnings: WardletError[] = [];
  spool: Spool | undefined;
  sent = 0;
  acknowledged = 0;
  /** When each message was handed over for the first time. */
  readonly sentMs = new Map<number, number>();
  #turn = 0;

  constructor(index: number, connectionString: string, ca: string, disk: SmallDisk) {
    this.id = `device-${index}`;
    this.connectionString = connectionString;
    this.keeping = index % 8 === 2 ? 'a spool on the small disk' : index % 8 === 6 ? 'a spool' : 'nothing';
    this.agent = createAgent({
      core: new Core(newExports('lean-strict')),
      connectionString,
      ca,
      localAddresses: LOCAL_ADDRESSES,
      intervalSeconds: { high: 1, medium: 2, low: 5 },
      firstCollectionSeconds: 1,
      retrySeconds: 1,
      maxRetrySeconds: 2,
      connectTimeoutSeconds: 5,
      keepAliveSeconds: 5,
      wallClock: this.wallClock,
      // Every fifth renews its token again and again.
      ...(index % 5 === 0 ? { tokenLifetimeSeconds: TOKEN_SECONDS } : {}),
      ...(this.keeping === 'nothing'
        ? {}
        : {
            configuration: { Spool_Path: temporaryFolder() },
            spool: async (path: string, limits: SpoolOptions) => {
              const isSmall = this.keeping === 'a spool on the small disk';
              this.spool = await openMessageLog(
                await (isSmall ? disk.folder(path) : openFolder(path)),
                limits,
              );
              return this.spool;
            },
          }),
    });
    this.agent.on('message', ({ stage, sequence }) => {
      if (stage === 'acknowledged') this.acknowledged++;
      else this.sent++;
      if (!this.sentMs.has(sequence)) this.sentMs.set(sequence, Date.now());
    });
    this.agent.on('warning', (warning) => this.warnings.push(warning));
  }

  /** What the spool says it gave up. */
  get givenUp(): number {
    const { age, size } = this.agent.spool()?.givenUp ?? { age: { messages: 0 }, size: { messages: 0 } };
    return age.messages + size.messages;
  }

  /** A few packets to a few peers. */
  live(): void {
    const { bytes } = frame({ to: peerV4(this.#turn++ % 5), payload: 50 + (this.#turn % 100) });
    this.agent.observe(bytes);
  }
}

interface Row {
  readonly fault: string;
  readonly fromMs: number;
  readonly seconds: number;
  readonly sent: number;
  readonly acknowledged: number;
}

class Fleet {
  readonly data: string;
  readonly devices: readonly Device[];
  readonly proxy: CuttingProxy;
  readonly disk: SmallDisk;
  readonly rows: Row[] = [];
  hub: JsonCommand;
  readonly port: number;

  private constructor(
    data: string,
    hub: JsonCommand,
    port: number,
    proxy: CuttingProxy,
    disk: SmallDisk,
    devices: readonly Device[],
  ) {
    this.data = data;
    this.hub = hub;
    this.port = port;
    this.proxy = proxy;
    this.disk = disk;
    this.devices = devices;
  }

  static async start(): Promise<Fleet> {
    const data = join(temporaryFolder(), 'hub');
    const { hub, port } = await hubOn(data, 0);
    const proxy = await CuttingProxy.open(port);
    const disk = new SmallDisk();
    const registry = openRegistry(data);
    const ca = readFileSync(join(data, 'ca.pem'), 'utf8');
    const devices = Array.from({ length: DEVICES }, (_, index) => {
      const device = registry.add(`device-${index}`);
      return new Device(index, registry.connectionString(device, { port: proxy.port }), ca, disk);
    });
    registry.close();
    return new Fleet(data, hub, port, proxy, disk, devices);
  }

  /** Lives on for some seconds under a fault; `during` begins it. */
  async phase(fault: string, seconds: number, during: () => Promise<void> | void): Promise<void> {
    const before = this.#sum();
    const started = performance.now();
    const fromMs = Date.now();
    await during();
    while (performance.now() - started < seconds * 1000) {
      for (const device of this.devices) device.live();
      await pause(PACKETS_EVERY_MS);
    }
    const after = this.#sum();
    this.rows.push({
      fault,
      fromMs,
      seconds,
      sent: after.sent - before.sent,
      acknowledged: after.acknowledged - before.acknowledged,
    });
  }

  #sum(): { sent: number; acknowledged: number } {
    const sum = { sent: 0, acknowledged: 0 };
    for (const { sent, acknowledged } of this.devices) {
      sum.sent += sent;
      sum.acknowledged += acknowledged;
    }
    return sum;
  }
}

test(`two hundred devices through every fault: nothing is lost but what is counted, nothing counts twice, SEED=${seed}`, async () => {
  const random = new SeededRandom(seed);
  const fleet = await Fleet.start();
  const { devices, proxy, disk } = fleet;
  const every = (divisor: number, rest: number) => devices.filter((_, index) => index % divisor === rest);
  await fleet.phase('none', 6, () => {
    for (const { agent } of devices) agent.start();
  });
  await fleet.phase('hub killed, started again', 8, async () => {
    await fleet.hub.kill('SIGKILL');
    ({ hub: fleet.hub } = await hubOn(fleet.data, fleet.port));
  });
  await fleet.phase('lines cut', 4, () => proxy.cut());
  await fleet.phase('half open: nothing comes back', 10, async () => {
    proxy.hold('down');
    setTimeout(() => {
      proxy.cut();
      proxy.release();
    }, 6_000);
  });
  await fleet.phase('slow: both ways stand still in turns', 7, async () => {
    const stutter = setInterval(() => {
      proxy.hold(random.below(2) === 0 ? 'up' : 'down');
      setTimeout(() => proxy.release(), 300);
    }, 600);
    setTimeout(() => {
      clearInterval(stutter);
      proxy.release();
    }, 6_000);
  });
  await fleet.phase('stored, and cut before the acknowledgement: sent twice', 4, async () => {
    proxy.hold('down');
    await pause(1_500);
    proxy.cut();
    proxy.release();
  });
  const isOff: Device[] = [...every(10, 3), ...every(10, 4), ...every(10, 5)];
  await fleet.phase('clocks ten minutes off', 6, () => {
    for (const device of isOff) device.wallClock.offsetMs = TEN_MINUTES * (device.id.endsWith('3') ? 1 : -1);
    proxy.cut();
  });
  for (const device of isOff) device.wallClock.offsetMs = 0;
  await fleet.phase('tokens that expire before they are renewed', 8, () => {
    // To these a token of ten seconds seems good for longer than to the hub.
    for (const device of every(5, 0)) device.wallClock.offsetMs = -7_000;
    proxy.cut();
  });
  for (const device of devices) device.wallClock.offsetMs = 0;
  await fleet.phase('taken over by another connection', 8, () => {
    for (const { connectionString } of every(20, 7)) {
      const twin = new IotHubTransport({
        connection: parseConnectionString(connectionString),
        ca: caOf(fleet),
        retrySeconds: 1,
      });
      twin.open({ connected: () => {}, disconnected: () => {}, failed: () => {} });
      setTimeout(() => void twin.close(), 4_000);
    }
  });
  // What the hub has is acknowledged before: from here on nothing reaches it.
  await pause(2_000);
  proxy.hold('up');
  await pause(1_000);
  await fleet.phase('no hub; a full disk under 25 spools, 2 s as the limit of 25', 8, async () => {
    proxy.refuses = true;
    proxy.cut();
    proxy.release();
    disk.isFull = true;
    for (const { keeping, spool } of devices) if (keeping === 'a spool') spool?.limit({ maxAgeMs: 2_000 });
  });
  for (const { spool } of devices) spool?.limit({});
  await pause(100);
  disk.isFull = false;
  proxy.refuses = false;
  await fleet.phase('none', 4, () => {});
  const stops = await Promise.allSettled(devices.map(({ agent }) => agent.stop({ timeoutMs: 20_000 })));
  const undelivered = stops.filter(({ status }) => status === 'rejected').length;

  const lostMs: number[] = [];
  const repeatedMs: number[] = [];
  const wrong: string[] = [];
  for (const { id, agent, givenUp, sentMs } of devices) {
    const { bytes, messages } = agent.status();
    const arrived = arrivedAt(fleet.data, id);
    repeatedMs.push(...arrived.repeatedMs);
    const there = new Set(arrived.sequences);
    const missing = [...Array(messages.finished).keys()].filter((sequence) => !there.has(sequence));
    lostMs.push(...missing.map((sequence) => sentMs.get(sequence) ?? 0));
    if (missing.length !== givenUp) wrong.push(`${id}: ${missing.length} messages lost, ${givenUp} counted`);
    const total = [...arrived.totals.values()].reduce((sum, value) => sum + value, 0);
    if (givenUp === 0 && total !== bytes.observed)
      wrong.push(`${id}: ${total} bytes arrived, ${bytes.observed} counted`);
  }
  const givenUp = devices.reduce((sum, device) => sum + device.givenUp, 0);
  printTable(fleet.rows, lostMs, repeatedMs, givenUp);
  assert.is(undelivered, 0);
  assert.equal(wrong, []);
  assert.is(lostMs.length, givenUp);
  assert.ok(repeatedMs.length > 0, 'a lost PUBACK made somebody send again');
  assert.ok(fleet.rows.every(({ sent }) => sent > 0));
  const happened = (kind: string, reason?: string) =>
    fleet.hub.count((line) => line.kind === kind && (reason === undefined || line.reason === reason));
  assert.ok(happened('taken_over') >= 10, 'takeovers happened');
  assert.ok(happened('refused', 'expired') > 0, 'clocks that are behind make tokens that are over');
  assert.ok(happened('terminated', 'token_expired') > 0, 'tokens expired');
  assert.ok(disk.refused > 0, 'the disk was full');
  for (const { id, keeping, warnings, givenUp: count } of devices) {
    const codes = new Set(warnings.map(({ code }) => code));
    assert.is(
      codes.has('WL_SPOOL_FULL'),
      keeping === 'a spool on the small disk',
      `${id}: a full disk is told`,
    );
    assert.is(codes.has('WL_GIVEN_UP'), count > 0, `${id}: what is given up is told`);
    assert.is(count > 0, keeping === 'a spool', `${id}: ${count} given up`);
  }
  await proxy.close();
  await fleet.hub.kill('SIGTERM');
});

function caOf({ hub }: Fleet): string {
  const file = hub.lines.find(({ type }) => type === 'listening')?.ca;
  return readFileSync(String(file), 'utf8');
}

/** The times of what was lost, and of what came twice, tell the row. */
function printTable(
  rows: readonly Row[],
  lostMs: readonly number[],
  repeatedMs: readonly number[],
  givenUp: number,
): void {
  const line = (cells: ReadonlyArray<string | number>) =>
    `${String(cells[0]).padEnd(60)}${cells
      .slice(1)
      .map((cell) => String(cell).padStart(14))
      .join('')}`;
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  // The last row lasts until all have stopped.
  const within = (times: readonly number[], index: number) => {
    const from = index === 0 ? 0 : (rows[index]?.fromMs ?? 0);
    const to = rows[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
    return times.filter((ms) => ms >= from && ms < to).length;
  };
  process.stdout.write(
    [
      '',
      line(['fault', 'seconds', 'sent', 'acknowledged', 'lost', 'duplicates']),
      ...rows.map((row, index) =>
        line([
          row.fault,
          row.seconds,
          row.sent,
          row.acknowledged,
          within(lostMs, index),
          within(repeatedMs, index),
        ]),
      ),
      line([
        'all',
        sum((row) => row.seconds),
        sum((row) => row.sent),
        sum((row) => row.acknowledged),
        lostMs.length,
        repeatedMs.length,
      ]),
      `given up, as the spools count it: ${givenUp}. Acknowledged: by the hub, or by the disk where there is a spool.`,
      '',
    ].join('\n'),
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test.run();
