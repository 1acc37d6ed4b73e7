// The built command as a process of its own, as a person or a script runs it.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const COMMAND = new URL('../../dist/cli/wardlet.js', import.meta.url).pathname;

export interface Variation {
  /** Path of another copy of the command. */
  readonly command?: string;
  /** File that standard output goes to; `stdout` is empty then. */
  readonly output?: string;
}

/** input: what comes on standard input; default nothing. */
export function wardlet(
  args: readonly string[],
  input?: Uint8Array,
  env: NodeJS.ProcessEnv = {},
  { command = COMMAND, output: file }: Variation = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const descriptor = file === undefined ? undefined : openSync(file, 'w');
    const child = spawn(process.execPath, [command, ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', descriptor ?? 'pipe', 'pipe'],
    });
    if (descriptor !== undefined) closeSync(descriptor);
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
    // A command that refuses its arguments does not read.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
