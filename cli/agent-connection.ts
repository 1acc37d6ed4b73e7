// Which hub an agent of the command line reports to, and who it is there.

import { WardletError } from '../bindings/js/errors.ts';
import type { ConnectionOptions as AgentConnection, Provisioning } from '../host/agent/index.ts';
import type { Configuration } from '../host/configuration/keys.ts';
import { readCertificates, readTextFile } from './text-file.ts';

export interface ConnectionOptions {
  readonly connectionString?: string;
  readonly connectionStringFile?: string;
  readonly ca?: string;
  readonly dpsIdScope?: string;
  readonly dpsRegistrationId?: string;
  readonly dpsHost?: string;
  readonly dpsKeyFile?: string;
  readonly dpsGroupKeyFile?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** What of it createAgent takes. */
export type ChosenConnection =
  | {
      readonly connectionString: string;
      readonly ca?: string;
      readonly certificate?: string;
      readonly privateKey?: string;
      readonly connections?: undefined;
    }
  | { readonly connections?: readonly AgentConnection[]; readonly connectionString?: undefined };

/**
 * A connection string of the command line, of a file or of the environment, or who the device is at a provisioning service; nothing, where documents
 * name Connections.
 * @throws WardletError WL_BAD_USAGE, WL_BAD_FILE
 */
export function agentConnection(
  options: ConnectionOptions,
  { Connections }: Configuration,
): ChosenConnection {
  const { ca: caFile } = options;
  const ca = caFile === undefined ? {} : { ca: readCertificates(caFile) };
  const dps = provisioningOf(options);
  if (dps) return { connections: [{ dps, ...ca }] };
  const connectionString = connectionStringOf(options);
  if (connectionString !== undefined) return { connectionString, ...ca, ...certificateOf(options) };
  if (Connections.length === 0) {
    throw new WardletError('WL_BAD_USAGE', 'no connection string says who the device is', {
      hint:
        'give --connection-string-file FILE, set WARDLET_CONNECTION_STRING, or name Connections in --config FILE, or --dps-id-scope; ' +
        'for a local hub: wardlet hub device add sensor-1',
    });
  }
  const { certificate, privateKey } = options;
  if (caFile === undefined && certificate === undefined && privateKey === undefined) return {};
  throw new WardletError(
    'WL_BAD_USAGE',
    '--ca, --certificate and --private-key go with a connection string or with --dps-id-scope',
    { hint: 'name them in the file: Connections' },
  );
}

/** Keys come from files and variables alone: a command line is everybody's to read. */
function provisioningOf(options: ConnectionOptions): Provisioning | undefined {
  const { dpsIdScope: idScope, dpsRegistrationId: registrationId, dpsHost: host } = options;
  const { dpsKeyFile, dpsGroupKeyFile, connectionString, connectionStringFile } = options;
  const given = [idScope, registrationId, host, dpsKeyFile, dpsGroupKeyFile];
  if (given.every((value) => value === undefined)) return undefined;
  if (idScope === undefined || registrationId === undefined) {
    throw usage('a device is provisioned by --dps-id-scope and --dps-registration-id', 'give both');
  }
  if (connectionString !== undefined || connectionStringFile !== undefined) {
    throw usage('a connection string and --dps-id-scope exclude each other', 'choose one of them');
  }
  const { WARDLET_DPS_KEY, WARDLET_DPS_GROUP_KEY } = process.env;
  const certificate = certificateOf(options);
  const isByFile = dpsKeyFile !== undefined || dpsGroupKeyFile !== undefined;
  const isByVariable = !isByFile && Object.keys(certificate).length === 0;
  const key = dpsKeyFile === undefined ? isByVariable && WARDLET_DPS_KEY : readTextFile(dpsKeyFile);
  const groupKey =
    dpsGroupKeyFile === undefined ? isByVariable && WARDLET_DPS_GROUP_KEY : readTextFile(dpsGroupKeyFile);
  const proofs = {
    ...(key ? { key: key.trim() } : {}),
    ...(groupKey ? { groupKey: groupKey.trim() } : {}),
    ...certificate,
  };
  if (Object.keys(proofs).filter((name) => name !== 'privateKey').length !== 1) {
    throw usage(
      'one thing is needed that proves who the device is to the provisioning service',
      '--dps-key-file, --dps-group-key-file, --certificate and --private-key, $WARDLET_DPS_KEY or $WARDLET_DPS_GROUP_KEY',
    );
  }
  return { idScope, registrationId, ...(host === undefined ? {} : { host }), ...proofs };
}

function certificateOf({ certificate, privateKey }: ConnectionOptions) {
  if (certificate === undefined && privateKey === undefined) return {};
  if (certificate === undefined || privateKey === undefined) {
    throw usage('--certificate and --private-key go together', 'give both, each a file with PEM text');
  }
  return { certificate: readCertificates(certificate), privateKey: readTextFile(privateKey) };
}

function usage(message: string, hint: string): WardletError {
  return new WardletError('WL_BAD_USAGE', message, { hint });
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
