import type { Command } from 'commander';

export function declareDecode(program: Command): void {
  program
    .command('decode')
    .summary('security messages as JSON lines')
    .description('Reads security messages, one a file, and prints each as one line of JSON.')
    .argument('<files...>', 'message files, or - for one message on standard input')
    .option('--format <format>', '3.0-protobuf, 3.0-flatbuffers or 2.3; default: what the message looks like')
    .option('--mti <type>', 'the format by the message property mti, such as 3.0-2-0-0')
    .option('--explain', 'show every byte of the message with its meaning')
    .option('--json', 'with --explain: one JSON object a line instead of a table')
    .addHelpText(
      'after',
      `
Examples:
  wardlet decode message.bin
  wardlet decode messages/*.bin | jq .events[].payload.kind
  wardlet decode --mti 3.0-2-1-0 message.bin
  wardlet decode --explain message.bin`,
    )
    .action(async (files: string[], options) => (await import('../decode.ts')).decode(files, options));
}
