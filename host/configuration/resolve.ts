// From documents to the one configuration in force, and for each key where its value is from. Pure.
//
//   default < host < file < environment < command line < options < twin: later wins
//
// A document with a fault counts for nothing, as a whole; all faults of all documents are told at once.

import { WardletError } from '../../bindings/js/errors.ts';
import {
  type Configuration,
  DEFINITIONS,
  isKey,
  KEY_NAMES,
  type KeyName,
  type Settings,
  SOURCES,
  type Source,
} from './keys.ts';
import { type Fault, type Layer, type Reading, readLayer } from './layer.ts';
import type { Limits } from './limits.ts';
import { cut, Refusal, shown } from './refusal.ts';
import { breaches } from './rules.ts';

export interface Origin {
  readonly source: Source | 'host' | 'default';
  readonly where?: string;
}

export interface Surroundings {
  /** What the core at hand can hold: `limitsOf(core)`. */
  readonly limits: Limits;
  /** What the host knows of itself (hostFacts of host-machine.ts); as much of it as fits. */
  readonly host?: Settings;
}

export interface Resolved {
  /** In force: every key with its value, frozen. */
  readonly configuration: Configuration;
  readonly origins: Readonly<Record<KeyName, Origin>>;
  /** Not empty: the documents they name count for nothing. */
  readonly faults: readonly Fault[];
  /** For what resolves again with a twin. */
  readonly surroundings: Surroundings;
  readonly readings: readonly Reading[];
}

/** @param layers in any order: that of SOURCES holds; of two of one source the later wins */
export function resolveConfiguration(layers: readonly Layer[], surroundings: Surroundings): Resolved {
  const ordered = [...layers].sort(
    (one, other) => SOURCES.indexOf(one.source) - SOURCES.indexOf(other.source),
  );
  const read = ordered.map((layer) => readLayer(layer, surroundings.limits));
  const faults = read.flatMap(({ faults, ignored }) => [...faults, ...ignored]);
  const readings = read.filter((layer) => layer.faults.length === 0).map(({ reading }) => reading);
  return resolveReadings(readings, surroundings, faults);
}

/** @param faults of documents that count for nothing already */
export function resolveReadings(
  given: readonly Reading[],
  surroundings: Surroundings,
  faults: readonly Fault[] = [],
): Resolved {
  const all = [...faults];
  let readings = given;
  let settled = settle(readings, surroundings);
  let blamed = blame(settled, readings, surroundings.limits);
  // Each round leaves a document out: with none left, defaults keep every rule.
  while (blamed.size > 0) {
    all.push(...[...blamed.values()].flat());
    readings = without(readings, blamed);
    settled = settle(readings, surroundings);
    blamed = blame(settled, readings, surroundings.limits);
  }
  const { configuration, origins } = settled;
  return Object.freeze({
    configuration,
    origins,
    faults: Object.freeze(all.map((fault) => withInForce(fault, configuration))),
    surroundings,
    readings,
  });
}

/** The same documents where the host says something else of itself: its addresses have changed, say. */
export function withHost(resolved: Resolved, host: Settings): Resolved {
  return resolveReadings(resolved.readings, { ...resolved.surroundings, host });
}

/** What an agent that cannot start with such a configuration throws: every fault, one a line. */
export function configurationError(faults: readonly Fault[]): WardletError {
  const lines = faults.map(({ key, value, reason, where, source }) => {
    const given = value === undefined ? '' : ` = ${value}`;
    return `${where ?? source}: ${key}${given}: ${reason}`;
  });
  return new WardletError('WL_BAD_CONFIGURATION', `the configuration is refused:\n${lines.join('\n')}`, {
    hint: 'see docs/configuration.md, or: wardlet config check <file>',
  });
}

/** The value of a key as text for people; a secret as set or not set. */
export function shownValue(configuration: Configuration, name: KeyName): string {
  const { kind, isSecret } = DEFINITIONS[name];
  const value = kind.write(configuration[name]);
  if (isSecret) return Array.isArray(value) && value.length > 0 ? `set (${value.length})` : 'not set';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  return value === null ? 'none' : String(value);
}

/** What stays in force is told in full but for its length. */
export function withInForce(fault: Fault, configuration: Configuration): Fault {
  if (!isKey(fault.key) || DEFINITIONS[fault.key].isSecret) return fault;
  return Object.freeze({ ...fault, inForce: cut(shownValue(configuration, fault.key), IN_FORCE_SHOWN) });
}

const IN_FORCE_SHOWN = 120;

interface Settled {
  readonly configuration: Configuration;
  readonly origins: Readonly<Record<KeyName, Origin>>;
}

function settle(readings: readonly Reading[], { limits, host = {} }: Surroundings): Settled {
  const values = new Map<KeyName, unknown>();
  const origins = new Map<KeyName, Origin>();
  for (const name of KEY_NAMES) {
    const { kind } = DEFINITIONS[name];
    const given = host[name];
    if (given === undefined) continue;
    const value = kind.read(kind.fit ? kind.fit(given, limits) : given, limits);
    if (value instanceof Refusal) continue;
    values.set(name, value);
    origins.set(name, { source: 'host' });
  }
  for (const { source, values: given, where } of readings) {
    for (const [name, value] of given) {
      values.set(name, value);
      const place = where.get(name);
      origins.set(name, place === undefined ? { source } : { source, where: place });
    }
  }
  const format = (values.get('Agent_MessageFormat') ??
    limits.formats[0] ??
    '2.3') as Configuration['Agent_MessageFormat'];
  const complete = KEY_NAMES.map((name) => [
    name,
    values.has(name) ? values.get(name) : DEFINITIONS[name].initial({ limits, format }),
  ]);
  return {
    configuration: Object.freeze(Object.fromEntries(complete) as Configuration),
    origins: Object.freeze(
      Object.fromEntries(
        KEY_NAMES.map((name) => [name, Object.freeze(origins.get(name) ?? { source: 'default' })]),
      ) as Record<KeyName, Origin>,
    ),
  };
}

/** The documents that break a rule between keys: for each rule the last that sets one of its keys. */
function blame(
  { configuration, origins }: Settled,
  readings: readonly Reading[],
  limits: Limits,
): ReadonlyMap<Reading, readonly Fault[]> {
  const blamed = new Map<Reading, Fault[]>();
  const isGiven = (name: KeyName) => !['default', 'host'].includes(origins[name].source);
  for (const { keys, reason } of breaches(configuration, isGiven, limits)) {
    const reading = readings.findLast(({ values }) => keys.some((name) => values.has(name)));
    const key = keys.find((name) => reading?.values.has(name));
    if (!reading || !key) continue;
    const place = reading.where.get(key);
    const fault: Fault = {
      key,
      value: shown(DEFINITIONS[key].kind.write(configuration[key])),
      reason,
      source: reading.source,
      ...(place === undefined ? {} : { where: place }),
    };
    blamed.set(reading, [...(blamed.get(reading) ?? []), fault]);
  }
  return blamed;
}

function without(
  readings: readonly Reading[],
  blamed: ReadonlyMap<Reading, readonly Fault[]>,
): readonly Reading[] {
  return readings.filter((reading) => !blamed.has(reading));
}
