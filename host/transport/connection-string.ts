// What a hub hands out for a device: HostName=...;DeviceId=...;SharedAccessKey=..., or x509=true. Errors name the part, never its value: a value in
// the wrong place may be the key.

import { WardletError } from '../../bindings/js/errors.ts';
import type { DeviceIdentity } from './device-identity.ts';
import { DeviceKey } from './device-key.ts';

export interface ConnectionString extends DeviceIdentity {
  /** undefined: the device proves with a certificate who it is, x509=true. */
  readonly key: DeviceKey | undefined;
}

/** Of MQTT over TLS. */
const DEFAULT_PORT = 8883;
const PARTS = ['HostName', 'DeviceId', 'ModuleId', 'SharedAccessKey', 'x509', 'GatewayHostName'] as const;
type Part = (typeof PARTS)[number];
const NEEDED: readonly Part[] = ['HostName', 'DeviceId'];

const SHAPE = 'HostName=HOST;DeviceId=ID;SharedAccessKey=KEY';
/** Parts of other connection strings that people mix up with a device's. */
const FOREIGN: Readonly<Record<string, string>> = {
  SharedAccessKeyName:
    "this is the hub's own connection string, with rights over every device; take the device's, which has a DeviceId",
  SharedAccessSignature: 'Wardlet makes its own tokens from the key, and renews them; give SharedAccessKey',
  Endpoint: "this is the connection string of a service; take the device's, which has a DeviceId",
};
/** RFC 1123 names, IPv4 addresses among them. */
const HOST =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
/** What IoT Hub allows, but for `#` and `+`, which no MQTT topic can carry. */
const ID = /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/;

/**
 * Reads a device's or a module's connection string. Parts come in any order; their names are written as Azure writes them.
 * The result can be logged: the key shows itself nowhere. defaultPort: where GatewayHostName names none.
 *
 * @example
 * parseConnectionString('HostName=hub.example;DeviceId=sensor-1;SharedAccessKey=...').deviceId // 'sensor-1'
 *
 * @throws WardletError WL_BAD_CONNECTION_STRING: names the part, and holds no value of it
 */
export function parseConnectionString(text: string, defaultPort = DEFAULT_PORT): ConnectionString {
  const parts = split(text);
  const x509 = parts.get('x509') ?? 'false';
  if (!/^(true|false)$/i.test(x509))
    throw bad('has an x509 that is neither true nor false', 'write x509=true');
  const hasCertificate = x509.toLowerCase() === 'true';
  if (hasCertificate && parts.has('SharedAccessKey')) {
    throw bad('has both x509=true and a SharedAccessKey', 'leave one of them out');
  }
  const needed: readonly Part[] = hasCertificate ? NEEDED : [...NEEDED, 'SharedAccessKey'];
  const missing = needed.filter((part) => !parts.has(part));
  if (missing.length > 0) throw bad(`has no ${missing.join(' and no ')}`, `it looks like this: ${SHAPE}`);

  const hostName = parts.get('HostName') ?? '';
  if (!HOST.test(hostName)) {
    throw bad(
      'has a HostName that is no host name',
      'a name or an IPv4 address, without scheme, port or spaces',
    );
  }
  const deviceId = parts.get('DeviceId') ?? '';
  const moduleId = parts.get('ModuleId');
  for (const [part, id] of [['DeviceId', deviceId] as const, ['ModuleId', moduleId] as const]) {
    if (id !== undefined && !ID.test(id)) {
      throw bad(
        `has a ${part} that no hub would take`,
        "up to 128 letters, digits and - . % _ * ? ! ( ) , : = @ $ '",
      );
    }
  }
  const endpoint = parts.get('GatewayHostName') ?? hostName;
  const [, host = '', port = String(defaultPort)] = /^([^:]*)(?::(\d{1,5}))?$/.exec(endpoint) ?? [];
  if (!HOST.test(host) || Number(port) < 1 || Number(port) > 65_535) {
    throw bad('has a GatewayHostName that is no host name', 'HOST or HOST:PORT, the port from 1 to 65535');
  }
  return {
    hostName,
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    host,
    port: Number(port),
    key: hasCertificate ? undefined : keyOf(parts.get('SharedAccessKey') ?? ''),
  };
}

function split(text: string): Map<Part, string> {
  if (typeof text !== 'string' || text.trim() === '') throw bad('is empty', `it looks like this: ${SHAPE}`);
  const parts = new Map<Part, string>();
  for (const [index, piece] of text.trim().split(';').entries()) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    if (equals < 0) {
      throw bad(
        `has no = in its part ${index + 1}`,
        `it looks like this: ${SHAPE}; in a shell, put it in quotes`,
      );
    }
    const name = partOf(piece.slice(0, equals).trim(), index);
    if (parts.has(name)) throw bad(`has ${name} twice`, 'leave one of them out');
    const value = piece.slice(equals + 1).trim();
    if (value === '') throw bad(`has an empty ${name}`, `it looks like this: ${SHAPE}`);
    parts.set(name, value);
  }
  return parts;
}

function partOf(name: string, index: number): Part {
  const known = PARTS.find((part) => part === name);
  if (known) return known;
  const foreign = Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : undefined;
  if (foreign !== undefined) throw bad(`has a ${name}`, foreign);
  const meant = PARTS.find((part) => part.toLowerCase() === name.toLowerCase());
  // Anything longer or with a digit may be a key that ended up here.
  const shown = /^[A-Za-z]{1,20}$/.test(name)
    ? `has an unknown part ${name}`
    : `has an unknown part ${index + 1}`;
  throw bad(shown, meant ? `write ${meant}` : `the parts are ${PARTS.join(', ')}`);
}

function keyOf(text: string): DeviceKey {
  try {
    return new DeviceKey(text);
  } catch {
    throw bad('has a SharedAccessKey that is not base64', 'copy the whole key, with the = at its end');
  }
}

function bad(fault: string, hint: string): WardletError {
  return new WardletError('WL_BAD_CONNECTION_STRING', `the connection string ${fault}`, { hint });
}
