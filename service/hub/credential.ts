// What a connection was let in by, and whether that still holds.

import type { TrustedAuthority } from './certificate-chain.ts';
import type { Revocation } from './hub-events.ts';
import type { Device } from './registry.ts';
import { thumbprintOf } from './thumbprint.ts';

export type Credential = {
  /** The connection ends then. */
  readonly expiresMs: number;
} & (
  | { readonly kind: 'sas'; readonly key: 'primary' | 'secondary'; readonly keyText: string }
  /** As registered for the device. */
  | { readonly kind: 'thumbprint'; readonly which: 'primary' | 'secondary'; readonly registered: string }
  | { readonly kind: 'ca'; readonly authority: TrustedAuthority }
);

/** Why the device as it is now would not be let in by it. */
export function revocationOf(
  credential: Credential,
  device: Device | undefined,
  trusted: () => readonly TrustedAuthority[],
): Revocation | undefined {
  if (!device) return 'removed';
  if (!device.isEnabled) return 'disabled';
  if (credential.kind !== device.authentication) return 'authentication_changed';
  switch (credential.kind) {
    case 'sas':
      return [device.primaryKey, device.secondaryKey].includes(credential.keyText)
        ? undefined
        : 'key_changed';
    case 'thumbprint':
      return [device.primaryThumbprint, device.secondaryThumbprint].includes(credential.registered)
        ? undefined
        : 'certificate_changed';
    case 'ca': {
      const thumbprint = thumbprintOf(credential.authority.certificate);
      const isTrusted = trusted().some(({ certificate }) => thumbprintOf(certificate) === thumbprint);
      return isTrusted ? undefined : 'certificate_changed';
    }
  }
}
