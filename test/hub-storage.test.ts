// What the hub keeps: durable before it is acknowledged, bounded, and whole after any kill.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDataFolder } from '../service/hub/data-folder.ts';
import { type HubDatabase, openDatabase } from '../service/hub/database.ts';
import { EventLog, readEvents } from '../service/hub/event-log.ts';
import { startHub } from '../service/hub/hub.ts';
import type { HubEvent, HubHappening } from '../service/hub/hub-events.ts';
import { readMessages } from '../service/hub/message-reader.ts';
import { MessageStore, type MessageStoreOptions } from '../service/hub/message-store.ts';
import { openRegistry } from '../service/hub/registry.ts';
import { startHubChild } from './support/hub-child.ts';
import { HubClient } from './support/hub-client.ts';
import { HeardEvents } from './support/hub-events.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('hub: what it keeps');
const EVENTS = 'devices/pump-1/messages/events/';

function openStore(options: Partial<MessageStoreOptions> = {}) {
  const folder = temporaryFolder();
  const database = openDatabase(makeDataFolder(folder));
  const happenings: HubHappening[] = [];
  const store = new MessageStore(database, {
    maxStoreBytes: 1e9,
    maxStoreAgeMs: 1e9,
    now: Date.now,
    listener: () => {},
    record: (happening) => happenings.push(happening),
    ...options,
  });
  const append = (body: Buffer) =>
    new Promise<Error | undefined>((resolve) =>
      store.append({ deviceId: 'd', properties: {}, body }, resolve),
    );
  return { folder, database, store, happenings, append };
}

test('kill -9 after the PUBACK: the message is there; the hub starts again', async () => {
  const folder = temporaryFolder();
  const registry = openRegistry(folder);
  const { primaryKey: key } = registry.add('pump-1');
  registry.close();
  let hub = await startHubChild(folder);
  const { caCertificate } = hub;
  for (let round = 0; round < 2; round++) {
    const client = await HubClient.open(hub);
    assert.is(await client.connect({ deviceId: 'pump-1', key }), 0);
    for (let id = 1; id <= 20; id++) client.publish(`${EVENTS}n=${round * 20 + id}`, 'x', id);
    // The last acknowledgement, and at that moment the end.
    for (let id = 1; id <= 20; id++) assert.is((await client.next('puback')).messageId, id);
    await hub.kill('SIGKILL');
    assert.equal(
      [...readMessages(folder)].map(({ properties }) => properties.n),
      Array.from({ length: (round + 1) * 20 }, (_, index) => String(index + 1)),
    );
    if (round === 0) hub = await startHubChild(folder);
    // Devices go on trusting it.
    assert.is(hub.caCertificate, caCertificate);
  }
});

test('a sink writes in the same transaction: with it, nothing; without it, nothing', async () => {
  const folder = temporaryFolder();
  const registry = openRegistry(folder);
  const { primaryKey: key } = registry.add('pump-1');
  registry.close();
  let fails = false;
  const sink = (messages: readonly { readonly id: number }[], database: HubDatabase) => {
    database.exec('CREATE TABLE IF NOT EXISTS seen (id INTEGER)');
    for (const { id } of messages) database.prepare('INSERT INTO seen VALUES (?)').run(id);
    if (fails) throw new Error('the analysis is not up to it');
  };
  const hub = await startHub({ dataFolder: folder, port: 0, sink });
  const heard = new HeardEvents(hub);

  const client = await HubClient.open(hub);
  await client.connect({ deviceId: 'pump-1', key });
  client.publish(EVENTS, 'one', 1);
  await client.next('puback');

  fails = true;
  client.publish(EVENTS, 'two', 2);
  await client.closed();
  assert.is(client.received.filter(({ cmd }) => cmd === 'puback').length, 0);
  assert.is((await heard.next('storage_failed')).count, 1);
  assert.is((await heard.next('terminated')).reason, 'storage_failed');

  fails = false;
  const again = await HubClient.open(hub);
  await again.connect({ deviceId: 'pump-1', key });
  again.publish(EVENTS, 'two', 2);
  await again.next('puback');
  await heard.next('storage_recovered');
  again.close();
  await hub.close();

  assert.equal(
    [...readMessages(folder)].map(({ body }) => Buffer.from(body).toString()),
    ['one', 'two'],
  );
  const database = openDatabase(makeDataFolder(folder));
  const seen = database.prepare('SELECT id FROM seen ORDER BY id').all() as Array<{ id: number }>;
  assert.equal(
    seen.map(({ id }) => id),
    [...readMessages(folder)].map(({ id }) => id),
  );
  database.close();
});

test('a full disk: the sender hears of it, and the next message is stored when there is room', async () => {
  const { database, happenings, append, folder } = openStore();
  const { page_count: pages } = database.prepare('PRAGMA page_count').get() as { page_count: number };
  database.pragma(`max_page_count=${pages + 4}`);
  assert.is(await append(Buffer.alloc(100)), undefined);
  assert.match(String(await append(Buffer.alloc(100_000))), /full/);
  database.pragma('max_page_count=1000000');
  assert.is(await append(Buffer.alloc(100_000)), undefined);
  assert.equal(
    happenings.map(({ kind }) => kind),
    ['storage_failed', 'storage_recovered'],
  );
  assert.equal(
    [...readMessages(folder)].map(({ body }) => body.length),
    [100, 100_000],
  );
  database.close();
});

test('the oldest messages go when there are too many bytes, and it is said how many', async () => {
  const { database, happenings, append, folder } = openStore({ maxStoreBytes: 20_000 });
  for (let index = 0; index < 30; index++) await append(Buffer.alloc(1_000));
  const left = [...readMessages(folder)].map(({ id }) => id);
  assert.is(left.at(-1), 30);
  assert.ok(left.length >= 15 && left.length < 20, String(left.length));
  const purged = happenings.reduce(
    (sum, event) => sum + (event.kind === 'messages_purged' ? event.count : 0),
    0,
  );
  assert.is(purged + left.length, 30);
  const sum = database.prepare('SELECT sum(bytes) AS bytes FROM messages').get() as { bytes: number };
  const kept = database.prepare("SELECT value FROM settings WHERE name = 'messageBytes'").get() as {
    value: string;
  };
  assert.is(Number(kept.value), sum.bytes);
  database.close();
});

test('messages older than the limit go; an id is never given twice', async () => {
  let nowMs = 1_000_000;
  const { database, happenings, append, folder, store } = openStore({
    maxStoreAgeMs: 1_000,
    now: () => nowMs,
  });
  await append(Buffer.from('old'));
  nowMs += 2_000;
  store.purgeAged();
  assert.equal(happenings, [{ kind: 'messages_purged', reason: 'age', count: 1, bytes: 69 }]);
  await append(Buffer.from('new'));
  assert.equal(
    [...readMessages(folder)].map(({ id }) => id),
    [2],
  );
  database.close();
});

test('the event log keeps the newest', () => {
  const folder = temporaryFolder();
  const database = openDatabase(makeDataFolder(folder));
  const heard: HubEvent[] = [];
  const log = new EventLog(database, { maxEvents: 10, now: () => 5, listener: (event) => heard.push(event) });
  for (let count = 1; count <= 25; count++) log.record({ kind: 'connections_dropped', count });
  log.flush();
  assert.is(heard.length, 25);
  assert.equal(
    readEvents(folder).map((event) => event.kind === 'connections_dropped' && event.count),
    [16, 17, 18, 19, 20, 21, 22, 23, 24, 25],
  );
  database.close();
});

test('closing a hub stores and acknowledges what has arrived', async () => {
  const folder = temporaryFolder();
  const registry = openRegistry(folder);
  const { primaryKey: key } = registry.add('pump-1');
  const hub = await startHub({ dataFolder: folder, port: 0 });
  const client = await HubClient.open(hub);
  await client.connect({ deviceId: 'pump-1', key });
  let closing: Promise<void> | undefined;
  hub.on('message', () => {
    closing ??= hub.close();
  });
  client.publish(EVENTS, 'last', 3);
  assert.is((await client.next('puback')).messageId, 3);
  await client.closed();
  await closing;
  assert.is([...readMessages(folder)].length, 1);
  assert.equal(
    readEvents(folder)
      .slice(-2)
      .map(({ kind }) => kind),
    ['disconnected', 'stopped'],
  );
  registry.close();
  const again = await startHub({ dataFolder: folder, port: 0 });
  await again.close();
});

test.run();
