// wardlet hub module: identities below a device. Works on the hub's folder, whether the hub runs or not.

import type { Registry } from '../service/index.ts';
import { hubFolder } from './data-folder.ts';
import type { DeviceOptions } from './hub-device.ts';
import { loadService } from './service-package.ts';
import { printable, table } from './terminal.ts';

export async function addModule(device: string, id: string, options: DeviceOptions): Promise<void> {
  await withRegistry(options, false, (registry) => {
    const module = registry.modules.add(device, id);
    const connectionString = registry.connectionString(module);
    process.stdout.write(
      options.json ? `${JSON.stringify({ ...module, connectionString })}\n` : `${connectionString}\n`,
    );
  });
}

export async function listModules(device: string, options: DeviceOptions): Promise<void> {
  const { noSuchDevice } = await loadService();
  await withRegistry(options, true, (registry) => {
    if (!registry.get(device)) throw noSuchDevice(device);
    const modules = registry.modules.list(device).map(({ deviceId, id, createdMs }) => {
      return { deviceId, id, created: new Date(createdMs).toISOString() };
    });
    if (options.json) {
      for (const module of modules) process.stdout.write(`${JSON.stringify(module)}\n`);
    } else if (modules.length === 0) {
      process.stdout.write(
        `No modules. Register one: wardlet hub module add ${printable(device)} security\n`,
      );
    } else {
      const rows = modules.map(({ id, created }) => [printable(id), created]);
      process.stdout.write(`${table([{ title: 'module' }, { title: 'created' }], rows)}\n`);
    }
  });
}

export async function removeModule(device: string, id: string, options: DeviceOptions): Promise<void> {
  await withRegistry(options, true, (registry) => {
    registry.modules.remove(device, id);
    const removed = `${device}/${id}`;
    process.stdout.write(
      options.json ? `${JSON.stringify({ removed })}\n` : `${printable(removed)} removed\n`,
    );
  });
}

async function withRegistry(
  { data }: DeviceOptions,
  mustExist: boolean,
  action: (registry: Registry) => void,
): Promise<void> {
  const registry = (await loadService()).openRegistry(hubFolder(data), { mustExist });
  try {
    action(registry);
  } finally {
    registry.close();
  }
}
