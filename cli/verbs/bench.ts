import type { Command } from 'commander';

export function declareBench(program: Command): void {
  program
    .command('bench')
    .summary('how fast and small the core is on this machine, and the whole trip')
    .description(
      'Measures the core beside plain TypeScript flow tables, and the trip from agents to a hub beside plain MQTT clients, in the same run: ' +
        'medians, and ratios of paired rounds.',
    )
    .option('--quick', 'fewer rounds: half a minute instead of two')
    .option('--only <section>', 'sizes, packets, messages, inspection or trip')
    .option('--json', 'figures as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet bench --quick
  wardlet bench --only trip
  wardlet bench --json > bench.json`,
    )
    .action(async (options) => (await import('../bench.ts')).bench(options));
}
