// Whether a client certificate lets a device in, and why not.

import type { X509Certificate } from 'node:crypto';
import {
  type ChainVerdict,
  commonNameOf,
  isInForce,
  judgeChain,
  type TrustedAuthority,
  validity,
} from './certificate-chain.ts';
import type { Credential } from './credential.ts';
import type { ResolvedAccess } from './device-access.ts';
import { bounded, type Refusal } from './hub-events.ts';
import type { Device } from './registry.ts';
import { hasThumbprint, thumbprintOf } from './thumbprint.ts';

export interface RefusedCredential {
  readonly refusal: Refusal;
  readonly detail: string;
}

export interface CertificateJudge {
  readonly nowMs: number;
  /** Throws when they cannot be read. */
  authorities(): readonly TrustedAuthority[];
}

/** The client holds the key of `leaf`: TLS has seen to that. */
export function judgeCertificate(
  [leaf, ...rest]: readonly X509Certificate[],
  device: Device,
  judge: CertificateJudge,
): Credential | RefusedCredential {
  if (!leaf) return refuse('no_token');
  if (device.authentication === 'sas') {
    return refuse('wrong_authentication', 'a certificate alone, and the device is registered with keys');
  }
  if (device.authentication === 'thumbprint') return judgeThumbprint(leaf, device, judge.nowMs);

  const commonName = commonNameOf(leaf);
  if (commonName !== device.id) {
    return refuse(
      'other_name',
      commonName === undefined ? 'no common name' : `it is of ${bounded(commonName)}`,
    );
  }
  const chain = judgeIssued(leaf, rest, judge);
  if ('refusal' in chain) return chain;
  return { kind: 'ca', authority: chain.authority, expiresMs: Date.parse(leaf.validTo) };
}

/** Whether it is in force and leads to an authority of the hub. */
export function judgeIssued(
  leaf: X509Certificate,
  rest: readonly X509Certificate[],
  { nowMs, authorities }: CertificateJudge,
): { readonly authority: TrustedAuthority } | RefusedCredential {
  if (!isInForce(leaf, nowMs)) return refuse('certificate_expired', bounded(validity(leaf, nowMs)));
  let verdict: ChainVerdict;
  try {
    verdict = judgeChain(leaf, rest, authorities(), nowMs);
  } catch {
    return refuse('unavailable');
  }
  return 'fault' in verdict ? refuse(verdict.fault, bounded(verdict.detail)) : verdict;
}

/** Whether it is one of those registered, and in force. */
export function judgeThumbprint(
  leaf: X509Certificate,
  { primaryThumbprint, secondaryThumbprint }: ResolvedAccess,
  nowMs: number,
): Credential | RefusedCredential {
  const isPrimary = hasThumbprint(leaf, primaryThumbprint);
  const registered = isPrimary ? primaryThumbprint : secondaryThumbprint;
  if (registered === undefined || !hasThumbprint(leaf, registered)) {
    return refuse('wrong_thumbprint', thumbprintOf(leaf));
  }
  if (!isInForce(leaf, nowMs)) return refuse('certificate_expired', bounded(validity(leaf, nowMs)));
  const which = isPrimary ? 'primary' : 'secondary';
  return { kind: 'thumbprint', which, registered, expiresMs: Date.parse(leaf.validTo) };
}

function refuse(refusal: Refusal, detail = ''): RefusedCredential {
  return { refusal, detail };
}
