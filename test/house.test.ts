// The arrows of docs/architecture.md: who may read whom, and no circles.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = new URL('..', import.meta.url).pathname;

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  schema: [],
  assembly: ['schema'],
  bindings: ['schema'],
  host: ['schema', 'bindings'],
  simulator: ['schema', 'host'],
  service: ['schema', 'bindings'],
  cli: ['schema', 'bindings', 'host', 'simulator', 'service', 'bench'],
  bench: ['schema', 'bindings', 'host', 'simulator', 'service'],
  examples: ['schema', 'bindings', 'host', 'simulator', 'service', 'cli'],
  test: ['schema', 'bindings', 'host', 'simulator', 'service', 'cli', 'bench', 'examples'],
};

const files = Object.keys(ALLOWED).flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !/(^|\/)(dist|node_modules)\//.test(name),
    )
    .map((name) => join(room, name)),
);
const imports = new Map(files.map((file) => [file, importsOf(file)]));

test('the house has rooms, and every room has files', () => {
  for (const room of Object.keys(ALLOWED)) {
    assert.ok(
      files.some((file) => file.startsWith(`${room}/`)),
      room,
    );
  }
});

test('no arrow but the allowed ones', () => {
  const forbidden = [...imports].flatMap(([file, targets]) => {
    const room = roomOf(file);
    return targets
      .filter((target) => roomOf(target) !== room && !ALLOWED[room]?.includes(roomOf(target)))
      .map((target) => `${file} -> ${target}`);
  });
  assert.equal(forbidden, []);
});

test('every import of a file of ours names a file that is there', () => {
  const missing = [...imports].flatMap(([file, targets]) =>
    targets
      .filter((target) => !imports.has(target) && !/\.json$|\/generated\//.test(target))
      .map((target) => `${file} -> ${target}`),
  );
  assert.equal(missing, []);
});

test('no circles', () => {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    assert.not.ok(path.includes(file), [...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file)) return;
    for (const target of imports.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
});

test('schema is constants: no imports, no functions', () => {
  for (const file of files.filter((name) => roomOf(name) === 'schema')) {
    assert.equal(imports.get(file), []);
    assert.not.match(readFileSync(join(ROOT, file), 'utf8'), /\bfunction\b|=>/);
  }
});

test('one file touches the WebAssembly loader', () => {
  const users = files.filter((file) =>
    /from '@assemblyscript\/loader'/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.equal(users, ['bindings/js/load.ts']);
});

test('decoding needs nothing of holding a core: the service takes no more of the bindings', () => {
  const taken = new Set(
    [...imports].flatMap(([file, targets]) => (file.startsWith('bindings/js/messages/') ? targets : [])),
  );
  const outside = [...taken].filter((file) => !/^(schema|bindings\/js\/messages)\//.test(file)).sort();
  assert.equal(outside, ['bindings/js/address.ts', 'bindings/js/errors.ts', 'bindings/js/uuid.ts']);
});

test('the service takes decoding from the bindings, and nothing else', () => {
  const taken = new Set(
    [...imports].flatMap(([file, targets]) => (roomOf(file) === 'service' ? targets : [])),
  );
  const others = [...taken].filter(
    (file) =>
      roomOf(file) === 'bindings' &&
      !/^bindings\/js\/(messages\/|address\.ts|errors\.ts|uuid\.ts)/.test(file),
  );
  assert.equal(others, []);
});

test('the command loads the service lazily: types at most at the top of a file', () => {
  const users = files.filter(
    (file) =>
      roomOf(file) === 'cli' &&
      /^import (?!type)[^;]*'\.\.\/service\//m.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.equal(users, []);
});

test('bindings and host run in a browser, but for what touches files and sockets: nothing of Node in them', () => {
  const users = files.filter(
    (file) =>
      /^(bindings\/js|host\/(frames|inspection|cost|configuration|agent|transport|replay))\//.test(file) &&
      !/^host\/configuration\/(node-host|assignment-file|indicator-file)\.ts$/.test(file) &&
      /from 'node:/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.equal(users, []);
});

/** Files of ours that a file imports or re-exports, as paths from the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g);
  return [...found].map(([, target = '']) => {
    const path = normalize(join(dirname(file), target));
    // AssemblyScript imports carry no ending.
    return /\.(ts|js|json)$/.test(path) ? path : `${path}.ts`;
  });
}

function roomOf(file: string): string {
  return file.slice(0, file.indexOf('/'));
}

test.run();
