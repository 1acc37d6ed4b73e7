// Where the hub keeps what it keeps, when nobody says otherwise.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export function hubFolder(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  const { WARDLET_DATA } = process.env;
  return join(WARDLET_DATA ? resolve(WARDLET_DATA) : join(homedir(), '.wardlet'), 'hub');
}
