// Which devices may have themselves registered: single ones by their registration id, or all that hold a key derived from a group's
// or a certificate of a group's authority. Works beside a running hub, from another process.

import { randomBytes } from 'node:crypto';
import { WardletError } from '../../bindings/js/errors.ts';
import { makeDataFolder } from './data-folder.ts';
import { type HubDatabase, openDatabase } from './database.ts';
import {
  type Authentication,
  type DeviceAccess,
  type ResolvedAccess,
  resolveAccess,
} from './device-access.ts';
import { checkDeviceId } from './device-id.ts';
import { recordOnce } from './event-log.ts';
import type { HubHappening } from './hub-events.ts';
import { changeRegistry } from './registry-change.ts';
import { Settings } from './settings.ts';

export interface Enrolment extends ResolvedAccess {
  /** The registration id of a single device, or the group's name. */
  readonly id: string;
  readonly isGroup: boolean;
  /** Of a group by certificates: the name of a registered authority. */
  readonly authority?: string;
  /** Of a single device; default: the registration id. */
  readonly deviceId?: string;
  readonly isEnabled: boolean;
  readonly createdMs: number;
}

export interface IndividualOptions extends Omit<DeviceAccess, 'authentication'> {
  readonly deviceId?: string;
}

export interface GroupOptions {
  /** Base64 of 16 to 64 bytes; default: 32 random ones. */
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
  /** Instead of keys: the name of a registered authority. */
  readonly authority?: string;
}

interface Row {
  readonly id: string;
  readonly isGroup: number;
  readonly authentication: Authentication;
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly primaryThumbprint: string | null;
  readonly secondaryThumbprint: string | null;
  readonly authority: string | null;
  readonly deviceId: string | null;
  readonly enabled: number;
  readonly createdMs: number;
}

/** Opens the enrolments of a data folder, which is made where it is missing. Throws WL_BAD_DATA_FOLDER. */
export function openEnrolments(dataFolder: string): Enrolments {
  return new Enrolments(openDatabase(makeDataFolder(dataFolder)));
}

export class Enrolments {
  /** What devices name in their user name: made once a data folder. */
  readonly idScope: string;
  readonly #database: HubDatabase;
  readonly #record: (happening: HubHappening) => void;

  /** A hub hears of changes by `record`; without it they are in the log alone. */
  constructor(
    database: HubDatabase,
    record: (happening: HubHappening) => void = (happening) => recordOnce(database, happening),
  ) {
    this.#record = record;
    this.#database = database;
    this.idScope = idScopeOf(database);
  }

  /** Enrols one device. Throws WL_BAD_DEVICE_ID, WL_BAD_KEY, WL_BAD_CERTIFICATE, WL_BAD_OPTION, WL_ENROLMENT_EXISTS. */
  addIndividual(registrationId: string, { deviceId, ...access }: IndividualOptions = {}): Enrolment {
    if (deviceId !== undefined) checkDeviceId(deviceId);
    return this.#add({
      id: registrationId,
      isGroup: false,
      ...resolveAccess(access),
      ...(deviceId === undefined ? {} : { deviceId }),
    });
  }

  /** Enrols every device of a key or an authority. Throws as addIndividual, and WL_NO_SUCH_CERTIFICATE. */
  addGroup(id: string, { authority, ...keys }: GroupOptions = {}): Enrolment {
    if (authority === undefined) return this.#add({ id, isGroup: true, ...resolveAccess(keys) });
    const isKnown = this.#database.prepare('SELECT 1 FROM authorities WHERE name = ?').get(authority);
    if (!isKnown) {
      throw new WardletError(
        'WL_NO_SUCH_CERTIFICATE',
        `certificate ${JSON.stringify(authority.slice(0, 140))} is not registered`,
        { hint: 'register it first: wardlet hub certificate add FILE' },
      );
    }
    return this.#add({
      id,
      isGroup: true,
      ...resolveAccess({ ...keys, authentication: 'ca' }),
      authority,
    });
  }

  /** Single ones first, by id. */
  list(): Enrolment[] {
    const rows = this.#database.prepare('SELECT * FROM enrolments ORDER BY isGroup, id').all();
    return (rows as Row[]).map(enrolmentOf);
  }

  get(id: string, isGroup: boolean): Enrolment | undefined {
    const row = this.#database
      .prepare('SELECT * FROM enrolments WHERE isGroup = ? AND id = ?')
      .get(Number(isGroup), id);
    return row === undefined ? undefined : enrolmentOf(row as Row);
  }

  groups(authentication: Authentication): Enrolment[] {
    const rows = this.#database
      .prepare('SELECT * FROM enrolments WHERE isGroup = 1 AND authentication = ? ORDER BY id')
      .all(authentication);
    return (rows as Row[]).map(enrolmentOf);
  }

  /** Devices that were registered by it stay registered. Throws WL_NO_SUCH_ENROLMENT. */
  remove(id: string, isGroup: boolean): void {
    changeRegistry(this.#database, () => {
      const { changes } = this.#database
        .prepare('DELETE FROM enrolments WHERE isGroup = ? AND id = ?')
        .run(Number(isGroup), id);
      if (changes === 0) throw noSuchEnrolment(id);
    });
    this.#record({ kind: 'enrolment_deleted', enrolment: id, isGroup });
  }

  /** One that is disabled keeps its keys and registers nobody. Throws WL_NO_SUCH_ENROLMENT. */
  setEnabled(id: string, isGroup: boolean, isEnabled: boolean): void {
    changeRegistry(this.#database, () => {
      const { changes } = this.#database
        .prepare('UPDATE enrolments SET enabled = ? WHERE isGroup = ? AND id = ?')
        .run(Number(isEnabled), Number(isGroup), id);
      if (changes === 0) throw noSuchEnrolment(id);
    });
  }

  close(): void {
    this.#database.close();
  }

  #add(given: Omit<Enrolment, 'isEnabled' | 'createdMs'>): Enrolment {
    checkDeviceId(given.id);
    const enrolment: Enrolment = { ...given, isEnabled: true, createdMs: Date.now() };
    const { id, isGroup } = enrolment;
    changeRegistry(this.#database, () => {
      if (this.get(id, isGroup)) {
        throw new WardletError('WL_ENROLMENT_EXISTS', `enrolment ${id} is there already`, {
          hint: 'choose another id, or remove it first',
        });
      }
      this.#database
        .prepare('INSERT INTO enrolments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)')
        .run(
          Number(isGroup),
          id,
          enrolment.authentication,
          enrolment.primaryKey,
          enrolment.secondaryKey,
          enrolment.primaryThumbprint ?? null,
          enrolment.secondaryThumbprint ?? null,
          enrolment.authority ?? null,
          enrolment.deviceId ?? null,
          enrolment.createdMs,
        );
    });
    this.#record({ kind: 'enrolment_added', enrolment: id, isGroup });
    return enrolment;
  }
}

function idScopeOf(database: HubDatabase): string {
  const settings = new Settings(database);
  const made = settings.text('idScope');
  if (made !== undefined) return made;
  // As Azure's look. Whoever else makes one at the same time: the first stays.
  settings.setOnce('idScope', `0ne${randomBytes(4).toString('hex').toUpperCase()}`);
  return settings.text('idScope') ?? '';
}

function noSuchEnrolment(id: string): WardletError {
  return new WardletError(
    'WL_NO_SUCH_ENROLMENT',
    `there is no enrolment ${JSON.stringify(id.slice(0, 140))}`,
    {
      hint: 'list the enrolments to see them; groups are named as such',
    },
  );
}

function enrolmentOf(row: Row): Enrolment {
  const { id, isGroup, authentication, primaryKey, secondaryKey, enabled, createdMs } = row;
  const { primaryThumbprint, secondaryThumbprint, authority, deviceId } = row;
  return {
    id,
    isGroup: isGroup !== 0,
    authentication,
    primaryKey,
    secondaryKey,
    ...(primaryThumbprint === null ? {} : { primaryThumbprint }),
    ...(secondaryThumbprint === null ? {} : { secondaryThumbprint }),
    ...(authority === null ? {} : { authority }),
    ...(deviceId === null ? {} : { deviceId }),
    isEnabled: enabled !== 0,
    createdMs,
  };
}
