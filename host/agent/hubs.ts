// The hubs of an agent: from options, or from the key Connections, to one transport for each distinct identity.

import { WardletError } from '../../bindings/js/errors.ts';
import type { Connection } from '../configuration/connections.ts';
import type { Configuration } from '../configuration/keys.ts';
import { AlternativesTransport } from '../transport/alternatives-transport.ts';
import { parseConnectionString } from '../transport/connection-string.ts';
import { IotHubTransport } from '../transport/iot-hub-transport.ts';
import { ProvisionedTransport } from '../transport/provisioned-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { PORTS, usualProtocol } from '../transport/transport-options.ts';
import {
  type AgentOptions,
  type ConnectionOptions,
  connectionSettings,
  HUBS_MAX,
  wrongConnection,
} from './agent-options.ts';
import type { Clock } from './clock.ts';

export interface Hubs {
  /** Of distinct identities, at least one. */
  readonly hubs: readonly Transport[];
  /** Those of this package: what of them can be changed while they run. */
  readonly iotHubs: ReadonlyArray<IotHubTransport | ProvisionedTransport>;
}

/** @throws WardletError WL_BAD_OPTION: no connection, or too many; WL_BAD_CONNECTION_STRING */
export function hubsOf(options: AgentOptions, configuration: Configuration, clock: Clock): Hubs {
  const enabled = connectionsOf(options, configuration).filter(({ enabled = true }) => enabled);
  if (enabled.length === 0) {
    throw bad(
      'no connection is enabled',
      'give connectionString, transport, connections or the key Connections',
    );
  }
  const iotHubs: Array<IotHubTransport | ProvisionedTransport> = [];
  const groups = new Map<string, Transport[]>();
  for (const connection of enabled) {
    const transport = connection.transport ?? iotHub(connection, options, configuration, clock);
    if (transport instanceof IotHubTransport || transport instanceof ProvisionedTransport)
      iotHubs.push(transport);
    groups.set(transport.identity, [...(groups.get(transport.identity) ?? []), transport]);
  }
  if (groups.size > HUBS_MAX) {
    throw bad(`${groups.size} hubs and devices are reported to`, `at most ${HUBS_MAX} distinct ones`);
  }
  const hubs = [...groups.values()].map(([first, ...others]) =>
    first && others.length === 0 ? first : new AlternativesTransport(first ? [first, ...others] : others),
  );
  return { hubs, iotHubs };
}

/** Options win over the key. */
function connectionsOf(options: AgentOptions, { Connections }: Configuration): readonly ConnectionOptions[] {
  const { connectionString, ca, protocol, certificate, privateKey, transport, connections } = options;
  if (transport !== undefined) return [{ transport }];
  if (connectionString !== undefined) return [{ connectionString, ca, protocol, certificate, privateKey }];
  if (connections !== undefined) return connections;
  return Connections.map((connection, index) => {
    const given = configured(connection);
    // Files are the host's business.
    const [fault] = wrongConnection({ ...given }, `Connections, ${index + 1}: `);
    if (fault !== undefined)
      throw bad(
        fault,
        'PEM text is needed here; configurationFile(path, { withConnectionFiles: true }) reads files',
      );
    return given;
  });
}

function configured(connection: Connection): ConnectionOptions {
  const { enabled, protocol, ca } = connection;
  const common = { enabled, protocol, ca };
  if (connection.kind === 'connection string') {
    return { ...common, connectionString: connection.connectionString };
  }
  if (connection.kind === 'provisioned') {
    const { host, idScope, registrationId, key, groupKey, certificate, privateKey } = connection;
    return { ...common, dps: { host, idScope, registrationId, key, groupKey, certificate, privateKey } };
  }
  const { host, id, module, key, certificate, privateKey } = connection;
  const parts = [`HostName=${host}`, `DeviceId=${id}`];
  if (module !== undefined) parts.push(`ModuleId=${module}`);
  parts.push(key === undefined ? 'x509=true' : `SharedAccessKey=${key}`);
  return { ...common, connectionString: parts.join(';'), certificate, privateKey };
}

function iotHub(
  { connectionString = '', protocol = usualProtocol(), ca, certificate, privateKey, dps }: ConnectionOptions,
  options: AgentOptions,
  configuration: Configuration,
  clock: Clock,
): IotHubTransport | ProvisionedTransport {
  const common = {
    protocol,
    ca,
    clock,
    ...(options.random ? { random: options.random } : {}),
    ...connectionSettings(options),
    retrySeconds: configuration.Agent_RetryTime,
  };
  if (dps)
    return new ProvisionedTransport({ ...common, provisioning: dps, assignments: options.assignments });
  const connection = parseConnectionString(connectionString, PORTS[protocol]);
  return new IotHubTransport({ ...common, connection, certificate, privateKey });
}

function bad(message: string, hint: string): WardletError {
  return new WardletError('WL_BAD_OPTION', message, { hint });
}
