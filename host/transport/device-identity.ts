// Who a device is at which hub, and where that hub is reached.

export interface DeviceIdentity {
  /** The hub's name: part of the user name and of the token, whatever host is connected to. */
  readonly hostName: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Where to connect: the hub, or the gateway before it. */
  readonly host: string;
  readonly port: number;
}

const API_VERSION = '2021-04-12';

/** MQTT client id: `{device}` or `{device}/{module}`. */
export function clientId({ deviceId, moduleId }: DeviceIdentity): string {
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}

export function userName(identity: DeviceIdentity): string {
  return `${identity.hostName}/${clientId(identity)}/?api-version=${API_VERSION}`;
}

/** What a token gives access to, as it is before it is encoded. */
export function resource({ hostName, deviceId, moduleId }: DeviceIdentity): string {
  const module = moduleId === undefined ? '' : `/modules/${moduleId}`;
  return `${hostName}/devices/${deviceId}${module}`;
}

/** Where it reports to: a device and its modules are one. */
export function identityOf({ hostName, deviceId }: DeviceIdentity): string {
  return `${hostName.toLowerCase()}/${deviceId}`;
}
