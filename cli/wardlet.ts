#!/usr/bin/env node
// The one command. Verbs are loaded when they are called, so that each starts fast.

import { Command, CommanderError } from 'commander';
import { EXIT_USAGE, reportFailure } from './failure.ts';
import { readVersion } from './installation.ts';
import { declareAgent } from './verbs/agent.ts';
import { declareBench } from './verbs/bench.ts';
import { declareConfig } from './verbs/config.ts';
import { declareDecode } from './verbs/decode.ts';
import { declareDemo } from './verbs/demo.ts';
import { declareHub } from './verbs/hub.ts';
import { declareInspect } from './verbs/inspect.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has seen enough: `wardlet inspect ... | head`.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const program = new Command('wardlet')
  .description('Security micro agent for IoT devices: what it counts, reports and detects')
  .version(readVersion(), '-V, --version')
  .helpCommand(false)
  .showHelpAfterError('(wardlet --help lists verbs and options)')
  .exitOverride();

for (const declare of [
  declareInspect,
  declareDecode,
  declareAgent,
  declareHub,
  declareDemo,
  declareConfig,
  declareBench,
]) {
  declare(program);
}
settle(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its message; help and version asked for are no failure.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    process.exitCode = reportFailure(error, process.argv.includes('--json'));
  }
}

/** Commander's own settings, for every verb below. */
function settle(command: Command): void {
  for (const verb of command.commands) {
    verb.exitOverride().helpCommand(false).showHelpAfterError();
    settle(verb);
  }
}
