// Twins as documents: merge patch against the pseudo-code of RFC 7396, metadata, size and the rules for keys and values.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  faultOfPatch,
  isObject,
  merged,
  newSection,
  patchBetween,
  replaced,
  sectionView,
  type TwinMetadata,
  type TwinObject,
  type TwinSection,
  type TwinValue,
  twinBytes,
  withoutReadOnly,
} from '../service/hub/twin-document.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';

const NAMES = ['a', 'b', 'c', 'temperature', '__proto__', 'constructor', 'é'];
const TIME = Date.UTC(2026, 0, 2);

/** The pseudo-code of RFC 7396, 2; own properties only. */
function mergePatch(target: unknown, patch: TwinValue): TwinValue {
  if (!isObject(patch)) return patch;
  const result = new Map<string, TwinValue>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, mergePatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function randomValue(random: SeededRandom, depth: number, withNull: boolean): TwinValue {
  const kind = random.below(withNull ? 8 : 6);
  if (kind < 2 && depth > 0) return randomObject(random, depth - 1, withNull);
  if (kind === 2) return random.below(1000) - 500;
  if (kind === 3) return random.once(2);
  if (kind === 4) return [1, 'x', { a: true }].slice(random.below(3));
  return kind >= 6 ? null : random.pick(['', 'text', 'ü']);
}

function randomObject(random: SeededRandom, depth: number, withNull: boolean): TwinObject {
  return Object.fromEntries(
    Array.from({ length: random.below(5) }, () => [random.pick(NAMES), randomValue(random, depth, withNull)]),
  );
}

/** Every object and leaf of the values has metadata, and nothing else has. */
function isMirrored(values: TwinObject, metadata: TwinMetadata): boolean {
  const below = new Map(Object.entries(metadata).filter(([key]) => !key.startsWith('$')));
  if (typeof metadata.$lastUpdated !== 'string' || below.size !== Object.keys(values).length) return false;
  return Object.entries(values).every(([key, value]) => {
    const its = below.get(key);
    return typeof its === 'object' && (!isObject(value) || isMirrored(value, its));
  });
}

const seed = seedOfRun();
test(`2,000 patches merge as RFC 7396 says, and metadata keeps up, SEED=${seed}`, () => {
  const random = new SeededRandom(seed);
  let section: TwinSection = newSection(TIME);
  for (let version = 2; version <= 2_001; version++) {
    const patch = randomObject(random, 4, true);
    assert.is(faultOfPatch(patch), undefined);
    const before = JSON.stringify(section);
    const isReplacement = random.once(20);
    const next = (isReplacement ? replaced : merged)(section, patch, TIME + version);
    assert.is(JSON.stringify(section), before, 'the one before is left alone');
    assert.is(
      JSON.stringify(next.values),
      JSON.stringify(mergePatch(isReplacement ? {} : section.values, patch)),
    );
    assert.ok(isMirrored(next.values, next.metadata), JSON.stringify(next));
    assert.is(next.version, version);
    // Read back from where it is stored.
    section = JSON.parse(JSON.stringify(next)) as TwinSection;
  }
});

test(`the patch between any two documents makes the second of the first, SEED=${seed}`, () => {
  const random = new SeededRandom(seed);
  for (let count = 0; count < 2_000; count++) {
    const [before, after] = [randomObject(random, 4, false), randomObject(random, 4, false)];
    const start = replaced(newSection(TIME), before, TIME);
    const patch = patchBetween(before, after);
    assert.is(sorted(merged(start, patch, TIME).values), sorted(after));
    assert.equal(patchBetween(after, after), {});
  }
});

test(`no document of any shape throws, SEED=${seed}`, () => {
  const random = new SeededRandom(seed);
  const odd: readonly unknown[] = [
    undefined,
    Number.NaN,
    1e300,
    2 ** 60,
    () => {},
    1n,
    Symbol('s'),
    [null],
    'x'.repeat(5_000),
  ];
  const leaves = [...odd, 1, 'a', null, true].map((leaf) => () => leaf);
  const any = (depth: number): unknown => {
    if (depth === 0 || random.once(3)) return random.pick(leaves)();
    if (random.once(3)) return Array.from({ length: random.below(3) }, () => any(depth - 1));
    return Object.fromEntries(
      Array.from({ length: random.below(4) }, () => [
        random.pick([...NAMES, '', 'a.b', '$a', 'a b', '\u0085']),
        any(depth - 1),
      ]),
    );
  };
  let refused = 0;
  for (let count = 0; count < 5_000; count++) {
    const document = any(random.below(14));
    const fault = faultOfPatch(document);
    if (fault !== undefined) refused++;
    else merged(newSection(TIME), document as TwinObject, TIME);
  }
  assert.ok(refused > 1_000 && refused < 5_000);
});

test('metadata says which version set a property, and when', () => {
  const first = merged(newSection(TIME), { a: { x: 1, y: 2 }, list: [{ b: 1 }] }, TIME + 1_000);
  const second = merged(first, { a: { y: 3 } }, TIME + 2_000);
  const stamp = (seconds: number, version: number) => ({
    $lastUpdated: `2026-01-02T00:00:0${seconds}.000Z`,
    $lastUpdatedVersion: version,
  });
  assert.equal(sectionView(second, 'service'), {
    a: { x: 1, y: 3 },
    list: [{ b: 1 }],
    $metadata: {
      ...stamp(2, 3),
      a: { ...stamp(2, 3), x: stamp(1, 2), y: stamp(2, 3) },
      list: stamp(1, 2),
    },
    $version: 3,
  });
  assert.equal(sectionView(second, 'device'), { a: { x: 1, y: 3 }, list: [{ b: 1 }], $version: 3 });
  assert.equal(withoutReadOnly(sectionView(second, 'service')), second.values);
});

const deep = (levels: number): TwinObject => (levels === 0 ? { leaf: 1 } : { n: deep(levels - 1) });

test('rules: keys, depth, texts, numbers, lists', () => {
  const fine: readonly unknown[] = [
    {},
    { a: null },
    { 'ключ-_:;/*': 'x', '\u00a0': 1 },
    { a: 'x'.repeat(4096), b: 'é'.repeat(2048) },
    { ['k'.repeat(1024)]: 1 },
    { n: 4_503_599_627_370_496, m: -0.5, o: 1e-300 },
    { list: [1, 'a', true, { b: [] }] },
    deep(10),
  ];
  for (const patch of fine) assert.is(faultOfPatch(patch), undefined, JSON.stringify(patch).slice(0, 60));
  const wrong: readonly unknown[] = [
    null,
    [],
    'text',
    1,
    { '': 1 },
    { 'a.b': 1 },
    { $a: 1 },
    { 'a b': 1 },
    { '\u0000': 1 },
    { '\u0085': 1 },
    { a: { 'b\n': 1 } },
    { list: [{ 'a.b': 1 }] },
    { list: [null] },
    { $version: 1 },
    { a: 'x'.repeat(4097) },
    { a: ['é'.repeat(2049)] },
    { ['k'.repeat(1025)]: 1 },
    { n: 4_503_599_627_370_497 },
    { n: Number.POSITIVE_INFINITY },
    { n: undefined },
    deep(11),
    { a: [[[[[[[[[[[1]]]]]]]]]]] },
  ];
  for (const patch of wrong) assert.type(faultOfPatch(patch), 'string', JSON.stringify(patch)?.slice(0, 60));
  assert.match(faultOfPatch({ outer: { 'in ner': 1 } }) ?? '', /outer\.in ner/);
});

test('size: keys and texts in UTF-8, 8 a number, 4 a boolean', () => {
  assert.is(twinBytes({}), 0);
  assert.is(
    twinBytes({ é: 'ab', n: 1, t: true, list: [1, 'x', { k: false }] }),
    2 + 2 + 1 + 8 + 1 + 4 + 4 + 8 + 1 + 1 + 4,
  );
});

/** Merging keeps the order of what was there. */
function sorted(document: TwinObject): string {
  return JSON.stringify(document, (_key, value: TwinValue) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
}

test.run();
