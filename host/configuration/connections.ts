// The key Connections: hub connections of one agent, each with what it needs to prove who it is. All of it is secret.

import type { Json, Kind } from './kinds.ts';
import { isPlainText } from './kinds.ts';
import { Refusal } from './refusal.ts';

interface Common {
  readonly enabled: boolean;
  readonly protocol: 'mqtt' | 'mqtt-ws';
  /** PEM text, or a file with it: authorities to trust beside the system's. */
  readonly ca?: string;
}

/** One of key, or certificate with privateKey: PEM text or files. */
interface Credential {
  /** Base64. */
  readonly key?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

export interface StringConnection extends Common {
  readonly kind: 'connection string';
  readonly connectionString: string;
}

export interface DeviceConnection extends Common, Credential {
  readonly kind: 'device';
  readonly host: string;
  readonly id: string;
  readonly module?: string;
}

/** The hub is asked for at the provisioning service. */
export interface ProvisionedConnection extends Common, Credential {
  readonly kind: 'provisioned';
  readonly host: string;
  readonly idScope: string;
  readonly registrationId: string;
  /** Base64, instead of key: the device's is derived from it. */
  readonly groupKey?: string;
}

export type Connection = StringConnection | DeviceConnection | ProvisionedConnection;

/** As many distinct identities as one agent reports to. */
export const CONNECTIONS_MAX = 64;
const NAME_MAX = 256;
const STRING_MAX = 2048;
/** A chain of certificates. */
const PEM_MAX = 32_768;
const PROVISIONING_HOST = 'global.azure-devices-provisioning.net';

type Fields = Readonly<Record<string, number>>;
const COMMON: Fields = { enabled: 0, protocol: 16, ca: PEM_MAX };
const CREDENTIAL: Fields = { key: NAME_MAX, certificate: PEM_MAX, privateKey: PEM_MAX };
/** Each way in by its telling field: what may stand beside it, and the longest text of each. */
const STRING: Fields = { ...COMMON, connectionString: STRING_MAX };
const DEVICE: Fields = { ...COMMON, ...CREDENTIAL, host: NAME_MAX, id: NAME_MAX, module: NAME_MAX };
const PROVISIONED: Fields = { ...COMMON, dps: 0 };
const DPS: Fields = {
  ...CREDENTIAL,
  groupKey: NAME_MAX,
  host: NAME_MAX,
  idScope: NAME_MAX,
  registrationId: NAME_MAX,
};

export const connections: Kind<readonly Connection[]> = {
  syntax: `a list of up to ${CONNECTIONS_MAX} connections, see below`,
  read(given) {
    const list = typeof given === 'string' ? parsed(given) : given;
    if (!Array.isArray(list)) return new Refusal('give a list of connections');
    if (list.length > CONNECTIONS_MAX) return new Refusal(`at most ${CONNECTIONS_MAX} connections`);
    const read: Connection[] = [];
    for (const [index, item] of list.entries()) {
      const connection = readConnection(item);
      if (connection instanceof Refusal) return new Refusal(`connection ${index + 1}: ${connection.reason}`);
      read.push(Object.freeze(connection));
    }
    return Object.freeze(read);
  },
  write: (value) => value.map(writeConnection),
};

function readConnection(given: unknown): Connection | Refusal {
  if (typeof given === 'string') return readConnection({ connectionString: given });
  if (!isObject(given)) return new Refusal('give an object');
  if (Object.hasOwn(given, 'connectionString')) {
    const fields = readFields(given, STRING);
    if (fields instanceof Refusal) return fields;
    const { connectionString } = fields.texts;
    if (connectionString === undefined) return new Refusal('connectionString is missing');
    return { kind: 'connection string', ...fields.common, connectionString };
  }
  if (Object.hasOwn(given, 'dps')) return readProvisioned(given);
  const fields = readFields(given, DEVICE);
  if (fields instanceof Refusal) return fields;
  const { host, id, module } = fields.texts;
  if (host === undefined || id === undefined) {
    return new Refusal('give connectionString, or host and id, or dps');
  }
  const credential = readCredential(fields.texts);
  if (credential instanceof Refusal) return credential;
  return {
    kind: 'device',
    ...fields.common,
    host,
    id,
    ...(module === undefined ? {} : { module }),
    ...credential,
  };
}

function readProvisioned(given: object): Connection | Refusal {
  const fields = readFields(given, PROVISIONED);
  if (fields instanceof Refusal) return fields;
  const dps: unknown = Reflect.get(given, 'dps');
  if (!isObject(dps)) return new Refusal('dps: give an object');
  const inner = readFields(dps, DPS);
  if (inner instanceof Refusal) return new Refusal(`dps: ${inner.reason}`);
  const { host = PROVISIONING_HOST, idScope, registrationId, groupKey, ...rest } = inner.texts;
  if (idScope === undefined || registrationId === undefined) {
    return new Refusal('dps: give idScope and registrationId');
  }
  if (groupKey !== undefined) {
    if (Object.keys(rest).length > 0)
      return new Refusal('dps: groupKey stands alone, without key or certificate');
    if (!isBase64(groupKey)) return new Refusal('dps: groupKey is no base64');
    return { kind: 'provisioned', ...fields.common, host, idScope, registrationId, groupKey };
  }
  const credential = readCredential(rest);
  if (credential instanceof Refusal) return new Refusal(`dps: ${credential.reason}`);
  return { kind: 'provisioned', ...fields.common, host, idScope, registrationId, ...credential };
}

function readCredential(texts: Readonly<Record<string, string>>): Credential | Refusal {
  const { key, certificate, privateKey } = texts;
  if (key !== undefined && certificate === undefined && privateKey === undefined) {
    return isBase64(key) ? { key } : new Refusal('key is no base64');
  }
  if (key === undefined && certificate !== undefined && privateKey !== undefined)
    return { certificate, privateKey };
  return new Refusal('give key, or certificate and privateKey');
}

/** The fields that are there, each a text within its bound; what is not among `known` is refused. */
function readFields(
  given: object,
  known: Fields,
): { readonly common: Common; readonly texts: Readonly<Record<string, string>> } | Refusal {
  const names = Object.keys(given);
  const unknown = names.find((name) => !Object.hasOwn(known, name));
  // The name may be a secret in the wrong place.
  if (unknown !== undefined) return new Refusal(`knows only ${Object.keys(known).join(', ')} here`);
  const texts: Record<string, string> = {};
  for (const name of names) {
    const most = known[name] ?? 0;
    if (most === 0) continue;
    const value: unknown = Reflect.get(given, name);
    const isPem = most === PEM_MAX;
    if (typeof value !== 'string' || value === '' || value.length > most || !(isPem || isPlainText(value))) {
      return new Refusal(`${name}: give a text of 1 to ${most} characters`);
    }
    texts[name] = value;
  }
  const { protocol = 'mqtt', ca, ...rest } = texts;
  if (protocol !== 'mqtt' && protocol !== 'mqtt-ws') return new Refusal('protocol is mqtt or mqtt-ws');
  const enabled: unknown = Object.hasOwn(given, 'enabled') ? Reflect.get(given, 'enabled') : true;
  if (typeof enabled !== 'boolean') return new Refusal('enabled: give true or false');
  return { common: { enabled, protocol, ...(ca === undefined ? {} : { ca }) }, texts: rest };
}

function writeConnection(connection: Connection): Json {
  const { kind, ...fields } = connection;
  if (kind !== 'provisioned') return fields;
  const { enabled, protocol, ca, ...dps } = fields;
  return { enabled, protocol, ...(ca === undefined ? {} : { ca }), dps };
}

/** A variable holds the list as JSON, or one connection string. */
function parsed(text: string): unknown {
  if (text.length > CONNECTIONS_MAX * (STRING_MAX + NAME_MAX)) return undefined;
  if (!/^\s*\[/.test(text)) return [text];
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function isObject(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}
