// Small text files named on the command line: a connection string, a key, certificates.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WardletError } from '../bindings/js/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const CERTIFICATE_BEGIN = '-----BEGIN CERTIFICATE-----';

/** @throws WardletError WL_BAD_FILE */
export function readTextFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new WardletError('WL_BAD_FILE', `cannot read ${file}: ${REASONS[code] ?? code}`, {
      cause,
      hint: 'check name and permissions',
    });
  }
}

/** PEM text of one certificate or several, each whole. @throws WardletError WL_BAD_FILE */
export function readCertificates(file: string): string {
  const text = readTextFile(file);
  const certificates = text.match(CERTIFICATE) ?? [];
  const begun = text.split(CERTIFICATE_BEGIN).length - 1;
  if (begun > 0 && certificates.length === begun && certificates.every(isCertificate)) return text;
  throw new WardletError(
    'WL_BAD_FILE',
    begun === 0 ? `${file} holds no certificate in PEM text` : `${file} holds a broken certificate`,
    { hint: "name the hub's certificate authority; of `wardlet hub` it is ca.pem in its data folder" },
  );
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
