// Provisioning: who may have itself registered, as what, and what it is told.

import { createHmac, X509Certificate } from 'node:crypto';
import type { IPublishPacket } from 'mqtt-packet';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openAuthorities } from '../service/hub/authorities.ts';
import { derivedKey } from '../service/hub/derived-key.ts';
import { type Enrolment, type Enrolments, openEnrolments } from '../service/hub/enrolments.ts';
import { readEvents } from '../service/hub/event-log.ts';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { REFUSALS, type Refusal } from '../service/hub/hub-events.ts';
import { openRegistry, type Registry } from '../service/hub/registry.ts';
import { Authority, type Pem, selfSigned } from './support/certificates.ts';
import { type ConnectFields, HubClient, inSeconds, sasToken } from './support/hub-client.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { codeOf } from './support/thrown-error.ts';

const test = suite('hub: provisioning');
const folder = temporaryFolder();
const REGISTER = '$dps/registrations/PUT/iotdps-register/?$rid=';
const STATUS = '$dps/registrations/GET/iotdps-get-operationstatus/?$rid=';

let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
let enrolments: Enrolments;
let single: Enrolment;
let group: Enrolment;
let factory: Authority;
let own: Pem;

test.before(async () => {
  hub = await startHub({ dataFolder: folder, port: 0, durability: 'written' });
  heard = new HeardEvents(hub);
  registry = openRegistry(folder);
  enrolments = openEnrolments(folder);
  single = enrolments.addIndividual('pump-1', { deviceId: 'cellar' });
  group = enrolments.addGroup('pumps');
  factory = await Authority.make('Factory');
  const authorities = openAuthorities(folder);
  authorities.add('factory', factory.certificate);
  authorities.add('other', (await Authority.make('Other')).certificate);
  authorities.close();
  own = await selfSigned('meter');
  enrolments.addIndividual('meter', {
    primaryThumbprint: new X509Certificate(own.certificate).fingerprint256,
  });
  enrolments.addGroup('line-1', { authority: 'factory' });
  enrolments.addIndividual('off');
  enrolments.setEnabled('off', false, false);
});
test.before.each(() => {
  heard.all.length = 0;
});
test.after(async () => {
  enrolments.close();
  registry.close();
  await hub.close();
});

interface TokenFields {
  readonly scope?: string;
  readonly seconds?: number;
  readonly skn?: string | undefined;
  readonly isEncoded?: boolean;
}

/** As the documentation has it, made here without the hub's code. */
function token(registrationId: string, key: string, fields: TokenFields = {}): string {
  const { scope = hub.idScope, seconds = 3600, isEncoded = true } = fields;
  const skn = 'skn' in fields ? fields.skn : 'registration';
  const plain = `${scope}/registrations/${registrationId}`;
  const sr = isEncoded ? encodeURIComponent(plain) : plain;
  const se = inSeconds(seconds);
  const sig = createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${se}`).digest('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}${skn === undefined ? '' : `&skn=${skn}`}`;
}

async function connect(
  registrationId: string,
  password: string | undefined,
  pem: Partial<Pem> = {},
  fields: ConnectFields = {},
) {
  const client = await HubClient.open(hub, pem);
  const code = await client.connect(
    { deviceId: registrationId, key: '' },
    {
      username: `${hub.idScope}/registrations/${registrationId}/api-version=2019-03-31&ClientVersion=test`,
      password,
      ...fields,
    },
  );
  return { client, code };
}

const publishOf = async (client: HubClient) => {
  const { topic, payload } = (await client.next('publish')) as IPublishPacket;
  return { topic, body: JSON.parse(payload.toString()) };
};

/** The whole conversation. */
async function provisioned(registrationId: string, password: string | undefined, pem: Partial<Pem> = {}) {
  const { client, code } = await connect(registrationId, password, pem);
  assert.is(code, 0);
  client.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: '$dps/registrations/res/#', qos: 1 }],
  } as never);
  const granted = await client.next('suback');
  assert.equal(granted.cmd === 'suback' && granted.granted, [1]);
  client.publish(`${REGISTER}7`, JSON.stringify({ registrationId }), 2);
  await client.next('puback');
  const asked = await publishOf(client);
  assert.is(asked.topic, '$dps/registrations/res/202/?$rid=7&retry-after=1');
  assert.is(asked.body.status, 'assigning');
  client.publish(`${STATUS}8&operationId=${asked.body.operationId}`, '', 3);
  const answer = await publishOf(client);
  assert.is(answer.topic, '$dps/registrations/res/200/?$rid=8');
  client.close();
  const { body } = answer;
  assert.is(body.status, 'assigned');
  assert.is(body.registrationState.registrationId, registrationId);
  return body.registrationState as { assignedHub: string; deviceId: string };
}

/** Connects to the hub as a device that was told where to. */
async function reaches(
  { assignedHub, deviceId }: { assignedHub: string; deviceId: string },
  key: string,
  pem: Partial<Pem> = {},
) {
  const client = await HubClient.open(hub, pem);
  const password = key === '' ? undefined : sasToken({ hostName: assignedHub, deviceId, key }, inSeconds(60));
  assert.is(await client.connect({ hostName: assignedHub, deviceId, key }, { password }), 0);
  client.close();
}

test('a derived key is what the documentation says', () => {
  // https://learn.microsoft.com/azure/iot-dps/how-to-legacy-device-symm-key: HMAC-SHA256 of the registration id.
  const key = Buffer.alloc(64, 7).toString('base64');
  assert.is(
    derivedKey(key, 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6'),
    createHmac('sha256', Buffer.alloc(64, 7)).update('sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6').digest('base64'),
  );
});

test('a single enrolment: either key, sr encoded or not; its device has its keys and its id', async () => {
  for (const password of [
    token('pump-1', single.primaryKey),
    token('pump-1', single.secondaryKey),
    token('pump-1', single.primaryKey, { isEncoded: false }),
    token('pump-1', single.primaryKey, { skn: undefined }),
  ]) {
    const state = await provisioned('pump-1', password);
    assert.equal([state.assignedHub, state.deviceId], [`localhost:${hub.port}`, 'cellar']);
    await reaches(state, single.primaryKey);
  }
  const event = await heard.next('provisioned');
  assert.equal([event.registrationId, event.deviceId, event.isNew], ['pump-1', 'cellar', true]);
  assert.is((await heard.next('provisioned')).isNew, false);
  assert.is(registry.get('cellar')?.secondaryKey, single.secondaryKey);
});

test('a group: every id with a key derived from it', async () => {
  for (const id of ['a', 'b']) {
    const key = derivedKey(group.primaryKey, id);
    const state = await provisioned(id, token(id, key));
    assert.is(state.deviceId, id);
    await reaches(state, key);
    await reaches(state, derivedKey(group.secondaryKey, id));
  }
});

test('by certificate: a single one, and a group of an authority', async () => {
  await reaches(await provisioned('meter', undefined, own), '', own);
  const pem = await factory.device('valve');
  await reaches(await provisioned('valve', undefined, pem), '', pem);
  // With a new certificate the device registers again, and the old one no longer counts.
  const renewed = await factory.device('valve');
  await reaches(await provisioned('valve', undefined, renewed), '', renewed);
  const client = await HubClient.open(hub, pem);
  assert.is(await client.connect({ deviceId: 'valve', key: '' }, { password: undefined }), 5);
  client.close();
});

const REFUSED: ReadonlyArray<
  readonly [
    string,
    Refusal,
    string,
    () => Promise<readonly [string | undefined, Partial<Pem>?, ConnectFields?]>,
  ]
> = [
  ['nothing to prove it', 'no_token', 'pump-1', async () => [undefined]],
  ['MQTT 5', 'unsupported_protocol', 'pump-1', async () => ['', {}, { protocolVersion: 5 }]],
  ['another ClientId', 'bad_client', 'pump-1', async () => ['x', {}, { clientId: 'pump-2' }]],
  ['a word', 'malformed_token', 'pump-1', async () => ['secret']],
  [
    'the token of a device',
    'malformed_token',
    'pump-1',
    async () => [sasToken({ deviceId: 'pump-1', key: single.primaryKey }, inSeconds(60))],
  ],
  [
    'a token of another scope',
    'wrong_scope',
    'pump-1',
    async () => [token('pump-1', single.primaryKey, { scope: '0neFFFFFFFF' })],
  ],
  [
    'a user name of another scope',
    'wrong_scope',
    'pump-1',
    async () => [
      token('pump-1', single.primaryKey),
      {},
      { username: '0neFFFFFFFF/registrations/pump-1/api-version=2019-03-31' },
    ],
  ],
  ["another's token", 'other_device', 'pump-2', async () => [token('pump-1', single.primaryKey)]],
  [
    'a policy',
    'policy_token',
    'pump-1',
    async () => [token('pump-1', single.primaryKey, { skn: 'provisioningserviceowner' })],
  ],
  [
    'an expired token',
    'expired',
    'pump-1',
    async () => [token('pump-1', single.primaryKey, { seconds: -5 })],
  ],
  ["the group's own key", 'bad_signature', 'c', async () => [token('c', group.primaryKey)]],
  [
    'a key derived for another',
    'bad_signature',
    'c',
    async () => [token('c', derivedKey(group.primaryKey, 'b'))],
  ],
  [
    'a group key for one that is enrolled singly',
    'bad_signature',
    'pump-1',
    async () => [token('pump-1', derivedKey(group.primaryKey, 'pump-1'))],
  ],
  [
    'a disabled enrolment',
    'disabled',
    'off',
    async () => [token('off', enrolments.get('off', false)?.primaryKey ?? '')],
  ],
  [
    'another certificate',
    'wrong_thumbprint',
    'meter',
    async () => [undefined, await factory.device('meter')],
  ],
  ["another's certificate", 'other_name', 'valve', async () => [undefined, await factory.device('x')]],
  [
    'a certificate where a key is enrolled',
    'wrong_authentication',
    'pump-1',
    async () => [undefined, await factory.device('pump-1')],
  ],
  [
    'a key where a certificate is enrolled',
    'wrong_authentication',
    'meter',
    async () => [token('meter', group.primaryKey)],
  ],
  ['an unknown authority', 'unknown_ca', 'valve', async () => [undefined, await selfSigned('valve')]],
  [
    'a will',
    'bad_will',
    'pump-1',
    async () => [
      token('pump-1', single.primaryKey),
      {},
      { will: { topic: 'devices/pump-1/messages/events/', payload: 'x', qos: 1, retain: false } },
    ],
  ],
];

for (const [name, reason, id, with_] of REFUSED) {
  test(`refused: ${name}`, async () => {
    const [password, pem, fields] = await with_();
    const { client, code } = await connect(id, password, pem, fields);
    assert.is(code, REFUSALS[reason].returnCode);
    await client.closed();
    assert.is((await heard.next('refused')).reason, reason);
  });
}

test('a device that was registered by hand is not taken over', async () => {
  const device = registry.add('by-hand');
  const { client } = await connect('by-hand', token('by-hand', derivedKey(group.primaryKey, 'by-hand')));
  client.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: '$dps/registrations/res/#', qos: 0 }],
  } as never);
  client.publish(`${REGISTER}1`, '', 2);
  const { topic, body } = await publishOf(client);
  assert.is(topic, '$dps/registrations/res/409/?$rid=1');
  assert.type(body.errorCode, 'number');
  assert.is((await heard.next('provisioning_failed')).reason, 'conflict');
  assert.equal(registry.get('by-hand'), device);
  client.close();
});

test('a device that was disabled stays so; one that was removed comes back with the same key', async () => {
  const key = derivedKey(group.primaryKey, 'a');
  registry.setEnabled('a', false);
  await provisioned('a', token('a', key));
  assert.is(registry.get('a')?.isEnabled, false);
  registry.remove('a');
  await reaches(await provisioned('a', token('a', key)), key);
});

test('bodies and operations that are not its own get an answer; topics that are not end the connection', async () => {
  const { client } = await connect('pump-1', token('pump-1', single.primaryKey));
  client.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [
      { topic: '$dps/registrations/res/#', qos: 1 },
      { topic: '$iothub/twin/res/#', qos: 1 },
    ],
  } as never);
  const granted = await client.next('suback');
  assert.equal(granted.cmd === 'suback' && granted.granted, [1, 0x80]);
  for (const body of ['{"registrationId":"pump-2"}', '[]', 'nonsense']) {
    client.publish(`${REGISTER}1`, body, 2);
    assert.match((await publishOf(client)).topic, '/res/400/');
  }
  client.publish(`${STATUS}1&operationId=none`, '', 2);
  assert.match((await publishOf(client)).topic, '/res/404/');
  client.publish('devices/cellar/messages/events/', 'x', 3);
  await client.closed();
  assert.is((await heard.next('terminated')).reason, 'unknown_topic');
});

test('asking for provisioning does not take over the connection of the device', async () => {
  const key = derivedKey(group.primaryKey, 'b');
  const device = await HubClient.open(hub);
  assert.is(await device.connect({ deviceId: 'b', key }), 0);
  await provisioned('b', token('b', key));
  device.publish('devices/b/messages/events/', 'x', 1);
  await device.next('puback');
  device.close();
});

test('an enrolment that is removed registers nobody; its devices stay', async () => {
  const { client } = await connect('pump-1', token('pump-1', single.primaryKey));
  client.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [{ topic: '$dps/registrations/res/#', qos: 0 }],
  } as never);
  await client.next('suback');
  enrolments.remove('pump-1', false);
  client.publish(`${REGISTER}1`, '', 2);
  assert.match((await publishOf(client)).topic, '/res/401/');
  client.close();
  assert.ok(registry.get('cellar'));
  assert.is(
    codeOf(() => enrolments.remove('pump-1', false)),
    'WL_NO_SUCH_ENROLMENT',
  );
  assert.is(
    codeOf(() => enrolments.addGroup('pumps')),
    'WL_ENROLMENT_EXISTS',
  );
  assert.is(
    codeOf(() => enrolments.addGroup('x', { authority: 'none' })),
    'WL_NO_SUCH_CERTIFICATE',
  );
  assert.is(
    codeOf(() => enrolments.addIndividual('a b')),
    'WL_BAD_DEVICE_ID',
  );
  assert.ok(readEvents(folder).some(({ kind }) => kind === 'enrolment_deleted'));
});

test('a data folder keeps its id scope', () => {
  const other = openEnrolments(folder);
  assert.is(other.idScope, hub.idScope);
  assert.match(other.idScope, /^0ne[0-9A-F]{8}$/);
  other.close();
});

test.run();
