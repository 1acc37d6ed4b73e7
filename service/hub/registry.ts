// Which devices there are and what their keys are. Works beside a running hub, from another process: the hub notices within a second.

import { WardletError } from '../../bindings/js/errors.ts';
import { existingDataFolder, makeDataFolder } from './data-folder.ts';
import { type HubDatabase, inTransaction, openDatabase } from './database.ts';
import { checkDeviceId } from './device-id.ts';
import { checkKey, newKey } from './device-key.ts';
import { Settings } from './settings.ts';

export interface Device {
  readonly id: string;
  /** Base64. */
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly isEnabled: boolean;
  readonly createdMs: number;
}

export interface DeviceKeys {
  /** Base64 of 16 to 64 bytes; default: 32 random ones. */
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
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
  readonly #settings: Settings;
  readonly #lookup;

  constructor(database: HubDatabase) {
    this.#database = database;
    this.#settings = new Settings(database);
    this.#lookup = database.prepare<[string]>('SELECT * FROM devices WHERE id = ?');
  }

  /** Registers a device. Throws WL_BAD_DEVICE_ID, WL_BAD_KEY, WL_DEVICE_EXISTS. */
  add(deviceId: string, keys: DeviceKeys = {}): Device {
    checkDeviceId(deviceId);
    const device = { id: deviceId, ...resolveKeys(keys), isEnabled: true, createdMs: Date.now() };
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
      return device;
    });
  }

  /** Every device, by id. */
  list(): Device[] {
    return this.#database.prepare('SELECT * FROM devices ORDER BY id').all().map(deviceOf);
  }

  get(deviceId: string): Device | undefined {
    const row = this.#lookup.get(deviceId);
    return row === undefined ? undefined : deviceOf(row);
  }

  /** Takes a device away; its connection ends, its messages stay. Throws WL_NO_SUCH_DEVICE. */
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

  /** What a device is given to connect with: Wardlet's agent and Azure's own clients read it. It holds the key. */
  connectionString(device: Device, options: ConnectionStringOptions = {}): string {
    const hostName = options.hostName ?? this.#settings.text('hostName') ?? 'localhost';
    const port = options.port ?? (this.#settings.number('port') || DEFAULT_PORT);
    const key = options.which === 'secondary' ? device.secondaryKey : device.primaryKey;
    // The form has no place for a port but the gateway's.
    const gateway =
      port === DEFAULT_PORT
        ? ''
        : `;GatewayHostName=${hostName.includes(':') ? `[${hostName}]` : hostName}:${port}`;
    return `HostName=${hostName};DeviceId=${device.id};SharedAccessKey=${key}${gateway}`;
  }

  close(): void {
    this.#database.close();
  }

  #existing(deviceId: string): Device {
    const device = this.get(deviceId);
    if (device) return device;
    throw new WardletError(
      'WL_NO_SUCH_DEVICE',
      `device ${JSON.stringify(deviceId.slice(0, 140))} is not registered`,
      {
        hint: 'ids are case-sensitive; list the devices to see them',
      },
    );
  }

  #change<T>(action: () => T): T {
    return inTransaction(this.#database, () => {
      const result = action();
      this.#settings.set('registryVersion', this.#settings.number('registryVersion') + 1);
      return result;
    });
  }
}

function resolveKeys(keys: DeviceKeys): { readonly primaryKey: string; readonly secondaryKey: string } {
  const { primaryKey = newKey(), secondaryKey = newKey() } = keys;
  for (const key of [primaryKey, secondaryKey]) checkKey(key);
  return { primaryKey, secondaryKey };
}

function deviceOf(row: unknown): Device {
  const { id, primaryKey, secondaryKey, enabled, createdMs } = row as {
    id: string;
    primaryKey: string;
    secondaryKey: string;
    enabled: number;
    createdMs: number;
  };
  return { id, primaryKey, secondaryKey, isEnabled: enabled !== 0, createdMs };
}
