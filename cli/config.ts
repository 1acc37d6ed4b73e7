// wardlet config: what is wrong with a configuration file, what is in force and why, what keys there are.

import type { Profile } from '../bindings/js/profiles.ts';
import { describeKeys } from '../host/configuration/documentation.ts';
import { DEFINITIONS, KEY_NAMES } from '../host/configuration/keys.ts';
import type { Fault } from '../host/configuration/layer.ts';
import { limitsOf } from '../host/configuration/limits.ts';
import { configurationFile, hostFacts } from '../host/configuration/node-host.ts';
import {
  configurationError,
  type Origin,
  resolveConfiguration,
  shownValue,
} from '../host/configuration/resolve.ts';
import { out } from './colours.ts';
import { openCore, PROFILES } from './cores.ts';
import { EXIT_USAGE } from './failure.ts';
import { choice } from './options.ts';
import { type SettingOptions, settingDocuments } from './setting-documents.ts';
import { printable, table } from './terminal.ts';

export interface ConfigOptions {
  readonly profile: string;
  readonly json?: boolean;
}

export type ShowOptions = ConfigOptions & SettingOptions;

/** Prints every fault of the file. Exit code 0, or 2 where there is one. */
export async function checkConfig(file: string, options: ConfigOptions): Promise<void> {
  const limits = await limitsOfProfile(options.profile);
  const { faults } = resolveConfiguration([await configurationFile(file)], { limits, host: hostFacts() });
  if (faults.length > 0) process.exitCode = EXIT_USAGE;
  if (options.json) {
    print(JSON.stringify({ file, ok: faults.length === 0, faults }));
  } else if (faults.length === 0) {
    print(`${out.green('ok')}  ${printable(file)}`);
  } else {
    for (const fault of faults) print(faultText(fault));
    print(`${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}: nothing of this file would apply`);
  }
}

/** Prints every key with its value and where it is from: file, variables and --set, in that order. */
export async function showConfig(options: ShowOptions): Promise<void> {
  const limits = await limitsOfProfile(options.profile);
  const layers = await settingDocuments(options);
  const { configuration, origins, faults } = resolveConfiguration(layers, { limits, host: hostFacts() });
  if (faults.length > 0) {
    process.exitCode = EXIT_USAGE;
    // With --json too: a script must not take what is left for what was asked for.
    throw configurationError(faults);
  }
  if (options.json) {
    const entries = KEY_NAMES.map((key) => {
      const { kind, isSecret } = DEFINITIONS[key];
      const value = isSecret ? shownValue(configuration, key) : kind.write(configuration[key]);
      return [key, { value, ...origins[key] }];
    });
    print(JSON.stringify(Object.fromEntries(entries)));
    return;
  }
  const rows = KEY_NAMES.map((key) => {
    const value = printable(shownValue(configuration, key));
    return [key, origins[key].source === 'default' ? value : out.bold(value), originText(origins[key])];
  });
  print(table([{ title: 'key' }, { title: 'value' }, { title: 'from' }], rows));
}

/** Prints the schema. */
export function listKeys(options: { readonly json?: boolean }): void {
  for (const { key, values, initially, summary, from, variable } of describeKeys()) {
    if (options.json) {
      print(JSON.stringify({ key, values, default: initially, summary, from, variable }));
      continue;
    }
    print(`${out.bold(key)}  ${out.dim(variable)}`);
    print(`    ${plain(summary)}`);
    print(`    ${plain(values)}; default ${plain(initially)}${from === 'anywhere' ? '' : `; from ${from}`}`);
  }
}

function faultText({ key, value, reason, where, inForce }: Fault): string {
  const given = value === undefined ? '' : ` = ${value}`;
  const kept = inForce === undefined ? '' : `\n    ${out.dim(`in force: ${printable(inForce)}`)}`;
  return (
    printable(`${where ?? ''}${where ? ': ' : ''}`) +
    out.bold(printable(key + given)) +
    `\n    ${printable(reason)}${kept}`
  );
}

function originText({ source, where }: Origin): string {
  return printable(where === undefined ? source : `${source} (${where})`);
}

/** Backquotes are for documents. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}

async function limitsOfProfile(profile: string) {
  return limitsOf(await openCore(choice<Profile>('--profile', profile, PROFILES)));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
