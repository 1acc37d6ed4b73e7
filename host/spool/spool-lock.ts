// One process at a time on a spool's folder. The lock is a socket in the folder that its process listens on: the kernel closes it when the
// process dies, however it dies, so a dead one's refuses connections and is cleared away. No process id that another may get, and
// containers that share the folder see each other, which ids and abstract sockets would not give. Node only.
//
// Linux, macOS, BSD: a socket file, `lock-<random>`. Each first announces itself, then looks for others: of two at the same moment at least
// one sees the other. The file gets its name only once it is listened on. Needs a file system that takes sockets (FAT does not).
// Windows: a named pipe called after the folder, which the system gives to one process only.

import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, realpath, rename, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WardletError } from '../../bindings/js/errors.ts';

const NAME = /^lock-[0-9a-f]{16}(\.new)?$/;

/** Returns what lets go of the folder. Throws WL_BAD_SPOOL when another spool, of this process or another, has it. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  if (process.platform === 'win32') return lockByPipe(folder);
  // Two that start at the same moment may see each other: a second look tells that from one who stays.
  const first = await lockBySocket(folder);
  if (first) return first;
  await delay(20 + Math.random() * 100);
  const second = await lockBySocket(folder);
  if (second) return second;
  throw inUse(folder);
}

async function lockBySocket(folder: string): Promise<(() => Promise<void>) | undefined> {
  const name = `lock-${randomBytes(8).toString('hex')}`;
  const path = await shortPath(folder);
  try {
    const server = await listen(join(path.text, `${name}.new`));
    const release = async () => {
      await unlink(join(folder, name)).catch(() => undefined);
      await new Promise((resolve) => server.close(resolve));
    };
    try {
      await rename(join(folder, `${name}.new`), join(folder, name));
      if (await isAlone(folder, path.text, name)) return release;
    } catch (cause) {
      await release();
      // Another one, which holds the lock, took it for a dead one's.
      if ((cause as { code?: unknown }).code === 'ENOENT') return undefined;
      throw cause;
    }
    await release();
    return undefined;
  } finally {
    await path.close();
  }
}

/** Clears away what dead ones left. */
async function isAlone(folder: string, shortFolder: string, name: string): Promise<boolean> {
  for (const other of await readdir(folder)) {
    if (!NAME.test(other) || other === name) continue;
    if (!(await answers(join(shortFolder, other)))) await unlink(join(folder, other)).catch(() => undefined);
    else if (!other.endsWith('.new')) return false;
  }
  return true;
}

/** A socket's path has room for 103 bytes; on Linux an open folder has a short name, however long its own. */
async function shortPath(folder: string): Promise<{ text: string; close(): Promise<void> }> {
  if (process.platform !== 'linux' || Buffer.byteLength(folder) < 70)
    return { text: folder, close: async () => undefined };
  const handle = await open(folder, 'r');
  return { text: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
}

async function lockByPipe(folder: string): Promise<() => Promise<void>> {
  const name = createHash('sha256')
    .update((await realpath(folder)).toLowerCase())
    .digest('hex');
  const server = await listen(`\\\\.\\pipe\\wardlet-spool-${name}`).catch((cause) => {
    throw (cause as { code?: unknown }).code === 'EADDRINUSE' ? inUse(folder) : cause;
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => {
      // The lock keeps nobody alive.
      server.unref();
      resolve(server);
    });
  });
}

/** Whether anybody listens. In doubt: yes. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}

function inUse(folder: string): WardletError {
  return new WardletError('WL_BAD_SPOOL', `another agent uses the spool ${folder}`, {
    hint: 'end the other one, or give each a folder of its own: Spool_Path',
  });
}
