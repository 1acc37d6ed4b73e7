#!/usr/bin/env node
// The one command. Verbs are loaded when they are called, so that each starts fast.

import { Command, CommanderError } from 'commander';
import { EXIT_USAGE, reportFailure } from './failure.ts';
import { readVersion } from './installation.ts';

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

program
  .command('inspect')
  .summary('flows and totals of a capture, through the real core')
  .description(
    'Runs a pcap or pcapng file through the agent core, as if the device had seen that traffic, and shows the flows\n' +
      'its security messages report. Bytes are transport header and payload, as in a message.',
  )
  .argument('<file>', 'capture file, or - for standard input')
  .option(
    '--local <addresses>',
    "the device's addresses, comma separated, each with /prefix if known; default: proposed",
  )
  .option('--interval <seconds>', 'seconds between collections, or "capture" for a single one', '10')
  .option('--profile <profile>', 'core to use: gateway, standard or lean-strict', 'gateway')
  .option('--format <format>', 'message format: 2.3', '2.3')
  .option('--messages <folder>', 'also write each message into this folder, as 000000.bin and so on')
  .option('--seed <number>', 'makes event ids repeatable; default: random')
  .option(
    '--filter <terms>',
    'show only these flows: tcp, udp, icmp, ip, ip6, port N, host A, net A/P, and, not',
  )
  .option(
    '--top <count>',
    'show only that many flows, largest first; default: 20 in the table, all elsewhere',
  )
  .option('--csv', 'flows as comma-separated values')
  .option('--json', 'everything as one JSON object')
  .addHelpText(
    'after',
    `
Examples:
  wardlet inspect device.pcap --local 192.168.1.50
  wardlet inspect device.pcap --filter "tcp and not port 443" --top 50
  tcpdump -i eth0 -c 1000 -w - | wardlet inspect - --local 192.168.1.50,fe80::1
  wardlet inspect device.pcap --json | jq .packets`,
  )
  .action(async (file: string, options) => (await import('./inspect.ts')).inspect(file, options));

program
  .command('decode')
  .summary('security messages as JSON lines')
  .description('Reads security messages of schema 2.3, one a file, and prints each as one line of JSON.')
  .argument('<files...>', 'message files, or - for one message on standard input')
  .option('--explain', 'show every byte of the message with its meaning')
  .option('--json', 'with --explain: one JSON object a line instead of a table')
  .addHelpText(
    'after',
    `
Examples:
  wardlet decode message.bin
  wardlet decode messages/*.bin | jq .events[].payload.kind
  wardlet decode --explain message.bin`,
  )
  .action(async (files: string[], options) => (await import('./decode.ts')).decode(files, options));

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
  .action(async (options) => (await import('./bench.ts')).bench(options));

for (const command of program.commands) command.exitOverride().showHelpAfterError();

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
