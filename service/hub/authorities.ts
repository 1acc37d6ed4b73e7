// The certificate authorities whose devices may connect. Works beside a running hub, from another process; every change and every
// change that failed is in the event log.

import { X509Certificate } from 'node:crypto';
import { WardletError } from '../../bindings/js/errors.ts';
import { isInForce, oneLine, type TrustedAuthority, validity } from './certificate-chain.ts';
import { makeDataFolder } from './data-folder.ts';
import { type HubDatabase, openDatabase } from './database.ts';
import { isDeviceId } from './device-id.ts';
import { recordOnce } from './event-log.ts';
import { bounded, type HubHappening } from './hub-events.ts';
import { changeRegistry } from './registry-change.ts';
import { Settings } from './settings.ts';
import { thumbprintOf } from './thumbprint.ts';

export interface Authority {
  readonly name: string;
  /** PEM. */
  readonly certificate: string;
  readonly subject: string;
  /** SHA-256, hex. */
  readonly thumbprint: string;
  readonly expiresMs: number;
  readonly addedMs: number;
}

interface Row {
  readonly name: string;
  readonly certificate: string;
  readonly addedMs: number;
}

/** Opens the authorities of a data folder, which is made where it is missing. Throws WL_BAD_DATA_FOLDER. */
export function openAuthorities(dataFolder: string): Authorities {
  return new Authorities(openDatabase(makeDataFolder(dataFolder)));
}

export class Authorities {
  readonly #database: HubDatabase;
  readonly #record: (happening: HubHappening) => void;
  readonly #settings: Settings;
  readonly #select;
  #trusted: { readonly version: number; readonly list: readonly TrustedAuthority[] } | undefined;

  /** A hub hears of changes by `record`; without it they are in the log alone. */
  constructor(
    database: HubDatabase,
    record: (happening: HubHappening) => void = (happening) => recordOnce(database, happening),
  ) {
    this.#record = record;
    this.#database = database;
    this.#settings = new Settings(database);
    this.#select = database.prepare('SELECT * FROM authorities ORDER BY name');
  }

  /** Registers a CA certificate, PEM. Throws WL_BAD_CERTIFICATE, WL_CERTIFICATE_EXISTS. */
  add(name: string, pem: string): Authority {
    return this.#logged('add', name, () => {
      const certificate = parseAuthority(name, pem);
      const row: Row = { name, certificate: certificate.toString(), addedMs: Date.now() };
      changeRegistry(this.#database, () => {
        const same = this.list().find(
          (other) => other.name === name || other.thumbprint === thumbprintOf(certificate),
        );
        if (same) {
          throw new WardletError('WL_CERTIFICATE_EXISTS', `certificate ${same.name} is registered already`, {
            hint: 'remove it first, or choose another name for another certificate',
          });
        }
        this.#database
          .prepare('INSERT INTO authorities (name, certificate, addedMs) VALUES (?, ?, ?)')
          .run(row.name, row.certificate, row.addedMs);
      });
      const authority = authorityOf(row);
      const { subject, thumbprint, expiresMs } = authority;
      this.#record({
        kind: 'certificate_added',
        name,
        subject: bounded(subject),
        thumbprint,
        expiresMs,
      });
      return authority;
    });
  }

  /** Every authority, by name. */
  list(): Authority[] {
    return (this.#select.all() as Row[]).map(authorityOf);
  }

  /** Devices that came with a certificate of it are disconnected. Throws WL_NO_SUCH_CERTIFICATE. */
  remove(name: string): void {
    this.#logged('delete', name, () => {
      changeRegistry(this.#database, () => {
        const { changes } = this.#database.prepare('DELETE FROM authorities WHERE name = ?').run(name);
        if (changes > 0) return;
        throw new WardletError(
          'WL_NO_SUCH_CERTIFICATE',
          `certificate ${JSON.stringify(name.slice(0, 140))} is not registered`,
          { hint: 'list the certificates to see their names' },
        );
      });
      this.#record({ kind: 'certificate_deleted', name });
    });
  }

  /** As chains are judged by; parsed once a change. */
  trusted(): readonly TrustedAuthority[] {
    const version = this.#settings.number('registryVersion');
    if (this.#trusted?.version !== version) {
      const list = (this.#select.all() as Row[]).map(({ name, certificate }) => ({
        name,
        certificate: new X509Certificate(certificate),
      }));
      this.#trusted = { version, list };
    }
    return this.#trusted.list;
  }

  close(): void {
    this.#database.close();
  }

  #logged<T>(change: 'add' | 'delete', name: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#record({
        kind: 'certificate_change_failed',
        change,
        name: bounded(name),
        reason: bounded(reason),
      });
      throw error;
    }
  }
}

function parseAuthority(name: string, pem: string): X509Certificate {
  const refuse = (message: string, cause?: unknown) =>
    new WardletError('WL_BAD_CERTIFICATE', message, {
      cause,
      hint: 'one CA certificate in PEM that is valid now, under a name of letters, digits, - . and _',
    });
  if (!isDeviceId(name)) throw refuse(`${JSON.stringify(name.slice(0, 140))} is no name for a certificate`);
  if (pem.split('-----BEGIN CERTIFICATE-----').length !== 2) throw refuse('not one certificate in PEM');
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw refuse('a certificate that cannot be read', cause);
  }
  if (!certificate.ca) throw refuse(`${oneLine(certificate.subject)} is not the certificate of an authority`);
  if (!isInForce(certificate, Date.now())) throw refuse(validity(certificate, Date.now()));
  return certificate;
}

function authorityOf({ name, certificate: pem, addedMs }: Row): Authority {
  const certificate = new X509Certificate(pem);
  return {
    name,
    certificate: pem,
    subject: oneLine(certificate.subject),
    thumbprint: thumbprintOf(certificate),
    expiresMs: Date.parse(certificate.validTo),
    addedMs,
  };
}
