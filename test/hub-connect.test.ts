// Who is let in: every refusal over a real connection, with the code the device sees and the reason only the hub knows.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { REFUSALS, type Refusal } from '../service/hub/hub-events.ts';
import { type Device, openRegistry, type Registry } from '../service/hub/registry.ts';
import { type ConnectFields, HubClient, inSeconds, sasToken } from './support/hub-client.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: who is let in');

let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
let device: Device;
let other: Device;
const folder = temporaryFolder();

test.before(async () => {
  hub = await startHub({
    dataFolder: folder,
    port: 0,
    hostNames: ['hub.example.com'],
    durability: 'written',
  });
  heard = new HeardEvents(hub);
  registry = openRegistry(folder);
  device = registry.add('pump-1');
  other = registry.add('pump-2');
  registry.add('parked');
  registry.setEnabled('parked', false);
});
test.after(async () => {
  registry.close();
  await hub.close();
});

const keyOf = (id: string) => registry.get(id)?.primaryKey ?? '';
const token = (deviceId = 'pump-1', key = device.primaryKey, seconds = 3600, hostName = 'localhost') =>
  sasToken({ deviceId, key, hostName }, inSeconds(seconds));
const USER = 'localhost/pump-1/?api-version=2021-04-12';

const ACCEPTED: Readonly<Record<string, () => ConnectFields>> = {
  'the primary key': () => ({}),
  'the secondary key': () => ({ password: token('pump-1', device.secondaryKey) }),
  'a user name without question mark': () => ({ username: 'localhost/pump-1/api-version=2021-04-12' }),
  'a user name with more in it': () => ({
    username: `${USER}&DeviceClientType=c%2F1.0&model-id=dtmi:com:example:Thermostat;1`,
  }),
  'another of its host names, in capitals': () => ({
    username: 'HUB.Example.com/pump-1/?api-version=2021-04-12',
    password: token('pump-1', device.primaryKey, 3600, 'Hub.EXAMPLE.com'),
  }),
  'an address for a name': () => ({ password: token('pump-1', device.primaryKey, 3600, '127.0.0.1') }),
  'fields in another order': () => ({
    password: `SharedAccessSignature ${token().slice('SharedAccessSignature '.length).split('&').reverse().join('&')}`,
  }),
  'an empty skn': () => ({ password: `${token()}&skn=` }),
};

for (const [name, fields] of Object.entries(ACCEPTED)) {
  test(`let in: ${name}`, async () => {
    const client = await HubClient.open(hub);
    assert.is(await client.connect({ deviceId: 'pump-1', key: device.primaryKey }, fields()), 0);
    client.close();
  });
}

const REFUSED: ReadonlyArray<readonly [string, Refusal, () => ConnectFields]> = [
  ['MQTT 5', 'unsupported_protocol', () => ({ protocolVersion: 5 })],
  ['MQTT 3.1', 'unsupported_protocol', () => ({ protocolVersion: 3 })],
  ['no api-version', 'bad_client', () => ({ username: 'localhost/pump-1/' })],
  ['a ClientId that is another device', 'bad_client', () => ({ clientId: 'pump-2' })],
  [
    'an id no device can have',
    'bad_client',
    () => ({ clientId: 'a b', username: USER.replace('pump-1', 'a b') }),
  ],
  [
    'a path for an id',
    'bad_client',
    () => ({ clientId: '../../hub.db', username: USER.replace('pump-1', '../../hub.db') }),
  ],
  ['an empty ClientId', 'bad_client', () => ({ clientId: '' })],
  ['no password', 'no_token', () => ({ password: undefined })],
  ['a password that is a word', 'malformed_token', () => ({ password: 'secret' })],
  ['the key itself for a token', 'malformed_token', () => ({ password: device.primaryKey })],
  ['a token without expiry', 'malformed_token', () => ({ password: token().replace(/&se=\d+/, '') })],
  ['a token with a field twice', 'malformed_token', () => ({ password: `${token()}&se=99999999999` })],
  ['a token with a field of its own', 'malformed_token', () => ({ password: `${token()}&x=1` })],
  [
    'a signature of the wrong length',
    'malformed_token',
    () => ({ password: token().replace(/sig=[^&]+/, 'sig=AAAA') }),
  ],
  [
    'a signature with a character in it that base64 has not',
    'malformed_token',
    () => ({ password: token().replace('sig=', 'sig=!') }),
  ],
  [
    'an expiry that is no number',
    'malformed_token',
    () => ({ password: token().replace(/se=\d+/, 'se=-1') }),
  ],
  ['a user name for another hub', 'wrong_host', () => ({ username: USER.replace('localhost', 'elsewhere') })],
  [
    'a token for another hub',
    'wrong_host',
    () => ({ password: token('pump-1', device.primaryKey, 3600, 'elsewhere') }),
  ],
  ["another device's token", 'other_device', () => ({ password: token('pump-2', other.primaryKey) })],
  ["a policy's token", 'policy_token', () => ({ password: `${token()}&skn=iothubowner` })],
  [
    'a device nobody registered',
    'unknown_device',
    () => ({ clientId: 'nobody', username: USER.replace('pump-1', 'nobody'), password: token('nobody') }),
  ],
  [
    'an id in other capitals',
    'unknown_device',
    () => ({ clientId: 'Pump-1', username: USER.replace('pump-1', 'Pump-1'), password: token('Pump-1') }),
  ],
  [
    'a module',
    'unknown_module',
    () => ({
      clientId: 'pump-1/agent',
      username: 'localhost/pump-1/agent/?api-version=2021-04-12',
      password: token('pump-1/modules/agent'),
    }),
  ],
  ['a key that is another device', 'bad_signature', () => ({ password: token('pump-1', other.primaryKey) })],
  [
    'a token changed afterwards',
    'bad_signature',
    () => ({ password: token().replace(/se=(\d+)/, 'se=9$1') }),
  ],
  ['a token of yesterday', 'expired', () => ({ password: token('pump-1', device.primaryKey, -86_400) })],
  [
    'a disabled device',
    'disabled',
    () => ({
      clientId: 'parked',
      username: USER.replace('pump-1', 'parked'),
      password: token('parked', keyOf('parked')),
    }),
  ],
  [
    'a will elsewhere',
    'bad_will',
    () => ({ will: { topic: 'devices/pump-2/messages/events/', payload: 'x', qos: 1, retain: false } }),
  ],
];

for (const [name, reason, fields] of REFUSED) {
  test(`refused: ${name}`, async () => {
    const client = await HubClient.open(hub);
    const code = await client.connect({ deviceId: 'pump-1', key: device.primaryKey }, fields());
    assert.is(code, REFUSALS[reason].returnCode);
    await client.closed();
    const event = await heard.next('refused');
    assert.is(event.reason, reason);
    assert.not.match(JSON.stringify(event), /sig=|SharedAccessSignature/);
  });
}

test('every reason but a broken registry has been given, here, in hub-x509.test.ts or in hub-provisioning.test.ts', () => {
  const given = new Set<string>(REFUSED.map(([, reason]) => reason));
  assert.equal(
    Object.keys(REFUSALS).filter((reason) => !given.has(reason)),
    [
      'wrong_scope',
      'not_enrolled',
      'wrong_authentication',
      'wrong_thumbprint',
      'other_name',
      'unknown_ca',
      'certificate_expired',
      'unavailable',
    ],
  );
});

test('an expired token: the log says how far the clocks are apart', async () => {
  const client = await HubClient.open(hub);
  await client.connect(
    { deviceId: 'pump-1', key: device.primaryKey },
    { password: token('pump-1', device.primaryKey, -86_400) },
  );
  const { detail } = await heard.next('refused');
  const [, seconds] = /expired (\d+) s ago/.exec(detail) ?? [];
  assert.ok(Math.abs(Number(seconds) - 86_400) < 10, detail);
});

test('an unknown device and a wrong key cannot be told apart by the answer', async () => {
  const answers: string[] = [];
  for (const fields of [
    { clientId: 'nobody', username: USER.replace('pump-1', 'nobody'), password: token('nobody') },
    { password: token('pump-1', other.primaryKey) },
  ]) {
    const client = await HubClient.open(hub);
    let bytes = '';
    client.socket.on('data', (chunk) => (bytes += chunk.toString('hex')));
    await client.connect({ deviceId: 'pump-1', key: device.primaryKey }, fields);
    await client.closed();
    answers.push(bytes);
  }
  assert.equal(answers, ['20020005', '20020005']);
});

test('ids of every character IoT Hub takes can connect and publish', async () => {
  const id = "aZ0-:.+%_#*?!(),=@$'";
  const { primaryKey } = registry.add(id);
  const client = await HubClient.open(hub);
  assert.is(
    await client.connect(
      { deviceId: id, key: primaryKey },
      { password: sasToken({ deviceId: encodeURIComponent(id), key: primaryKey }, inSeconds(60)) },
    ),
    0,
  );
  client.publish(`devices/${id}/messages/events/`, 'x', 1);
  await client.next('puback');
  client.close();
});

test.run();
