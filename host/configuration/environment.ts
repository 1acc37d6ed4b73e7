// Settings from environment variables and from the command line.
//
// A variable is WARDLET_ and the key, its words in capitals: NetworkActivity_CacheSize is WARDLET_NETWORK_ACTIVITY_CACHE_SIZE;
// the key as it stands (WARDLET_NetworkActivity_CacheSize) is taken too.

import { KEY_NAMES, type KeyName } from './keys.ts';
import type { Fault, Layer } from './layer.ts';
import { nearest } from './nearest-key.ts';
import { shownName } from './refusal.ts';

const PREFIX = 'WARDLET_';
/** Variables with this beginning that are no keys. */
const OTHERS: ReadonlySet<string> = new Set([
  'WARDLET_DATA',
  'WARDLET_CONFIG',
  'WARDLET_DPS_KEY',
  'WARDLET_DPS_GROUP_KEY',
]);
/** One connection, as devices of a single hub have it. */
const CONNECTION_STRING = 'WARDLET_CONNECTION_STRING';

/** `NetworkActivity_CacheSize` as WARDLET_NETWORK_ACTIVITY_CACHE_SIZE. */
export function variableOf(key: KeyName): string {
  return PREFIX + key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

const KEY_OF_VARIABLE: ReadonlyMap<string, KeyName> = new Map<string, KeyName>([
  ...KEY_NAMES.map((key) => [variableOf(key), key] as const),
  ...KEY_NAMES.map((key) => [PREFIX + key, key] as const),
  [CONNECTION_STRING, 'Connections'],
]);

/** A variable that begins with WARDLET_ and is none of ours is a fault: a misspelling must not pass. */
export function environmentLayer(variables: Readonly<Record<string, string | undefined>>): Layer {
  const values = new Map<string, unknown>();
  const where = new Map<string, string>();
  const faults: Fault[] = [];
  const fault = (name: string, reason: string) =>
    faults.push({ key: shownName(name), reason, source: 'environment' });
  for (const [name, given] of Object.entries(variables)) {
    if (!name.startsWith(PREFIX) || OTHERS.has(name) || given === undefined) continue;
    // Read from a file it ends with the end of a line; empty it is as good as not there.
    const value = name === CONNECTION_STRING ? given.trim() : given;
    if (name === CONNECTION_STRING && value === '') continue;
    const key = KEY_OF_VARIABLE.get(name);
    if (key === undefined) {
      const meant = nearest(name, KEY_NAMES.map(variableOf));
      fault(name, `is no variable of wardlet${meant === undefined ? '' : `; did you mean ${meant}?`}`);
    } else if (where.has(key)) {
      fault(name, `says ${key} a second time, beside ${where.get(key)}`);
    } else {
      values.set(key, value);
      where.set(key, name);
    }
  }
  return { source: 'environment', values: Object.fromEntries(values), where, faults };
}

/** @param settings each `Key=value`, from an option that may be repeated; the last of one key wins */
export function commandLineLayer(settings: readonly string[]): Layer {
  const values = new Map<string, unknown>();
  const faults: Fault[] = [];
  for (const setting of settings) {
    const equals = setting.indexOf('=');
    if (equals > 0) values.set(setting.slice(0, equals), setting.slice(equals + 1));
    else faults.push({ key: '(option)', reason: 'write Key=value', source: 'command line' });
  }
  return { source: 'command line', values: Object.fromEntries(values), faults };
}
