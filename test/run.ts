// Runs every *.test.ts of the folders or files given and ends with one line a script can read.
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { run } from 'uvu/run';

const suites: Array<{ name: string; file: string }> = [];
for (const place of process.argv.slice(2)) {
  const names = (await stat(place)).isDirectory()
    ? (await readdir(place)).filter((name) => name.endsWith('.test.ts')).sort()
    : [''];
  for (const name of names) suites.push({ name: join(place, name), file: resolve(place, name).slice(1) });
}

// uvu prints its totals and keeps them to itself: read them off its closing lines.
let total = 0;
let passed = 0;
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = ((chunk: string | Uint8Array) => {
  const text = stripVTControlCharacters(String(chunk));
  total += Number(/Total:\s+(\d+)/.exec(text)?.[1] ?? 0);
  passed += Number(/Passed:\s+(\d+)/.exec(text)?.[1] ?? 0);
  return write(chunk);
}) as typeof process.stdout.write;
await run(suites);
write(`${passed} passed, ${total - passed} failed\n`);
if (total === 0 || passed !== total) process.exitCode = 1;
