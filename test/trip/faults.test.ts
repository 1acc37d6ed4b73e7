// An agent process, a hub process, TLS and SAS between them, and everything that can go wrong on the way: every message arrives, none
// counts twice, and the bytes are the capture's.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pcapBytes } from '../../host/capture/pcap-writer.ts';
import { type DeviceCapture, demoCapture, ordinaryCapture } from '../../simulator/demo-capture.ts';
import { type Cut, CuttingProxy } from '../support/cutting-proxy.ts';
import { LAPTOP, modelOf, v4, v6 } from '../support/device.ts';
import { seedOfRun } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  type Arrived,
  arrivedAt,
  differences,
  endProcesses,
  expectedTotals,
  hubOn,
  JsonCommand,
  registered,
  stored,
} from '../support/trip.ts';

const seed = seedOfRun();
const DEVICE = 'sensor-1';
const KILLS = 10;

/** The device of the simulator's captures. */
const device = modelOf({
  ...LAPTOP,
  locals: [
    { address: v4('192.0.2.50'), prefix: 24 },
    { address: v6('2001:db8::50'), prefix: 64 },
  ],
});

const test = suite('the whole trip');
test.after.each(endProcesses);

/** Ten minutes with a scan, then twenty of ordinary life: 1,800 messages. */
function halfAnHour(): DeviceCapture {
  const parts: DeviceCapture[] = [demoCapture(seed)];
  for (const next of [seed + 1, seed + 2]) {
    const startMs = Math.ceil(parts.at(-1)?.frames.at(-1)?.timeMs ?? 0) + 1;
    parts.push(ordinaryCapture(next, { startMs }));
  }
  const [{ linkType, localAddresses } = demoCapture(seed)] = parts;
  return { linkType, localAddresses, frames: parts.flatMap(({ frames }) => frames) };
}

/** As fast as the hub takes it, a message a second of the capture. */
function agentOn(folder: string, capture: DeviceCapture, connectionString: string): JsonCommand {
  const file = join(folder, 'device.pcap');
  writeFileSync(file, pcapBytes(capture.frames, { linkType: capture.linkType }));
  const local = capture.localAddresses.join(',');
  const pace = ['--speed', 'max', '--interval', '1,1,1', '--retry', '1,1'];
  return new JsonCommand(
    ['agent', '--ca', join(folder, 'hub', 'ca.pem'), '--pcap', file, '--local', local, ...pace],
    { WARDLET_CONNECTION_STRING: connectionString },
  );
}

async function arrived(folder: string, agent: JsonCommand, capture: DeviceCapture): Promise<Arrived> {
  assert.is(await agent.exited, 0, agent.errors);
  const is = arrivedAt(join(folder, 'hub'), DEVICE);
  assert.equal(differences(is.totals, expectedTotals(capture.frames, capture.linkType, device)), []);
  const end = agent.lines.at(-1);
  assert.is(end?.acknowledged, end?.messages);
  const inOrder = Array.from({ length: Number(end?.messages) }, (_, sequence) => sequence);
  assert.equal(
    [...is.sequences].sort((one, other) => one - other),
    inOrder,
    'every sequence number once',
  );
  return is;
}

test(`the hub killed and started again ten times in mid-stream, SEED=${seed}`, async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'hub');
  let { hub, port } = await hubOn(data, 0);
  const capture = halfAnHour();
  const agent = agentOn(folder, capture, registered(data, DEVICE, port));
  const acknowledged = (): number => agent.count(({ stage }) => stage === 'acknowledged');
  for (let kill = 1; kill <= KILLS; kill++) {
    const enough = acknowledged() + 20;
    await agent.line(() => acknowledged() >= enough);
    await hub.kill('SIGKILL');
    ({ hub, port } = await hubOn(data, port));
  }
  await arrived(folder, agent, capture);
  assert.ok(agent.count(({ state }) => state === 'active') > KILLS, 'every kill was in mid-stream');
  await hub.kill('SIGTERM');
});

test(`the line cut at every step from the first byte to the acknowledgement, SEED=${seed}`, async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'hub');
  const { hub, port } = await hubOn(data, 0);
  const proxy = await CuttingProxy.open(port);
  // Steps that fall into the handshake, CONNECT, CONNACK, PUBLISH and PUBACK alike; the tests below see that they did.
  const cuts: Cut[] = [
    ...Array.from({ length: 36 }, (_, step) => ({ direction: 'up', afterBytes: step * 83 }) as const),
    ...Array.from({ length: 28 }, (_, step) => ({ direction: 'down', afterBytes: 1 + step * 67 }) as const),
  ];
  const planned = cuts.length;
  proxy.nextCut = () => cuts.shift();
  const capture = ordinaryCapture(seed);
  const agent = agentOn(folder, capture, registered(data, DEVICE, proxy.port));
  const { repeated } = await arrived(folder, agent, capture);
  assert.is(cuts.length, 0, `${planned} cuts were planned`);
  const connected = hub.count(({ kind }) => kind === 'connected');
  assert.ok(connected > 1 && connected < planned, `${connected} of ${planned} cuts came after CONNECT`);
  const active = agent.count(({ state }) => state === 'active');
  assert.ok(active < connected, 'CONNACK was cut at least once');
  assert.ok(repeated > 0, 'PUBACK was cut at least once');
  await proxy.close();
  await hub.kill('SIGTERM');
});

test(`a line that stands still in one direction, then breaks, SEED=${seed}`, async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'hub');
  const { hub, port } = await hubOn(data, 0);
  const proxy = await CuttingProxy.open(port);
  const capture = ordinaryCapture(seed);
  const agent = agentOn(folder, capture, registered(data, DEVICE, proxy.port));
  let enough = 0;
  const more = async (): Promise<void> => {
    enough = agent.count(({ stage }) => stage === 'acknowledged') + 20;
    await agent.line(() => agent.count(({ stage }) => stage === 'acknowledged') >= enough);
  };

  await more();
  // Sent and stored, PUBACK held: the device must send it again.
  proxy.hold('down');
  const before = stored(data, DEVICE).length;
  await until(() => stored(data, DEVICE).length > before || isWaiting(agent));
  proxy.cut();
  proxy.release();
  await more();
  // Sent, and held before the hub.
  proxy.hold('up');
  await until(() => isWaiting(agent));
  proxy.cut();
  proxy.release();
  await arrived(folder, agent, capture);
  await proxy.close();
  await hub.kill('SIGTERM');
});

/** A message is under way. */
function isWaiting(agent: JsonCommand): boolean {
  return agent.lines.findLast(({ type }) => type === 'message')?.stage === 'sent';
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    if (attempt > 500) throw new Error('waited 25 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test.run();
