// The real provisioning client against the hub: every kind of enrolment, then the real device client at the hub it was assigned; and what it
// makes of each refusal.

import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  derivedKey,
  type Enrolments,
  type Hub,
  openAuthorities,
  openEnrolments,
  openRegistry,
  type ReceivedMessage,
  type Registry,
  startHub,
} from '../../service/index.ts';
import { closeClients, deviceClient, Message } from '../support/azure-client.ts';
import type { Answer, Application } from '../support/azure-provisioning.ts';
import { Authority, type Pem, selfSigned } from '../support/certificates.ts';
import { HeardEvents } from '../support/hub-events.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const test = suite('the Azure provisioning client');
const SCRIPT = fileURLToPath(new URL('../support/azure-provisioning.ts', import.meta.url));
const PATIENCE_MS = 90_000;
const folder = temporaryFolder();
let hub: Hub;
let heard: HeardEvents;
let registry: Registry;
let enrolments: Enrolments;
let factory: Authority;
const messages: ReceivedMessage[] = [];

test.before(async () => {
  hub = await startHub({ dataFolder: folder, port: 0, webSocketPort: 0 });
  heard = new HeardEvents(hub);
  hub.on('message', (message) => messages.push(message));
  registry = openRegistry(folder);
  enrolments = openEnrolments(folder);
  factory = await Authority.make('Factory');
  const authorities = openAuthorities(folder);
  authorities.add('factory', factory.certificate);
  authorities.close();
});
test.after.each(closeClients);
test.after(async () => {
  enrolments.close();
  registry.close();
  await hub.close();
});

/** All of them by one process: it takes a second to load. */
async function apply(applications: ReadonlyArray<Partial<Application>>): Promise<Answer[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: hub.caFile },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: PATIENCE_MS,
  });
  const place = { host: `localhost:${hub.port}`, idScope: hub.idScope };
  child.stdin.end(JSON.stringify(applications.map((application) => ({ ...place, ...application }))));
  return JSON.parse(await text(child.stdout)) as Answer[];
}

/** The device of that answer sends a message. */
async function sends(answer: Answer | undefined, proof: string, pem?: Pem): Promise<string | undefined> {
  if (!answer || 'error' in answer) throw new Error(`not assigned: ${JSON.stringify(answer)}`);
  const { assignedHub, deviceId } = answer;
  const client = await deviceClient(`HostName=${assignedHub};DeviceId=${deviceId};${proof}`, {
    ca: hub.caCertificate,
    ...(pem ? { cert: pem.certificate, key: pem.key } : {}),
  });
  await client.open();
  await client.sendEvent(new Message('here I am'));
  return messages.at(-1)?.deviceId;
}

test('by key: a single enrolment, and a group, over TCP and over WebSocket', async () => {
  const single = enrolments.addIndividual('pump-1', { deviceId: 'cellar' });
  const group = enrolments.addGroup('pumps');
  const key = derivedKey(group.primaryKey, 'pump-2');
  // The client adds :443 and the path by itself: behind the ? they are no part of it any more.
  const webSocket = { host: `localhost:${hub.webSocketPort}/$iothub/websocket?x=`, webSocket: true };
  const answers = await apply([
    { registrationId: 'pump-1', key: single.primaryKey },
    { registrationId: 'pump-1', key: single.secondaryKey },
    { registrationId: 'pump-2', key },
    { registrationId: 'pump-3', key: derivedKey(group.secondaryKey, 'pump-3'), ...webSocket },
  ]);
  const port = (one: number | undefined) => `localhost:${one}`;
  assert.equal(answers, [
    { assignedHub: port(hub.port), deviceId: 'cellar' },
    { assignedHub: port(hub.port), deviceId: 'cellar' },
    { assignedHub: port(hub.port), deviceId: 'pump-2' },
    { assignedHub: port(hub.webSocketPort), deviceId: 'pump-3' },
  ]);
  assert.is(await sends(answers[0], `SharedAccessKey=${single.primaryKey}`), 'cellar');
  assert.is(await sends(answers[2], `SharedAccessKey=${key}`), 'pump-2');
});

test('by certificate: a thumbprint, and a group of an authority', async () => {
  const own = await selfSigned('meter');
  const issued = await factory.device('valve');
  enrolments.addIndividual('meter', {
    primaryThumbprint: new X509Certificate(own.certificate).fingerprint256,
  });
  enrolments.addGroup('line-1', { authority: 'factory' });
  const [meter, valve] = await apply([
    { registrationId: 'meter', certificate: own.certificate, privateKey: own.key },
    { registrationId: 'valve', certificate: issued.certificate, privateKey: issued.key },
  ]);
  assert.is(await sends(meter, 'x509=true', own), 'meter');
  assert.is(await sends(valve, 'x509=true', issued), 'valve');
});

test('not enrolled, a wrong key, a disabled enrolment, a wrong certificate, an expired one, a conflict', async () => {
  const known = await selfSigned('gauge');
  const other = await selfSigned('gauge');
  const expired = await factory.device('old', {
    notBefore: new Date(Date.now() - 2e8),
    notAfter: new Date(Date.now() - 1e8),
  });
  const key = Buffer.alloc(32, 1).toString('base64');
  enrolments.addIndividual('single');
  const off = enrolments.addIndividual('off');
  enrolments.setEnabled('off', false, false);
  enrolments.addIndividual('gauge', {
    primaryThumbprint: new X509Certificate(known.certificate).fingerprint256,
  });
  registry.add('by-hand');
  const taken = enrolments.addIndividual('by-hand');
  heard.all.length = 0;
  // Who has no enrolment of his own is looked for in the groups.
  enrolments.remove('pumps', true);
  const answers = await apply([
    { registrationId: 'stranger', key },
    { registrationId: 'single', key },
    { registrationId: 'off', key: off.primaryKey },
    { registrationId: 'gauge', certificate: other.certificate, privateKey: other.key },
    { registrationId: 'old', certificate: expired.certificate, privateKey: expired.key },
    { registrationId: 'by-hand', key: taken.primaryKey },
  ]);
  const reasons = heard.all.flatMap((event) =>
    event.kind === 'refused' || event.kind === 'provisioning_failed' ? [event.reason] : [],
  );
  assert.equal(reasons, [
    'not_enrolled',
    'bad_signature',
    'disabled',
    'wrong_thumbprint',
    'certificate_expired',
    'conflict',
  ]);
  assert.equal(answers, [
    ...Array(5).fill({ error: 'Connection refused: Not authorized' }),
    { error: 'incoming message failure' },
  ]);
});

test.run();
