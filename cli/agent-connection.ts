// Which hub an agent of the command line reports to, and who it is there.

import { WardletError } from '../bindings/js/errors.ts';
import type { Configuration } from '../host/configuration/keys.ts';
import { readCertificates, readTextFile } from './text-file.ts';

export interface ConnectionOptions {
  readonly connectionString?: string;
  readonly connectionStringFile?: string;
  readonly ca?: string;
}

/**
 * A connection string of the command line, of a file or of the environment; nothing, where documents name Connections.
 * @throws WardletError WL_BAD_USAGE, WL_BAD_FILE
 */
export function agentConnection(
  options: ConnectionOptions,
  { Connections }: Configuration,
): { readonly connectionString?: string; readonly ca?: string } {
  const connectionString = connectionStringOf(options);
  const { ca: caFile } = options;
  if (connectionString !== undefined) {
    return { connectionString, ...(caFile === undefined ? {} : { ca: readCertificates(caFile) }) };
  }
  if (Connections.length === 0) {
    throw new WardletError('WL_BAD_USAGE', 'no connection string says who the device is', {
      hint:
        'give --connection-string-file FILE, set WARDLET_CONNECTION_STRING, or name Connections in --config FILE; ' +
        'for a local hub: wardlet hub device add sensor-1',
    });
  }
  if (caFile === undefined) return {};
  throw new WardletError('WL_BAD_USAGE', '--ca goes with a connection string', {
    hint: 'name the authority in the file: Connections, ca',
  });
}

function connectionStringOf({
  connectionString,
  connectionStringFile,
}: ConnectionOptions): string | undefined {
  const { WARDLET_CONNECTION_STRING } = process.env;
  if (connectionString !== undefined && connectionStringFile !== undefined) {
    throw new WardletError(
      'WL_BAD_USAGE',
      '--connection-string and --connection-string-file exclude each other',
      {
        hint: 'choose one of them',
      },
    );
  }
  if (connectionStringFile?.includes('SharedAccessKey=')) {
    throw new WardletError(
      'WL_BAD_USAGE',
      '--connection-string-file was given the connection string itself',
      {
        hint: 'write it into a file that only you can read, and name that file',
      },
    );
  }
  const text =
    connectionString ??
    (connectionStringFile === undefined ? WARDLET_CONNECTION_STRING : readTextFile(connectionStringFile));
  return text?.trim() || undefined;
}
