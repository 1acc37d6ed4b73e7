// Every key of the configuration: what it takes, what it is when nobody says, where it may come from, what it is for.
// Documents, help, names of variables, the twin's reply and the core's block all come from this table. A key whose room
// is built moves from LATER into KEYS.

import type { CoreConfiguration, PriorityGroup } from '../../bindings/js/configuration.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import { connections } from './connections.ts';
import {
  addresses,
  choice,
  choices,
  count,
  flag,
  intervals,
  type Kind,
  LONGEST_SECONDS,
  messageFormat,
  path,
  span,
  text,
} from './kinds.ts';
import type { Limits } from './limits.ts';

/** Where a document of settings comes from; a later one wins over an earlier one. */
export const SOURCES = ['file', 'environment', 'command line', 'options', 'twin'] as const;
export type Source = (typeof SOURCES)[number];

/** What a value may depend on when nobody gives one. */
export interface Circumstances {
  readonly limits: Limits;
  readonly format: MessageFormat;
}

export interface Key<Value> {
  readonly kind: Kind<Value>;
  /** The value when nobody gives one. */
  initial(about: Circumstances): Value;
  /** The same in words, where it is not the same everywhere. */
  readonly initially?: string;
  readonly summary: string;
  readonly from: readonly Source[];
  /** Never shown, never reported. */
  readonly isSecret?: true;
  /** The option of the core it goes into; without one it is the host's. */
  readonly core?: keyof CoreConfiguration;
}

const ANYWHERE: readonly Source[] = SOURCES;
/** Files and folders of the device are no business of whoever writes its twin. */
const ON_THE_DEVICE: readonly Source[] = ['file', 'environment', 'command line', 'options'];
/** A command line is shown to every user of the machine, a twin to everybody who reads the hub. */
const IN_CONFIDENCE: readonly Source[] = ['file', 'environment', 'options'];

function key<Value>(
  kind: Kind<Value>,
  rest: Omit<Key<Value>, 'kind' | 'from'> & Partial<Pick<Key<Value>, 'from'>>,
) {
  const definition: Key<Value> = { kind, from: ANYWHERE, ...rest };
  return Object.freeze(definition);
}

const disabled = (what: string) =>
  key(flag, { initial: () => false, summary: `no ${what}`, core: 'collectors' });
const frequency = (group: PriorityGroup, what: string) =>
  key(choice<PriorityGroup>('Low', 'Medium', 'High'), {
    initial: () => group,
    summary: `the priority group of ${what}: which of the three intervals it has`,
    core: 'collectors',
  });
const information = (core: keyof CoreConfiguration, summary: string, initially?: string) =>
  key(text, { initial: () => '', summary, core, ...(initially === undefined ? {} : { initially }) });

const limit = (initial: number, summary: string) =>
  key(count(2, 1_000_000), { initial: () => initial, summary, core: 'detection' });

const FROM_THE_HOST = 'from the host';

export const KEYS = {
  CollectorsCore_PriorityIntervals: key(intervals, {
    initial: () => Object.freeze({ high: 10, medium: 30, low: 60 }),
    summary: 'how often each priority group collects',
    core: 'intervalSeconds',
  }),
  NetworkActivity_Disabled: disabled('network activity: packets are ignored as `disabled`'),
  NetworkActivity_MessageFrequency: frequency('High', 'network activity'),
  NetworkActivity_CacheSize: key(
    count(1, (limits) => limits.flows),
    {
      initial: ({ limits }) => limits.flows,
      initially: "the build's table: 64; 65,535 in `gateway`",
      summary:
        'flows kept apart in each family (IPv4, IPv6); what finds no room is counted as "everything else"',
      core: 'cacheSize',
    },
  ),
  NetworkActivity_Protocols: key(choices('TCP', 'UDP', 'ICMP'), {
    initial: () => Object.freeze(['TCP', 'UDP', 'ICMP'] as const),
    summary: 'protocols counted; packets of the others are ignored as `disabled`',
    core: 'protocols',
  }),
  NetworkActivity_UnicastOnly: key(flag, {
    initial: () => true,
    summary: 'multicast and broadcast are ignored as `non_unicast`',
    core: 'unicastOnly',
  }),
  NetworkActivity_ExcludeOwnConnection: key(flag, {
    initial: ({ format }) => format !== '2.3',
    initially: '`true`; `false` in format 2.3',
    summary: "the agent's own hub connection is ignored as `own`, so that a quiet device is quiet",
  }),
  NetworkActivity_SendEmptyEvents: key(flag, {
    initial: () => false,
    summary: 'a network activity event even when there was none',
    core: 'sendEmptyEvents',
  }),
  LocalAddresses: key(addresses, {
    initial: () => Object.freeze([]),
    initially: FROM_THE_HOST,
    summary: "the device's addresses: what is from or to none of them is ignored as `non_local`",
    core: 'localAddresses',
  }),
  SystemInformation_Disabled: disabled('system information'),
  SystemInformation_MessageFrequency: frequency('Low', 'system information'),
  SystemInformation_OsName: information('operatingSystem', 'operating system', FROM_THE_HOST),
  SystemInformation_OsVersion: information('operatingSystem', 'its version', FROM_THE_HOST),
  SystemInformation_Kernel: information('kernel', 'kernel with version', FROM_THE_HOST),
  SystemInformation_NetworkStack: information('networkStack', 'network stack, where it is not the kernel'),
  SystemInformation_NetworkStackVersion: information('networkStack', 'its version'),
  SystemInformation_HardwareVendor: information('hardware', 'who made the device'),
  SystemInformation_HardwareModel: information('hardware', 'its model'),
  SystemInformation_HardwareSerialNumber: information('hardware', 'its serial number'),
  SystemInformation_FirmwareVendor: information('hardware', 'who made its firmware'),
  SystemInformation_FirmwareVersion: information('hardware', "the firmware's version"),
  Heartbeat_Disabled: disabled('heartbeat'),
  Heartbeat_MessageFrequency: frequency('Low', 'the heartbeat'),
  Detection_Disabled: key(flag, {
    initial: () => false,
    summary: 'attacks are not noticed; in the lean builds they never are',
    core: 'detection',
  }),
  Detection_Window: key(span('seconds', 10, 3_600), {
    initial: () => 300,
    summary: 'in which so many things as the limits below say are noticed',
    core: 'detection',
  }),
  Detection_LongWindow: key(span('seconds', 60, 86_400), {
    initial: () => 3_600,
    summary: 'in which twice as many are noticed as well, so that the slow do not get by',
    core: 'detection',
  }),
  Detection_HorizontalScanHosts: limit(25, 'horizontal scan: hosts that failed at one port'),
  Detection_VerticalScanPorts: limit(15, 'vertical scan: ports that failed on one host'),
  Detection_AddressSweepHosts: limit(15, 'address sweep: hosts asked by ICMP echo'),
  Detection_BruteForceConnections: limit(
    10,
    'brute force: short connections to one service where people log in',
  ),
  Detection_BeaconCalls: limit(
    14,
    'beacon: calls of one service at a steady period, less two for each out of step',
  ),
  Detection_LearnTime: key(span('seconds', 0, 31_536_000), {
    initial: () => 0,
    summary:
      "first contact: how long the device's endpoints are learned before new ones are noticed; 0: never",
    core: 'detection',
  }),
  Detection_NetworkBits: key(count(8, 32), {
    initial: () => 24,
    summary:
      'first contact: leading bits of a public IPv4 address that make an endpoint; of IPv6 twice as many',
    core: 'detection',
  }),
  Detection_SynFloodConnections: limit(
    100,
    'SYN flood: connections begun and not finished, above what is normal',
  ),
  Detection_UdpFloodDatagrams: limit(
    100,
    'UDP flood: datagrams of ever new ports that nobody answers, above what is normal',
  ),
  Detection_IcmpFloodPings: limit(100, 'ICMP flood: pings, above what is normal'),
  Detection_ReflectionHosts: limit(
    10,
    'reflection: hosts that answer what they were not asked; of a device misused to answer, questions',
  ),
  Detection_DnsTunnelBytes: limit(
    6_000,
    'DNS tunnel: bytes that names and answers need not have, to one server',
  ),
  Detection_IcmpTunnelEchoes: limit(20, 'ICMP tunnel: answers to pings that are no echoes, of one host'),
  Detection_IndicatorFile: key(path, {
    initial: () => undefined,
    initially: 'no list',
    summary:
      'file of addresses and prefixes that the device should not speak to, one a line; read at the start',
    from: ON_THE_DEVICE,
  }),
  Connections: key(connections, {
    initial: () => Object.freeze([]),
    initially: 'none',
    summary: 'hubs to report to, each with what it takes to prove who the device is',
    from: IN_CONFIDENCE,
    isSecret: true,
  }),
  Spool_Path: key(path, {
    initial: () => undefined,
    initially: 'no spool',
    summary:
      'folder that keeps unacknowledged messages over a power cut; in a browser the name of a database',
    from: ON_THE_DEVICE,
    core: 'spool',
  }),
  Spool_MaxBytes: key(count(65_536, 2 ** 40), {
    initial: () => 64_000_000,
    summary: 'bytes on disk; beyond it the oldest messages are given up, and counted',
  }),
  Spool_MaxAge: key(span('minutes', 1, 525_600), {
    initial: () => 2_880,
    summary: 'how long a message may lie in the spool before it is given up, and counted',
  }),
  IothubModule_MessageTimeout: key(span('minutes', 1, 43_200), {
    initial: () => 2_880,
    summary: 'how long a message may wait for a hub before it is given up, and counted',
  }),
  Agent_MessageFormat: key(messageFormat, {
    initial: ({ format }) => format,
    initially: '`3.0-protobuf`; `2.3` where the build has no other',
    summary: 'how messages are written',
    core: 'format',
  }),
  Agent_MaxBatchDelay: key(span('seconds', 0, 3_600), {
    initial: ({ format }) => (format === '2.3' ? 0 : 60),
    initially: '60; 0 in format 2.3, which takes no other',
    summary: 'how long a finished collection may wait to share a message with others',
    core: 'maxBatchDelaySeconds',
  }),
  Agent_FirstCollectionInterval: key(span('seconds', 0, LONGEST_SECONDS), {
    initial: () => 30,
    summary:
      'x: the first collection falls at random in [x, 3x), so that a fleet does not move in step; 0: after one interval',
    core: 'firstCollectionSeconds',
  }),
  Agent_PendingTime: key(span('seconds', 1, LONGEST_SECONDS), {
    initial: () => 300,
    summary: 'without a hub for longer, collecting and encoding stop; counting goes on. Never with a spool',
    core: 'pendingSeconds',
  }),
  Agent_RetryTime: key(span('seconds', 1, 3_600), {
    initial: () => 3,
    summary: 'before the first attempt to connect again; then it grows, at random',
  }),
} as const;

export type KeyName = keyof typeof KEYS;
/** All keys with a value each: what is in force. */
export type Configuration = { readonly [Name in KeyName]: ReturnType<(typeof KEYS)[Name]['initial']> };
/** Some keys, in any spelling of their values that a file may have too. */
export type Settings = { readonly [Name in KeyName]?: unknown };

export const KEY_NAMES = Object.keys(KEYS) as readonly KeyName[];
/** The table without the types of its values. */
export const DEFINITIONS: Readonly<Record<KeyName, Key<unknown>>> = KEYS;

export function isKey(name: string): name is KeyName {
  return Object.hasOwn(KEYS, name);
}

/** Keys, or beginnings of keys, that this agent knows of and has nothing for: each with the reason. */
export const LATER: Readonly<Record<string, string>> = {
  NetworkActivity_Devices: 'this version captures from no network interface',
  ListeningPorts_: 'this version has no collector of listening ports',
  Baseline_: 'this version has no baseline collector',
  Statistics_: 'this version has no statistics collector',
  Capture_: 'this version captures from no network interface',
  // The Linux micro agent's: existing twins hold them.
  Process_: 'a collector of the Linux micro agent that this agent lacks',
  SBoM_: 'a collector of the Linux micro agent that this agent lacks',
  LogCollector_: 'a collector of the Linux micro agent that this agent lacks',
  Login_: 'a collector of the Linux micro agent that this agent lacks',
  FileSystem_: 'a collector of the Linux micro agent that this agent lacks',
  Peripheral_: 'a collector of the Linux micro agent that this agent lacks',
};

/** Why the key is not available yet; undefined when nobody has heard of it. */
export function whyNotAvailable(name: string): string | undefined {
  const known = Object.keys(LATER).find((start) =>
    start.endsWith('_') ? name.startsWith(start) : name === start,
  );
  return known === undefined ? undefined : LATER[known];
}
