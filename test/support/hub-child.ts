// Starting hub-process.ts and killing it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('hub-process.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface HubChild {
  readonly port: number;
  readonly caCertificate: string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export function spawnHub(dataFolder: string): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', SCRIPT, dataFolder], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** A hub that listens; rejects with what it says on standard error. */
export async function startHubChild(dataFolder: string): Promise<HubChild> {
  const child = spawnHub(dataFolder);
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (chunk) => resolve(String(chunk)));
    child.once('close', () => reject(new Error(complaint)));
  });
  return {
    ...(JSON.parse(line) as { port: number; caCertificate: string }),
    kill: (signal) => killed(child, signal),
  };
}

export async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
