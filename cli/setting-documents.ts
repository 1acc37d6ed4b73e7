// Where the command takes settings from: a file, variables, the command line.

import { commandLineLayer, environmentLayer } from '../host/configuration/environment.ts';
import type { Layer } from '../host/configuration/layer.ts';
import { configurationFile, type FileOptions } from '../host/configuration/node-host.ts';

export interface SettingOptions {
  readonly config?: string;
  /** Each Key=value. */
  readonly set?: readonly string[];
}

/** Later ones win over earlier ones. */
export async function settingDocuments(
  { config, set = [] }: SettingOptions,
  options: FileOptions = {},
): Promise<readonly Layer[]> {
  const file = config ?? process.env.WARDLET_CONFIG;
  return [
    ...(file ? [await configurationFile(file, options)] : []),
    environmentLayer(process.env),
    commandLineLayer(set),
  ];
}
