#!/usr/bin/env node
// The one command. Verbs are loaded when they are called, so that each starts fast.

import { Command, CommanderError } from 'commander';
import { EXIT_USAGE, outputFailure, reportFailure } from './failure.ts';
import { readVersion } from './installation.ts';
import { withoutSecrets } from './secrets.ts';
import { declareAgent } from './verbs/agent.ts';
import { declareBench } from './verbs/bench.ts';
import { declareConfig } from './verbs/config.ts';
import { declareCost } from './verbs/cost.ts';
import { declareDecode } from './verbs/decode.ts';
import { declareDemo } from './verbs/demo.ts';
import { declareHub } from './verbs/hub.ts';
import { declareInspect } from './verbs/inspect.ts';

const args = process.argv.slice(2);
const asJson = args.includes('--json');

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has seen enough: `wardlet inspect ... | head`.
  if (error.code === 'EPIPE') process.exit(0);
  process.exit(reportFailure(outputFailure(error), asJson));
});

const program = new Command('wardlet')
  .description('Security micro agent for IoT devices: what it counts, reports and detects')
  .version(readVersion(), '-V, --version')
  .helpCommand(false)
  .showHelpAfterError('(wardlet --help lists verbs and options)')
  .configureOutput({ writeErr: (text) => process.stderr.write(withoutSecrets(text)) })
  .exitOverride();

for (const declare of [
  declareInspect,
  declareDecode,
  declareCost,
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
  await program.parseAsync(meant(args), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its message; help and version asked for are no failure.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    process.exitCode = reportFailure(error, asJson);
  }
}

/** Commander's own settings, for every verb below. */
function settle(command: Command): void {
  for (const verb of command.commands) {
    verb.copyInheritedSettings(program).helpCommand(false).showHelpAfterError();
    settle(verb);
  }
}

/** `wardlet help hub device` is `wardlet hub device --help`; a verb that is none is for commander to refuse. */
function meant([first, ...rest]: readonly string[]): readonly string[] {
  if (first !== 'help') return args;
  const [verb] = rest;
  const isVerb = verb === undefined || program.commands.some((command) => command.name() === verb);
  return isVerb ? [...rest, '--help'] : rest;
}
