// Certificates for tests: authorities and servers, good and bad ones, ECDSA P-256.

import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

export interface Pem {
  readonly certificate: string;
  readonly key: string;
}

export interface ServerOptions {
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface DeviceOptions {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Default: for clients. Empty: no such extension. */
  readonly purposes?: readonly string[];
  readonly extensions?: readonly x509.Extension[];
  /** More than one common name, or none. */
  readonly subject?: string;
}

export class Authority {
  readonly certificate: string;
  readonly #issuer: x509.X509Certificate;
  readonly #keys: CryptoKeyPair;

  private constructor(issuer: x509.X509Certificate, keys: CryptoKeyPair) {
    this.certificate = issuer.toString('pem');
    this.#issuer = issuer;
    this.#keys = keys;
  }

  static async make(name: string): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const issuer = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 30 * DAY),
      notAfter: new Date(Date.now() + 30 * DAY),
      extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    });
    return new Authority(issuer, keys);
  }

  /** Somebody with a device's certificate who plays authority. */
  static async underDevice(issuer: Authority, id: string): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${id}`,
      issuer: issuer.#issuer.subject,
      publicKey: keys.publicKey,
      signingKey: issuer.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - DAY),
      notAfter: new Date(Date.now() + DAY),
      extensions: [new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2'])],
    });
    return new Authority(certificate, keys);
  }

  /** An authority of this one. */
  async intermediate(
    name: string,
    options: { pathLength?: number; notAfter?: Date } = {},
  ): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.#issuer.subject,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 30 * DAY),
      notAfter: options.notAfter ?? new Date(Date.now() + 30 * DAY),
      extensions: [
        new x509.BasicConstraintsExtension(true, options.pathLength, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    return new Authority(certificate, keys);
  }

  /** A client certificate. */
  async device(id: string, options: DeviceOptions = {}): Promise<Pem> {
    const { notBefore = new Date(Date.now() - DAY), notAfter = new Date(Date.now() + DAY) } = options;
    const { purposes = ['1.3.6.1.5.5.7.3.2'], extensions = [], subject = `CN=${id}` } = options;
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      subject,
      issuer: this.#issuer.subject,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore,
      notAfter,
      extensions: [
        ...(purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...purposes])]),
        ...extensions,
      ],
    });
    return pemOf(certificate, keys);
  }

  async server(options: ServerOptions = {}): Promise<Pem> {
    const { names = ['localhost'] } = options;
    const { notBefore = new Date(Date.now() - DAY), notAfter = new Date(Date.now() + DAY) } = options;
    const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${names[0]}`,
      issuer: this.#issuer.subject,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore,
      notAfter,
      extensions: [
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
      ],
    });
    return pemOf(certificate, keys);
  }
}

/** A certificate that no authority has signed. */
export async function selfSigned(name: string): Promise<Pem> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + DAY),
  });
  return pemOf(certificate, keys);
}

async function pemOf(certificate: x509.X509Certificate, keys: CryptoKeyPair): Promise<Pem> {
  const exported = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: certificate.toString('pem'),
    key: x509.PemConverter.encode(exported, 'PRIVATE KEY'),
  };
}
