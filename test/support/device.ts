// A device under test: the same settings as a configuration block for the core and as a Device for the model.

import {
  COLLECTOR_NETWORK_ACTIVITY,
  GROUP_HIGH,
  KEY_CACHE_SIZE,
  KEY_PROTOCOLS,
  KEY_UNICAST_ONLY,
} from '../../schema/configuration-block.ts';
import {
  collectors,
  type Entry,
  type Local,
  localAddresses,
  numbers,
  type Own,
  ownConnections,
} from './configuration-block.ts';
import { hex } from './message-reader.ts';
import type { Device, Protocol } from './packet-model.ts';

export interface DeviceSettings {
  readonly locals: readonly Local[];
  readonly unicastOnly: boolean;
  readonly protocols: readonly Protocol[];
  readonly networkActivity: boolean;
  /** Flows per family; undefined: as many as the build has. */
  readonly cacheSize?: number | undefined;
  readonly own?: readonly Own[];
}

export function v4(address: string): Uint8Array {
  return Uint8Array.from(address.split('.'), Number);
}

/** All eight groups written out, or one `::`. */
export function v6(address: string): Uint8Array {
  const [head = '', tail] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = [
    ...head,
    ...(tail ? Array.from({ length: 8 - head.length - tail.length }, () => '0') : []),
    ...(tail ?? []),
  ];
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

export const LAPTOP: DeviceSettings = {
  locals: [
    { address: v4('10.0.0.5'), prefix: 24 },
    { address: v6('2001:db8::5'), prefix: 64 },
  ],
  unicastOnly: true,
  protocols: ['TCP', 'UDP', 'ICMP'],
  networkActivity: true,
};

export function modelOf(settings: DeviceSettings): Device {
  return {
    locals: new Set(settings.locals.map(({ address }) => hex(address))),
    broadcasts: new Set(settings.locals.flatMap(broadcastOf)),
    unicastOnly: settings.unicastOnly,
    protocols: new Set(settings.protocols),
    networkActivity: settings.networkActivity,
    own: (settings.own ?? []).map(({ remote, remotePort, localPort }) => ({
      remote: hex(remote),
      remotePort,
      localPort: localPort || undefined,
    })),
  };
}

export function entriesOf(settings: DeviceSettings): Entry[] {
  const bits = { TCP: 1, UDP: 2, ICMP: 4 };
  return [
    ...localAddresses(settings.locals),
    numbers(KEY_UNICAST_ONLY, Number(settings.unicastOnly)),
    numbers(
      KEY_PROTOCOLS,
      settings.protocols.reduce((sum, protocol) => sum | bits[protocol], 0),
    ),
    collectors([COLLECTOR_NETWORK_ACTIVITY, Number(settings.networkActivity), GROUP_HIGH]),
    ownConnections(settings.own ?? []),
    ...(settings.cacheSize === undefined ? [] : [numbers(KEY_CACHE_SIZE, settings.cacheSize)]),
  ];
}

/** All host bits one; none for a prefix unknown, 31 or 32 (RFC 3021). */
function broadcastOf({ address, prefix }: Local): string[] {
  if (address.length !== 4 || prefix === 0 || prefix > 30) return [];
  const number = new DataView(address.buffer, address.byteOffset).getUint32(0);
  return [((number | (2 ** (32 - prefix) - 1)) >>> 0).toString(16).padStart(8, '0')];
}
