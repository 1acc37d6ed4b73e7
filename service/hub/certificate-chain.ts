// Whether a certificate leads to an authority that somebody registered with the hub: RFC 5280, 6, without policies and name
// constraints. A certificate that asks for those, or for anything else that is not known here, is not trusted.

import 'reflect-metadata';
import type { X509Certificate } from 'node:crypto';
import { BasicConstraintsExtension, X509Certificate as ParsedCertificate } from '@peculiar/x509';

export interface TrustedAuthority {
  readonly name: string;
  readonly certificate: X509Certificate;
}

export type ChainVerdict =
  | { readonly authority: TrustedAuthority }
  | { readonly fault: 'unknown_ca' | 'certificate_expired'; readonly detail: string };

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';
const ANY_PURPOSE = '2.5.29.37.0';
/** Critical ones that are heeded below or say nothing about trust: key usage, names, constraints, purposes. */
const KNOWN_EXTENSIONS = new Set(['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.37']);

/** `presented`: what the client sent beside its own certificate, in any order. */
export function judgeChain(
  leaf: X509Certificate,
  presented: readonly X509Certificate[],
  trusted: readonly TrustedAuthority[],
  nowMs: number,
): ChainVerdict {
  const fault = { fault: 'unknown_ca', detail: `issued by ${oneLine(leaf.issuer)}` } as const;
  if (!isForClients(leaf)) return { ...fault, detail: 'not for client authentication' };
  if (!isUnderstood(leaf)) return { ...fault, detail: 'a critical extension that is not known' };

  const unused = new Set(presented);
  let expired: X509Certificate | undefined;
  /** Authorities between the leaf and this one count against path lengths. */
  const climb = (certificate: X509Certificate, below: number): TrustedAuthority | undefined => {
    for (const authority of trusted) {
      if (!isIssuedBy(certificate, authority.certificate, below)) continue;
      if (isInForce(authority.certificate, nowMs)) return authority;
      expired = authority.certificate;
    }
    for (const issuer of unused) {
      if (!isIssuedBy(certificate, issuer, below) || !isUnderstood(issuer)) continue;
      unused.delete(issuer);
      if (!isInForce(issuer, nowMs)) {
        expired = issuer;
        continue;
      }
      const found = climb(issuer, below + 1);
      if (found) return found;
    }
    return undefined;
  };
  const authority = climb(leaf, 0);
  if (authority) return { authority };
  return expired ? { fault: 'certificate_expired', detail: validity(expired, nowMs) } : fault;
}

export function isInForce(certificate: X509Certificate, nowMs: number): boolean {
  return nowMs >= Date.parse(certificate.validFrom) && nowMs <= Date.parse(certificate.validTo);
}

/** For the log: whose, and which of its dates is the trouble. */
export function validity(certificate: X509Certificate, nowMs: number): string {
  const at = (text: string | number) => new Date(text).toISOString();
  return `${oneLine(certificate.subject)} is valid from ${at(certificate.validFrom)} until ${at(certificate.validTo)}, the hub's clock says ${at(nowMs)}`;
}

/** The common name, where there is exactly one. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  const names = parsed(certificate).subjectName.getField('CN');
  return names.length === 1 ? names[0] : undefined;
}

/** A name of several parts, which the system writes one a line. */
export function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate, below: number): boolean {
  if (!issuer.ca || !certificate.checkIssued(issuer)) return false;
  const constraints = parsed(issuer).getExtension(BasicConstraintsExtension);
  return (
    below <= (constraints?.pathLength ?? Number.POSITIVE_INFINITY) && certificate.verify(issuer.publicKey)
  );
}

function isForClients(certificate: X509Certificate): boolean {
  // Node calls the extended key usage so.
  const purposes: readonly string[] | undefined = certificate.keyUsage;
  return !purposes || purposes.includes(CLIENT_AUTHENTICATION) || purposes.includes(ANY_PURPOSE);
}

function isUnderstood(certificate: X509Certificate): boolean {
  const { extensions } = parsed(certificate);
  return extensions.every(({ critical, type }) => !critical || KNOWN_EXTENSIONS.has(type));
}

/** What the system's own parser does not tell. */
function parsed(certificate: X509Certificate): ParsedCertificate {
  return new ParsedCertificate(new Uint8Array(certificate.raw));
}
