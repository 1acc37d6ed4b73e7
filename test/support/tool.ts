// Tools of other people that a test asks, where they are: .ci/run installs them, a developer may not have them.

import { spawnSync } from 'node:child_process';

/** Whether the tool starts. Says so loudly where it does not: what it would have shown is not shown. */
export function hasTool(command: string, args: readonly string[], debian: string): boolean {
  const { status } = spawnSync(command, args, { stdio: 'ignore' });
  if (status === 0) return true;
  console.log(`\nNOT TESTED: no ${command} here; apt-get install ${debian}\n`);
  return false;
}
