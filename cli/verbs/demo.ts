import type { Command } from 'commander';

export function declareDemo(program: Command): void {
  program
    .command('demo')
    .summary('a hub, a handful of devices, and what arrives')
    .description(
      'Starts a hub and devices that live through generated traffic, connected over MQTT with TLS, and shows what arrives, ' +
        'decoded. One device is taken over and scans. Leaves nothing behind.',
    )
    .option('--devices <count>', 'how many devices, 1 to 50', '5')
    .option('--speed <factor>', 'times as fast as it would happen, or "max"', '20')
    .option(
      '--once',
      'ten minutes of every device, as fast as the hub takes them; then a balance and the end',
    )
    .option('--seed <number>', 'of the traffic', '1')
    .addHelpText(
      'after',
      `
Examples:
  wardlet demo
  wardlet demo --once --devices 20`,
    )
    .action(async (options) => (await import('../demo.ts')).demo(options));
}
