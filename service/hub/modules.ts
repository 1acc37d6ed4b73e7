// The modules of devices: identities below a device, each with keys and a connection of its own. `registry.modules`.

import { WardletError } from '../../bindings/js/errors.ts';
import type { Identity } from './client-identity.ts';
import type { HubDatabase } from './database.ts';
import { checkDeviceId } from './device-id.ts';
import { type DeviceKeys, resolveKeys } from './device-key.ts';

export interface Module {
  readonly deviceId: string;
  readonly id: string;
  /** Base64. */
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly createdMs: number;
}

/** IoT Hub's. */
export const MAX_MODULES = 50;

/** Runs a change of the registry in one transaction that the hub notices. */
export type Change = <T>(action: () => T) => T;

/** A module goes with its device: hub.db sees to it. */
export class Modules {
  readonly #database: HubDatabase;
  readonly #change: Change;
  readonly #lookup;

  /** Use `registry.modules`. */
  constructor(database: HubDatabase, change: Change) {
    this.#database = database;
    this.#change = change;
    this.#lookup = database.prepare<[string, string]>('SELECT * FROM modules WHERE deviceId = ? AND id = ?');
  }

  /** Throws WL_NO_SUCH_DEVICE, WL_BAD_DEVICE_ID, WL_BAD_KEY, WL_MODULE_EXISTS, WL_TOO_MANY_MODULES. */
  add(deviceId: string, moduleId: string, keys: DeviceKeys = {}): Module {
    checkDeviceId(moduleId);
    const module = { deviceId, id: moduleId, ...resolveKeys(keys), createdMs: Date.now() };
    return this.#change(() => {
      if (!this.#database.prepare('SELECT 1 FROM devices WHERE id = ?').get(deviceId)) {
        throw noSuchDevice(deviceId);
      }
      if (this.get(deviceId, moduleId)) {
        throw new WardletError(
          'WL_MODULE_EXISTS',
          `module ${moduleId} of ${deviceId} is registered already`,
          { hint: 'choose another id, or remove it first: its keys and twin end with it' },
        );
      }
      if (this.list(deviceId).length >= MAX_MODULES) {
        throw new WardletError('WL_TOO_MANY_MODULES', `${deviceId} has ${MAX_MODULES} modules already`, {
          hint: 'remove one of them first: IoT Hub has no more for a device',
        });
      }
      this.#database
        .prepare(
          'INSERT INTO modules (deviceId, id, primaryKey, secondaryKey, createdMs) VALUES (?, ?, ?, ?, ?)',
        )
        .run(deviceId, moduleId, module.primaryKey, module.secondaryKey, module.createdMs);
      return module;
    });
  }

  get(deviceId: string, moduleId: string): Module | undefined {
    const row = this.#lookup.get(deviceId, moduleId);
    return row === undefined ? undefined : moduleOf(row);
  }

  /** The modules of a device, by id. */
  list(deviceId: string): Module[] {
    return this.#database
      .prepare('SELECT * FROM modules WHERE deviceId = ? ORDER BY id')
      .all(deviceId)
      .map(moduleOf);
  }

  /** Its connection ends. Throws WL_NO_SUCH_MODULE. */
  remove(deviceId: string, moduleId: string): void {
    this.#change(() => {
      this.#existing(deviceId, moduleId);
      this.#database.prepare('DELETE FROM modules WHERE deviceId = ? AND id = ?').run(deviceId, moduleId);
    });
  }

  /** Changes the keys given; the others stay. Throws WL_NO_SUCH_MODULE, WL_BAD_KEY. */
  setKeys(deviceId: string, moduleId: string, keys: DeviceKeys): Module {
    return this.#change(() => {
      const module = { ...this.#existing(deviceId, moduleId), ...keys };
      resolveKeys(module);
      this.#database
        .prepare('UPDATE modules SET primaryKey = ?, secondaryKey = ? WHERE deviceId = ? AND id = ?')
        .run(module.primaryKey, module.secondaryKey, deviceId, moduleId);
      return module;
    });
  }

  #existing(deviceId: string, moduleId: string): Module {
    const module = this.get(deviceId, moduleId);
    if (module) return module;
    throw noSuchModule({ deviceId, moduleId });
  }
}

function moduleOf(row: unknown): Module {
  const { deviceId, id, primaryKey, secondaryKey, createdMs } = row as Module;
  return { deviceId, id, primaryKey, secondaryKey, createdMs };
}

/** The device of an identity, or the module as the device that it stands for. Throws WL_NO_SUCH_DEVICE, WL_NO_SUCH_MODULE. */
export function requireRegistered<Registered>(
  identity: Identity,
  registered: (identity: Identity) => Registered | undefined,
): Registered {
  const found = registered(identity);
  if (found) return found;
  const isModule = identity.moduleId !== undefined && registered({ deviceId: identity.deviceId });
  throw isModule ? noSuchModule(identity) : noSuchDevice(identity.deviceId);
}

/** What is thrown for an id that is not registered. */
export function noSuchDevice(deviceId: string): WardletError {
  return new WardletError(
    'WL_NO_SUCH_DEVICE',
    `device ${JSON.stringify(deviceId.slice(0, 140))} is not registered`,
    { hint: 'ids are case-sensitive; list the devices to see them' },
  );
}

export function noSuchModule({ deviceId, moduleId = '' }: Identity): WardletError {
  return new WardletError(
    'WL_NO_SUCH_MODULE',
    `module ${JSON.stringify(moduleId.slice(0, 140))} of ${deviceId.slice(0, 140)} is not registered`,
    { hint: 'ids are case-sensitive; list the modules of the device to see them' },
  );
}
