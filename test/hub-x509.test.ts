// Devices with certificates: by thumbprint, by authority, and everything that can be wrong with either.

import { X509Certificate } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Authorities, openAuthorities } from '../service/hub/authorities.ts';
import { readEvents } from '../service/hub/event-log.ts';
import { type Hub, startHub } from '../service/hub/hub.ts';
import { REFUSALS, type Refusal } from '../service/hub/hub-events.ts';
import { openRegistry, type Registry } from '../service/hub/registry.ts';
import { Authority, type Pem, selfSigned } from './support/certificates.ts';
import { HubClient, inSeconds, sasToken } from './support/hub-client.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { codeOf } from './support/thrown-error.ts';

const test = suite('hub: X.509');
const DAY_MS = 86_400_000;

let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
let authorities: Authorities;
let root: Authority;
let issuing: Authority;
let strangers: Authority;
let own: Pem;
let spare: Pem;
let aheadMs = 0;
const folder = temporaryFolder();

const sha1 = ({ certificate }: Pem) => new X509Certificate(certificate).fingerprint;
const sha256 = ({ certificate }: Pem) => new X509Certificate(certificate).fingerprint256;

test.before(async () => {
  hub = await startHub({
    dataFolder: folder,
    port: 0,
    durability: 'written',
    now: () => Date.now() + aheadMs,
  });
  heard = new HeardEvents(hub);
  registry = openRegistry(folder);
  authorities = openAuthorities(folder);
  root = await Authority.make('Factory root');
  issuing = await root.intermediate('Line 1');
  strangers = await Authority.make('Elsewhere');
  own = await selfSigned('anything');
  spare = await selfSigned('spare');
  authorities.add('factory', root.certificate);
  // One as OpenSSL prints it, one as Azure's portal does.
  registry.add('thumb', {
    primaryThumbprint: sha1(own),
    secondaryThumbprint: sha256(spare).replaceAll(':', '').toLowerCase(),
  });
  registry.add('issued', { authentication: 'ca' });
  registry.add('keyed');
  registry.add('parked', { authentication: 'ca' });
  registry.setEnabled('parked', false);
});
test.before.each(() => {
  heard.all.length = 0;
});
test.after(async () => {
  authorities.close();
  registry.close();
  await hub.close();
});

async function connect(deviceId: string, pem: Partial<Pem>, password?: string) {
  const client = await HubClient.open(hub, pem);
  const code = await client.connect({ deviceId, key: '' }, { password });
  return { client, code };
}

/** The certificate, and behind it those that lead upwards. */
const chain = ({ certificate, key }: Pem, ...others: Authority[]): Pem => ({
  certificate: [certificate, ...others.map((authority) => authority.certificate)].join('\n'),
  key,
});

test('by thumbprint: primary and secondary, SHA-1 and SHA-256; messages arrive', async () => {
  for (const [pem, which] of [
    [own, 'primary'],
    [spare, 'secondary'],
  ] as const) {
    const { client, code } = await connect('thumb', pem);
    assert.is(code, 0);
    const event = await heard.next('connected');
    assert.is(event.authentication, 'x509');
    assert.is(event.authentication === 'x509' && event.certificate, which);
    client.publish('devices/thumb/messages/events/', 'x', 1);
    await client.next('puback');
    client.close();
  }
});

test('by authority: issued by the root, or by one that the root has issued', async () => {
  for (const pem of [await root.device('issued'), chain(await issuing.device('issued'), issuing)]) {
    const { client, code } = await connect('issued', pem);
    assert.is(code, 0);
    const event = await heard.next('connected');
    assert.is(event.authentication === 'x509' && event.authority, 'factory');
    client.close();
  }
});

test('a token counts, whatever certificate comes with it', async () => {
  const key = registry.get('keyed')?.primaryKey ?? '';
  const { client, code } = await connect(
    'keyed',
    await strangers.device('keyed'),
    sasToken({ deviceId: 'keyed', key }, inSeconds(60)),
  );
  assert.is(code, 0);
  client.close();
});

const REFUSED: ReadonlyArray<readonly [string, Refusal, string, () => Promise<Partial<Pem>>]> = [
  ['neither certificate nor token', 'no_token', 'issued', async () => ({})],
  ['a device nobody registered', 'unknown_device', 'nobody', async () => root.device('nobody')],
  ['a device with keys', 'wrong_authentication', 'keyed', async () => root.device('keyed')],
  ['another certificate', 'wrong_thumbprint', 'thumb', async () => root.device('thumb')],
  ["another device's certificate", 'other_name', 'issued', async () => root.device('other')],
  ['an id in other capitals', 'other_name', 'issued', async () => root.device('Issued')],
  [
    'two common names',
    'other_name',
    'issued',
    async () => root.device('issued', { subject: 'CN=issued, CN=other' }),
  ],
  ['no common name', 'other_name', 'issued', async () => root.device('', { subject: 'O=issued' })],
  ['an unknown authority', 'unknown_ca', 'issued', async () => strangers.device('issued')],
  [
    'an unknown authority of the same name',
    'unknown_ca',
    'issued',
    async () => (await Authority.make('Factory root')).device('issued'),
  ],
  ['the authority between left out', 'unknown_ca', 'issued', async () => issuing.device('issued')],
  ['a certificate of its own making', 'unknown_ca', 'issued', async () => selfSigned('issued')],
  [
    'one for servers only',
    'unknown_ca',
    'issued',
    async () => root.device('issued', { purposes: ['1.3.6.1.5.5.7.3.1'] }),
  ],
  [
    'authorities below one that may have none',
    'unknown_ca',
    'issued',
    async () => {
      const last = await root.intermediate('last', { pathLength: 0 });
      const beyond = await last.intermediate('beyond');
      return chain(await beyond.device('issued'), beyond, last);
    },
  ],
  [
    'a certificate issued by a device',
    'unknown_ca',
    'issued',
    async () => {
      const forger = await Authority.underDevice(root, 'issued');
      return chain(await forger.device('issued'), forger);
    },
  ],
  [
    'an expired certificate',
    'certificate_expired',
    'issued',
    async () => root.device('issued', { notAfter: new Date(Date.now() - 1000) }),
  ],
  [
    'one that is not valid yet',
    'certificate_expired',
    'issued',
    async () => root.device('issued', { notBefore: new Date(Date.now() + DAY_MS / 2) }),
  ],
  [
    'an expired authority between',
    'certificate_expired',
    'issued',
    async () => {
      const old = await root.intermediate('old', { notAfter: new Date(Date.now() - 1000) });
      return chain(await old.device('issued'), old);
    },
  ],
  ['a disabled device', 'disabled', 'parked', async () => root.device('parked')],
];

for (const [name, reason, deviceId, pem] of REFUSED) {
  test(`refused: ${name}`, async () => {
    const { client, code } = await connect(deviceId, await pem());
    assert.is(code, REFUSALS[reason].returnCode);
    await client.closed();
    assert.is((await heard.next('refused')).reason, reason);
  });
}

test('refused: a token of a device with a certificate', async () => {
  const key = registry.get('thumb')?.primaryKey ?? '';
  const { code } = await connect('thumb', own, sasToken({ deviceId: 'thumb', key }, inSeconds(60)));
  assert.is(code, 5);
  assert.is((await heard.next('refused')).reason, 'wrong_authentication');
});

test('a connection ends with its certificate', async () => {
  const pem = await root.device('issued');
  const { client } = await connect('issued', pem);
  aheadMs = DAY_MS;
  await client.closed();
  aheadMs = 0;
  assert.is((await heard.next('terminated')).reason, 'certificate_expired');
});

test('a connection ends when its thumbprint is replaced, or the device changes over', async () => {
  const first = await connect('thumb', own);
  registry.setAccess('thumb', { primaryThumbprint: sha256(spare) });
  await first.client.closed();
  assert.is((await heard.next('revoked')).reason, 'certificate_changed');
  const second = await connect('thumb', spare);
  assert.is(second.code, 0);
  registry.setAccess('thumb', {});
  await second.client.closed();
  assert.is((await heard.next('revoked')).reason, 'authentication_changed');
});

test('an authority that is removed takes its devices with it; every change and failure is in the log', async () => {
  const { client } = await connect('issued', await root.device('issued'));
  assert.is(
    codeOf(() => authorities.add('factory', strangers.certificate)),
    'WL_CERTIFICATE_EXISTS',
  );
  assert.is(
    codeOf(() => authorities.add('again', root.certificate)),
    'WL_CERTIFICATE_EXISTS',
  );
  assert.is(
    codeOf(() => authorities.add('leaf', own.certificate)),
    'WL_BAD_CERTIFICATE',
  );
  assert.is(
    codeOf(() => authorities.add('text', 'hello')),
    'WL_BAD_CERTIFICATE',
  );
  assert.is(
    codeOf(() => authorities.add('../x', strangers.certificate)),
    'WL_BAD_CERTIFICATE',
  );
  assert.is(
    codeOf(() => authorities.remove('nobody')),
    'WL_NO_SUCH_CERTIFICATE',
  );
  assert.equal(
    authorities.list().map(({ name, subject }) => [name, subject]),
    [['factory', 'CN=Factory root']],
  );
  authorities.remove('factory');
  await client.closed();
  assert.is((await heard.next('revoked')).reason, 'certificate_changed');
  const logged = readEvents(folder).flatMap((event) =>
    event.kind === 'certificate_change_failed'
      ? [`${event.change} ${event.name} failed`]
      : event.kind === 'certificate_added' || event.kind === 'certificate_deleted'
        ? [`${event.kind} ${event.name}`]
        : [],
  );
  assert.equal(logged, [
    'certificate_added factory',
    'add factory failed',
    'add again failed',
    'add leaf failed',
    'add text failed',
    'add ../x failed',
    'delete nobody failed',
    'certificate_deleted factory',
  ]);
});

test('what a device is registered with has to fit together', () => {
  const add = (access: Parameters<Registry['add']>[1]) => codeOf(() => registry.add('new', access));
  assert.is(add({ primaryThumbprint: 'abc' }), 'WL_BAD_CERTIFICATE');
  assert.is(add({ authentication: 'thumbprint' }), 'WL_BAD_OPTION');
  assert.is(add({ authentication: 'ca', primaryThumbprint: sha1(own) }), 'WL_BAD_OPTION');
  assert.is(
    add({ primaryKey: Buffer.alloc(32).toString('base64'), primaryThumbprint: sha1(own) }),
    'WL_BAD_OPTION',
  );
  const device = registry.add('new', { authentication: 'ca' });
  assert.equal(registry.get('new'), device);
  assert.match(registry.connectionString(device), /;x509=true;/);
});

test.run();
