// The hubs of an agent: from options, or from the key Connections, to one transport for each distinct identity.

import { WardletError } from '../../bindings/js/errors.ts';
import type { Connection } from '../configuration/connections.ts';
import type { Configuration } from '../configuration/keys.ts';
import { AlternativesTransport } from '../transport/alternatives-transport.ts';
import { parseConnectionString } from '../transport/connection-string.ts';
import { IotHubTransport } from '../transport/iot-hub-transport.ts';
import type { Transport } from '../transport/transport.ts';
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
  readonly iotHubs: readonly IotHubTransport[];
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
  const iotHubs: IotHubTransport[] = [];
  const groups = new Map<string, Transport[]>();
  for (const connection of enabled) {
    const transport = connection.transport ?? iotHub(connection, options, configuration, clock);
    if (transport instanceof IotHubTransport) iotHubs.push(transport);
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
  const { connectionString, ca, transport, connections } = options;
  if (transport !== undefined) return [{ transport }];
  if (connectionString !== undefined) return [{ connectionString, ca }];
  if (connections !== undefined) return connections;
  return Connections.map((connection, index) => {
    const given = configured(connection, index);
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

function configured(connection: Connection, index: number): ConnectionOptions {
  const { enabled, protocol, ca } = connection;
  const refused = (what: string, hint: string) => bad(`Connections, ${index + 1}: ${what}`, hint);
  if (protocol === 'mqtt-ws') throw refused('this version speaks no MQTT over WebSocket', 'protocol: mqtt');
  if (connection.kind === 'connection string') {
    return { enabled, ca, connectionString: connection.connectionString };
  }
  if (connection.kind === 'provisioned') {
    throw refused(
      'this version asks no provisioning service',
      'give host, id and key, or a connection string',
    );
  }
  const { host, id, module, key } = connection;
  if (key === undefined) throw refused('this version has no certificates', 'give the key of the device');
  const parts = [`HostName=${host}`, `DeviceId=${id}`, `SharedAccessKey=${key}`];
  if (module !== undefined) parts.push(`ModuleId=${module}`);
  return { enabled, ca, connectionString: parts.join(';') };
}

function iotHub(
  { connectionString = '', ca }: ConnectionOptions,
  options: AgentOptions,
  configuration: Configuration,
  clock: Clock,
): IotHubTransport {
  return new IotHubTransport({
    connection: parseConnectionString(connectionString),
    ca,
    clock,
    ...(options.random ? { random: options.random } : {}),
    ...connectionSettings(options),
    retrySeconds: configuration.Agent_RetryTime,
  });
}

function bad(message: string, hint: string): WardletError {
  return new WardletError('WL_BAD_OPTION', message, { hint });
}
