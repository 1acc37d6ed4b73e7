// The spool's log on a disk that fails, forgets and rots.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { crc32 } from '../host/spool/crc32.ts';
import { openMessageLog } from '../host/spool/message-log.ts';
import { MESSAGE_OVERHEAD } from '../host/spool/record.ts';
import type { Spool, SpooledMessage } from '../host/spool/spool.ts';
import { type Fault, FaultyFolder } from './support/faulty-folder.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { isIntact, messageOf, readAll } from './support/spool-messages.ts';

const SMALL = { maxBytes: 65_536 };
const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;

const sequencesOf = (messages: readonly SpooledMessage[]) => messages.map(({ sequence }) => sequence);

test('the checksum is CRC-32: of "123456789" it is cbf43926, however the bytes are cut', () => {
  const bytes = new TextEncoder().encode('..123456789123456789');
  assert.is(crc32(bytes, 2, 11), 0xcbf43926);
  assert.is(crc32(bytes, 0, 0), 0);
  const slow = (from: number, to: number) => {
    let sum = 0xffffffff;
    for (const byte of bytes.subarray(from, to)) {
      sum ^= byte;
      for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    }
    return ~sum >>> 0;
  };
  for (let from = 0; from < 10; from++) {
    for (let to = from; to <= bytes.length; to++) assert.is(crc32(bytes, from, to), slow(from, to));
  }
});

test('what is appended is read in order, by several at their own pace, until it is delivered', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, SMALL);
  const ids = await Promise.all(
    [10, 0, 300].map((length, sequence) => spool.append(messageOf(sequence, length), NOW)),
  );
  assert.equal(ids, [0, 1, 2]);
  const [first, ...rest] = await spool.read();
  assert.equal(first, { ...messageOf(0, 10), id: 0, enqueuedMs: NOW });
  assert.equal(sequencesOf(rest), [1, 2]);
  assert.equal(sequencesOf(await spool.read({ afterId: 0, limit: 1 })), [1]);
  spool.delivered(1);
  spool.delivered(1);
  spool.delivered(99);
  assert.equal(sequencesOf(await spool.read()), [0, 2]);
  const { messages, bytes } = spool.statistics();
  assert.equal({ messages, bytes }, { messages: 2, bytes: 310 });
  await spool.close();
  const again = await openMessageLog(folder, SMALL);
  assert.equal(sequencesOf(await again.read()), [0, 2]);
  assert.is(await again.append(messageOf(3, 5), NOW), 3);
  await again.close();
});

test('appends under way share one write and one sync', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder);
  const operations: string[] = [];
  folder.fault = (operation) => {
    operations.push(operation);
    return undefined;
  };
  await Promise.all(Array.from({ length: 50 }, (_, sequence) => spool.append(messageOf(sequence, 100), NOW)));
  assert.equal(operations, ['create', 'write', 'sync', 'sync folder']);
});

test('the oldest make room for the newest, a sixteenth at most at a time; the counts outlive a restart', async () => {
  const folder = new FaultyFolder();
  let spool = await openMessageLog(folder, SMALL);
  for (let sequence = 0; sequence < 300; sequence++) {
    await spool.append(messageOf(sequence, 1_000), NOW);
    assert.ok(folder.bytes <= SMALL.maxBytes, `${folder.bytes} bytes`);
    if (sequence % 100 === 99) {
      await spool.close();
      spool = await openMessageLog(folder, SMALL);
    }
  }
  const kept = sequencesOf(await readAll(spool));
  assert.equal(
    kept,
    Array.from({ length: kept.length }, (_, index) => 300 - kept.length + index),
  );
  // 64 KB less a segment, less what frames them.
  assert.ok(kept.length >= 52, `${kept.length} kept`);
  const { size, age } = spool.statistics().givenUp;
  assert.equal(size, { messages: 300 - kept.length, bytes: 1_000 * (300 - kept.length) });
  assert.equal(age, { messages: 0, bytes: 0 });
});

test('a message as large as the spool takes the place of all others; a larger one is refused', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, SMALL);
  for (let sequence = 0; sequence < 9; sequence++) await spool.append(messageOf(sequence, 1_000), NOW);
  const most = SMALL.maxBytes - MESSAGE_OVERHEAD - 2 * 61;
  await spool.append(messageOf(9, most), NOW);
  assert.ok(folder.bytes <= SMALL.maxBytes);
  assert.equal(sequencesOf(await spool.read()), [9]);
  assert.is(spool.statistics().givenUp.size.messages, 9);
  assert.is((await refusal(spool.append(messageOf(10, most + 1), NOW))).code, 'WL_SPOOL_FULL');
});

test('delivered messages give their room back', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, SMALL);
  for (let sequence = 0; sequence < 1_000; sequence++) {
    const id = await spool.append(messageOf(sequence, 1_000), NOW);
    spool.delivered(id);
  }
  assert.is(spool.statistics().messages, 0);
  assert.is(spool.statistics().givenUp.size.messages, 0);
  assert.ok(folder.bytes < 3 * 4_096, `${folder.bytes} bytes are left`);
  assert.ok(folder.files.size <= 2);
});

test('what waited too long is given up and counted, also with nothing appended', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, { maxAgeMs: 2 * HOUR });
  for (let hour = 0; hour < 3; hour++) await spool.append(messageOf(hour, 10 + hour), NOW + hour * HOUR);
  assert.is(spool.statistics().messages, 3);
  spool.giveUpOld(NOW + 2 * HOUR + 1);
  assert.equal(sequencesOf(await spool.read()), [1, 2]);
  spool.giveUpOld(NOW + 3 * HOUR + 1);
  await spool.close();
  const again = await openMessageLog(folder, { maxAgeMs: 2 * HOUR });
  assert.equal(sequencesOf(await again.read()), [2]);
  assert.equal(again.statistics().givenUp.age, { messages: 2, bytes: 21 });
});

test('a clock that jumps, either way, ages messages by an hour at most', async () => {
  const folder = new FaultyFolder();
  let spool = await openMessageLog(folder, { maxAgeMs: 2 * HOUR });
  await spool.append(messageOf(0, 1), 0); // no battery: it is 1970
  await spool.append(messageOf(1, 1), NOW);
  await spool.append(messageOf(2, 1), NOW - 100 * HOUR);
  await spool.append(messageOf(3, 1), Number.NaN);
  await spool.close();
  spool = await openMessageLog(folder, { maxAgeMs: 2 * HOUR });
  spool.giveUpOld(NOW + 1_000 * HOUR); // a month without power
  assert.equal(sequencesOf(await spool.read()), [0, 1, 2, 3]);
  spool.giveUpOld(NOW + 1_000 * HOUR + 1);
  assert.equal(sequencesOf(await spool.read()), [1, 2, 3]);
});

test('a small spool, cut at every byte: what was whole before the cut is there, the rest is reported', async () => {
  const { image, ends } = await smallSpool();
  for (let cut = 0; cut <= image.bytes.length; cut++) {
    const spool = await openMessageLog(folderOf(image.name, image.bytes.slice(0, cut)), SMALL);
    const whole = ends.filter((end) => end <= cut).length;
    assert.equal(sequencesOf(await readAll(spool)), [0, 1, 2, 3].slice(0, whole), `cut at ${cut}`);
    assert.is(spool.statistics().damagedMessages, 0);
    const id = await spool.append(messageOf(9, 20), NOW);
    assert.is(id, whole);
    assert.equal(sequencesOf(await readAll(spool)).at(-1), 9);
    await spool.close();
  }
});

test('a small spool, each byte of it damaged in turn: one record is lost at most, and counted', async () => {
  const { image, ends } = await smallSpool();
  for (let at = 0; at < image.bytes.length; at++) {
    const bytes = image.bytes.slice();
    bytes[at] = (bytes[at] ?? 0) ^ (1 + (at % 255));
    const folder = folderOf(image.name, bytes);
    let spool = await openMessageLog(folder, SMALL);
    const hit = ends.findIndex((end) => at < end) - (at < 61 ? 1 : 0);
    const label = `byte ${at}`;
    const kept = [0, 1, 2, 3].filter((sequence) => sequence !== hit);
    assert.equal(sequencesOf(await readAll(spool)), kept, label);
    const { damagedMessages, repaired } = spool.statistics();
    // The last one, damaged, cannot be told from one that a crash cut short.
    assert.is(damagedMessages, hit < 0 || hit === 3 ? 0 : 1, label);
    const length = hit < 0 ? 61 : (ends[hit] ?? 0) - (ends[hit - 1] ?? 61);
    assert.is(repaired.tornBytes + repaired.skippedBytes, length, label);
    await spool.append(messageOf(9, 20), NOW);
    for (let restart = 0; restart < 2; restart++) {
      await spool.close();
      spool = await openMessageLog(folder, SMALL);
      assert.equal(sequencesOf(await readAll(spool)), [...kept, 9], label);
      assert.is(spool.statistics().damagedMessages, damagedMessages, `${label}: counted once`);
    }
    await spool.close();
  }
});

test('any bytes for a segment: the spool opens, and takes and gives messages', async () => {
  const { image } = await smallSpool();
  const random = new SeededRandom(1);
  for (let round = 0; round < 300; round++) {
    const bytes = image.bytes.slice();
    for (let hits = random.between(1, 40); hits > 0; hits--) {
      const from = random.below(bytes.length);
      bytes.copyWithin(random.below(bytes.length), from, from + random.below(80));
    }
    const spool = await openMessageLog(folderOf(image.name, bytes), SMALL);
    const kept = await readAll(spool);
    assert.ok(kept.every(isIntact));
    await spool.append(messageOf(9, 20), NOW);
    assert.is((await readAll(spool)).length, kept.length + 1);
    await spool.close();
  }
});

test('a record that rots while the spool is open is passed over and counted', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, SMALL);
  for (let sequence = 0; sequence < 3; sequence++) await spool.append(messageOf(sequence, 10), NOW);
  const [content] = folder.files.values();
  content?.written.fill(0, 61 + MESSAGE_OVERHEAD, 61 + MESSAGE_OVERHEAD + 3);
  assert.equal(sequencesOf(await readAll(spool, 1)), [1, 2]);
  assert.is(spool.statistics().damagedMessages, 1);
  await spool.close();
});

test('a full disk: the append is refused, nothing of it stays, and it works again when there is room', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, SMALL);
  await spool.append(messageOf(0, 100), NOW);
  folder.fault = (operation) => (operation === 'write' || operation === 'create' ? 'ENOSPC' : undefined);
  const error = await refusal(spool.append(messageOf(1, 5_000), NOW));
  assert.is(error.code, 'WL_SPOOL_FULL');
  assert.match(error.message, 'the disk is full');
  assert.match(error.hint, 'free some space');
  spool.delivered(0); // cannot be written down now
  assert.is((await refusal(spool.append(messageOf(1, 100), NOW))).code, 'WL_SPOOL_FULL');
  assert.equal(await spool.read(), []);
  folder.fault = () => undefined;
  await spool.append(messageOf(1, 100), NOW);
  await spool.close();
  assert.equal(sequencesOf(await readAll(await openMessageLog(folder, SMALL))), [1]);
});

test('a disk that is full of what is delivered already: the spool gives its own room back', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, SMALL);
  for (let sequence = 0; sequence < 3; sequence++) await spool.append(messageOf(sequence, 1_000), NOW);
  const room = folder.bytes + 100;
  folder.fault = (operation) => (operation === 'write' && folder.bytes + 1_000 > room ? 'ENOSPC' : undefined);
  assert.is((await refusal(spool.append(messageOf(3, 900), NOW))).code, 'WL_SPOOL_FULL');
  for (const { id } of await spool.read()) spool.delivered(id);
  await spool.append(messageOf(3, 900), NOW).catch(() => undefined);
  await spool.append(messageOf(4, 900), NOW);
  await spool.close();
  const again = await openMessageLog(folder, SMALL);
  assert.equal(sequencesOf(await readAll(again)).at(-1), 4);
  assert.is(again.statistics().damagedMessages, 0);
});

test('a sync that fails: the file is left as it was and not built on', async () => {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, SMALL);
  await spool.append(messageOf(0, 100), NOW);
  for (const cut of [true, false]) {
    folder.fault = (operation) =>
      operation === 'sync' || (!cut && operation === 'truncate') ? 'EIO' : undefined;
    const error = await refusal(spool.append(messageOf(1, 100), NOW));
    assert.is(error.code, 'WL_BAD_SPOOL');
    assert.match(error.hint, 'disk may be failing');
  }
  folder.fault = () => undefined;
  await spool.append(messageOf(2, 100), NOW);
  assert.equal(sequencesOf(await readAll(spool)), [0, 2]);
  await spool.close();
  const again = await openMessageLog(folder, SMALL);
  assert.equal(sequencesOf(await readAll(again)), [0, 2]);
  assert.is(again.statistics().damagedMessages, 0);
});

test('a folder that is read-only', async () => {
  const folder = new FaultyFolder();
  folder.fault = () => 'EROFS';
  const spool = await openMessageLog(folder, SMALL);
  const error = await refusal(spool.append(messageOf(0, 100), NOW));
  assert.is(error.code, 'WL_BAD_SPOOL');
  assert.match(error.message, 'read-only');
});

test('options and messages that make no sense are refused', async () => {
  for (const options of [
    { maxBytes: 1_000 },
    { maxBytes: 70_000.5 },
    { maxAgeMs: 0 },
    { maxAgeMs: Number.NaN },
  ]) {
    assert.is((await refusal(openMessageLog(new FaultyFolder(), options))).code, 'WL_BAD_OPTION');
  }
  const spool = await openMessageLog(new FaultyFolder());
  for (const wrong of [{ bootId: 'no' }, { sequence: 0.5 }]) {
    assert.is((await refusal(spool.append({ ...messageOf(0, 1), ...wrong }, NOW))).code, 'WL_BAD_OPTION');
  }
  await spool.close();
  await spool.close();
  assert.is((await refusal(spool.append(messageOf(0, 1), NOW))).code, 'WL_BAD_SPOOL');
  assert.is((await refusal(spool.read())).code, 'WL_BAD_SPOOL');
});

for (const fault of ['ENOSPC', 'EIO'] as const) {
  test(`${fault} at every operation in turn: refused and tried again, nothing is lost or comes twice`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const folder = new FaultyFolder();
      folder.fault = () => (folder.operations === at ? fault : undefined);
      const life = new Life(folder, new SeededRandom(at));
      for (let step = 0; step < 40; step++) await life.scenario(step);
      await life.check(`operation ${at}`);
      reached = folder.operations >= at;
    }
  });
}

for (const power of [false, true]) {
  test(`${power ? 'the power is cut' : 'the process is killed'} at every operation in turn: what was appended is there`, async () => {
    for (let at = 1, reached = true; reached; at++) {
      const folder = new FaultyFolder();
      folder.fault = () => (folder.operations === at ? 'crash' : undefined);
      const life = new Life(folder, new SeededRandom(at));
      for (let step = 0; step < 40 && !life.folder.crashed; step++) await life.scenario(step);
      reached = folder.crashed;
      if (reached) await life.crash(power);
      await life.check(`operation ${at}`);
    }
  });
}

const seed = seedOfRun();
test(`any life of a spool, against a plain list, SEED=${seed}`, async () => {
  const random = new SeededRandom(seed);
  for (let round = 0; round < 20; round++) {
    const life = new Life(new FaultyFolder(), random);
    for (let step = 0; step < 120; step++) {
      await life.anything();
      await life.check(`SEED=${seed}, round ${round}, step ${step}`);
    }
  }
});

/** A spool beside a list of all that was appended to it. */
class Life {
  folder: FaultyFolder;
  readonly #random: SeededRandom;
  #spool: Spool | undefined;
  #sequence = 0;
  #now = NOW;
  /** Appended, by id; whether it was delivered. */
  readonly #appended = new Map<number, { sequence: number; length: number; delivered: boolean }>();
  /** Refused, or cut off by a crash: may be there after a crash. */
  readonly #uncertain = new Set<number>();
  /** No crash, and no fault at a moment that may leave what was refused, or forget what was delivered. */
  #certain = true;
  /** After a crash files may be back that had been removed, after a fault what could not be taken back: the next append makes up for it. */
  #tidy = true;

  constructor(folder: FaultyFolder, random: SeededRandom) {
    this.folder = folder;
    this.#random = random;
  }

  async spool(): Promise<Spool> {
    while (this.#spool === undefined) {
      try {
        const opening = openMessageLog(this.folder, { ...SMALL, maxAgeMs: 20 * HOUR });
        this.#spool = await orCrash(opening, this.folder);
        if (this.#spool === undefined) await this.crash(this.#random.once(2));
      } catch (error) {
        assert.instance(error, WardletError);
      }
    }
    return this.#spool;
  }

  async append(length: number): Promise<boolean> {
    const sequence = this.#sequence++;
    const spool = await this.spool();
    this.#uncertain.add(sequence);
    try {
      const id = await orCrash(spool.append(messageOf(sequence, length), this.#now), this.folder);
      if (id === undefined) return true;
      this.#uncertain.delete(sequence);
      this.#tidy = true;
      // After a fault the ids of what was delivered may be given again.
      if (this.#certain) assert.not.ok(this.#appended.has(id), 'an id came twice');
      this.#appended.set(id, { sequence, length, delivered: false });
      return true;
    } catch (error) {
      assert.instance(error, WardletError);
      return false;
    }
  }

  async deliverSome(count: number): Promise<void> {
    const spool = await this.spool();
    for (const { id } of (await orCrash(spool.read({ limit: count }), this.folder)) ?? []) {
      spool.delivered(id);
      const appended = this.#appended.get(id);
      if (appended) appended.delivered = true;
    }
  }

  async reopen(): Promise<void> {
    const spool = await this.spool();
    await orCrash(spool.close(), this.folder);
    if (this.folder.crashed) return;
    assert.is(this.folder.openFiles, 0);
    this.#spool = undefined;
  }

  async crash(power: boolean): Promise<void> {
    this.folder.crash();
    this.folder = this.folder.afterCrash(this.#random, power);
    this.#spool = undefined;
    this.#certain = false;
    this.#tidy = false;
  }

  /** The same at every run: fills the spool past its size, delivers, restarts, lets it age. */
  async scenario(step: number): Promise<void> {
    if (this.folder.crashed) return;
    if (step % 20 === 19) await this.reopen();
    else if (step % 5 === 4) await this.deliverSome(step % 3);
    else while (!(await this.append(700 * (step % 6)))) await undefined;
    this.#now += step % 30 === 29 ? HOUR : 1_000;
  }

  async anything(): Promise<void> {
    const random = this.#random;
    await this.spool();
    const faults: ReadonlyArray<Fault | 'none'> = ['none', 'none', 'ENOSPC', 'EIO'];
    const { folder } = this;
    let failed = false;
    folder.fault = () => {
      const fault = random.once(12) ? random.pick(faults) : 'none';
      if (fault === 'none') return undefined;
      failed = true;
      return fault;
    };
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        await Promise.all(
          Array.from({ length: random.between(1, 12) }, () =>
            this.append(random.below(random.pick([60, 3_000, 12_000]))),
          ),
        );
        break;
      case 3:
      case 4:
        await this.deliverSome(random.below(12));
        break;
      case 5:
        this.#now += random.between(-2, 3) * HOUR;
        (await this.spool()).giveUpOld(this.#now);
        break;
      case 6:
        await this.reopen();
        break;
      case 7: {
        if (random.once(2)) break;
        const at = folder.operations + random.between(1, 6);
        folder.fault = () => (folder.operations === at ? 'crash' : undefined);
        await Promise.all([1, 2, 3].map(() => this.append(random.below(3_000))));
        await this.crash(random.once(2));
      }
    }
    folder.fault = () => undefined;
    if (failed) this.#certain = this.#tidy = false;
  }

  /** Everything appended is there, delivered, or counted as given up; nothing else is. */
  async check(label: string): Promise<void> {
    this.folder.fault = () => undefined;
    const spool = await this.spool();
    const there = await readAll(spool);
    const statistics = spool.statistics();
    assert.ok(there.every(isIntact), `${label}: bytes are as they were`);
    assert.equal(
      there.map(({ id }) => id),
      there.map(({ id }) => id).sort((one, other) => one - other),
      `${label}: in order`,
    );
    for (const { id, sequence } of there) {
      const appended = this.#appended.get(id);
      if (this.#certain || appended) {
        assert.is(appended?.sequence, sequence, `${label}: nothing that was refused`);
        assert.ok(!this.#certain || !appended?.delivered, `${label}: nothing that was delivered`);
      } else {
        assert.ok(this.#uncertain.has(sequence), `${label}: ${sequence}`);
        this.#appended.set(id, { sequence, length: 0, delivered: false });
      }
    }
    const present = new Set(there.map(({ id }) => id));
    const missing = [...this.#appended].filter(([id, { delivered }]) => !delivered && !present.has(id));
    const givenUp = statistics.givenUp.age.messages + statistics.givenUp.size.messages;
    assert.ok(missing.length <= givenUp, `${label}: ${missing.length} are missing, ${givenUp} counted`);
    for (const [id] of missing)
      assert.ok(id < (there[0]?.id ?? Number.POSITIVE_INFINITY), `${label}: the oldest go first`);
    if (this.#certain) {
      assert.is(missing.length, givenUp, label);
      assert.is(statistics.damagedMessages, 0, label);
    }
    assert.is(statistics.messages, there.length, label);
    assert.is(
      statistics.bytes,
      there.reduce((sum, { bytes }) => sum + bytes.length, 0),
      label,
    );
    // The counts may be on their way, and what they count not yet gone.
    if (this.#tidy)
      assert.ok(
        statistics.occupiedBytes <= SMALL.maxBytes + 500,
        `${label}: ${statistics.occupiedBytes} bytes`,
      );
    assert.ok(this.folder.openFiles <= 1, label);
  }
}

/** undefined when the disk stopped answering instead. */
function orCrash<T>(promise: Promise<T>, folder: FaultyFolder): Promise<T | undefined> {
  return Promise.race([promise, folder.crashing]);
}

async function smallSpool() {
  const folder = new FaultyFolder();
  const spool = await openMessageLog(folder, SMALL);
  const ends: number[] = [];
  for (let sequence = 0; sequence < 4; sequence++) {
    await spool.append(messageOf(sequence, 10 + 25 * sequence), NOW);
    ends.push(folder.bytes);
  }
  await spool.close();
  const [[name, { written: bytes }] = ['', { written: new Uint8Array(0) }]] = folder.files;
  return { image: { name, bytes }, ends };
}

function folderOf(name: string, bytes: Uint8Array): FaultyFolder {
  const folder = new FaultyFolder();
  folder.files.set(name, { written: bytes, synced: bytes });
  return folder;
}

async function refusal(promise: Promise<unknown>): Promise<WardletError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WardletError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test.run();
