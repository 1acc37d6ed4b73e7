// The certificates a client presented in its TLS handshake. Nothing has judged them yet but that the client holds the first one's key.

import { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';

const LONGEST = 10;

/** Its own first; empty: it presented none. */
export function presentedChain(stream: Duplex): X509Certificate[] {
  if (!(stream instanceof TLSSocket)) return [];
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = stream.getPeerCertificate(true);
  while (next?.raw && chain.length < LONGEST) {
    chain.push(new X509Certificate(next.raw));
    // A self-signed one is its own issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}
