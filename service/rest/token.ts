// The bearer token of the REST side: in a file of the data folder that only its owner reads, and nowhere else.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { existingDataFolder } from '../hub/data-folder.ts';
import { openDatabase } from '../hub/database.ts';
import { writePrivateFile } from '../hub/private-file.ts';
import { Settings } from '../hub/settings.ts';

const FILE = 'rest-token';
const BYTES = 32;

/** The token of a hub's folder; undefined before its REST side first started. Throws WL_BAD_DATA_FOLDER. */
export function restToken(dataFolder: string): string | undefined {
  const file = join(existingDataFolder(dataFolder).path, FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

/** Makes another token; the old one is worth nothing from the next request on. Throws WL_BAD_DATA_FOLDER. */
export function rotateRestToken(dataFolder: string): string {
  const token = randomBytes(BYTES).toString('base64url');
  writePrivateFile(join(existingDataFolder(dataFolder).path, FILE), `${token}\n`);
  return token;
}

/** Whether an Authorization header holds the token; takes as long whatever it holds. */
export function isAuthorised(header: string | undefined, token: string | undefined): boolean {
  const given = /^Bearer ([\w-]{1,200})$/i.exec(header ?? '')?.[1] ?? '';
  const isSame = timingSafeEqual(digest(given), digest(token ?? ''));
  return isSame && token !== undefined && token.length > 0;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Port of the REST side at the hub's last start; 0: it had none. Throws WL_BAD_DATA_FOLDER. */
export function restPortOf(dataFolder: string): number {
  const database = openDatabase(existingDataFolder(dataFolder));
  try {
    return new Settings(database).number('restPort');
  } finally {
    database.close();
  }
}
