// How a device proves who it is: with a key, with one certificate known by its thumbprint, or with any of an authority's for its id.

import { WardletError } from '../../bindings/js/errors.ts';
import { type DeviceKeys, resolveKeys } from './device-key.ts';
import { normalThumbprint } from './thumbprint.ts';

export const AUTHENTICATIONS = ['sas', 'thumbprint', 'ca'] as const;
export type Authentication = (typeof AUTHENTICATIONS)[number];

export interface DeviceAccess extends DeviceKeys {
  /** Default: thumbprint where one is given, else sas. */
  readonly authentication?: Authentication;
  /** SHA-1 or SHA-256 in hex. */
  readonly primaryThumbprint?: string;
  readonly secondaryThumbprint?: string;
}

export interface ResolvedAccess {
  readonly authentication: Authentication;
  /** Base64. A device with a certificate has keys that nobody knows, for the day it changes over. */
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly primaryThumbprint?: string;
  readonly secondaryThumbprint?: string;
}

/** Throws WL_BAD_KEY, WL_BAD_CERTIFICATE, WL_BAD_OPTION. */
export function resolveAccess(access: DeviceAccess): ResolvedAccess {
  const { primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint } = access;
  const hasThumbprint = primaryThumbprint !== undefined || secondaryThumbprint !== undefined;
  const hasKey = primaryKey !== undefined || secondaryKey !== undefined;
  const { authentication = hasThumbprint ? 'thumbprint' : 'sas' } = access;
  if (!AUTHENTICATIONS.includes(authentication)) throw wrong(`authentication ${String(authentication)}`);
  if (hasThumbprint !== (authentication === 'thumbprint')) {
    throw wrong(`authentication ${authentication} ${hasThumbprint ? 'with' : 'without'} a thumbprint`);
  }
  if (hasKey && authentication !== 'sas') throw wrong(`authentication ${authentication} with a key`);
  return {
    authentication,
    ...resolveKeys(access),
    ...(primaryThumbprint === undefined ? {} : { primaryThumbprint: normalThumbprint(primaryThumbprint) }),
    ...(secondaryThumbprint === undefined
      ? {}
      : { secondaryThumbprint: normalThumbprint(secondaryThumbprint) }),
  };
}

function wrong(message: string): WardletError {
  return new WardletError('WL_BAD_OPTION', message, {
    hint: 'sas with keys, thumbprint with one or two thumbprints, or ca with neither',
  });
}
