// wardlet hub device: who may connect. Works on the hub's folder, whether the hub runs or not.

import { WardletError } from '../bindings/js/errors.ts';
import type { Device, Registry } from '../service/index.ts';
import { hubFolder } from './data-folder.ts';
import { loadService } from './service-package.ts';
import { printable, table } from './terminal.ts';
import { readTextFile } from './text-file.ts';

export interface DeviceOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export async function addDevice(
  id: string,
  { data, json, keyFile }: DeviceOptions & { readonly keyFile?: string },
): Promise<void> {
  const primaryKey = keyFile === undefined ? undefined : readTextFile(keyFile).trim();
  const registry = (await loadService()).openRegistry(hubFolder(data));
  try {
    const device = addWithKey(registry, id, primaryKey, keyFile);
    const connectionString = registry.connectionString(device);
    process.stdout.write(
      json ? `${JSON.stringify({ ...device, connectionString })}\n` : `${connectionString}\n`,
    );
  } finally {
    registry.close();
  }
}

export async function listDevices({ data, json }: DeviceOptions): Promise<void> {
  const registry = (await loadService()).openRegistry(hubFolder(data), { mustExist: true });
  try {
    const devices = registry.list();
    if (json) {
      for (const { id, isEnabled, createdMs } of devices) {
        process.stdout.write(
          `${JSON.stringify({ id, enabled: isEnabled, created: new Date(createdMs).toISOString() })}\n`,
        );
      }
    } else if (devices.length === 0) {
      process.stdout.write('No devices. Register one: wardlet hub device add sensor-1\n');
    } else {
      const rows = devices.map(({ id, isEnabled, createdMs }) => [
        printable(id),
        isEnabled ? 'enabled' : 'disabled',
        new Date(createdMs).toISOString(),
      ]);
      process.stdout.write(
        `${table([{ title: 'device' }, { title: 'state' }, { title: 'created' }], rows)}\n`,
      );
    }
  } finally {
    registry.close();
  }
}

export async function removeDevice(id: string, { data, json }: DeviceOptions): Promise<void> {
  const registry = (await loadService()).openRegistry(hubFolder(data), { mustExist: true });
  try {
    registry.remove(id);
    process.stdout.write(json ? `${JSON.stringify({ removed: id })}\n` : `${printable(id)} removed\n`);
  } finally {
    registry.close();
  }
}

function addWithKey(
  registry: Registry,
  id: string,
  primaryKey: string | undefined,
  keyFile: string | undefined,
): Device {
  if (primaryKey === undefined) return registry.add(id);
  try {
    return registry.add(id, { primaryKey });
  } catch (cause) {
    if (!(cause instanceof WardletError) || cause.code !== 'WL_BAD_KEY') throw cause;
    throw new WardletError(cause.code, `${keyFile}: ${cause.message}`, { cause, hint: cause.hint });
  }
}
