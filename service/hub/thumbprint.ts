// Thumbprints of certificates, as Azure writes them: SHA-1 or SHA-256 of the DER, hex in capitals without colons.

import type { X509Certificate } from 'node:crypto';
import { WardletError } from '../../bindings/js/errors.ts';

const THUMBPRINT = /^([0-9A-F]{40}|[0-9A-F]{64})$/;

/** In one form whoever wrote it: with colons or spaces, in small letters. Throws WL_BAD_CERTIFICATE. */
export function normalThumbprint(text: string): string {
  const thumbprint = text.replace(/[\s:]/g, '').toUpperCase();
  if (THUMBPRINT.test(thumbprint)) return thumbprint;
  throw new WardletError('WL_BAD_CERTIFICATE', `${JSON.stringify(text.slice(0, 140))} is no thumbprint`, {
    hint: '40 hex digits (SHA-1) or 64 (SHA-256): openssl x509 -in device.pem -noout -fingerprint -sha256',
  });
}

/** SHA-256. */
export function thumbprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '');
}

export function hasThumbprint(certificate: X509Certificate, thumbprint: string | undefined): boolean {
  if (thumbprint === undefined) return false;
  return [certificate.fingerprint256, certificate.fingerprint].some(
    (known) => known.replaceAll(':', '') === thumbprint,
  );
}
