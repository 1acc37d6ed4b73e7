// The spool on a real disk: who may read it, who may use it, and what a killed process leaves.

import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { openFileSpool } from '../host/spool/file-spool.ts';
import { isIntact, messageOf, readAll } from './support/spool-messages.ts';

const APPENDER = fileURLToPath(new URL('support/spool-appender.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'wardlet-spool-'));
test.after(() => rmSync(folder, { recursive: true }));

let count = 0;
const newPath = () => join(folder, `spool-${count++}`);

test('folder and files are made for their owner alone', async () => {
  const path = join(newPath(), 'deep', 'er');
  const spool = await openFileSpool(path);
  await spool.append(messageOf(0, 10), 0);
  assert.is(statSync(path).mode & 0o777, 0o700);
  const [name = '', ...others] = readdirSync(path).filter((file) => file.endsWith('.spool'));
  assert.equal(others, []);
  assert.is(statSync(join(path, name)).mode & 0o777, 0o600);
  await spool.close();
  assert.equal(readdirSync(path), [name]);
});

test('what is in the folder besides is left alone', async () => {
  const path = newPath();
  mkdirSync(path);
  const strangers = ['notes.txt', '00000001-000000000000-00000000.spool.bak', 'lock-', '1-2-3.spool'];
  for (const name of strangers) writeFileSync(join(path, name), 'mine');
  const spool = await openFileSpool(path);
  await spool.append(messageOf(0, 10), 0);
  await spool.close();
  assert.ok(strangers.every((name) => readdirSync(path).includes(name)));
});

test('a second spool on the folder is refused, until the first lets go', async () => {
  const path = newPath();
  const spool = await openFileSpool(path);
  const error = await refusal(openFileSpool(path));
  assert.is(error.code, 'WL_BAD_SPOOL');
  assert.match(error.message, 'another agent uses the spool');
  await spool.close();
  await (await openFileSpool(path)).close();
});

test('of many that open at the same moment one at most gets it', async () => {
  for (let round = 0; round < 10; round++) {
    const path = newPath();
    const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => openFileSpool(path)));
    const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    assert.ok(opened.length <= 1);
    for (const spool of opened) await spool.close();
    await (await openFileSpool(path)).close();
  }
});

test('a path too long for a socket is none too long for a spool', async () => {
  if (process.platform !== 'linux') return;
  const path = join(newPath(), 'x'.repeat(200));
  const spool = await openFileSpool(path);
  assert.is((await refusal(openFileSpool(path))).code, 'WL_BAD_SPOOL');
  await spool.close();
});

test('a folder that cannot be one', async () => {
  const file = newPath();
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    const error = await refusal(openFileSpool(path));
    assert.is(error.code, 'WL_BAD_SPOOL');
    assert.match(error.message, file);
    assert.ok(error.hint.length > 0);
  }
  // The superuser may write anywhere.
  if (process.getuid?.() === 0) return;
  const closed = newPath();
  mkdirSync(closed, { mode: 0o500 });
  assert.match((await refusal(openFileSpool(closed))).message, 'not permitted');
  chmodSync(closed, 0o700);
});

test('a hundred segments need no more open files than one', async () => {
  if (process.platform !== 'linux') return;
  const path = newPath();
  const spool = await openFileSpool(path, { maxBytes: 65_536 });
  const before = openFiles();
  for (let sequence = 0; sequence < 100; sequence++) await spool.append(messageOf(sequence, 3_500), 0);
  assert.ok(readdirSync(path).length > 10);
  await readAll(spool);
  assert.ok(openFiles() <= before + 1, `${openFiles()} instead of ${before}`);
  await spool.close();
});

test('killed at any moment, ten times over: what was said to be in the spool is there, and the lock is gone', async () => {
  const path = newPath();
  const said = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const from = round * 1_000_000;
    for (const sequence of await appendUntilKilled(path, from, 50 + 40 * round)) said.add(sequence);
    const spool = await openFileSpool(path, { maxBytes: 16 * 2 ** 20 });
    const messages = await readAll(spool, 500);
    assert.ok(messages.every(isIntact));
    const there = new Set(messages.map(({ sequence }) => sequence));
    assert.is(there.size, messages.length, 'none twice');
    assert.equal(
      [...said].filter((sequence) => !there.has(sequence)),
      [],
    );
    assert.is(spool.statistics().damagedMessages, 0);
    for (const { id, sequence } of messages.slice(0, messages.length >> 1)) {
      spool.delivered(id);
      said.delete(sequence);
    }
    await spool.close();
  }
});

/** Sequence numbers that the process printed before it was killed. */
function appendUntilKilled(path: string, from: number, lines: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', APPENDER, path, String(from)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.split('\n').length > lines) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const printed = text.split('\n').slice(0, -1).map(Number);
      if (code === null && printed.length > 0) resolve(printed);
      else reject(new Error(`the appender ended by itself: ${code}`));
    });
  });
}

test('a socket that another program put there and left is cleared away with the rest', async () => {
  if (process.platform === 'win32') return;
  const path = newPath();
  mkdirSync(path);
  const name = join(path, 'lock-0123456789abcdef');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(name, resolve));
  assert.is((await refusal(openFileSpool(path))).code, 'WL_BAD_SPOOL');
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(name, '');
  const spool = await openFileSpool(path);
  await spool.close();
  assert.equal(readdirSync(path), []);
});

function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
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
