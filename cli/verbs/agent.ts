import type { Command } from 'commander';

export function declareAgent(program: Command): void {
  program
    .command('agent')
    .summary('a device that replays a capture and reports to a hub')
    .description(
      'Runs the agent as if this capture were its traffic, and sends its security messages to an IoT Hub or to `wardlet hub`. ' +
        'Ends when the capture has ended and all messages are acknowledged.',
    )
    .option('--connection-string <text>', 'of the device; better in a file or in $WARDLET_CONNECTION_STRING')
    .option('--connection-string-file <file>', 'file with the connection string')
    .option('--ca <file>', "the hub's certificate authority (PEM), where the system does not know it")
    .option(
      '--certificate <file>',
      "the device's certificate (PEM), where the connection string says x509=true",
    )
    .option('--private-key <file>', 'and its key (PEM)')
    .option('--dps-id-scope <id>', 'instead of a connection string: the provisioning service names the hub')
    .option('--dps-registration-id <id>', 'who the device is there')
    .option('--dps-key-file <file>', 'file with its key; or $WARDLET_DPS_KEY, or --certificate')
    .option('--dps-group-key-file <file>', 'file with the key of its group; or $WARDLET_DPS_GROUP_KEY')
    .option('--dps-host <host:port>', "the service; default: Azure's")
    .requiredOption('--pcap <file>', 'capture to replay, or - for standard input, live')
    .option(
      '--local <addresses>',
      "the device's addresses, comma separated, each with /prefix if known; default: proposed",
    )
    .option('--speed <factor>', 'times as fast as it happened, or "max": as fast as the hub takes it', '1')
    .option('--config <file>', 'configuration file (docs/configuration.md); default: $WARDLET_CONFIG')
    .option('--set <Key=value...>', 'settings; win over those of $WARDLET_* and of the file')
    .option('--spool <folder>', 'keeps messages that no hub has yet there, for the next run')
    .option('--indicators <file>', 'addresses and prefixes to look for, one a line, comments behind #')
    .option('--interval <seconds>', 'high, medium and low collection interval; default: 10,30,60')
    .option('--profile <profile>', 'core to use: gateway, standard, lean or lean-strict', 'gateway')
    .option(
      '--format <format>',
      'message format: 3.0-protobuf, 3.0-flatbuffers or 2.3; default: the configured one, else the first that the profile has',
    )
    .option('--seed <number>', 'makes event ids repeatable; default: random')
    .option(
      '--retry <seconds>',
      'longest first wait, and longest wait of all, before connecting again; default: 3,300',
    )
    .option(
      '--wait <seconds>',
      'how long to wait for acknowledgements at the end; at --speed max also for the first connection',
      '60',
    )
    .option('--json', 'what happens as JSON lines')
    .addHelpText(
      'after',
      `
Examples:
  wardlet agent --connection-string-file sensor-1.txt --ca ~/.wardlet/hub/ca.pem --pcap device.pcap --speed max
  wardlet agent --config wardlet.jsonc --set NetworkActivity_Protocols=TCP --pcap device.pcap
  wardlet agent --dps-id-scope 0ne00000000 --dps-registration-id sensor-7 --dps-key-file key.txt --pcap device.pcap
  tcpdump -i eth0 -U -w - | wardlet agent --connection-string-file sensor-1.txt --pcap - --local 192.168.1.50`,
    )
    .action(async (options) => (await import('../agent.ts')).agent(options));
}
