// The twin: desired properties in, the next configuration or every fault out; and what is reported back.
// A document with a fault changes nothing. Keys this agent has nothing for are named and keep nothing else from applying.

import { DEFINITIONS, KEY_NAMES } from './keys.ts';
import { type Json, utf8Length } from './kinds.ts';
import { type Fault, type Layer, readLayer } from './layer.ts';
import { LEGACY_OBJECT, type LegacyFault, legacySettings } from './legacy-twin.ts';
import { cut } from './refusal.ts';
import { type Resolved, resolveReadings, withInForce } from './resolve.ts';

export interface DesiredOutcome {
  /** In force from now on: `current` itself, the same object, when there are faults. */
  readonly resolved: Resolved;
  /** Not empty: nothing of the document applies. */
  readonly faults: readonly Fault[];
  /** Named, but no reason to refuse the rest. */
  readonly ignored: readonly Fault[];
  /** $version of the document, where it has one. */
  readonly version: number | undefined;
}

/**
 * @param desired the whole of the desired properties (twinPatch merges patches); what it leaves out, or sets to null,
 *   falls back to the device's own configuration
 */
export function applyDesired(current: Resolved, desired: unknown): DesiredOutcome {
  const { surroundings } = current;
  const base = current.readings.filter(({ source }) => source !== 'twin');
  const own = resolveReadings(base, surroundings);
  const { layer, ignored: legacyIgnored } = twinLayer(desired, own);
  const { reading, faults, ignored } = readLayer(layer, surroundings.limits);
  const next = faults.length > 0 ? undefined : resolveReadings([...base, reading], surroundings);
  const allFaults = (next?.faults ?? faults).map((fault) => withInForce(fault, current.configuration));
  return {
    resolved: next && next.faults.length === 0 ? next : current,
    faults: allFaults,
    ignored: [...ignored, ...legacyIgnored],
    version: versionOf(desired),
  };
}

/** A twin's keys, those with a $ (the hub's own) left out, the legacy object's read as keys that others win over. */
function twinLayer(desired: unknown, own: Resolved): { layer: Layer; ignored: readonly Fault[] } {
  if (!isObject(desired)) return { layer: { source: 'twin', values: desired }, ignored: [] };
  const legacy = legacySettings(
    Object.hasOwn(desired, LEGACY_OBJECT) ? Reflect.get(desired, LEGACY_OBJECT) : undefined,
    own.configuration.CollectorsCore_PriorityIntervals,
  );
  const modern = Object.entries(desired).filter(
    ([name, value]) => !name.startsWith('$') && name !== LEGACY_OBJECT && value !== null,
  );
  const where = new Map(legacy.where);
  for (const [name] of modern) where.delete(name);
  const told = (fault: LegacyFault): Fault => ({ ...fault, source: 'twin' });
  return {
    layer: {
      source: 'twin',
      values: { ...legacy.values, ...Object.fromEntries(modern) },
      where,
      faults: legacy.faults.map(told),
    },
    ignored: legacy.ignored.map(told),
  };
}

/** UTF-8 bytes of a twin's reported properties that faults may take: 32 KB are for everything. */
const TOLD_BYTES = 16_000;
/** Characters of one reason: a twin's strings are up to 4 KB. */
const REASON_LENGTH = 400;

/**
 * For the twin's reported properties: whether the latest desired ones apply, which of them are wrong and why, and what is in
 * force. Written whole each time: null takes back what was reported before. No secrets; within the limits of a twin.
 */
export function reportedProperties({
  resolved,
  faults,
  ignored,
  version,
}: DesiredOutcome): Record<string, Json> {
  const fields: string[] = [];
  const reasons: string[] = [];
  let bytes = 0;
  for (const fault of [...faults, ...ignored]) {
    const reason = cut(sentence(fault), REASON_LENGTH);
    bytes += utf8Length(fault.key) + utf8Length(reason);
    if (bytes > TOLD_BYTES) break;
    fields.push(fault.key);
    reasons.push(reason);
  }
  const left = faults.length + ignored.length - fields.length;
  const inForce = KEY_NAMES.filter((name) => !DEFINITIONS[name].isSecret).map(
    (name) => [name, DEFINITIONS[name].kind.write(resolved.configuration[name])] as const,
  );
  return {
    latest_state: faults.length === 0 ? 'success' : 'failed',
    latest_version: version ?? null,
    latest_invalid_fields: fields,
    latest_invalid_reasons: left > 0 ? [...reasons, `and ${left} more`] : reasons,
    ...Object.fromEntries(inForce),
  };
}

/** A patch of desired properties applied to a document (RFC 7396); the document itself stays as it is. */
export function twinPatch(document: unknown, patch: unknown): unknown {
  return merged(document, patch, PATCH_DEPTH);
}

/** A twin's own limit, and one for $metadata's sake. */
const PATCH_DEPTH = 12;

function merged(document: unknown, patch: unknown, depth: number): unknown {
  if (!isObject(patch) || depth === 0) return patch;
  const result = new Map<string, unknown>(isObject(document) ? Object.entries(document) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, merged(result.get(name), value, depth - 1));
  }
  return Object.fromEntries(result);
}

function sentence({ key, value, reason, inForce }: Fault): string {
  return [
    `${key}${value === undefined ? '' : ` = ${value}`}: ${reason}`,
    ...(inForce === undefined ? [] : [`in force: ${inForce}`]),
  ].join('; ');
}

function versionOf(desired: unknown): number | undefined {
  const version: unknown =
    isObject(desired) && Object.hasOwn(desired, '$version') ? Reflect.get(desired, '$version') : undefined;
  return Number.isSafeInteger(version) ? Number(version) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
