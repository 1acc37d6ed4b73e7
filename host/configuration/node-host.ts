// What a host on Node contributes: its configuration file, and what it knows of itself. The only file here that needs Node.

import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { networkInterfaces, release, type } from 'node:os';
import { basename } from 'node:path';
import { WardletError } from '../../bindings/js/errors.ts';
import { configurationText, TEXT_MAX } from './configuration-text.ts';
import type { Settings } from './keys.ts';
import type { Layer } from './layer.ts';

/** @throws WardletError WL_BAD_FILE; what is wrong inside the file is in the layer's faults */
export async function configurationFile(path: string): Promise<Layer> {
  try {
    const file = await open(path);
    try {
      // One byte more tells that there is more.
      const buffer = Buffer.alloc(Math.min(Math.max((await file.stat()).size, 65_536), TEXT_MAX) + 1);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return configurationText(buffer.toString('utf8', 0, bytesRead), basename(path));
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
