// One document of settings (a file, the variables, a command line, a twin) read key by key: values, or every fault in it.

import { DEFINITIONS, isKey, KEY_NAMES, type KeyName, type Source, whyNotAvailable } from './keys.ts';
import type { Limits } from './limits.ts';
import { nearest } from './nearest-key.ts';
import { Refusal, shown, shownName } from './refusal.ts';

export interface Layer {
  readonly source: Source;
  /** An object of names and values; what else it is, is a fault. null: not set here. */
  readonly values: unknown;
  /** Where a name stands, for people: `wardlet.jsonc:12`, `WARDLET_LOCAL_ADDRESSES`. */
  readonly where?: ReadonlyMap<string, string>;
  /** Found before there were values. */
  readonly faults?: readonly Fault[];
}

/** What is wrong with one value. Short, printable, no secrets. */
export interface Fault {
  /** As it was given, cut. */
  readonly key: string;
  /** What was given; left out where it is or may be a secret. */
  readonly value?: string;
  readonly reason: string;
  readonly source: Source;
  readonly where?: string;
  /** The key's value that stays in force. */
  readonly inForce?: string;
}

/** A layer without its spelling: only keys there are, only values that fit. */
export interface Reading {
  readonly source: Source;
  readonly values: ReadonlyMap<KeyName, unknown>;
  readonly where: ReadonlyMap<string, string>;
}

export interface ReadLayer {
  readonly reading: Reading;
  /** Any of them, and the layer counts for nothing. */
  readonly faults: readonly Fault[];
  /**
   * Keys of a twin that this agent has nothing for. One twin serves agents of several kinds and versions: they are named
   * to whoever wrote it, and keep nothing else from applying.
   */
  readonly ignored: readonly Fault[];
}

/** Names in one document: a few times what there is. */
const NAMES_MAX = 512;

export function readLayer(layer: Layer, limits: Limits): ReadLayer {
  const { source, where = new Map<string, string>() } = layer;
  const values = new Map<KeyName, unknown>();
  const faults: Fault[] = [...(layer.faults ?? [])];
  const ignored: Fault[] = [];
  const fault = (name: string, reason: string, value?: unknown): Fault => {
    const place = where.get(name);
    return Object.freeze({
      key: shownName(name),
      ...(value === undefined ? {} : { value: shown(value) }),
      reason,
      source,
      ...(place === undefined ? {} : { where: place }),
    });
  };
  for (const [name, value] of namesOf(layer.values, (reason) => faults.push(fault('(document)', reason)))) {
    if (!isKey(name)) {
      (source === 'twin' ? ignored : faults).push(fault(name, whyUnknown(name)));
      continue;
    }
    if (value === null || value === undefined) continue;
    const { kind, from, isSecret } = DEFINITIONS[name];
    if (!from.includes(source)) {
      faults.push(fault(name, `is taken from ${from.join(', ')} only`, isSecret ? undefined : value));
      continue;
    }
    const read = kind.read(value, limits);
    if (read instanceof Refusal) faults.push(fault(name, read.reason, isSecret ? undefined : value));
    else values.set(name, read);
  }
  return { reading: { source, values, where }, faults, ignored };
}

/** Own names with their values, as they are now; none for what is no document. */
function namesOf(
  document: unknown,
  refuse: (reason: string) => void,
): ReadonlyArray<readonly [string, unknown]> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    refuse('give an object of keys and values');
    return [];
  }
  const names = Object.keys(document);
  if (names.length <= NAMES_MAX) return names.map((name) => [name, Reflect.get(document, name)] as const);
  refuse(`has ${names.length} names; at most ${NAMES_MAX} are read`);
  return [];
}

function whyUnknown(name: string): string {
  const reason = whyNotAvailable(name);
  if (reason !== undefined) return `is not available: ${reason}`;
  const meant = nearest(name, KEY_NAMES);
  return meant === undefined ? 'is no key of this agent' : `is no key of this agent; did you mean ${meant}?`;
}
