// What it costs to report real devices: schema 3.0 at its defaults takes at most a third of the bytes a day of schema 2.3.

import { ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Claim } from './claim.ts';

interface Report {
  readonly rows: ReadonlyArray<{ readonly format: string; readonly perDay: { readonly bytes: number } }>;
}

const DEVICES = ['benign_nest_device.pcap', 'benign_schlage_lock_7d.pcap'];
const COMMAND = new URL('../../dist/cli/wardlet.js', import.meta.url).pathname;

export function economyClaims(folder: string): Claim[] {
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as ReadonlyArray<{
    readonly file: string;
    readonly local: readonly string[];
  }>;
  return DEVICES.map((file) => ({
    name: `${file}: bytes a day at most a third of schema 2.3`,
    check: async () => {
      const local = index.find((capture) => capture.file === file)?.local ?? [];
      const args = [COMMAND, 'cost', join(folder, file), '--json', '--local', local.join(',')];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const { rows } = JSON.parse(stdout) as Report;
      const bytes = (format: string) => rows.find((row) => row.format === format)?.perDay.bytes ?? Number.NaN;
      const [compact, strict] = [bytes('3.0-protobuf'), bytes('2.3')];
      ok(compact * 3 <= strict, `${compact} bytes a day, ${strict} in schema 2.3`);
    },
  }));
}
