// Real captures against their oracle, recorded messages against ours. The data stays outside the project:
//
//   npm run test:captures -- FOLDER...
//
// A folder with flows/*.flows.json holds captures, one with a/in.pcap the golden messages. What is missing fails.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Claim } from './claim.ts';
import { detectionClaims } from './detection.ts';
import { economyClaims } from './economy.ts';
import { goldenClaims } from './golden.ts';
import { captureClaims } from './oracle.ts';

const folders = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const folder of folders) {
  for (const { name, check } of claimsOf(folder)) {
    try {
      await check();
      passed++;
      console.log(`  ok    ${name}`);
    } catch (error) {
      failed++;
      console.log(`  FAIL  ${name}\n        ${error instanceof Error ? error.message : error}`);
    }
  }
}
if (folders.length === 0) console.log('name the folders: npm run test:captures -- CAPTURES GOLDEN');
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exitCode = 1;

function claimsOf(folder: string): readonly Claim[] {
  if (existsSync(join(folder, 'flows')))
    return [...detectionClaims(folder), ...captureClaims(folder), ...economyClaims(folder)];
  if (existsSync(join(folder, 'a', 'in.pcap'))) return goldenClaims(folder);
  return [
    {
      name: folder,
      check: () => {
        throw new Error('neither captures with their flows/ nor golden messages are in there');
      },
    },
  ];
}
