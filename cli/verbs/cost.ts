import type { Command } from 'commander';

export function declareCost(program: Command): void {
  program
    .command('cost')
    .summary('what a device with the traffic of a capture would cost at an IoT Hub')
    .description(
      'Lets the core live through a capture, acknowledged as by a hub, and says what it would send in a day: messages, units of ' +
        '4 KB, bytes, share of a hub unit; beside schema 2.3, and beside the agent that Wardlet replaces.',
    )
    .argument('<file>', 'capture file, or - for standard input; five minutes at least')
    .option(
      '--local <addresses>',
      "the device's addresses, comma separated, each with /prefix if known; default: proposed",
    )
    .option('--config <files...>', 'configuration files to compare; default: the defaults')
    .option('--profile <profile>', 'core to use: standard, gateway, lean or lean-strict', 'standard')
    .option('--json', 'everything as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet cost device.pcap --local 192.168.1.50
  wardlet cost device.pcap --config now.jsonc slower.jsonc
  wardlet cost device.pcap --json | jq '.rows[] | [.name, .format, .perDay.units]'`,
    )
    .action(async (file: string, options) => (await import('../cost.ts')).cost(file, options));
}
