// What provisioning services assigned, in one file: nothing secret, but nobody else's to change.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Assignment, AssignmentStore } from '../transport/assignment.ts';

const VERSION = 1;
const OWNER_ONLY = { folder: 0o700, file: 0o600 };

type Assignments = Readonly<Record<string, Assignment>>;

/**
 * Keeps the assignments of every registration of this machine in a JSON file, made when there is a first one. A file that cannot be read as one counts as
 * none: the devices register again.
 *
 * @example createAgent({ core, connections: [{ dps }], localAddresses, assignments: assignmentFile('/var/lib/wardlet/assignments.json') });
 */
export function assignmentFile(path: string): AssignmentStore {
  let last: Promise<unknown> = Promise.resolve();
  return {
    load: async (registration) => {
      const all = await read(path);
      return Object.hasOwn(all, registration) ? all[registration] : undefined;
    },
    // One after the other: several agents of a process share the file.
    save: (registration, assignment) => {
      const saved = last.then(() => write(path, registration, assignment));
      last = saved.catch(() => {});
      return saved;
    },
  };
}

async function write(path: string, registration: string, assignment: Assignment | undefined): Promise<void> {
  const { [registration]: before, ...others } = await read(path);
  if (before === undefined && assignment === undefined) return;
  const assignments = assignment === undefined ? others : { ...others, [registration]: assignment };
  await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY.folder });
  // Whole, or as before.
  const draft = `${path}.${process.pid}.new`;
  const text = `${JSON.stringify({ version: VERSION, assignments }, undefined, 2)}\n`;
  await writeFile(draft, text, { mode: OWNER_ONLY.file, flush: true });
  await rename(draft, path);
}

async function read(path: string): Promise<Assignments> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
  try {
    const document: unknown = JSON.parse(text);
    if (!isObject(document) || document.version !== VERSION || !isObject(document.assignments)) return {};
    // What each holds is judged by who uses it.
    return document.assignments as Assignments;
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
