// flatc, the compiler of FlatBuffers, as a reader and a writer that is not ours.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';
import { findTool } from './tool.ts';

export type FlatcSchema = '2.3' | '3.0';

/** undefined: it is not here. */
export const FLATC = findTool(['flatc'], ['--version'], 'flatbuffers-compiler');

const FREE = /padding is longer than expected/;
const folder = temporaryFolder();
const BINARY = join(folder, 'm.bin');
const JSON_FILE = join(folder, 'm.json');

/** A message as JSON, by the schema of this version. */
export function flatcText(version: FlatcSchema, bytes: Uint8Array): string {
  writeFileSync(BINARY, bytes);
  flatc('--json', '--strict-json', '--raw-binary', '-o', folder, schemaFile(version), '--', BINARY);
  return readFileSync(JSON_FILE, 'utf8');
}

export function flatcBinary(version: FlatcSchema, json: string): Uint8Array {
  writeFileSync(JSON_FILE, json);
  flatc('--binary', '-o', folder, schemaFile(version), JSON_FILE);
  return Uint8Array.from(readFileSync(BINARY));
}

/** What flatc's annotator finds wrong with a message: offsets that lead nowhere, bytes that belong to nothing, but for places left free. */
export function flatcFaults(version: FlatcSchema, bytes: Uint8Array): string[] {
  writeFileSync(BINARY, bytes);
  flatc('--annotate', schemaFile(version), '--', BINARY);
  const annotated = readFileSync(join(folder, 'm.afb'), 'utf8');
  return annotated.split('\n').filter((line) => /ERROR|WARN|^unknown/.test(line) && !FREE.test(line));
}

function flatc(...args: readonly string[]): void {
  execFileSync('flatc', [...args], { stdio: 'pipe', cwd: folder });
}

function schemaFile(version: FlatcSchema): string {
  return new URL(`../../schema/message-${version}.fbs`, import.meta.url).pathname;
}
