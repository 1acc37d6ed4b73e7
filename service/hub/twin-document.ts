// What a twin may hold and how a change becomes part of it: merge patch (RFC 7396), versions, metadata and IoT Hub's rules. No I/O.

export type TwinValue = string | number | boolean | null | readonly TwinValue[] | TwinObject;

export interface TwinObject {
  readonly [key: string]: TwinValue;
}

/** When a property was last set, and by which version; below it the same of each of its own. */
export interface TwinMetadata {
  readonly $lastUpdated: string;
  readonly $lastUpdatedVersion: number;
  readonly [key: string]: TwinMetadata | string | number;
}

export interface TwinSection {
  readonly values: TwinObject;
  readonly metadata: TwinMetadata;
  readonly version: number;
}

export type SectionName = 'desired' | 'reported' | 'tags';

/** IoT Hub's bounds, counted by its own rule: `twinBytes`. */
export const MAX_SECTION_BYTES: Readonly<Record<SectionName, number>> = {
  desired: 32 * 1024,
  reported: 32 * 1024,
  tags: 8 * 1024,
};
export const MAX_TWIN_DEPTH = 10;
export const MAX_TWIN_KEY_BYTES = 1024;
export const MAX_TWIN_STRING_BYTES = 4 * 1024;
export const MAX_TWIN_INTEGER = 4_503_599_627_370_496;

// `.` and `$` and the space, C0, DEL and C1.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const NOT_IN_KEYS = /[.$ \u0000-\u001f\u007f-\u009f]/;
const LONGEST_SHOWN_KEY = 40;

export function newSection(timeMs: number): TwinSection {
  return { values: {}, metadata: stampOf(timeMs, 1), version: 1 };
}

/** What is wrong with a change, for whoever sent it; undefined: it may be merged, if the result is not too large. */
export function faultOfPatch(patch: unknown): string | undefined {
  return isObject(patch) ? faultOfObject(patch, 0, '') : 'a twin is changed by a JSON object';
}

/** The section with the patch in it: null deletes, objects merge, everything else replaces. One version further. */
export function merged(section: TwinSection, patch: TwinObject, timeMs: number): TwinSection {
  const version = section.version + 1;
  return { ...mergedObject(section, patch, stampOf(timeMs, version)), version };
}

/** The section with these values and no others. One version further. */
export function replaced(section: TwinSection, values: TwinObject, timeMs: number): TwinSection {
  const version = section.version + 1;
  const stamp = stampOf(timeMs, version);
  return { ...mergedObject({ values: {}, metadata: stamp }, values, stamp), version };
}

/** The patch that makes `after` of `before`. */
export function patchBetween(before: TwinObject, after: TwinObject): TwinObject {
  const olds = new Map(Object.entries(before));
  const patch: Array<readonly [string, TwinValue]> = [];
  for (const [key, value] of Object.entries(after)) {
    const old = olds.get(key);
    olds.delete(key);
    if (isObject(value) && isObject(old)) {
      const below = patchBetween(old, value);
      if (Object.keys(below).length > 0) patch.push([key, below]);
    } else if (!isSame(old, value)) patch.push([key, value]);
  }
  for (const key of olds.keys()) patch.push([key, null]);
  return Object.fromEntries(patch);
}

/** Size by IoT Hub's rule: keys and texts in UTF-8, 8 for a number, 4 for a boolean, the sum of what is inside. */
export function twinBytes(value: TwinValue): number {
  switch (typeof value) {
    case 'string':
      return Buffer.byteLength(value);
    case 'number':
      return 8;
    case 'boolean':
      return 4;
  }
  if (value === null) return 0;
  if (isList(value)) return value.reduce<number>((sum, item) => sum + twinBytes(item), 0);
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + Buffer.byteLength(key) + twinBytes(item),
    0,
  );
}

/** A section as the device sees it, or with metadata as the service does. */
export function sectionView(section: TwinSection, view: 'device' | 'service'): TwinObject {
  const { values, metadata, version } = section;
  // Metadata is made of texts, numbers and itself.
  const shown = view === 'service' ? { $metadata: metadata as unknown as TwinObject } : {};
  return { ...values, ...shown, $version: version };
}

/** Without what a document that was read from a twin carries at its top, and which nobody sets. */
export function withoutReadOnly(patch: TwinObject): TwinObject {
  // What is no object is refused by `faultOfPatch`.
  if (!isObject(patch)) return patch;
  const { $metadata: _metadata, $version: _version, ...rest } = patch;
  return rest;
}

export function isObject(value: unknown): value is TwinObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: TwinValue): value is readonly TwinValue[] {
  return Array.isArray(value);
}

function stampOf(timeMs: number, version: number): TwinMetadata {
  return { $lastUpdated: new Date(timeMs).toISOString(), $lastUpdatedVersion: version };
}

/** Maps, then fromEntries: a key called __proto__ is one like any other. */
function mergedObject(
  before: { readonly values: TwinObject; readonly metadata: TwinMetadata | undefined },
  patch: TwinObject,
  stamp: TwinMetadata,
): { values: TwinObject; metadata: TwinMetadata } {
  const values = new Map(Object.entries(before.values));
  const metadata = new Map(
    Object.entries(before.metadata ?? {}).filter(
      (entry): entry is [string, TwinMetadata] => typeof entry[1] === 'object',
    ),
  );
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      values.delete(key);
      metadata.delete(key);
    } else if (isObject(value)) {
      const old = values.get(key);
      const below = isObject(old)
        ? { values: old, metadata: metadata.get(key) }
        : { values: {}, metadata: undefined };
      const next = mergedObject(below, value, stamp);
      values.set(key, next.values);
      metadata.set(key, next.metadata);
    } else {
      values.set(key, value);
      metadata.set(key, stamp);
    }
  }
  return {
    values: Object.fromEntries(values),
    metadata: { ...Object.fromEntries(metadata), ...stamp },
  };
}

function faultOfObject(object: TwinObject, depth: number, path: string): string | undefined {
  for (const [key, value] of Object.entries(object)) {
    const here = `${path}${path === '' ? '' : '.'}${key.slice(0, LONGEST_SHOWN_KEY)}`;
    const fault = faultOfKey(key, here) ?? faultOfValue(value, depth + 1, here);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfKey(key: string, here: string): string | undefined {
  if (key === '') return `${here || 'the document'} has an empty key`;
  if (NOT_IN_KEYS.test(key)) {
    return `the key ${JSON.stringify(here)} has a dot, a dollar sign, a space or a control character in it`;
  }
  const bytes = Buffer.byteLength(key);
  return bytes > MAX_TWIN_KEY_BYTES
    ? `the key ${here} has ${bytes} bytes, at most ${MAX_TWIN_KEY_BYTES}`
    : undefined;
}

function faultOfValue(value: unknown, depth: number, here: string): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined;
    case 'string': {
      const bytes = Buffer.byteLength(value);
      return bytes > MAX_TWIN_STRING_BYTES
        ? `${here} is a text of ${bytes} bytes, at most ${MAX_TWIN_STRING_BYTES}`
        : undefined;
    }
    case 'number':
      if (!Number.isFinite(value)) return `${here} is no number that JSON can hold`;
      return Number.isInteger(value) && Math.abs(value) > MAX_TWIN_INTEGER
        ? `${here} is an integer beyond ${MAX_TWIN_INTEGER}`
        : undefined;
    case 'object':
      if (value === null) return undefined;
      if (depth > MAX_TWIN_DEPTH) return `${here} is deeper than ${MAX_TWIN_DEPTH} levels`;
      if (isObject(value)) return faultOfObject(value, depth, here);
      return faultOfList(value as readonly unknown[], depth, here);
    default:
      return `${here} is nothing that JSON can hold`;
  }
}

function faultOfList(list: readonly unknown[], depth: number, here: string): string | undefined {
  for (const [index, item] of list.entries()) {
    const place = `${here}[${index}]`;
    const fault = item === null ? `${place} is null` : faultOfValue(item, depth + 1, place);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isSame(one: TwinValue | undefined, other: TwinValue): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
