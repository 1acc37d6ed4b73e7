// The built command as a process of its own, as a person or a script runs it.

import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const COMMAND = new URL('../../dist/cli/wardlet.js', import.meta.url).pathname;

/** input: what comes on standard input; default nothing. */
export function wardlet(
  args: readonly string[],
  input?: Uint8Array,
  env: NodeJS.ProcessEnv = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, ...env } });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
    // A command that refuses its arguments does not read.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
