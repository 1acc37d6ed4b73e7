// What the documents say is so: exports, codes, keys, errors, commands, versions.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ERROR_CODES } from '../bindings/js/errors.ts';
import { loadCore } from '../bindings/js/load.ts';
import { REASON_NAMES } from '../bindings/js/status.ts';
import * as codes from '../schema/codes.ts';
import * as block from '../schema/configuration-block.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const PROFILES = ['lean', 'lean-strict', 'standard', 'gateway'];
const core = (profile: string) => new Uint8Array(readFileSync(join(ROOT, `build/core.${profile}.wasm`)));
const packageFile = JSON.parse(read('package.json')) as {
  version: string;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

test('docs/abi.md lists exactly what every core exports', () => {
  const section = read('docs/abi.md')
    .replace(/^[\s\S]*?## Calls/, '')
    .replace(/## A frame[\s\S]*$/, '');
  const namesIn = (text: string) =>
    [...text.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
  const [all = '', gateway = '', more = ''] = section.split(/^### Of profile gateway alone$|^## (?=Codes)/m);
  assert.ok(namesIn(gateway).length > 0);
  for (const profile of PROFILES) {
    const listed = namesIn(all + more + (profile === 'gateway' ? gateway : ''));
    const exported = WebAssembly.Module.exports(new WebAssembly.Module(core(profile))).map(
      ({ name }) => name,
    );
    // The lean ones take no events, and notice nothing.
    const lacking = [
      ...['report', 'DETECT', 'DETECT_SIZE', 'loadIndicators', 'INDICATOR_MAX'],
      ...['learn', 'restoreLearned', 'LEARNED', 'LEARNED_SIZE'],
    ];
    const here = profile.startsWith('lean') ? listed.filter((name) => !lacking.includes(name)) : listed;
    assert.equal([...exported].sort(), [...here].sort(), profile);
  }
});

test('docs/abi.md gives every code its number', () => {
  const text = read('docs/abi.md');
  for (const [name, value] of Object.entries(codes)) assert.ok(text.includes(`${value} \`${name}\``), name);
});

test('docs/abi.md describes every configuration key', () => {
  const section = read('docs/abi.md').replace(/^[\s\S]*## Configuration/, '');
  const described = [...section.matchAll(/^\| (\d+)(?: to (\d+))? /gm)].flatMap(([, first, last]) => {
    const from = Number(first);
    return Array.from({ length: Number(last ?? first) - from + 1 }, (_, index) => from + index);
  });
  const keys = Object.entries(block).filter(([name]) => name.startsWith('KEY_'));
  assert.equal(
    described,
    keys.map(([, value]) => value).sort((one, other) => one - other),
  );
});

test('docs/errors.md holds every code and reason, in its words', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `(WL_\w+)` \| (.*) \|$/gm)].map(([, code, text]) => [
    code,
    text,
  ]);
  assert.equal(rows, Object.entries(ERROR_CODES));
  const reasons = [...read('docs/errors.md').matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name);
  assert.equal(reasons, [...REASON_NAMES]);
});

test('docs/dependencies.md gives a reason for every dependency', () => {
  const cells = [...read('docs/dependencies.md').matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell = '']) => cell);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  const service = JSON.parse(read('service/package.json')) as { dependencies: Record<string, string> };
  const used = [packageFile.dependencies, packageFile.devDependencies, service.dependencies].flatMap(
    Object.keys,
  );
  assert.equal(named.sort(), used.sort());
});

test('core and package have one version', async () => {
  for (const profile of PROFILES)
    assert.is((await loadCore(core(profile))).version, packageFile.version, profile);
});

test('every npm script and every file a document names is there', () => {
  const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const documents = ['README.md', ...pages.map((name) => `docs/${name}`)];
  for (const document of documents) {
    const text = read(document);
    for (const [, script = ''] of text.matchAll(/npm run ([\w:-]+)/g)) {
      assert.ok(script in packageFile.scripts, `${document}: npm run ${script}`);
    }
    for (const [, path = ''] of text.matchAll(
      /`((?:schema|assembly|bindings|host|simulator|cli|service|bench|test|scripts|docs)\/[\w./-]*)`/g,
    )) {
      assert.ok(exists(path), `${document}: ${path}`);
    }
  }
});

test("the README's program runs as it stands and prints the flow it made", () => {
  const [, program = ''] = /```ts\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  assert.match(output, /kind: 'NetworkActivity'/);
  assert.match(output, /Heartbeat/);
});

function exists(path: string): boolean {
  try {
    readFileSync(join(ROOT, path));
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EISDIR';
  }
}

test.run();
