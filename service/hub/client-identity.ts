// Who a client says it is: ClientId and user name of CONNECT, for devices and modules.

import { isDeviceId } from './device-id.ts';
import { percentDecoded } from './property-bag.ts';

export interface Identity {
  readonly deviceId: string;
  readonly moduleId?: string;
}

export interface ClientIdentity extends Identity {
  /** The hub as the client calls it. */
  readonly hostName: string;
  readonly apiVersion: string;
}

/** One connection each. No id has a slash in it. */
export function identityKey({ deviceId, moduleId }: Identity): string {
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}

/** `devices/{id}` or `devices/{id}/modules/{mid}`: how topics and tokens begin. */
export function identityPath({ deviceId, moduleId }: Identity): string {
  return moduleId === undefined ? `devices/${deviceId}` : `devices/${deviceId}/modules/${moduleId}`;
}

/**
 * ClientId `{id}` or `{id}/{mid}`; user name `{host}/{ClientId}/?api-version=2021-04-12&...`, or without the question mark.
 * Returns undefined when they are something else or do not agree. Ids in the user name may be percent-encoded.
 */
export function parseClientIdentity(clientId: string, userName: string): ClientIdentity | undefined {
  const [deviceId = '', moduleId, ...tooMany] = clientId.split('/');
  if (tooMany.length > 0 || !isDeviceId(deviceId)) return undefined;
  if (moduleId !== undefined && !isDeviceId(moduleId)) return undefined;

  const [hostName = '', ...rest] = userName.split('/');
  const named = [deviceId, ...(moduleId === undefined ? [] : [moduleId])];
  for (const id of named) if (!isSame(rest.shift() ?? '', id)) return undefined;
  const apiVersion = apiVersionOf(rest.join('/'));
  if (hostName === '' || apiVersion === undefined) return undefined;
  return { deviceId, ...(moduleId === undefined ? {} : { moduleId }), hostName, apiVersion };
}

function isSame(sent: string, id: string): boolean {
  return sent === id || percentDecoded(sent) === id;
}

function apiVersionOf(query: string): string | undefined {
  const [, version] = /(?:^|[?&])api-version=([^&]*)/.exec(query) ?? [];
  return version !== undefined && /^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version) ? version : undefined;
}
