// The package this command belongs to, in the clone and after install alike.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { resolve } = createRequire(import.meta.url);

/** file: a path in the package. */
export function installed(file: string): string {
  return resolve('wardlet/package.json').replace(/package\.json$/, file);
}

export function readVersion(): string {
  return (JSON.parse(readFileSync(installed('package.json'), 'utf8')) as { version: string }).version;
}
