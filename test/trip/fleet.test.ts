// Two hundred devices for a minute, and one fault after the other: what was sent, acknowledged, lost and repeated, as a table.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../../bindings/js/core.ts';
import {
  type Agent,
  type Clock,
  createAgent,
  IotHubTransport,
  parseConnectionString,
  systemClock,
} from '../../host/agent/index.ts';
import { openRegistry } from '../../service/index.ts';
import { LOCAL_ADDRESSES } from '../support/agent-run.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import { frame, peerV4 } from '../support/packets.ts';
import { newExports } from '../support/profiles.ts';
import { SeededRandom, seedOfRun } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { arrivedAt, endProcesses, hubOn, type JsonCommand } from '../support/trip.ts';

const seed = seedOfRun();
const DEVICES = 200;
const PACKETS_EVERY_MS = 500;
const TEN_MINUTES = 600_000;

const test = suite('a fleet');
test.after.each(endProcesses);

/** A clock that is ten minutes off, for the tokens of every tenth device. */
const wrongClock = (offsetMs: number): Clock => ({ ...systemClock, now: () => Date.now() + offsetMs });

class Device {
  readonly id: string;
  readonly connectionString: string;
  readonly agent: Agent;
  sent = 0;
  acknowledged = 0;
  #turn = 0;

  constructor(index: number, connectionString: string, ca: string) {
    this.id = `device-${index}`;
    this.connectionString = connectionString;
    const offset = index % 10 === 3 ? TEN_MINUTES : index % 10 === 4 ? -TEN_MINUTES : 0;
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
      wallClock: wrongClock(offset),
      // Every fifth renews its token again and again.
      ...(index % 5 === 0 ? { tokenLifetimeSeconds: 10 } : {}),
    });
    this.agent.on('message', ({ stage }) => {
      if (stage === 'sent') this.sent++;
      else this.acknowledged++;
    });
  }

  /** A few packets to a few peers. */
  live(): void {
    const { bytes } = frame({ to: peerV4(this.#turn++ % 5), payload: 50 + (this.#turn % 100) });
    this.agent.observe(bytes);
  }
}

interface Row {
  readonly fault: string;
  readonly seconds: number;
  readonly sent: number;
  readonly acknowledged: number;
}

class Fleet {
  readonly data: string;
  readonly devices: readonly Device[];
  readonly proxy: CuttingProxy;
  readonly rows: Row[] = [];
  hub: JsonCommand;
  readonly port: number;

  private constructor(
    data: string,
    hub: JsonCommand,
    port: number,
    proxy: CuttingProxy,
    devices: readonly Device[],
  ) {
    this.data = data;
    this.hub = hub;
    this.port = port;
    this.proxy = proxy;
    this.devices = devices;
  }

  static async start(): Promise<Fleet> {
    const data = join(temporaryFolder(), 'hub');
    const { hub, port } = await hubOn(data, 0);
    const proxy = await CuttingProxy.open(port);
    const registry = openRegistry(data);
    const ca = readFileSync(join(data, 'ca.pem'), 'utf8');
    const devices = Array.from({ length: DEVICES }, (_, index) => {
      const device = registry.add(`device-${index}`);
      return new Device(index, registry.connectionString(device, { port: proxy.port }), ca);
    });
    registry.close();
    return new Fleet(data, hub, port, proxy, devices);
  }

  /** Lives on for some seconds under a fault; `during` begins it. */
  async phase(fault: string, seconds: number, during: () => Promise<void> | void): Promise<void> {
    const before = this.#sum();
    const started = performance.now();
    await during();
    while (performance.now() - started < seconds * 1000) {
      for (const device of this.devices) device.live();
      await pause(PACKETS_EVERY_MS);
    }
    const after = this.#sum();
    this.rows.push({
      fault,
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

test(`two hundred devices through every fault: nothing is lost, nothing counts twice, SEED=${seed}`, async () => {
  const random = new SeededRandom(seed);
  const fleet = await Fleet.start();
  const { devices, proxy } = fleet;
  await fleet.phase('none', 8, () => {
    for (const { agent } of devices) agent.start();
  });
  await fleet.phase('hub killed, started again', 8, async () => {
    await fleet.hub.kill('SIGKILL');
    ({ hub: fleet.hub } = await hubOn(fleet.data, fleet.port));
  });
  await fleet.phase('lines cut', 6, () => proxy.cut());
  await fleet.phase('half open: nothing comes back', 10, async () => {
    proxy.hold('down');
    setTimeout(() => {
      proxy.cut();
      proxy.release();
    }, 6_000);
  });
  await fleet.phase('slow: both ways stand still in turns', 8, async () => {
    const stutter = setInterval(() => {
      proxy.hold(random.below(2) === 0 ? 'up' : 'down');
      setTimeout(() => proxy.release(), 300);
    }, 600);
    setTimeout(() => {
      clearInterval(stutter);
      proxy.release();
    }, 7_000);
  });
  await fleet.phase('taken over by another connection', 10, () => {
    for (const { connectionString } of devices.filter((_, index) => index % 20 === 7)) {
      const twin = new IotHubTransport({
        connection: parseConnectionString(connectionString),
        ca: caOf(fleet),
        retrySeconds: 1,
      });
      twin.open({ connected: () => {}, disconnected: () => {}, failed: () => {} });
      setTimeout(() => void twin.close(), 4_000);
    }
  });
  await fleet.phase('tokens of ten seconds renewed, clocks ten minutes off', 10, () => {});
  const stops = await Promise.allSettled(devices.map(({ agent }) => agent.stop({ timeoutMs: 20_000 })));
  const undelivered = stops.filter(({ status }) => status === 'rejected').length;

  let lost = 0;
  let repeated = 0;
  const wrong: string[] = [];
  for (const { id, agent } of devices) {
    const { bytes, messages } = agent.status();
    const arrived = arrivedAt(fleet.data, id);
    repeated += arrived.repeated;
    lost += messages.finished - new Set(arrived.sequences).size;
    const total = [...arrived.totals.values()].reduce((sum, value) => sum + value, 0);
    if (total !== bytes.observed) wrong.push(`${id}: ${total} bytes arrived, ${bytes.observed} counted`);
  }
  printTable(fleet.rows, lost, repeated);
  assert.is(undelivered, 0);
  assert.is(lost, 0);
  assert.equal(wrong, []);
  assert.ok(repeated > 0, 'a lost PUBACK made somebody send again');
  assert.ok(fleet.rows.every(({ sent }) => sent > 0));
  const happened = (kind: string) => fleet.hub.count((line) => line.kind === kind);
  assert.ok(happened('taken_over') >= 10, 'takeovers happened');
  await proxy.close();
  await fleet.hub.kill('SIGTERM');
});

function caOf({ hub }: Fleet): string {
  const file = hub.lines.find(({ type }) => type === 'listening')?.ca;
  return readFileSync(String(file), 'utf8');
}

function printTable(rows: readonly Row[], lost: number, repeated: number): void {
  const line = (cells: ReadonlyArray<string | number>) =>
    `${String(cells[0]).padEnd(54)}${cells
      .slice(1)
      .map((cell) => String(cell).padStart(14))
      .join('')}`;
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  process.stdout.write(
    [
      '',
      line(['fault', 'seconds', 'sent', 'acknowledged', 'lost', 'duplicates']),
      ...rows.map((row) => line([row.fault, row.seconds, row.sent, row.acknowledged, '', ''])),
      line([
        'all',
        sum((row) => row.seconds),
        sum((row) => row.sent),
        sum((row) => row.acknowledged),
        lost,
        repeated,
      ]),
      '',
    ].join('\n'),
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test.run();
