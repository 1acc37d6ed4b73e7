// Every function, class and method that a package offers says what it does, in the comment above it.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = new URL('..', import.meta.url).pathname;
const DOORS = [
  'bindings/js/index.ts',
  'host/agent/index.ts',
  'host/capture/index.ts',
  'host/configuration/index.ts',
  'host/spool/index.ts',
  'service/index.ts',
];
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** Names a door exports as values, with the file each is defined in. */
function offered(door: string): Array<{ readonly name: string; readonly file: string }> {
  const exports = read(door).matchAll(/^export \{([^}]*)\} from '([^']+)';/gm);
  return [...exports].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !name.startsWith('type '))
      .map((name) => ({ name, file: normalize(join(dirname(door), from)) })),
  );
}

/** Lines that begin a function, a class or a public method of one, and have no comment above them. */
function* undocumented(file: string, name: string): Generator<string> {
  const lines = read(file).split('\n');
  const start = lines.findIndex((line) =>
    new RegExp(`^export (?:abstract |async )*(?:function\\*?|class) ${name}\\b`).test(line),
  );
  // A constant: its name and its type say it, or the comment of its room.
  if (start < 0) return;
  if (!isCommented(lines, start)) yield `${file}: ${name}`;
  if (!lines[start]?.includes('class ')) return;
  for (let at = start + 1; at < lines.length && lines[at] !== '}'; at++) {
    const [, method] =
      /^ {2}(?:static |async |override |\*)*([a-z]\w*)[(<].*[{(]$/.exec(lines[at] ?? '') ?? [];
    if (method === undefined || method === 'constructor' || isCommented(lines, at)) continue;
    yield `${file}: ${name}.${method}`;
  }
}

function isCommented(lines: readonly string[], at: number): boolean {
  return /\*\/$/.test(lines[at - 1] ?? '');
}

for (const door of DOORS) {
  test(`${door}: what it offers is documented`, () => {
    const names = offered(door);
    assert.ok(names.length > 0);
    assert.equal(
      names.flatMap(({ name, file }) => [...undocumented(file, name)]),
      [],
    );
  });
}

test('the claim has eyes: there are methods, and doors leave nobody out', () => {
  const doors = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(host|bindings|service)\/([a-z]+\/)?index\.ts$/.test(file),
  );
  assert.equal(doors.sort(), [...DOORS].sort());
  assert.ok(read('host/agent/agent.ts').includes('  observeBatch('));
});

test.run();
