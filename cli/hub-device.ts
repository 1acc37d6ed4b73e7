// wardlet hub device: who may connect. Works on the hub's folder, whether the hub runs or not.

import { WardletError } from '../bindings/js/errors.ts';
import type { Device, DeviceAccess, Registry } from '../service/index.ts';
import { hubFolder } from './data-folder.ts';
import { loadService } from './service-package.ts';
import { printable, table } from './terminal.ts';
import { readTextFile } from './text-file.ts';

const PROOFS = { sas: 'a key', thumbprint: 'its certificate', ca: 'a certificate of an authority' } as const;

export interface DeviceOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export interface AddDeviceOptions extends DeviceOptions {
  readonly keyFile?: string;
  readonly thumbprint?: readonly string[];
  readonly x509Ca?: boolean;
}

export async function addDevice(
  id: string,
  { data, json, keyFile, thumbprint = [], x509Ca }: AddDeviceOptions,
): Promise<void> {
  const primaryKey = keyFile === undefined ? undefined : readTextFile(keyFile).trim();
  const [primaryThumbprint, secondaryThumbprint, ...tooMany] = thumbprint;
  if (tooMany.length > 0) {
    throw new WardletError('WL_BAD_USAGE', `${thumbprint.length} thumbprints`, { hint: 'one or two' });
  }
  const registry = (await loadService()).openRegistry(hubFolder(data));
  try {
    const settings = {
      ...(x509Ca ? { authentication: 'ca' as const } : {}),
      ...(primaryKey === undefined ? {} : { primaryKey }),
      ...(primaryThumbprint === undefined ? {} : { primaryThumbprint }),
      ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
    };
    const device = added(registry, id, settings, keyFile);
    const connectionString = registry.connectionString(device);
    process.stdout.write(
      json ? `${JSON.stringify({ ...shown(device), connectionString })}\n` : `${connectionString}\n`,
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
      for (const { id, isEnabled, createdMs, authentication } of devices) {
        process.stdout.write(
          `${JSON.stringify({ id, enabled: isEnabled, authentication, created: new Date(createdMs).toISOString() })}\n`,
        );
      }
    } else if (devices.length === 0) {
      process.stdout.write('No devices. Register one: wardlet hub device add sensor-1\n');
    } else {
      const rows = devices.map(({ id, isEnabled, createdMs, authentication }) => [
        printable(id),
        isEnabled ? 'enabled' : 'disabled',
        PROOFS[authentication],
        new Date(createdMs).toISOString(),
      ]);
      process.stdout.write(
        `${table([{ title: 'device' }, { title: 'state' }, { title: 'proves itself with' }, { title: 'created' }], rows)}\n`,
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

/** Keys only of a device that proves itself with them. */
function shown({ primaryKey, secondaryKey, ...device }: Device): object {
  return device.authentication === 'sas' ? { ...device, primaryKey, secondaryKey } : device;
}

/** A wrong key is told with the file it stands in. */
function added(registry: Registry, id: string, settings: DeviceAccess, keyFile: string | undefined): Device {
  try {
    return registry.add(id, settings);
  } catch (cause) {
    if (!(cause instanceof WardletError) || cause.code !== 'WL_BAD_KEY') throw cause;
    throw new WardletError(cause.code, `${keyFile}: ${cause.message}`, { cause, hint: cause.hint });
  }
}
