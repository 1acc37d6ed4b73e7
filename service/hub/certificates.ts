// The hub's own certificate authority and its server certificate. The authority is made once, and devices trust it; the server's
// certificate comes and goes with the host names and the years.

import 'reflect-metadata';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { WardletError } from '../../bindings/js/errors.ts';
import type { DataFolder } from './data-folder.ts';
import { writePrivateFile } from './private-file.ts';

export interface Certificates {
  /** PEM: what a device has to trust. */
  readonly authority: string;
  readonly server: string;
  readonly serverKey: string;
  readonly expiresMs: number;
  /** Made by this call. */
  readonly isNew: boolean;
}

const DAY_MS = 86_400_000;
/** Both begin in the past: a device whose clock is behind has no trouble with TLS, and its token says what is wrong. */
const BACKDATED_MS = 30 * DAY_MS;
const AUTHORITY_MS = 30 * 365 * DAY_MS;
const SERVER_MS = 397 * DAY_MS;
/** The server's certificate is renewed when less is left. */
const RENEWED_BEFORE_MS = 30 * DAY_MS;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * The certificates in the folder; made where there are none, the server's also when it is for other names or soon expires. A
 * private key is in place before its certificate, so whatever a kill leaves behind is made anew. Throws WL_BAD_DATA_FOLDER
 * when the authority is damaged: only a person can decide to make another one.
 */
export async function hubCertificates(
  folder: DataFolder,
  hostNames: readonly string[],
  nowMs: number,
): Promise<Certificates> {
  if (!existsSync(folder.caFile)) await makeAuthority(folder, nowMs);
  const authority = readAuthority(folder, nowMs);
  const current = currentServer(folder, authority, hostNames, nowMs);
  if (current) return { authority: authority.toString(), ...current, isNew: false };

  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const expiresMs = Math.min(nowMs + SERVER_MS, Date.parse(authority.validTo));
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${commonName(hostNames)}`,
    issuer: authority.subject,
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(expiresMs),
    signingKey: await authorityKey(folder),
    publicKey: keys.publicKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(hostNames.map(generalName)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(await authorityPublicKey(authority)),
    ],
  });
  const serverKey = await privatePem(keys.privateKey);
  const server = `${certificate.toString('pem')}\n`;
  writePrivateFile(folder.serverKeyFile, serverKey);
  writePrivateFile(folder.serverFile, server);
  return { authority: authority.toString(), server, serverKey, expiresMs, isNew: true };
}

async function makeAuthority(folder: DataFolder, nowMs: number): Promise<void> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Wardlet hub CA',
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + AUTHORITY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  writePrivateFile(folder.caKeyFile, await privatePem(keys.privateKey));
  writePrivateFile(folder.caFile, `${certificate.toString('pem')}\n`);
}

function readAuthority(folder: DataFolder, nowMs: number): X509Certificate {
  try {
    const authority = new X509Certificate(readFileSync(folder.caFile));
    if (!authority.checkPrivateKey(createPrivateKey(readFileSync(folder.caKeyFile)))) {
      throw new Error('ca-key.pem is not the key of ca.pem');
    }
    if (nowMs < Date.parse(authority.validFrom) || nowMs > Date.parse(authority.validTo)) {
      throw new Error(`ca.pem is valid from ${authority.validFrom} to ${authority.validTo}`);
    }
    return authority;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WardletError('WL_BAD_DATA_FOLDER', `cannot use the authority in ${folder.path}: ${reason}`, {
      cause,
      hint: "look at this machine's clock; otherwise restore ca.pem and ca-key.pem, or remove both: a new authority is made, and every device has to be given the new ca.pem",
    });
  }
}

/** What lies in the folder, if it will do; whatever is wrong with it, another one can be made. */
function currentServer(
  folder: DataFolder,
  authority: X509Certificate,
  hostNames: readonly string[],
  nowMs: number,
): Omit<Certificates, 'authority' | 'isNew'> | undefined {
  try {
    const server = readFileSync(folder.serverFile, 'utf8');
    const serverKey = readFileSync(folder.serverKeyFile, 'utf8');
    const certificate = new X509Certificate(server);
    const expiresMs = Date.parse(certificate.validTo);
    const isForNames =
      certificate.subjectAltName?.split(', ').length === hostNames.length &&
      hostNames.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)));
    const isCurrent =
      isForNames &&
      certificate.verify(authority.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(serverKey)) &&
      nowMs >= Date.parse(certificate.validFrom) &&
      nowMs < expiresMs - RENEWED_BEFORE_MS;
    return isCurrent ? { server, serverKey, expiresMs } : undefined;
  } catch {
    return undefined;
  }
}

function generalName(name: string): JsonGeneralName {
  return { type: isIP(name) ? 'ip' : 'dns', value: name };
}

/** At most 64 characters (RFC 5280); clients look at the alternative names. */
function commonName(hostNames: readonly string[]): string {
  return hostNames.find((name) => !isIP(name) && name.length <= 64) ?? 'localhost';
}

async function authorityKey(folder: DataFolder): Promise<CryptoKey> {
  const bytes = createPrivateKey(readFileSync(folder.caKeyFile)).export({ type: 'pkcs8', format: 'der' });
  return crypto.subtle.importKey('pkcs8', new Uint8Array(bytes), ALGORITHM, false, ['sign']);
}

async function authorityPublicKey(authority: X509Certificate): Promise<CryptoKey> {
  const bytes = authority.publicKey.export({ type: 'spki', format: 'der' });
  return crypto.subtle.importKey('spki', new Uint8Array(bytes), ALGORITHM, true, ['verify']);
}

async function privatePem(key: CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag)}\n`;
}
