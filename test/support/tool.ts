// Tools of other people that a test asks, where they are: .ci/run installs them, a developer may not have them.

import { spawnSync } from 'node:child_process';

/**
 * The first of the commands that can be run so; undefined where none can. Says so loudly then: what it would have shown is
 * not shown.
 */
export function findTool(
  commands: readonly string[],
  args: readonly string[],
  debian: string,
): string | undefined {
  const found = commands.find((command) => spawnSync(command, args, { stdio: 'ignore' }).status === 0);
  if (found === undefined)
    console.log(`\nNOT TESTED: no ${commands[0]} for it here; apt-get install ${debian}\n`);
  return found;
}
