// A device's symmetric keys, as base64 text.

import { randomBytes } from 'node:crypto';
import { WardletError } from '../../bindings/js/errors.ts';

export interface DeviceKeys {
  /** Base64 of 16 to 64 bytes; default: 32 random ones. */
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
}

/** Decoded; IoT Hub's bounds. */
const LEAST_BYTES = 16;
const MOST_BYTES = 64;

export function newKey(): string {
  return randomBytes(32).toString('base64');
}

/** Makes what is not given. Throws WL_BAD_KEY. */
export function resolveKeys(keys: DeviceKeys): {
  readonly primaryKey: string;
  readonly secondaryKey: string;
} {
  const { primaryKey = newKey(), secondaryKey = newKey() } = keys;
  for (const key of [primaryKey, secondaryKey]) checkKey(key);
  return { primaryKey, secondaryKey };
}

/** Throws WL_BAD_KEY; the key itself is in no message. */
export function checkKey(text: string): void {
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64') === text;
  if (canonical && bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES) return;
  throw new WardletError(
    'WL_BAD_KEY',
    canonical ? `the key has ${bytes.length} bytes` : 'the key is not base64',
    { hint: `a key is ${LEAST_BYTES} to ${MOST_BYTES} random bytes in base64: openssl rand -base64 32` },
  );
}
