import type { Command } from 'commander';

export function declareBench(program: Command): void {
  program
    .command('bench')
    .summary('how fast and small the core is on this machine')
    .description(
      'Measures the core beside plain TypeScript flow tables in the same run: medians, and ratios of paired rounds.',
    )
    .option('--quick', 'fewer rounds: half a minute instead of two')
    .option('--json', 'figures as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet bench --quick
  wardlet bench --json > bench.json`,
    )
    .action(async (options) => (await import('../bench.ts')).bench(options));
}
