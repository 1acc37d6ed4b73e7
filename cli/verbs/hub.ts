import type { Command } from 'commander';
import { declareFolderVerbs } from './hub-folder.ts';
import { declareRestVerbs } from './hub-rest.ts';

const DATA = [
  '--data <folder>',
  "the hub's folder; default: $WARDLET_DATA/hub, else ~/.wardlet/hub",
] as const;

export function declareHub(program: Command): void {
  const hub = program
    .command('hub')
    .summary('a local hub that speaks the MQTT of Azure IoT Hub')
    .description(
      'Listens for devices over MQTT with TLS, checks who they are, stores what they send and shows it, decoded. ' +
        'Keys, certificates, devices and messages are in one folder.',
    )
    .option(...DATA)
    .option('--port <number>', 'port to listen on; 0: any that is free', '8883')
    .option('--ws-port <number>', 'also listen for MQTT over WebSocket, on this port; 0: any that is free')
    .option(
      '--plain-port <number>',
      'also listen for MQTT without TLS, for a gateway that ends TLS itself; tokens travel in clear text',
    )
    .option('--plain-host <address>', 'address that --plain-port listens on', 'localhost')
    .option('--rest-port <number>', 'also serve HTTPS REST on localhost, on this port; 0: any that is free')
    .option('--host <address>', 'address to listen on; 0.0.0.0 or :: for every network', 'localhost')
    .option(
      '--host-name <names...>',
      'names by which devices reach the hub, beside localhost and this machine',
    )
    .option('--quiet', 'do not show messages, only what happens to connections')
    .option('--json', 'what happens as JSON lines')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub device add sensor-1
  wardlet hub
  wardlet hub --host 0.0.0.0 --host-name hub.example.net
  wardlet hub messages --device sensor-1 --last 5`,
    )
    .usage('[options] [command]')
    .argument('[word]')
    .action(async (word: string | undefined, options, command: Command) => {
      if (word !== undefined) refuseUnknown(word, command);
      await (await import('../hub.ts')).hub(options);
    });
  declareDevices(hub);
  declareCertificates(hub);
  declareEnrolments(hub);
  declareRestVerbs(hub);
  declareFolderVerbs(hub);
  hub
    .command('messages')
    .summary('what devices have sent, decoded')
    .description('Messages that the hub has stored, oldest first; also while the hub runs.')
    .option(...DATA)
    .option('--device <id>', 'of this device only')
    .option('--last <count>', 'only that many, the latest', '20')
    .option('--follow', 'go on with those that arrive')
    .option('--save <folder>', 'also write each body into this folder, as 000000.bin and so on')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub messages --follow
  wardlet hub messages --device sensor-1 --last 1 --save messages
  wardlet hub messages --last 100 --json | jq .message.events[].payload.kind`,
    )
    .action(async (_, command: Command) =>
      (await import('../hub-messages.ts')).hubMessages(command.optsWithGlobals()),
    );
}

/** The hub takes no arguments: one that is there is a verb, mistyped. */
function refuseUnknown(word: string, command: Command): never {
  const names = command.commands.map((verb) => verb.name());
  const [nearest = ''] = names.sort((a, b) => distance(word, a) - distance(word, b));
  const hint = distance(word, nearest) <= 2 ? `\n(Did you mean ${nearest}?)` : '';
  return command.error(`error: unknown command '${word}'${hint}`);
}

/** Letters to change, add or leave out (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function declareDevices(hub: Command): void {
  const device = hub
    .command('device')
    .summary('devices that may connect')
    .description('Devices that may connect.');
  const verbs = () => import('../hub-device.ts');
  device
    .command('add')
    .summary('register a device and print its connection string')
    .description('Registers a device with two fresh keys and prints its connection string.')
    .argument('<id>', "device id: up to 128 letters, digits and -:.+%_#*?!(),=@$'")
    .option(...DATA)
    .option('--key-file <file>', 'primary key to use, base64, instead of a fresh one')
    .option(
      '--thumbprint <thumbprints...>',
      'instead of a key: one or two certificates, by SHA-1 or SHA-256 in hex',
    )
    .option('--x509-ca', 'instead of a key: any certificate for this id from an authority of the hub')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub device add sensor-1
  wardlet hub device add sensor-2 --x509-ca
  wardlet hub device add sensor-1 > sensor-1.txt    # for: wardlet agent --connection-string-file sensor-1.txt`,
    )
    .action(async (id: string, _, command: Command) =>
      (await verbs()).addDevice(id, command.optsWithGlobals()),
    );
  device
    .command('list')
    .summary('registered devices')
    .description('Registered devices and whether each is connected.')
    .option(...DATA)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub device list`,
    )
    .action(async (_, command: Command) => (await verbs()).listDevices(command.optsWithGlobals()));
  device
    .command('remove')
    .summary('remove a device; its connection ends')
    .description('Removes a device: its connection ends and its keys are gone. Its messages stay.')
    .argument('<id>', 'device id')
    .option(...DATA)
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub device remove sensor-1`,
    )
    .action(async (id: string, _, command: Command) =>
      (await verbs()).removeDevice(id, command.optsWithGlobals()),
    );
}

function declareCertificates(hub: Command): void {
  const certificate = hub
    .command('certificate')
    .summary('authorities whose devices may connect')
    .description(
      'Certificate authorities: a device registered with --x509-ca connects with a certificate of one.',
    );
  const verbs = () => import('../hub-certificate.ts');
  certificate
    .command('add')
    .summary('register the certificate of an authority')
    .description('Registers the certificate of an authority: a root or one below it.')
    .argument('<file>', 'one CA certificate, PEM')
    .option(...DATA)
    .option('--name <name>', "its name here; default: the file's")
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub certificate add factory.pem
  wardlet hub device add sensor-2 --x509-ca`,
    )
    .action(async (file: string, _, command: Command) =>
      (await verbs()).addCertificate(file, command.optsWithGlobals()),
    );
  certificate
    .command('list')
    .summary('registered authorities')
    .description('Registered authorities.')
    .option(...DATA)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub certificate list`,
    )
    .action(async (_, command: Command) => (await verbs()).listCertificates(command.optsWithGlobals()));
  certificate
    .command('remove')
    .summary('remove an authority; connections with its certificates end')
    .description('Removes an authority: connections of devices with certificates of it end.')
    .argument('<name>', 'as listed')
    .option(...DATA)
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub certificate remove factory`,
    )
    .action(async (name: string, _, command: Command) =>
      (await verbs()).removeCertificate(name, command.optsWithGlobals()),
    );
}

function declareEnrolments(hub: Command): void {
  const enrolment = hub
    .command('enrolment')
    .summary('devices that may have themselves registered (DPS)')
    .description(
      'Enrolments of the provisioning service, which answers on the port of the hub: a device that is enrolled, or has a key or ' +
        'certificate of a group that is, registers itself.',
    );
  const verbs = () => import('../hub-enrolment.ts');
  enrolment
    .command('add')
    .summary('enrol a device, or a group of them')
    .description('Enrols a device or a group and prints the id scope and, where it is by key, the key.')
    .argument('<id>', 'registration id of the device, or name of the group')
    .option(...DATA)
    .option('--group', 'a group: each device has a key derived from its key')
    .option('--certificate <name>', 'with --group: certificates of this registered authority instead of keys')
    .option(
      '--thumbprint <thumbprints...>',
      'instead of a key: one or two certificates, by SHA-1 or SHA-256 in hex',
    )
    .option('--device-id <id>', 'what the device is registered as; default: the registration id')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub enrolment add sensor-7
  wardlet hub enrolment add sensors --group
  wardlet hub enrolment add line-1 --group --certificate factory`,
    )
    .action(async (id: string, _, command: Command) =>
      (await verbs()).addEnrolment(id, command.optsWithGlobals()),
    );
  enrolment
    .command('list')
    .summary('enrolments, and the id scope')
    .description('The id scope, and the enrolments.')
    .option(...DATA)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub enrolment list`,
    )
    .action(async (_, command: Command) => (await verbs()).listEnrolments(command.optsWithGlobals()));
  enrolment
    .command('remove')
    .summary('remove an enrolment; its devices stay')
    .description('Removes an enrolment. Devices that it registered stay: remove those too to shut them out.')
    .argument('<id>', 'as listed')
    .option(...DATA)
    .option('--group', 'the group of that name')
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  wardlet hub enrolment remove sensors --group`,
    )
    .action(async (id: string, _, command: Command) =>
      (await verbs()).removeEnrolment(id, command.optsWithGlobals()),
    );
}
