// Devices and modules as IoT Hub's service API writes them.

import { createHash } from 'node:crypto';
import { WardletError } from '../../bindings/js/errors.ts';
import type { DeviceAccess } from '../hub/device-access.ts';
import type { Module } from '../hub/modules.ts';
import type { Device } from '../hub/registry.ts';

const TYPES = { sas: 'sas', thumbprint: 'selfSigned', ca: 'certificateAuthority' } as const;

export function deviceDocument(device: Device) {
  const { id, authentication, primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint } = device;
  const document = {
    deviceId: id,
    status: device.isEnabled ? 'enabled' : 'disabled',
    authentication: {
      type: TYPES[authentication],
      ...(authentication === 'sas' ? { symmetricKey: { primaryKey, secondaryKey } } : {}),
      ...(authentication === 'thumbprint'
        ? { x509Thumbprint: { primaryThumbprint, secondaryThumbprint } }
        : {}),
    },
  };
  return { ...document, etag: etagOf(document) };
}

export function moduleDocument({ deviceId, id, primaryKey, secondaryKey }: Module) {
  const document = {
    deviceId,
    moduleId: id,
    authentication: { type: TYPES.sas, symmetricKey: { primaryKey, secondaryKey } },
  };
  return { ...document, etag: etagOf(document) };
}

interface Given {
  readonly status?: unknown;
  readonly authentication?: {
    readonly type?: unknown;
    readonly symmetricKey?: Readonly<Record<string, unknown>> | null;
    readonly x509Thumbprint?: Readonly<Record<string, unknown>> | null;
  };
}

/** What a document asks for. Throws WL_BAD_OPTION. */
export function accessOf(document: unknown): DeviceAccess {
  const { authentication = {} } = document as Given;
  const { type, symmetricKey, x509Thumbprint } = authentication ?? {};
  const found = Object.entries(TYPES).find(([, name]) => name === type);
  if (type !== undefined && !found)
    throw wrong('authentication.type', 'sas, selfSigned or certificateAuthority');
  return {
    ...(found ? { authentication: found[0] as keyof typeof TYPES } : {}),
    ...texts(symmetricKey, ['primaryKey', 'secondaryKey']),
    ...texts(x509Thumbprint, ['primaryThumbprint', 'secondaryThumbprint']),
  };
}

/** Undefined: not named. Throws WL_BAD_OPTION. */
export function isEnabledIn(document: unknown): boolean | undefined {
  const { status } = document as Given;
  if (status === undefined) return undefined;
  if (status !== 'enabled' && status !== 'disabled') throw wrong('status', 'enabled or disabled');
  return status === 'enabled';
}

function texts(given: Readonly<Record<string, unknown>> | null | undefined, names: readonly string[]) {
  const found = names.flatMap((name) => {
    const value = given?.[name] ?? undefined;
    if (value === undefined || value === '') return [];
    if (typeof value !== 'string') throw wrong(name, 'a text');
    return [[name, value] as const];
  });
  return Object.fromEntries(found);
}

function etagOf(document: object): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('base64url').slice(0, 16);
}

function wrong(name: string, hint: string): WardletError {
  return new WardletError('WL_BAD_OPTION', `${name} is wrong`, { hint });
}
