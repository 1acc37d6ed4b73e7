// What the hub does by hand because it does it most: PUBLISH, PUBACK, rows of messages, and a listener without TLS.

import { once } from 'node:events';
import { connect } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDataFolder } from '../service/hub/data-folder.ts';
import { inTransaction, openDatabase } from '../service/hub/database.ts';
import { eventText } from '../service/hub/event-text.ts';
import { startHub } from '../service/hub/hub.ts';
import type { HubEvent } from '../service/hub/hub-events.ts';
import { readMessages } from '../service/hub/message-reader.ts';
import { MessageRows } from '../service/hub/message-rows.ts';
import { judgePublish } from '../service/hub/publish.ts';
import { pubacks, readPublish } from '../service/hub/publish-packet.ts';
import { openRegistry } from '../service/hub/registry.ts';
import { inSeconds, sasToken } from './support/hub-client.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { codeOf } from './support/thrown-error.ts';

/** What the general parser makes of it: packets, or nothing where it is broken. */
function parsed(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  const general = parser({ protocolVersion: 4 });
  general.on('packet', (packet: Packet) => packets.push(packet));
  general.on('error', () => {});
  try {
    general.parse(bytes);
  } catch {}
  return packets;
}

const seed = seedOfRun();
test(`PUBLISH read by hand is what the general parser reads, whole and damaged, SEED=${seed}`, () => {
  const random = new SeededRandom(seed);
  let whole = 0;
  for (let round = 0; round < 3_000; round++) {
    const qos = random.pick([0, 1, 2] as const);
    const bytes = generate({
      cmd: 'publish',
      topic: `devices/pump-1/messages/events/${random.pick(['', 'n=1', 'k=ä€😀', 'x'.repeat(200)])}`,
      payload: Buffer.from(random.bytes(random.pick([0, 1, 100, 20_000]))),
      qos,
      retain: random.pick([true, false]),
      dup: qos > 0 && random.pick([true, false]),
      messageId: random.pick([1, 255, 256, 65_535]),
    });
    const lengthBytes = bytes.length < 130 ? 1 : bytes.length < 16_387 ? 2 : 3;
    // Not the length: framing has judged it.
    if (random.pick([true, false])) {
      const at = random.pick([0, 1 + lengthBytes, 2 + lengthBytes]);
      bytes[at] = random.bytes(1)[0] ?? 0;
    }
    const start = random.pick([0, 3]);
    const byHand = readPublish(
      Buffer.concat([Buffer.alloc(start), bytes, Buffer.alloc(2)]),
      start,
      start + bytes.length,
    );
    const [packet] = parsed(bytes);
    if (!byHand) {
      // The general parser makes -1 of a packet id that is past the end.
      const isLeft = packet?.cmd !== 'publish' || packet.qos === 2 || packet.messageId === -1;
      assert.ok(isLeft, `left to the general parser: ${bytes.subarray(0, 8).toString('hex')}`);
      continue;
    }
    whole++;
    if (packet?.cmd !== 'publish') {
      assert.unreachable(`only by hand: ${bytes.subarray(0, 8).toString('hex')}`);
      continue;
    }
    assert.is(byHand.topic, packet.topic);
    assert.is(byHand.qos, packet.qos);
    assert.is(byHand.retain, packet.retain);
    assert.is(byHand.messageId, packet.messageId ?? 0);
    assert.ok(byHand.payload.equals(packet.payload as Buffer));
  }
  assert.ok(whole > 1_000, `${whole} of 3000`);
});

test('PUBACKs are what the general generator makes', () => {
  const ids = [1, 255, 256, 65_535];
  assert.equal(pubacks(ids), Buffer.concat(ids.map((messageId) => generate({ cmd: 'puback', messageId }))));
  assert.is(pubacks([]).length, 0);
});

test('a topic that comes again is judged as the first time, and its properties are the same object', () => {
  const identity = { deviceId: 'pump-1' };
  const topic = 'devices/pump-1/messages/events/n=%31';
  const request = { topic, payload: Buffer.from('abc'), qos: 1, retain: false };
  const first = judgePublish(request, identity, 10);
  if (first.kind !== 'store') throw new Error(first.kind);
  const again = judgePublish({ ...request, payload: Buffer.from('xyz') }, identity, 10, first.known);
  if (again.kind !== 'store') throw new Error(again.kind);
  assert.is(again.properties, first.properties);
  assert.is(String(again.body), 'xyz');
  // Its size is still looked at, and whatever differs is judged anew.
  assert.is(
    judgePublish({ ...request, payload: Buffer.alloc(9) }, identity, 10, first.known).kind,
    'terminate',
  );
  assert.is(judgePublish({ ...request, qos: 2 }, identity, 10, first.known).kind, 'terminate');
  const retained = judgePublish({ ...request, retain: true }, identity, 100, first.known);
  assert.equal(retained.kind === 'store' && { ...retained.properties }, { n: '1', 'mqtt-retain': 'true' });
  assert.is(judgePublish({ ...request, topic: `${topic}&%` }, identity, 100, first.known).kind, 'terminate');
});

test('rows: any number, each as it was given, ids without gaps', () => {
  const folder = temporaryFolder();
  const database = openDatabase(makeDataFolder(folder));
  const rows = new MessageRows(database);
  const shared = { n: '1' };
  let count = 0;
  for (const size of [1, 0, 19, 20, 21, 61]) {
    const messages = Array.from({ length: size }, (_, index) => ({
      deviceId: `d-${index % 3}`,
      ...(index % 2 ? { moduleId: 'm' } : {}),
      enqueuedMs: count + index,
      properties: index % 5 ? shared : { own: String(index), 'without a value': null },
      // A view: only what it shows is stored.
      body: Buffer.from(`...${count + index}...`).subarray(3, -3),
    }));
    const { stored, bytes } = inTransaction(database, () => rows.insert(messages));
    assert.equal(
      stored,
      messages.map((message, index) => ({ id: count + index + 1, ...message })),
    );
    assert.equal(
      [...readMessages(folder, { afterId: count })],
      stored.map((message) => ({ ...message, body: new Uint8Array(message.body) })),
    );
    const { sum } = database.prepare('SELECT total(bytes) AS sum FROM messages WHERE id > ?').get(count) as {
      sum: number;
    };
    assert.is(bytes, sum);
    count += size;
  }
  database.close();
});

test('without TLS: nowhere unless asked for, then on localhost, and the log warns', async () => {
  const dataFolder = temporaryFolder();
  const registry = openRegistry(dataFolder);
  const { primaryKey: key } = registry.add('pump-1');
  registry.close();
  const secure = await startHub({ dataFolder, port: 0, durability: 'written' });
  assert.is(secure.plainPort, undefined);
  await secure.close();

  const events: HubEvent[] = [];
  // Listening everywhere is for TLS alone.
  const hub = await startHub({ dataFolder, host: '0.0.0.0', port: 0, plainPort: 0, durability: 'written' });
  hub.on('event', (event) => events.push(event));
  const socket = connect({ port: hub.plainPort ?? 0, host: '127.0.0.1' });
  socket.write(
    generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      clientId: 'pump-1',
      username: 'localhost/pump-1/?api-version=2021-04-12',
      password: Buffer.from(sasToken({ deviceId: 'pump-1', key }, inSeconds(60))),
    }),
  );
  assert.equal((await once(socket, 'data'))[0], Buffer.from([0x20, 2, 0, 0]));
  const publish = (messageId: number) =>
    generate({
      cmd: 'publish',
      topic: 'devices/pump-1/messages/events/',
      payload: `${messageId}`,
      qos: 1,
      messageId,
      retain: false,
      dup: false,
    });
  socket.write(Buffer.concat([publish(7), publish(8), generate({ cmd: 'pingreq' })]));
  let answered = Buffer.alloc(0);
  while (answered.length < 10)
    answered = Buffer.concat([answered, (await once(socket, 'data'))[0] as Buffer]);
  assert.ok(answered.includes(pubacks([7, 8])));
  assert.equal(
    [...readMessages(dataFolder)].map(({ body }) => String(Buffer.from(body))),
    ['7', '8'],
  );
  socket.destroy();
  const { plainPort = 0 } = hub;
  await hub.close();
  assert.ok(events.some(({ kind }) => kind === 'connected'));
  const text = eventText({ kind: 'started', port: 1, plainPort, hostNames: ['localhost'] });
  assert.match(text, `WARNING: without TLS on port ${plainPort}`);
  assert.is(
    await startHub({ dataFolder, port: 0, plainPort: 65_536 }).catch((error: unknown) =>
      codeOf(() => {
        throw error;
      }),
    ),
    'WL_BAD_OPTION',
  );
});

test.run();
