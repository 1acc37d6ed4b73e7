// Which devices there are and what their keys are. Works beside a running hub, from another process: the hub notices within a second.

import { WardletError } from '../../bindings/js/errors.ts';
import type { Identity } from './client-identity.ts';
import { existingDataFolder, makeDataFolder } from './data-folder.ts';
import { type HubDatabase, openDatabase } from './database.ts';
import {
  type Authentication,
  type DeviceAccess,
  type ResolvedAccess,
  resolveAccess,
} from './device-access.ts';
import { checkDeviceId } from './device-id.ts';
import { type DeviceKeys, resolveKeys } from './device-key.ts';
import { type Module, Modules, noSuchDevice } from './modules.ts';
import { changeRegistry } from './registry-change.ts';
import { Settings } from './settings.ts';

export interface Device extends ResolvedAccess {
  readonly id: string;
  readonly isEnabled: boolean;
  readonly createdMs: number;
}

export interface ConnectionStringOptions {
  /** Default: as the hub was started last, or localhost and 8883. */
  readonly hostName?: string;
  readonly port?: number;
  readonly which?: 'primary' | 'secondary';
}

export const DEFAULT_PORT = 8883;

export interface RegistryOptions {
  /** For a look: a folder that is not a hub's is refused, and not made. Default: false. */
  readonly mustExist?: boolean;
}

/**
 * Opens the registry of a data folder, which is made where it is missing: devices can be added before the hub's first start.
 * Throws WL_BAD_DATA_FOLDER.
 */
export function openRegistry(dataFolder: string, { mustExist = false }: RegistryOptions = {}): Registry {
  return new Registry(openDatabase(mustExist ? existingDataFolder(dataFolder) : makeDataFolder(dataFolder)));
}

export class Registry {
  readonly #database: HubDatabase;
  #isTogether = false;
  readonly #settings: Settings;
  readonly #lookup;
  readonly modules: Modules;

  constructor(database: HubDatabase) {
    this.#database = database;
    this.#settings = new Settings(database);
    this.#lookup = database.prepare<[string]>('SELECT * FROM devices WHERE id = ?');
    this.modules = new Modules(database, (action) => this.#change(action));
  }

  /** What is asked for together happens together, or not at all. */
  together<T>(action: () => T): T {
    return this.#change(() => {
      this.#isTogether = true;
      try {
        return action();
      } finally {
        this.#isTogether = false;
      }
    });
  }

  /** Registers a device. Throws WL_BAD_DEVICE_ID, WL_BAD_KEY, WL_BAD_CERTIFICATE, WL_BAD_OPTION, WL_DEVICE_EXISTS. */
  add(deviceId: string, access: DeviceAccess = {}): Device {
    checkDeviceId(deviceId);
    const device: Device = {
      id: deviceId,
      ...resolveAccess(access),
      isEnabled: true,
      createdMs: Date.now(),
    };
    return this.#change(() => {
      if (this.get(deviceId)) {
        throw new WardletError('WL_DEVICE_EXISTS', `device ${deviceId} is registered already`, {
          hint: 'choose another id, or remove it first: its keys end with it',
        });
      }
      this.#database
        .prepare(
          'INSERT INTO devices (id, primaryKey, secondaryKey, enabled, createdMs) VALUES (?, ?, ?, 1, ?)',
        )
        .run(device.id, device.primaryKey, device.secondaryKey, device.createdMs);
      this.#writeAccess(device);
      return device;
    });
  }

  /** Devices by id, after that id. */
  page(afterId: string, limit: number): Device[] {
    return this.#database
      .prepare('SELECT * FROM devices WHERE id > ? ORDER BY id LIMIT ?')
      .all(afterId, limit)
      .map(deviceOf);
  }

  /** Every device, by id. */
  list(): Device[] {
    return this.#database.prepare('SELECT * FROM devices ORDER BY id').all().map(deviceOf);
  }

  get(deviceId: string): Device | undefined {
    const row = this.#lookup.get(deviceId);
    return row === undefined ? undefined : deviceOf(row);
  }

  /** Takes a device away with its modules, twins and queue; its connections end, its messages stay. Throws WL_NO_SUCH_DEVICE. */
  remove(deviceId: string): void {
    this.#change(() => {
      this.#existing(deviceId);
      this.#database.prepare('DELETE FROM devices WHERE id = ?').run(deviceId);
    });
  }

  /** A disabled device keeps its keys and may not connect. Throws WL_NO_SUCH_DEVICE. */
  setEnabled(deviceId: string, isEnabled: boolean): Device {
    return this.#change(() => {
      const device = this.#existing(deviceId);
      this.#database.prepare('UPDATE devices SET enabled = ? WHERE id = ?').run(isEnabled ? 1 : 0, deviceId);
      return { ...device, isEnabled };
    });
  }

  /** Changes the keys given; the others stay. Throws WL_NO_SUCH_DEVICE, WL_BAD_KEY. */
  setKeys(deviceId: string, keys: DeviceKeys): Device {
    return this.#change(() => {
      const device = { ...this.#existing(deviceId), ...keys };
      resolveKeys(device);
      this.#database
        .prepare('UPDATE devices SET primaryKey = ?, secondaryKey = ? WHERE id = ?')
        .run(device.primaryKey, device.secondaryKey, deviceId);
      return device;
    });
  }

  /** How the device proves itself from now on. Throws WL_NO_SUCH_DEVICE, WL_BAD_KEY, WL_BAD_CERTIFICATE, WL_BAD_OPTION. */
  setAccess(deviceId: string, access: DeviceAccess): Device {
    return this.#change(() => {
      const { id, isEnabled, createdMs } = this.#existing(deviceId);
      const device: Device = { id, ...resolveAccess(access), isEnabled, createdMs };
      this.#writeAccess(device);
      return device;
    });
  }

  /** A device, or a module with what it has of its device: what a connection of this identity is judged by. */
  identity({ deviceId, moduleId }: Identity): Device | undefined {
    const device = this.get(deviceId);
    if (!device || moduleId === undefined) return device;
    const module = this.modules.get(deviceId, moduleId);
    if (!module) return undefined;
    const { primaryKey, secondaryKey } = module;
    return { ...device, authentication: 'sas', primaryKey, secondaryKey };
  }

  /** What a device or module is given to connect with: Wardlet's agent and Azure's own clients read it. It holds the key. */
  connectionString(device: Device | Module, options: ConnectionStringOptions = {}): string {
    const hostName = options.hostName ?? this.#settings.text('hostName') ?? 'localhost';
    const port = options.port ?? (this.#settings.number('port') || DEFAULT_PORT);
    const key = options.which === 'secondary' ? device.secondaryKey : device.primaryKey;
    // The form has no place for a port but the gateway's.
    const gateway =
      port === DEFAULT_PORT
        ? ''
        : `;GatewayHostName=${hostName.includes(':') ? `[${hostName}]` : hostName}:${port}`;
    const isModule = 'deviceId' in device;
    const who = isModule ? `${device.deviceId};ModuleId=${device.id}` : device.id;
    const proof = isModule || device.authentication === 'sas' ? `SharedAccessKey=${key}` : 'x509=true';
    return `HostName=${hostName};DeviceId=${who};${proof}${gateway}`;
  }

  close(): void {
    this.#database.close();
  }

  #existing(deviceId: string): Device {
    const device = this.get(deviceId);
    if (device) return device;
    throw noSuchDevice(deviceId);
  }

  #change<T>(action: () => T): T {
    return this.#isTogether ? action() : changeRegistry(this.#database, action);
  }

  #writeAccess(device: Device): void {
    const { id, authentication, primaryKey, secondaryKey } = device;
    const { primaryThumbprint = null, secondaryThumbprint = null } = device;
    this.#database
      .prepare(
        `UPDATE devices SET authentication = ?, primaryKey = ?, secondaryKey = ?, primaryThumbprint = ?,
         secondaryThumbprint = ? WHERE id = ?`,
      )
      .run(authentication, primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint, id);
  }
}

function deviceOf(row: unknown): Device {
  const { id, primaryKey, secondaryKey, enabled, createdMs, ...access } = row as {
    id: string;
    primaryKey: string;
    secondaryKey: string;
    enabled: number;
    createdMs: number;
    authentication: Authentication;
    primaryThumbprint: string | null;
    secondaryThumbprint: string | null;
  };
  const { authentication, primaryThumbprint, secondaryThumbprint } = access;
  return {
    id,
    authentication,
    primaryKey,
    secondaryKey,
    ...(primaryThumbprint === null ? {} : { primaryThumbprint }),
    ...(secondaryThumbprint === null ? {} : { secondaryThumbprint }),
    isEnabled: enabled !== 0,
    createdMs,
  };
}
