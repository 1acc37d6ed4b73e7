// Our device and our hub over every way in: key or certificate, TCP or WebSocket, device or module; and what the cloud says to the device.

import { X509Certificate } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../../bindings/js/core.ts';
import { parseMessageType } from '../../bindings/js/messages/message-type.ts';
import { type Agent, type AgentOptions, createAgent } from '../../host/agent/index.ts';
import {
  type Hub,
  openAuthorities,
  openRegistry,
  type ReceivedMessage,
  type Registry,
  startHub,
} from '../../service/index.ts';
import { LOCAL_ADDRESSES, reportedBytes } from '../support/agent-run.ts';
import { Authority, selfSigned } from '../support/certificates.ts';
import { frame, peerV4 } from '../support/packets.ts';
import { newExports } from '../support/profiles.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const test = suite('ways in');
const PACKETS = 20;
let hub: Hub;
let registry: Registry;
let data = '';
let messages: ReceivedMessage[] = [];
const agents: Agent[] = [];

test.before.each(async () => {
  data = temporaryFolder();
  messages = [];
  hub = await startHub({ dataFolder: data, port: 0, webSocketPort: 0 });
  registry = openRegistry(data);
  hub.on('message', (message) => messages.push(message));
});
test.after.each(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop({ timeoutMs: 0 }).catch(() => {})));
  registry.close();
  await hub.close();
});

function agentOf(options: Partial<AgentOptions>): Agent {
  const agent = createAgent({
    core: new Core(newExports('standard')),
    ca: hub.caCertificate,
    localAddresses: LOCAL_ADDRESSES,
    firstCollectionSeconds: 1,
    ...options,
  } as AgentOptions);
  agents.push(agent);
  return agent;
}

/** Some packets through the agent; every byte of them is at the hub, under this name. */
async function delivers(options: Partial<AgentOptions>, deviceId: string, moduleId?: string): Promise<void> {
  const agent = agentOf(options);
  agent.start();
  for (let packet = 0; packet < PACKETS; packet++)
    agent.observe(frame({ to: peerV4(packet % 4), payload: 40 }).bytes);
  await agent.stop();
  const { bytes } = agent.status();
  assert.ok(bytes.observed > 0);
  const stored = messages.map(({ body, properties }) => {
    const format = parseMessageType(properties.mti ?? '')?.format;
    assert.is(format, '3.0-protobuf');
    return { format: format ?? '2.3', bytes: body };
  });
  assert.is(reportedBytes(stored), bytes.observed);
  assert.ok(messages.every((message) => message.deviceId === deviceId && message.moduleId === moduleId));
}

function withoutKey(deviceId: string): string {
  return `HostName=localhost;DeviceId=${deviceId};x509=true;GatewayHostName=localhost:${hub.port}`;
}

test('a key, over TCP', () =>
  delivers({ connectionString: registry.connectionString(registry.add('d')) }, 'd'));

test('a key, over WebSocket', () => {
  const connectionString = registry.connectionString(registry.add('d'), { port: hub.webSocketPort ?? 0 });
  return delivers({ connectionString, protocol: 'mqtt-ws' }, 'd');
});

test('a module of a device', () => {
  registry.add('d');
  return delivers({ connectionString: registry.connectionString(registry.modules.add('d', 'm')) }, 'd', 'm');
});

test('a certificate by its thumbprint', async () => {
  const { certificate, key } = await selfSigned('d');
  registry.add('d', { primaryThumbprint: new X509Certificate(certificate).fingerprint256 });
  await delivers({ connectionString: withoutKey('d'), certificate, privateKey: key }, 'd');
});

test('a certificate of an authority', async () => {
  const factory = await Authority.make('factory');
  const authorities = openAuthorities(data);
  authorities.add('factory', factory.certificate);
  authorities.close();
  registry.add('d', { authentication: 'ca' });
  const { certificate, key } = await factory.device('d');
  await delivers({ connectionString: withoutKey('d'), certificate, privateKey: key }, 'd');
});

test('desired properties change the agent, it reports, and answers a method', async () => {
  const agent = agentOf({ connectionString: registry.connectionString(registry.add('d')) });
  const active = new Promise<void>((resolve) => {
    agent.on('state', (state) => state === 'active' && resolve());
  });
  agent.start();
  await active;
  hub.twins.update(
    { deviceId: 'd' },
    { properties: { desired: { CollectorsCore_PriorityIntervals: '1s,2s,3s', Agent_MessageFormat: '2.3' } } },
  );
  await until(() =>
    JSON.stringify(hub.twins.get({ deviceId: 'd' }).properties.reported).includes('"latest_state":"success"'),
  );
  const { status } = await hub.methods.invoke({ deviceId: 'd' }, 'wardlet.status', null, {
    responseTimeoutSeconds: 5,
  });
  assert.is(status, 200);
  await until(() => messages.filter(({ properties }) => properties.mti === '2.3-1-1-0').length >= 3);
});

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    if (attempt > 500) throw new Error('waited 10 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test.run();
