// A device that asks the provisioning service for its hub: every way in, every refusal, and what it does when its hub no longer wants it.

import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate, type IPublishPacket } from 'mqtt-packet';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WardletError } from '../bindings/js/errors.ts';
import {
  type Assignment,
  type AssignmentStore,
  ProvisionedTransport,
  type ProvisionedTransportOptions,
  type Provisioning,
} from '../host/agent/index.ts';
import { assignmentFile } from '../host/configuration/node-host.ts';
import {
  type Enrolments,
  type Hub,
  openAuthorities,
  openEnrolments,
  openRegistry,
  type Registry,
  startHub,
} from '../service/index.ts';
import { AcknowledgingHub } from './support/acknowledging-hub.ts';
import { Authority, selfSigned } from './support/certificates.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('provisioning, the device');
const WRONG_KEY = Buffer.alloc(32, 1).toString('base64');
const BOOT = '00000000-0000-4000-8000-000000000000';
const MESSAGE = { bootId: BOOT, sequence: 0, format: '2.3', bytes: new Uint8Array(40) } as const;

let data = '';
let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
let enrolments: Enrolments;
const devices: Device[] = [];

test.before.each(async () => {
  data = temporaryFolder();
  hub = await startHub({ dataFolder: data, port: 0, webSocketPort: 0, durability: 'written' });
  heard = new HeardEvents(hub);
  registry = openRegistry(data);
  enrolments = openEnrolments(data);
});
test.after.each(async () => {
  await Promise.all(devices.splice(0).map(({ transport }) => transport.close()));
  enrolments.close();
  registry.close();
  await hub.close();
});

class Device {
  readonly transport: ProvisionedTransport;
  readonly failures: WardletError[] = [];
  connections = 0;

  constructor(provisioning: Partial<Provisioning>, options: Partial<ProvisionedTransportOptions> = {}) {
    this.transport = new ProvisionedTransport({
      ca: hub.caCertificate,
      retrySeconds: 1,
      maxRetrySeconds: 1,
      connectTimeoutSeconds: 5,
      provisioning: {
        host: `localhost:${hub.port}`,
        idScope: hub.idScope,
        registrationId: 'pump-1',
        ...provisioning,
      },
      ...options,
    });
    devices.push(this);
    this.transport.open({
      connected: () => this.connections++,
      disconnected: () => {},
      failed: (error) => this.failures.push(error),
    });
  }

  async connected(times = 1): Promise<this> {
    await until(
      () => this.connections >= times,
      () => this.failures.map(({ message }) => message).join('\n'),
    );
    return this;
  }

  async failure(code?: string): Promise<WardletError> {
    let found: WardletError | undefined;
    await until(() => {
      found = this.failures.find((error) => code === undefined || error.code === code);
      return found !== undefined;
    });
    return found as WardletError;
  }
}

async function until(is: () => boolean, why = (): string => ''): Promise<void> {
  for (let waits = 0; waits < 600; waits++) {
    if (is()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it has not come about: ${why()}`);
}

class Memory implements AssignmentStore {
  readonly kept = new Map<string, Assignment>();
  loads = 0;

  async load(name: string): Promise<Assignment | undefined> {
    this.loads++;
    return this.kept.get(name);
  }

  async save(name: string, assignment: Assignment | undefined): Promise<void> {
    if (assignment) this.kept.set(name, assignment);
    else this.kept.delete(name);
  }
}

async function delivers(device: Device, deviceId: string): Promise<void> {
  const arrived: string[] = [];
  hub.on('message', (message) => arrived.push(message.deviceId));
  await (await device.connected()).transport.send(MESSAGE);
  assert.equal(arrived, [deviceId]);
}

test('a single enrolment, by key: registers, and is the device that the enrolment names', async () => {
  const { primaryKey } = enrolments.addIndividual('pump-1', { deviceId: 'cellar' });
  const device = new Device({ key: primaryKey });
  await delivers(device, 'cellar');
  assert.equal(device.failures, []);
  const { registrationId, isNew } = await heard.next('provisioned');
  assert.equal([registrationId, isNew], ['pump-1', true]);
  assert.is(device.transport.ownConnections.length, 1);
});

test("a group: the device's key is derived, whether here or where it was made", async () => {
  const { primaryKey } = enrolments.addGroup('pumps');
  await delivers(new Device({ groupKey: primaryKey }), 'pump-1');
});

test('over WebSocket, to the hub as well', async () => {
  const { primaryKey } = enrolments.addGroup('pumps');
  const host = `localhost:${hub.webSocketPort}`;
  await delivers(new Device({ groupKey: primaryKey, host }, { protocol: 'mqtt-ws' }), 'pump-1');
  const { primaryKey: key } = enrolments.addIndividual('pump-2');
  await delivers(new Device({ key, registrationId: 'pump-2', host }, { protocol: 'mqtt-ws' }), 'pump-2');
});

test('by a certificate: its thumbprint, or its authority', async () => {
  const own = await selfSigned('meter');
  enrolments.addIndividual('meter', {
    primaryThumbprint: new X509Certificate(own.certificate).fingerprint256,
  });
  const proof = { certificate: own.certificate, privateKey: own.key };
  await delivers(new Device({ registrationId: 'meter', ...proof }), 'meter');
  const factory = await Authority.make('Factory');
  const authorities = openAuthorities(data);
  authorities.add('factory', factory.certificate);
  authorities.close();
  enrolments.addGroup('line-1', { authority: 'factory' });
  const { certificate, key } = await factory.device('valve');
  await delivers(new Device({ registrationId: 'valve', certificate, privateKey: key }), 'valve');
});

test('who is not let in hears why it may be, and what to look at; then comes again', async () => {
  const { primaryKey } = enrolments.addIndividual('pump-1');
  const stranger = await new Device({ registrationId: 'stranger', key: WRONG_KEY }).failure();
  const wrongKey = new Device({ key: WRONG_KEY });
  const wrongScope = await new Device({ key: primaryKey, idScope: '0ne00000000' }).failure();
  for (const error of [stranger, await wrongKey.failure(), wrongScope]) {
    assert.is(error.code, 'WL_NOT_PROVISIONED');
    assert.match(error.message, /^localhost refuses (pump-1|stranger): not authorised \(5\)$/);
    assert.match(error.hint, /the id scope 0ne.*enrolment.*key or certificate.*clock/);
  }
  const reasons = new Set(heard.all.flatMap((event) => (event.kind === 'refused' ? [event.reason] : [])));
  assert.equal([...reasons].sort(), ['bad_signature', 'not_enrolled', 'wrong_scope']);
  await until(() => wrongKey.failures.length >= 2);
  assert.is(wrongKey.connections, 0);
});

test('a disabled enrolment is refused, and let in when it is enabled again', async () => {
  const { primaryKey } = enrolments.addIndividual('pump-1');
  enrolments.setEnabled('pump-1', false, false);
  const device = new Device({ key: primaryKey });
  assert.is((await device.failure()).code, 'WL_NOT_PROVISIONED');
  await heard.next('refused', ({ reason }) => reason === 'disabled');
  enrolments.setEnabled('pump-1', false, true);
  await device.connected();
});

test('a certificate that has expired, or of another name, is refused', async () => {
  const factory = await Authority.make('Factory');
  const authorities = openAuthorities(data);
  authorities.add('factory', factory.certificate);
  authorities.close();
  enrolments.addGroup('line-1', { authority: 'factory' });
  const old = await factory.device('valve', {
    notBefore: new Date(Date.now() - 2e8),
    notAfter: new Date(Date.now() - 1e8),
  });
  const expired = { certificate: old.certificate, privateKey: old.key };
  assert.is((await new Device({ registrationId: 'valve', ...expired }).failure()).code, 'WL_NOT_PROVISIONED');
  await heard.next('refused', ({ reason }) => reason === 'certificate_expired');
});

test('a device of that name that came another way is not taken over: 409, with what to do', async () => {
  registry.add('pump-1');
  const { primaryKey } = enrolments.addIndividual('pump-1');
  const device = new Device({ key: primaryKey });
  const { code, message, hint } = await device.failure();
  assert.is(code, 'WL_NOT_PROVISIONED');
  assert.match(message, /no second device of that name \(409\): a device of this id is registered already/);
  assert.match(hint, /remove it at the hub/);
  registry.remove('pump-1');
  await device.connected();
});

test('what was assigned is kept: a restart registers no second time', async () => {
  const { primaryKey } = enrolments.addIndividual('pump-1');
  const assignments = new Memory();
  const first = await new Device({ key: primaryKey }, { assignments }).connected();
  await first.transport.close();
  assert.equal([...assignments.kept.values()], [{ hub: `localhost:${hub.port}`, deviceId: 'pump-1' }]);
  await heard.next('provisioned');
  await new Device({ key: primaryKey }, { assignments }).connected();
  assert.not.ok(heard.all.some(({ kind }) => kind === 'provisioned'));
});

test('a hub that does not know the device any more: three refusals, then it registers again', async () => {
  const { primaryKey } = enrolments.addIndividual('pump-1');
  const assignments = new Memory();
  const device = await new Device({ key: primaryKey }, { assignments }).connected();
  await heard.next('provisioned');
  registry.remove('pump-1');
  await device.connected(2);
  const codes = device.failures.map(({ code, message }) => `${code} ${/dropped/.test(message)}`);
  assert.equal(codes, ['WL_REFUSED false', 'WL_REFUSED false', 'WL_REFUSED false', 'WL_REFUSED true']);
  assert.is((await heard.next('provisioned')).isNew, true);
  assert.is(assignments.kept.size, 1);
});

test('an assignment that is no more, or is nonsense, does no harm', async () => {
  const { primaryKey } = enrolments.addIndividual('pump-1');
  const gone = await AcknowledgingHub.start();
  const assignments = new Memory();
  const name = `localhost:${hub.port}/${hub.idScope}/pump-1`;
  assignments.kept.set(name, { hub: `localhost:${gone.port}`, deviceId: 'pump-1' });
  await gone.close();
  const random = () => 0;
  const device = await new Device({ key: primaryKey }, { assignments, random }).connected();
  assert.is(device.failures.filter(({ code }) => code === 'WL_UNREACHABLE').length, 10);
  assignments.kept.set(name, { hub: 'no host; at all', deviceId: '' });
  assert.equal((await new Device({ key: primaryKey }, { assignments }).connected()).failures, []);
});

test('a store that fails is a warning', async () => {
  const { primaryKey } = enrolments.addIndividual('pump-1');
  const assignments: AssignmentStore = {
    load: () => Promise.reject(new Error('no disk')),
    save: () => Promise.reject(new Error('no disk')),
  };
  const device = await new Device({ key: primaryKey }, { assignments }).connected();
  assert.equal(
    device.failures.map(({ code }) => code),
    ['WL_BAD_FILE', 'WL_BAD_FILE'],
  );
});

test('the file of assignments: for its owner, whole, several devices in one; a broken one counts as none', async () => {
  const path = join(temporaryFolder(), 'deeper', 'assignments.json');
  const store = assignmentFile(path);
  assert.is(await store.load('a'), undefined);
  const names = ['a', 'b', '__proto__', 'c'];
  await Promise.all(names.map((deviceId) => store.save(deviceId, { hub: 'h', deviceId })));
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.equal(await assignmentFile(path).load('b'), { hub: 'h', deviceId: 'b' });
  await store.save('b', undefined);
  assert.is(await store.load('b'), undefined);
  assert.equal(await store.load('c'), { hub: 'h', deviceId: 'c' });
  assert.not.match(readFileSync(path, 'utf8'), /"b"/);
  writeFileSync(path, '{"version": 1, "assignments": [');
  assert.is(await store.load('c'), undefined);
  await store.save('d', { hub: 'h', deviceId: 'd' });
  assert.equal(await store.load('d'), { hub: 'h', deviceId: 'd' });
});

test('the hub is gone in the middle of it: unreachable, and again with growing waits until it is back', async () => {
  const { primaryKey } = enrolments.addIndividual('pump-1');
  const { port } = hub;
  const device = new Device({ key: primaryKey });
  await heard.next('provisioned');
  await hub.close();
  assert.is((await device.failure()).code, 'WL_UNREACHABLE');
  hub = await startHub({ dataFolder: data, port, webSocketPort: 0, durability: 'written' });
  await device.connected();
});

type Reply = readonly [status: number, query: string, body: unknown];

/** A service that says what the test says, in this order; the last is for good. */
async function scripted(replies: readonly Reply[]) {
  const service = await AcknowledgingHub.start();
  const asked: Array<{ readonly topic: string; readonly atMs: number }> = [];
  service.cloud = {
    take(socket: NodeJS.WritableStream, packet: { cmd: string }) {
      if (packet.cmd === 'subscribe') {
        const { messageId = 0 } = packet as { messageId?: number };
        socket.write(generate({ cmd: 'suback', messageId, granted: [1] }));
        return true;
      }
      if (packet.cmd !== 'publish') return false;
      const { topic, messageId = 0 } = packet as IPublishPacket;
      const reply = replies[Math.min(asked.length, replies.length - 1)];
      asked.push({ topic, atMs: performance.now() });
      socket.write(generate({ cmd: 'puback', messageId }));
      const [, rid] = /\$rid=(\d+)/.exec(topic) ?? [];
      const [status, query, body] = reply ?? [500, '', {}];
      socket.write(
        generate({
          cmd: 'publish',
          topic: `$dps/registrations/res/${status}/?$rid=${rid}${query}`,
          payload: typeof body === 'string' ? body : JSON.stringify(body),
          qos: 0,
          dup: false,
          retain: false,
        }),
      );
      return true;
    },
  } as unknown as NonNullable<AcknowledgingHub['cloud']>;
  const device = new Device(
    { key: WRONG_KEY, host: `localhost:${service.port}` },
    { ca: service.caCertificate },
  );
  return { service, asked, device };
}

const assigning: Reply = [202, '&retry-after=1', { operationId: 'op.1', status: 'assigning' }];

test('it comes back when it is told to, also of a service that is busy or has forgotten', async () => {
  const { service, asked, device } = await scripted([
    [429, '&retry-after=2', { errorCode: 429001 }],
    assigning,
    [200, '&retry-after=1', { operationId: 'op.1', status: 'assigning' }],
    [500, '', {}],
    [404, '&retry-after=1', {}],
    assigning,
    [200, '', { status: 'assigned', registrationState: { assignedHub: 'localhost:1', deviceId: 'x' } }],
  ]);
  await until(() => asked.length === 7);
  const kinds = asked.map(({ topic }) => (topic.includes('PUT') ? 'register' : 'status'));
  assert.equal(kinds, ['register', 'register', 'status', 'status', 'status', 'register', 'status']);
  const waits = asked.slice(1).map(({ atMs }, index) => atMs - (asked[index]?.atMs ?? 0));
  for (const [index, seconds] of [2, 1, 1, 2, 1, 1].entries())
    assert.ok(Math.abs((waits[index] ?? 0) - seconds * 1000) < 700, `${index}: ${waits[index]}`);
  assert.ok(asked[2]?.topic.endsWith('&operationId=op.1'));
  // The service has named a hub, where nobody listens.
  assert.match((await device.failure()).message, /localhost:1\b/);
  await service.close();
});

for (const [what, reply, message] of [
  [
    'failed',
    [200, '', { status: 'failed', registrationState: { errorMessage: 'no hub\u001b[2J' } }],
    /assigns no hub \(200\): no hub \[2J$/,
  ],
  ['disabled', [200, '', { status: 'disabled', registrationState: {} }], /is disabled/],
  [
    'assigned to nothing',
    [200, '', { status: 'assigned', registrationState: { assignedHub: 'a b', deviceId: 'd' } }],
    /assigns no hub/,
  ],
  [
    'assigned with a key in the id',
    [
      200,
      '',
      { status: 'assigned', registrationState: { assignedHub: 'h', deviceId: 'd;SharedAccessKey=YQ==' } },
    ],
    /assigns no hub/,
  ],
  ['no JSON', [200, '', 'assigned'], /assigns no hub/],
  [
    '401',
    [401, '', { errorCode: 401002, message: 'Unauthorized' }],
    /refuses the device \(401\): Unauthorized/,
  ],
  ['400', [400, '', {}], /does not understand/],
] as ReadonlyArray<readonly [string, Reply, RegExp]>) {
  test(`an answer of the service: ${what}`, async () => {
    const { service, device } = await scripted([reply]);
    const error = await device.failure();
    assert.is(error.code, 'WL_NOT_PROVISIONED');
    assert.match(error.message, message);
    assert.ok(error.hint);
    await service.close();
  });
}

test('a service of another authority, and one that is not there, are the errors of any hub', async () => {
  const strange = await AcknowledgingHub.start();
  const host = `localhost:${strange.port}`;
  assert.is((await new Device({ key: WRONG_KEY, host }).failure()).code, 'WL_UNTRUSTED_HUB');
  await strange.close();
  assert.is((await new Device({ key: WRONG_KEY, host }).failure()).code, 'WL_UNREACHABLE');
});

test('keys show themselves nowhere', async () => {
  const { inspect } = await import('node:util');
  const device = new Device({ groupKey: WRONG_KEY });
  const { message, hint, cause } = await device.failure();
  for (const text of [
    inspect(device.transport, { depth: 9 }),
    JSON.stringify(device.transport),
    message,
    hint,
  ])
    assert.not.ok(text.includes(WRONG_KEY));
  assert.not.ok(inspect(cause).includes(WRONG_KEY));
});

test.run();
