import type { Command } from 'commander';
import type { DeviceOptions } from '../hub-device.ts';

const DATA = [
  '--data <folder>',
  "the hub's folder; default: $WARDLET_DATA/hub, else ~/.wardlet/hub",
] as const;

/** Verbs on the hub's folder, whether the hub runs or not. */
export function declareFolderVerbs(hub: Command): void {
  const settings = () => import('../hub-settings.ts');
  declareModules(hub);

  const filter = group(hub, 'ip-filter', 'which addresses may connect');
  verb(filter, 'list', 'the rules, in order', 'ip-filter list').action(async (_, command: Command) =>
    (await settings()).listRules(given(command)),
  );
  verb(
    filter,
    'set [rules...]',
    'replace the rules; the first that holds an address decides, none: everybody may connect',
    'ip-filter set accept=192.0.2.0/24 reject=0.0.0.0/0',
  ).action(async (rules: string[], _, command: Command) =>
    (await settings()).setRules(rules, given(command)),
  );

  const diagnostics = group(hub, 'diagnostics', 'diagnostic settings: kept and recorded, nothing is sent');
  verb(diagnostics, 'list', 'the settings', 'diagnostics list').action(async (_, command: Command) =>
    (await settings()).listDiagnostics(given(command)),
  );
  verb(
    diagnostics,
    'set <name> <categories...>',
    'add a setting, or edit it',
    'diagnostics set audit Connections',
  ).action(async (name: string, categories: string[], _, command: Command) =>
    (await settings()).setDiagnostics(name, categories, given(command)),
  );
  verb(diagnostics, 'remove <name>', 'remove a setting', 'diagnostics remove audit').action(
    async (name: string, _, command: Command) => (await settings()).removeDiagnostics(name, given(command)),
  );

  verb(hub, 'token', 'the token of the REST side', 'token --rotate')
    .option('--rotate', 'make another; the old one is worth nothing from then on')
    .action(async (_, command: Command) => (await settings()).showToken(given(command)));
  verb(hub, 'events', 'what happened at the hub', 'events --follow --json')
    .option('--last <count>', 'only that many, the latest', '20')
    .option('--follow', 'go on with those that come')
    .action(async (_, command: Command) =>
      (await import('../hub-events.ts')).hubEvents(command.optsWithGlobals()),
    );
}

function declareModules(hub: Command): void {
  const verbs = () => import('../hub-module.ts');
  const module = group(hub, 'module', 'identities below a device');
  verb(
    module,
    'add <device> <id>',
    'register a module and print its connection string',
    'module add pump security',
  ).action(async (device: string, id: string, _, command: Command) =>
    (await verbs()).addModule(device, id, given(command)),
  );
  verb(module, 'list <device>', 'modules of a device', 'module list pump').action(
    async (device: string, _, command: Command) => (await verbs()).listModules(device, given(command)),
  );
  verb(
    module,
    'remove <device> <id>',
    'remove a module; its connection ends',
    'module remove pump security',
  ).action(async (device: string, id: string, _, command: Command) =>
    (await verbs()).removeModule(device, id, given(command)),
  );
}

function group(hub: Command, name: string, summary: string): Command {
  return hub.command(name).summary(summary).description(sentence(summary));
}

function verb(parent: Command, usage: string, summary: string, example: string): Command {
  return parent
    .command(usage)
    .summary(summary)
    .description(sentence(summary))
    .option(...DATA)
    .option('--json', 'as JSON, one object a line')
    .addHelpText('after', `\nExamples:\n  wardlet hub ${example}`);
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

function given(command: Command): DeviceOptions {
  return command.optsWithGlobals();
}
