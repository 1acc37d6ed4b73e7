// Field offsets of the core's own records, read from assembly/memory.ts: Node cannot run that file, and a copy would rot.

import { readFileSync } from 'node:fs';

const source = readFileSync(new URL('../../assembly/memory.ts', import.meta.url), 'utf8');
const numbers = new Map<string, number>();
for (const [, name = '', value = ''] of source.matchAll(/^export const (\w+): \w+ = (0x[0-9a-f]+|\d+);/gm)) {
  numbers.set(name, Number(value));
}

/** A plain number of assembly/memory.ts: a field's offset or a record's size. */
export function layout(name: string): number {
  const value = numbers.get(name);
  if (value === undefined) throw new Error(`assembly/memory.ts has no plain number ${name}`);
  return value;
}

/** All plain numbers of assembly/memory.ts. */
export function layoutNames(): string[] {
  return [...numbers.keys()];
}
