// What provisioning does: registers a device as its enrolment says, once or again, and remembers which registration it came by.

import { randomUUID } from 'node:crypto';
import type { HubDatabase } from './database.ts';
import { derivedKey } from './derived-key.ts';
import type { DeviceAccess } from './device-access.ts';
import type { Enrolment, Enrolments } from './enrolments.ts';
import type { Registry } from './registry.ts';

export interface Registration {
  readonly id: string;
  readonly operationId: string;
  readonly deviceId: string;
  readonly enrolment: string;
  readonly isGroup: boolean;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Who asks, as CONNECT has found out. */
export interface Applicant {
  readonly registrationId: string;
  readonly enrolment: string;
  readonly isGroup: boolean;
  /** Of the certificate it came with. */
  readonly thumbprint?: string;
}

export type Assignment =
  | { readonly registration: Registration; readonly isNew: boolean }
  /** `not_enrolled`: no longer. `conflict`: a device of that id has come another way. */
  | { readonly fault: 'not_enrolled' | 'conflict'; readonly deviceId: string };

export class Registrar {
  readonly #database: HubDatabase;
  readonly #registry: Registry;
  readonly #enrolments: Enrolments;
  readonly #now: () => number;

  constructor(parts: {
    database: HubDatabase;
    registry: Registry;
    enrolments: Enrolments;
    now: () => number;
  }) {
    this.#database = parts.database;
    this.#registry = parts.registry;
    this.#enrolments = parts.enrolments;
    this.#now = parts.now;
  }

  /** Throws when the database cannot be written. */
  assign(applicant: Applicant): Assignment {
    const { registrationId, isGroup } = applicant;
    const enrolment = this.#enrolments.get(applicant.enrolment, isGroup);
    const deviceId = enrolment?.deviceId ?? registrationId;
    if (!enrolment?.isEnabled) return { fault: 'not_enrolled', deviceId };

    const before = this.get(registrationId);
    const device = this.#registry.get(deviceId);
    if (device && !this.#mayTakeOver(before, enrolment, deviceId)) return { fault: 'conflict', deviceId };
    const nowMs = this.#now();
    const registration: Registration = {
      id: registrationId,
      operationId: randomUUID(),
      deviceId,
      enrolment: enrolment.id,
      isGroup,
      createdMs: before?.createdMs ?? nowMs,
      updatedMs: nowMs,
    };
    // First, so that a device which is there when the power fails in between is known to be of this registration.
    this.#write(registration);
    const access = accessOf(enrolment, applicant);
    if (!device) this.#registry.add(deviceId, access);
    else if (!isSame(device, access)) this.#registry.setAccess(deviceId, access);
    return { registration, isNew: !device };
  }

  get(registrationId: string): Registration | undefined {
    const row = this.#database.prepare('SELECT * FROM registrations WHERE id = ?').get(registrationId);
    if (row === undefined) return undefined;
    const { isGroup, ...rest } = row as Omit<Registration, 'isGroup'> & { isGroup: number };
    return { ...rest, isGroup: isGroup !== 0 };
  }

  /**
   * A key that somebody typed in is not replaced by who happens to hold a group's: only a device of the same enrolment, or for a
   * single enrolment one of this registration, or one whose enrolment is gone.
   */
  #mayTakeOver(before: Registration | undefined, enrolment: Enrolment, deviceId: string): boolean {
    if (before?.deviceId !== deviceId) return false;
    if (before.enrolment === enrolment.id && before.isGroup === enrolment.isGroup) return true;
    return !enrolment.isGroup || !this.#enrolments.get(before.enrolment, before.isGroup);
  }

  #write({ id, operationId, deviceId, enrolment, isGroup, createdMs, updatedMs }: Registration): void {
    this.#database
      .prepare(
        `INSERT OR REPLACE INTO registrations (id, operationId, deviceId, enrolment, isGroup, createdMs, updatedMs)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(id, operationId, deviceId, enrolment, Number(isGroup), createdMs, updatedMs);
  }
}

/** How the device proves itself to the hub: as it did here. A certificate of an authority counts for this one certificate, as in Azure. */
function accessOf(enrolment: Enrolment, { registrationId, thumbprint }: Applicant): DeviceAccess {
  switch (enrolment.authentication) {
    case 'sas': {
      const keyOf = (key: string) => (enrolment.isGroup ? derivedKey(key, registrationId) : key);
      return {
        primaryKey: keyOf(enrolment.primaryKey),
        secondaryKey: keyOf(enrolment.secondaryKey),
      };
    }
    case 'thumbprint': {
      const { primaryThumbprint, secondaryThumbprint } = enrolment;
      return {
        ...(primaryThumbprint === undefined ? {} : { primaryThumbprint }),
        ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
      };
    }
    case 'ca':
      return thumbprint === undefined ? { authentication: 'ca' } : { primaryThumbprint: thumbprint };
  }
}

function isSame(device: DeviceAccess, access: DeviceAccess): boolean {
  return access.primaryKey === undefined
    ? device.primaryThumbprint === access.primaryThumbprint &&
        device.secondaryThumbprint === access.secondaryThumbprint
    : device.authentication === 'sas' &&
        device.primaryKey === access.primaryKey &&
        device.secondaryKey === access.secondaryKey;
}
