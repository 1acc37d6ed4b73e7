// Where hub and agent keep what they keep, when nobody says otherwise.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export function hubFolder(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  return join(dataFolder(), 'hub');
}

/** What provisioning services assigned to devices of this machine. */
export function assignmentsPath(): string {
  return join(dataFolder(), 'assignments.json');
}

function dataFolder(): string {
  const { WARDLET_DATA } = process.env;
  return WARDLET_DATA ? resolve(WARDLET_DATA) : join(homedir(), '.wardlet');
}
