// What a host on Node contributes: its configuration file, and what it knows of itself. The only file here that needs Node.

import { readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { networkInterfaces, release, type } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { WardletError } from '../../bindings/js/errors.ts';
import { configurationText, TEXT_MAX } from './configuration-text.ts';
import type { Settings } from './keys.ts';
import type { Fault, Layer } from './layer.ts';

export { assignmentFile } from './assignment-file.ts';
export { readIndicators } from './indicator-file.ts';

export interface FileOptions {
  /** Reads the certificates and keys that Connections name as files, relative to the configuration file. Default false. */
  readonly withConnectionFiles?: boolean;
}

/** @throws WardletError WL_BAD_FILE; what is wrong inside the file is in the layer's faults */
export async function configurationFile(path: string, options: FileOptions = {}): Promise<Layer> {
  try {
    const file = await open(path);
    try {
      // One byte more tells that there is more.
      const buffer = Buffer.alloc(Math.min(Math.max((await file.stat()).size, 65_536), TEXT_MAX) + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      const layer = configurationText(buffer.toString('utf8', 0, bytesRead), basename(path));
      return options.withConnectionFiles ? await connectionFiles(layer, dirname(path)) : layer;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    throw new WardletError('WL_BAD_FILE', `${path} cannot be read (${cause.code})`, {
      cause,
      hint: 'name a configuration file: JSON, comments allowed',
    });
  }
}

/** What cannot be read is a fault of the layer. */
async function connectionFiles(layer: Layer, folder: string): Promise<Layer> {
  const { values } = layer;
  if (!isObject(values) || !Array.isArray(values.Connections)) return layer;
  const place = layer.where?.get('Connections');
  const faults: Fault[] = [];
  const Connections = await Promise.all(
    values.Connections.map(async (given: unknown, index) => {
      if (!isObject(given)) return given;
      try {
        const { dps } = given;
        const read = await withFiles(given, folder);
        return isObject(dps) ? { ...read, dps: await withFiles(dps, folder) } : read;
      } catch (error) {
        const reason = `connection ${index + 1}: ${error instanceof Error ? error.message : String(error)}`;
        faults.push({ key: 'Connections', reason, source: layer.source, ...(place ? { where: place } : {}) });
        return given;
      }
    }),
  );
  return { ...layer, values: { ...values, Connections }, faults: [...(layer.faults ?? []), ...faults] };
}

async function withFiles(given: Readonly<Record<string, unknown>>, folder: string) {
  const read: Record<string, unknown> = { ...given };
  for (const name of ['ca', 'certificate', 'privateKey']) {
    const value = given[name];
    if (typeof value !== 'string' || value === '' || value.includes('-----BEGIN ')) continue;
    try {
      read[name] = await readFile(resolve(folder, value), 'utf8');
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
      throw new Error(`the file that ${name} names cannot be read (${code})`);
    }
  }
  return read;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Operating system, kernel and addresses of this machine; of no use where a capture of another device is replayed. */
export function hostFacts(): Settings {
  const { NAME = type(), VERSION_ID = '' } = osRelease();
  return {
    SystemInformation_OsName: NAME,
    SystemInformation_OsVersion: VERSION_ID,
    SystemInformation_Kernel: `${type()} ${release()}`,
    LocalAddresses: localAddresses(),
  };
}

function localAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ internal }) => !internal)
    .map(({ address, cidr }) => cidr ?? address);
}

/** os-release(5): NAME="Debian GNU/Linux". Empty elsewhere than on Linux. */
function osRelease(): Readonly<Record<string, string>> {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8')
      .slice(0, 65_536)
      .matchAll(/^([A-Z_]+)=["']?(.*?)["']?$/gm);
    return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
  } catch {
    return {};
  }
}
