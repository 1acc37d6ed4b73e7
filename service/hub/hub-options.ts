// The options of startHub: defaults, checks.

import { WardletError } from '../../bindings/js/errors.ts';
import type { Durability } from './database.ts';
import { hostNamesOf, machineNames } from './host-names.ts';
import { type HubLimits, resolveLimits } from './limits.ts';
import type { MessageSink } from './message-store.ts';
import { DEFAULT_PORT } from './registry.ts';

export interface HubOptions {
  /** Everything the hub knows lies here; made if need be, for its owner only. */
  readonly dataFolder: string;
  /** Default: 8883. 0: any that is free. */
  readonly port?: number;
  /** MQTT over WebSocket, TLS too. Default: none. 0: any that is free. IoT Hub's is 443. */
  readonly webSocketPort?: number;
  /**
   * MQTT without TLS, for devices behind a gateway that ends TLS itself. Default: none. 0: any that is free. Tokens and messages cross the
   * network in clear text.
   */
  readonly plainPort?: number;
  /** Address that plainPort listens on, whatever `host` is. Default: localhost. */
  readonly plainHost?: string;
  /** The REST side, on localhost and with TLS. Default: none. 0: any that is free. */
  readonly restPort?: number;
  /** Address to listen on. Default: localhost, on IPv4 and IPv6. */
  readonly host?: string;
  /** Names and addresses that devices call the hub by, beside localhost and the machine's own name. */
  readonly hostNames?: readonly string[];
  /** Default: synced, every message is on the disk before it is acknowledged. */
  readonly durability?: Durability;
  readonly limits?: Partial<HubLimits>;
  /** Takes messages in the transaction that stores them. */
  readonly sink?: MessageSink;
  /** ms since 1970. Default: the machine's clock. */
  readonly now?: () => number;
}

export interface ResolvedHubOptions {
  readonly dataFolder: string;
  readonly port: number;
  readonly webSocketPort: number | undefined;
  readonly plainPort: number | undefined;
  readonly plainHost: string;
  readonly restPort: number | undefined;
  readonly host: string;
  /** The one that connection strings name comes first. */
  readonly hostNames: readonly string[];
  readonly durability: Durability;
  readonly limits: HubLimits;
  readonly sink: MessageSink | undefined;
  readonly now: () => number;
}

const NAMES = new Set([
  'dataFolder',
  'port',
  'webSocketPort',
  'plainPort',
  'plainHost',
  'restPort',
  'host',
  'hostNames',
  'durability',
  'limits',
  'sink',
  'now',
]);
const ALL_ADDRESSES = new Set(['0.0.0.0', '::']);

/** What devices on other machines would call this one by, for what it listens on. */
function reachedAs(host: string): string[] {
  if (ALL_ADDRESSES.has(host)) return machineNames();
  return host === 'localhost' ? [] : [host];
}

/** Throws WL_BAD_OPTION. */
export function resolveHubOptions(options: HubOptions): ResolvedHubOptions {
  const unknown = Object.keys(options).find((name) => !NAMES.has(name));
  if (unknown !== undefined) throw wrong(`no option is called ${unknown}`, [...NAMES].join(', '));
  const {
    dataFolder,
    port = DEFAULT_PORT,
    webSocketPort,
    plainPort,
    plainHost = 'localhost',
    restPort,
    host = 'localhost',
    hostNames = [],
    durability = 'synced',
  } = options;
  if (typeof dataFolder !== 'string' || dataFolder === '') throw wrong('no data folder', 'name a folder');
  for (const given of [port, webSocketPort ?? 0, plainPort ?? 0, restPort ?? 0]) {
    if (Number.isInteger(given) && given >= 0 && given <= 65_535) continue;
    throw wrong(`port ${given} is none`, 'from 1 to 65535, or 0 for any that is free');
  }
  if (durability !== 'synced' && durability !== 'written') {
    throw wrong(`durability is ${String(durability)}`, 'synced or written');
  }
  return {
    dataFolder,
    port,
    webSocketPort,
    plainPort,
    plainHost,
    restPort,
    host,
    hostNames: hostNamesOf([...hostNames, ...reachedAs(host)]),
    durability,
    limits: resolveLimits(options.limits),
    sink: options.sink,
    now: options.now ?? Date.now,
  };
}

function wrong(message: string, hint: string): WardletError {
  return new WardletError('WL_BAD_OPTION', message, { hint });
}
