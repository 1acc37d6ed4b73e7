// What the provisioning service says of a device: its hub, and its name there. Kept, so that a restart does not ask again.

import { WardletError } from '../../bindings/js/errors.ts';
import { type ConnectionString, parseConnectionString } from './connection-string.ts';
import type { DeviceKey } from './device-key.ts';
import { PORTS, type Protocol } from './transport-options.ts';

export interface Assignment {
  /** HOST, or HOST:PORT where the port is not the usual one. */
  readonly hub: string;
  readonly deviceId: string;
}

/** Where assignments outlive a restart, by a name for each registration. Nothing in it is secret. In Node: `assignmentFile`. */
export interface AssignmentStore {
  /** undefined: there is none. */
  load(registration: string): Promise<Assignment | undefined>;
  /** undefined: the one there was no longer holds. */
  save(registration: string, assignment: Assignment | undefined): Promise<void>;
}

/** undefined: no assignment that could be connected to. */
export function assignmentOf(hub: unknown, deviceId: unknown): Assignment | undefined {
  if (typeof hub !== 'string' || typeof deviceId !== 'string') return undefined;
  const assignment = { hub, deviceId };
  try {
    connectionOf(assignment, 'mqtt', undefined);
    return assignment;
  } catch (error) {
    if (error instanceof WardletError) return undefined;
    throw error;
  }
}

/** @throws WardletError WL_BAD_CONNECTION_STRING: no host name, or no device id */
export function connectionOf(
  { hub, deviceId }: Assignment,
  protocol: Protocol,
  key: DeviceKey | undefined,
): ConnectionString {
  const host = hub.replace(/:\d+$/, '');
  const text = `HostName=${host};DeviceId=${deviceId};GatewayHostName=${hub};x509=true`;
  return { ...parseConnectionString(text, PORTS[protocol]), key };
}
