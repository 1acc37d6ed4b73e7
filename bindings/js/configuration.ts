// From options to the configuration block the core reads (schema/configuration-block.ts).

import {
  COLLECTOR_HEARTBEAT,
  COLLECTOR_NETWORK_ACTIVITY,
  COLLECTOR_SYSTEM_INFORMATION,
  CONFIGURATION_HEADER,
  CONFIGURATION_VERSION,
  DETECT_ENABLED,
  DETECT_LEARN,
  DETECT_LONG_WINDOW,
  DETECT_NETWORK_BITS,
  DETECT_WINDOW,
  ENTRY_HEADER,
  FORMAT_2_3,
  FORMAT_3_0_FLATBUFFERS,
  FORMAT_3_0_PROTOBUF,
  GROUP_HIGH,
  GROUP_LOW,
  GROUP_MEDIUM,
  KEY_BATCH_DELAY,
  KEY_CACHE_SIZE,
  KEY_COLLECTORS,
  KEY_DETECTION,
  KEY_FIRST_COLLECTION,
  KEY_FORMAT,
  KEY_HARDWARE,
  KEY_INTERVALS,
  KEY_KERNEL,
  KEY_LOCAL_V4,
  KEY_LOCAL_V6,
  KEY_NETWORK_STACK,
  KEY_OS,
  KEY_OWN_CONNECTIONS,
  KEY_PENDING_TIME,
  KEY_PROTOCOLS,
  KEY_SEED,
  KEY_SEND_EMPTY,
  KEY_SPOOL,
  KEY_UNICAST_ONLY,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../schema/configuration-block.ts';
import {
  KIND_ADDRESS_SWEEP,
  KIND_BEACON,
  KIND_BRUTE_FORCE,
  KIND_DNS_TUNNEL,
  KIND_HORIZONTAL_SCAN,
  KIND_ICMP_FLOOD,
  KIND_ICMP_TUNNEL,
  KIND_REFLECTION,
  KIND_SYN_FLOOD,
  KIND_UDP_FLOOD,
  KIND_VERTICAL_SCAN,
} from '../../schema/detection-record.ts';
import { parseAddress, parsePrefix } from './address.ts';
import { WardletError } from './errors.ts';
import type { MessageFormat, ProtocolName } from './messages/security-message.ts';

export type CollectorName = 'NetworkActivity' | 'SystemInformation' | 'Heartbeat';
export type PriorityGroup = 'High' | 'Medium' | 'Low';

/** A TCP connection of the agent itself to a hub. */
export interface OwnConnection {
  /** IPv4 or IPv6. A socket's `::ffff:192.0.2.1` is 192.0.2.1. */
  readonly remoteAddress: string;
  /** 1 to 65,535. */
  readonly remotePort: number;
  /** Left out or 0 where the host cannot know it: then what other programs say to that hub is ignored with it. */
  readonly localPort?: number;
}

/** Thresholds of detection (docs/detection.md); what is left out stays as it is. */
export interface DetectionConfiguration {
  /** Default true. */
  readonly enabled?: boolean;
  /** Seconds that limits hold for, 10 to 3,600. Default 300. */
  readonly windowSeconds?: number;
  /** Seconds in which twice a limit counts as well, 60 to 86,400, no less than the window. Default 3,600. */
  readonly longWindowSeconds?: number;
  /** Failed hosts of one port. Default 25. */
  readonly horizontalScanHosts?: number;
  /** Failed ports of one host. Default 15. */
  readonly verticalScanPorts?: number;
  /** Hosts asked by ICMP echo. Default 15. */
  readonly addressSweepHosts?: number;
  /** Short connections to one service where people log in. Default 10. */
  readonly bruteForceConnections?: number;
  /** How sure it has to be that calls are steady: calls in step, less two for each that is not. Default 14. */
  readonly beaconCalls?: number;
  /** Seconds that the device's endpoints are learned before new ones are told, up to 365 days; 0: they are not. Default 0. */
  readonly learnSeconds?: number;
  /** Leading bits, 8 to 32, of a public IPv4 address that make an endpoint; of IPv6 twice as many. Default 24. */
  readonly networkBits?: number;
  /** Connections begun and not finished, above what is normal. Default 100. */
  readonly synFloodConnections?: number;
  /** Datagrams to ever new ports that nobody answers, above what is normal. Default 100. */
  readonly udpFloodDatagrams?: number;
  /** Pings, above what is normal. Default 100. */
  readonly icmpFloodPings?: number;
  /** Hosts that answer what they were not asked; where the device is misused to answer, questions. Default 10. */
  readonly reflectionHosts?: number;
  /** Bytes that names and answers need not have, to one server. Default 6,000. */
  readonly dnsTunnelBytes?: number;
  /** Answers to pings that are no echoes, of one host. Default 20. */
  readonly icmpTunnelEchoes?: number;
}

/** What can be told to a core; what is left out stays as it is. Ranges are checked by the core. */
export interface CoreConfiguration {
  /** 32 bytes of entropy; needed once before start. */
  readonly seed?: Uint8Array;
  /** Seconds, 1 to 2,592,000; high <= medium <= low. Default 10, 30, 60. */
  readonly intervalSeconds?: { readonly high: number; readonly medium: number; readonly low: number };
  /** Default: all enabled; NetworkActivity high, the others low. */
  readonly collectors?: Partial<
    Record<CollectorName, { readonly enabled: boolean; readonly group: PriorityGroup } | undefined>
  >;
  /** Flows per family, 1 to the build's table. */
  readonly cacheSize?: number;
  /** Default: all. */
  readonly protocols?: readonly ProtocolName[];
  /** Default true: multicast and broadcast are ignored. */
  readonly unicastOnly?: boolean;
  /** Default false. */
  readonly sendEmptyEvents?: boolean;
  /** IPv4 and IPv6, each with /prefix if known; replaces both tables. */
  readonly localAddresses?: readonly string[];
  /** Ignored with reason `own`; replaces the table. May change at every reconnect: that collects nothing. Default: none. */
  readonly ownConnections?: readonly OwnConnection[];
  readonly operatingSystem?: string;
  readonly kernel?: string;
  readonly networkStack?: string;
  readonly hardware?: string;
  /** x seconds: the first collection falls at random in [x, 3x); 0: after one interval. Default 30. */
  readonly firstCollectionSeconds?: number;
  /** Seconds without a hub until suspended. Default 300. */
  readonly pendingSeconds?: number;
  /** Unacknowledged messages are spooled: never suspended. Default false. */
  readonly spool?: boolean;
  readonly format?: MessageFormat;
  /** Seconds collections may wait to share a message; 0 in format 2.3. */
  readonly maxBatchDelaySeconds?: number;
  /** Not in the lean profiles. */
  readonly detection?: DetectionConfiguration;
}

const COLLECTORS: Readonly<Record<CollectorName, number>> = {
  NetworkActivity: COLLECTOR_NETWORK_ACTIVITY,
  SystemInformation: COLLECTOR_SYSTEM_INFORMATION,
  Heartbeat: COLLECTOR_HEARTBEAT,
};
const GROUPS: Readonly<Record<PriorityGroup, number>> = {
  High: GROUP_HIGH,
  Medium: GROUP_MEDIUM,
  Low: GROUP_LOW,
};
const FORMATS: Readonly<Record<MessageFormat, number>> = {
  '2.3': FORMAT_2_3,
  '3.0-flatbuffers': FORMAT_3_0_FLATBUFFERS,
  '3.0-protobuf': FORMAT_3_0_PROTOBUF,
};
const PROTOCOLS: Readonly<Record<ProtocolName, number>> = {
  TCP: PROTOCOL_TCP,
  UDP: PROTOCOL_UDP,
  ICMP: PROTOCOL_ICMP,
};

/** RFC 4291 2.5.5.2: what an IPv4 address stands behind in 16 bytes. */
const V4_MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The option each key of the block comes from: names the culprit when the core refuses one. */
export const OPTION_OF_KEY: ReadonlyMap<number, keyof CoreConfiguration> = new Map([
  [KEY_SEED, 'seed'],
  [KEY_INTERVALS, 'intervalSeconds'],
  [KEY_COLLECTORS, 'collectors'],
  [KEY_CACHE_SIZE, 'cacheSize'],
  [KEY_PROTOCOLS, 'protocols'],
  [KEY_UNICAST_ONLY, 'unicastOnly'],
  [KEY_SEND_EMPTY, 'sendEmptyEvents'],
  [KEY_LOCAL_V4, 'localAddresses'],
  [KEY_LOCAL_V6, 'localAddresses'],
  [KEY_OS, 'operatingSystem'],
  [KEY_KERNEL, 'kernel'],
  [KEY_NETWORK_STACK, 'networkStack'],
  [KEY_HARDWARE, 'hardware'],
  [KEY_FIRST_COLLECTION, 'firstCollectionSeconds'],
  [KEY_PENDING_TIME, 'pendingSeconds'],
  [KEY_SPOOL, 'spool'],
  [KEY_FORMAT, 'format'],
  [KEY_BATCH_DELAY, 'maxBatchDelaySeconds'],
  [KEY_DETECTION, 'detection'],
  [KEY_OWN_CONNECTIONS, 'ownConnections'],
]);

/**
 * Throws WL_BAD_ADDRESS for an address it cannot read and WL_BAD_CONFIGURATION for a name it does not know or a port that is
 * none; other values are for the core to judge.
 */
export function encodeConfiguration(configuration: CoreConfiguration): Uint8Array {
  checkNames(configuration);
  const block = new BlockWriter();
  const { seed, intervalSeconds, collectors, protocols, localAddresses, ownConnections, format } =
    configuration;
  if (seed) block.bytes(KEY_SEED, seed);
  if (intervalSeconds)
    block.numbers(KEY_INTERVALS, [intervalSeconds.high, intervalSeconds.medium, intervalSeconds.low]);
  const entries = Object.entries(collectors ?? {}).flatMap(([name, collector]) =>
    collector
      ? [numberOf(COLLECTORS, name), Number(collector.enabled), numberOf(GROUPS, collector.group), 0]
      : [],
  );
  if (entries.length > 0) block.bytes(KEY_COLLECTORS, entries);
  if (protocols)
    block.numbers(KEY_PROTOCOLS, [
      protocols.reduce((bits, name) => bits | (1 << numberOf(PROTOCOLS, name)), 0),
    ]);
  if (localAddresses) {
    const locals = localAddresses.map(parsePrefix);
    for (const [key, size] of [
      [KEY_LOCAL_V4, 4],
      [KEY_LOCAL_V6, 16],
    ] as const) {
      const family = locals.filter(({ bytes }) => bytes.length === size);
      block.bytes(
        key,
        family.flatMap(({ bytes, prefixLength }) => [...bytes, prefixLength, 0, 0, 0]),
      );
    }
  }
  if (ownConnections) block.bytes(KEY_OWN_CONNECTIONS, ownConnections.flatMap(ownConnectionEntry));
  if (configuration.detection) block.numbers(KEY_DETECTION, detectionSettings(configuration.detection));
  if (format !== undefined) block.numbers(KEY_FORMAT, [numberOf(FORMATS, format)]);
  const numbers: ReadonlyArray<readonly [number, number | boolean | undefined]> = [
    [KEY_CACHE_SIZE, configuration.cacheSize],
    [KEY_UNICAST_ONLY, configuration.unicastOnly],
    [KEY_SEND_EMPTY, configuration.sendEmptyEvents],
    [KEY_FIRST_COLLECTION, configuration.firstCollectionSeconds],
    [KEY_PENDING_TIME, configuration.pendingSeconds],
    [KEY_SPOOL, configuration.spool],
    [KEY_BATCH_DELAY, configuration.maxBatchDelaySeconds],
  ];
  for (const [key, value] of numbers) if (value !== undefined) block.numbers(key, [Number(value)]);
  const texts: ReadonlyArray<readonly [number, string | undefined]> = [
    [KEY_OS, configuration.operatingSystem],
    [KEY_KERNEL, configuration.kernel],
    [KEY_NETWORK_STACK, configuration.networkStack],
    [KEY_HARDWARE, configuration.hardware],
  ];
  for (const [key, text] of texts) if (text !== undefined) block.bytes(key, new TextEncoder().encode(text));
  return block.finish();
}

function ownConnectionEntry({ remoteAddress, remotePort, localPort = 0 }: OwnConnection): number[] {
  const address = parseAddress(remoteAddress);
  return [
    ...(address.length === 4 ? V4_MAPPED : []),
    ...address,
    ...portBytes('localPort', localPort, 0),
    ...portBytes('remotePort', remotePort, 1),
  ];
}

/** Network order. 16 bits have no value that the core would refuse: it is refused here, never cut short. */
function portBytes(name: keyof OwnConnection, port: number, least: number): [number, number] {
  if (Number.isInteger(port) && port >= least && port <= 0xffff) return [port >> 8, port & 0xff];
  throw new WardletError(
    'WL_BAD_CONFIGURATION',
    `ownConnections: ${name} ${JSON.stringify(String(port).slice(0, 60))} is no port`,
    { hint: `a whole number from ${least} to 65535; the configuration before stays in force` },
  );
}

/** A name from outside the types (a file, plain JavaScript) is refused, never taken for another. */
function numberOf(values: Readonly<Record<string, number>>, name: string): number {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value !== undefined) return value;
  throw new WardletError('WL_BAD_CONFIGURATION', `${JSON.stringify(String(name).slice(0, 60))} is unknown`, {
    hint: `one of ${Object.keys(values).join(', ')}; the configuration before stays in force`,
  });
}

function checkNames(configuration: CoreConfiguration): void {
  const options = new Set<string>(OPTION_OF_KEY.values());
  const unknown = Object.keys(configuration).find((name) => !options.has(name));
  if (unknown === undefined) return;
  throw new WardletError(
    'WL_BAD_CONFIGURATION',
    `there is no option ${JSON.stringify(unknown.slice(0, 60))}`,
    {
      hint: `options: ${[...options].join(', ')}`,
    },
  );
}

class BlockWriter {
  readonly #bytes: number[] = new Array(CONFIGURATION_HEADER).fill(0);

  constructor() {
    this.#bytes[0] = CONFIGURATION_VERSION;
  }

  bytes(key: number, value: Iterable<number>): void {
    const content = [...value];
    this.#bytes.push(key & 0xff, key >> 8, content.length & 0xff, content.length >> 8, ...content);
    while (this.#bytes.length % ENTRY_HEADER) this.#bytes.push(0);
  }

  /** u32 each; what is no u32 becomes one that the core refuses, never a silent wrap-around. */
  numbers(key: number, values: readonly number[]): void {
    this.bytes(
      key,
      values.flatMap((value) => {
        const number = Number.isInteger(value) && value >= 0 && value < 2 ** 32 ? value : 0xffff_ffff;
        return [number & 0xff, (number >>> 8) & 0xff, (number >>> 16) & 0xff, number >>> 24];
      }),
    );
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

const DETECTION_SETTINGS: ReadonlyArray<readonly [keyof DetectionConfiguration, number]> = [
  ['enabled', DETECT_ENABLED],
  ['windowSeconds', DETECT_WINDOW],
  ['longWindowSeconds', DETECT_LONG_WINDOW],
  ['horizontalScanHosts', KIND_HORIZONTAL_SCAN],
  ['verticalScanPorts', KIND_VERTICAL_SCAN],
  ['addressSweepHosts', KIND_ADDRESS_SWEEP],
  ['bruteForceConnections', KIND_BRUTE_FORCE],
  ['beaconCalls', KIND_BEACON],
  ['learnSeconds', DETECT_LEARN],
  ['networkBits', DETECT_NETWORK_BITS],
  ['synFloodConnections', KIND_SYN_FLOOD],
  ['udpFloodDatagrams', KIND_UDP_FLOOD],
  ['icmpFloodPings', KIND_ICMP_FLOOD],
  ['reflectionHosts', KIND_REFLECTION],
  ['dnsTunnelBytes', KIND_DNS_TUNNEL],
  ['icmpTunnelEchoes', KIND_ICMP_TUNNEL],
];

/** Pairs of setting and value. */
function detectionSettings(detection: DetectionConfiguration): number[] {
  return DETECTION_SETTINGS.flatMap(([name, setting]) => {
    const value = detection[name];
    return value === undefined ? [] : [setting, Number(value)];
  });
}
