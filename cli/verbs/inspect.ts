import type { Command } from 'commander';

export function declareInspect(program: Command): void {
  program
    .command('inspect')
    .summary('flows and totals of a capture, through the real core')
    .description(
      'Runs a pcap or pcapng file through the agent core, as if the device had seen that traffic, and shows the flows ' +
        'its security messages report. Bytes are transport header and payload, as in a message.',
    )
    .argument('<file>', 'capture file, or - for standard input')
    .option(
      '--local <addresses>',
      "the device's addresses, comma separated, each with /prefix if known; default: proposed",
    )
    .option('--interval <seconds>', 'seconds between collections, or "capture" for a single one', '10')
    .option('--profile <profile>', 'core to use: gateway, standard, lean or lean-strict', 'gateway')
    .option(
      '--format <format>',
      'message format: 3.0-protobuf, 3.0-flatbuffers or 2.3; default: the first that the profile has',
    )
    .option('--messages <folder>', 'also write each message into this folder, as 000000.bin and so on')
    .option('--indicators <file>', 'addresses and prefixes to look for, one a line, comments behind #')
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
    .action(async (file: string, options) => (await import('../inspect.ts')).inspect(file, options));
}
