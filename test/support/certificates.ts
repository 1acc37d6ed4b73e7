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
    const exported = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
    return {
      certificate: certificate.toString('pem'),
      key: x509.PemConverter.encode(exported, 'PRIVATE KEY'),
    };
  }
}
