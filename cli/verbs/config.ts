import type { Command } from 'commander';

const PROFILE = [
  '--profile <name>',
  'build of the core whose limits hold: gateway, standard, lean, lean-strict',
  'standard',
] as const;

export function declareConfig(program: Command): void {
  const config = program
    .command('config')
    .summary('what is configured, where it is from, and what is wrong with it')
    .description('Checks configuration files, shows what is in force, lists the keys.');
  const verbs = () => import('../config.ts');
  config
    .command('check')
    .summary('every fault of a configuration file')
    .description(
      'Reads a configuration file and lists every fault: key, value, reason, what would stay in force. Exit code 0 or 2.',
    )
    .argument('<file>', 'JSON, comments allowed')
    .option(...PROFILE)
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet config check wardlet.jsonc
  wardlet config check wardlet.jsonc --profile gateway --json | jq .faults[].key`,
    )
    .action(async (file: string, options) => (await verbs()).checkConfig(file, options));
  config
    .command('show')
    .summary('each value in force, with where it is from')
    .description(
      'Shows every key with its value and where that is from: default, host, file, environment, command line.',
    )
    .option('--config <file>', 'configuration file; default: $WARDLET_CONFIG')
    .option('--set <Key=value...>', 'settings of the command line')
    .option(...PROFILE)
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet config show --config wardlet.jsonc
  WARDLET_NETWORK_ACTIVITY_PROTOCOLS=TCP wardlet config show --set Agent_RetryTime=10`,
    )
    .action(async (options) => (await verbs()).showConfig(options));
  config
    .command('keys')
    .summary('every key: values, default, what it is')
    .description('Lists the keys of the configuration.')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  wardlet config keys`,
    )
    .action(async (options) => (await verbs()).listKeys(options));
}
