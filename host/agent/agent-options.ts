// What an agent can be told: one table of what is possible and what is usual, and one check that finds all faults at once.

import { parsePrefix } from '../../bindings/js/address.ts';
import type { Core } from '../../bindings/js/core.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import type { IndicatorList } from '../../bindings/js/indicators.ts';
import { FORMATS, type Profile } from '../../bindings/js/profiles.ts';
import type { CoreOptions as ConfiguredOptions } from '../configuration/core-options.ts';
import type { Settings } from '../configuration/keys.ts';
import type { Layer } from '../configuration/layer.ts';
import type { Spool } from '../spool/spool.ts';
import type { AssignmentStore } from '../transport/assignment.ts';
import type { Provisioning } from '../transport/provisioned-transport.ts';
import type { Transport } from '../transport/transport.ts';
import {
  CONNECTION_OPTIONS,
  type ConnectionSettings,
  type Protocol,
} from '../transport/transport-options.ts';
import type { Clock } from './clock.ts';
import type { IndicatorReader } from './indicator-option.ts';
import type { SpoolOpener } from './spool-option.ts';

/** Options that are settings of the core; the agent itself finds its own connections. */
type CoreOptions = Omit<ConfiguredOptions, 'ownConnections' | 'localAddresses'>;

interface CommonOptions extends CoreOptions {
  /** A fresh core (loadCore), for this agent alone. Profile `standard` for a device, `gateway` for a Linux host. */
  readonly core: Core;
  /**
   * The device's addresses, each with /prefix if known: `['192.168.1.50/24', 'fe80::1/64']`. At least one, here or as LocalAddresses
   * in one of the three below.
   */
  readonly localAddresses?: readonly string[] | undefined;
  /** Settings by the names of their keys (docs/configuration.md). They win over options, a twin over both. */
  readonly configuration?: Settings | undefined;
  /** Documents of settings: a file, variables, a command line. What is given here as an option wins over them. */
  readonly layers?: readonly Layer[] | undefined;
  /** What the host knows of itself (`hostFacts()`): what nobody else says. */
  readonly host?: Settings | undefined;
  /** The agent's time: intervals and the times in events. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** The time of waits and deadlines, of tokens and retries. Default: the system's. */
  readonly wallClock?: Clock | undefined;
  /** 32 bytes that nobody can guess, new at every call. Default: crypto.getRandomValues. Event ids come from it. */
  readonly entropy?: ((length: number) => Uint8Array) | undefined;
  /** In [0, 1): spreads retries. Default: Math.random. */
  readonly random?: (() => number) | undefined;
  /** Keeps unacknowledged messages: an open spool, which the agent closes, or what opens the one named by the key Spool_Path. */
  readonly spool?: Spool | SpoolOpener | undefined;
  /** What the device should not speak to: a list of parseIndicators, or what reads the file named by the key Detection_IndicatorFile. */
  readonly indicators?: IndicatorList | IndicatorReader | undefined;
  /** Keeps what a provisioning service assigned, so that a restart does not ask again: `assignmentFile` in Node. Default: in memory. */
  readonly assignments?: AssignmentStore | undefined;
  /** Aborted: the agent stops as with stop(); what goes wrong then is a warning. */
  readonly signal?: AbortSignal | undefined;
}

/** One connection of several. */
export interface ConnectionOptions {
  /** Default true. */
  readonly enabled?: boolean | undefined;
  /** HostName=...;DeviceId=...;SharedAccessKey=... of a device or a module. This, or dps, or a transport. */
  readonly connectionString?: string | undefined;
  /** PEM text of the authorities to trust instead of the system's. The hub's certificate is always checked. */
  readonly ca?: string | undefined;
  /** mqtt: port 8883; mqtt-ws, over WebSocket: port 443. Default: mqtt in Node, mqtt-ws in a page. */
  readonly protocol?: Protocol | undefined;
  /** PEM text, where the connection string says x509=true: the device's certificate and its key. Node only. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  /** The hub is the one that the Device Provisioning Service names. */
  readonly dps?: Provisioning | undefined;
  /** A way to the hub of your own. */
  readonly transport?: Transport | undefined;
}

interface ByConnectionString extends CommonOptions, Partial<ConnectionSettings> {
  /** HostName=...;DeviceId=...;SharedAccessKey=... of a device or a module. */
  readonly connectionString: string;
  /** PEM text of the authorities to trust instead of the system's. The hub's certificate is always checked. */
  readonly ca?: string | undefined;
  /** mqtt: port 8883; mqtt-ws, over WebSocket: port 443. Default: mqtt in Node, mqtt-ws in a page. */
  readonly protocol?: Protocol | undefined;
  /** PEM text, where the connection string says x509=true: the device's certificate and its key. Node only. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly transport?: undefined;
  readonly connections?: undefined;
}

interface ByTransport extends CommonOptions {
  /** A way to the hub of your own. */
  readonly transport: Transport;
  readonly connectionString?: undefined;
  readonly ca?: undefined;
  readonly protocol?: undefined;
  readonly certificate?: undefined;
  readonly privateKey?: undefined;
  readonly connections?: undefined;
  readonly retrySeconds?: undefined;
}

interface ByConnections extends CommonOptions, Partial<ConnectionSettings> {
  /**
   * Several hubs, up to 64. Each distinct host name and device id gets every message once; a device and its modules are one. Left out:
   * the key Connections of the settings.
   */
  readonly connections?: readonly ConnectionOptions[] | undefined;
  readonly connectionString?: undefined;
  readonly ca?: undefined;
  readonly protocol?: undefined;
  readonly certificate?: undefined;
  readonly privateKey?: undefined;
  readonly transport?: undefined;
}

export type AgentOptions = ByConnectionString | ByTransport | ByConnections;

/** Distinct ones, as many as one agent reports to. */
export const HUBS_MAX = 64;

/** Options of a core that are one whole number each, with its range. */
const CORE_NUMBERS = {
  cacheSize: (core: Core) => [1, core.flowMax],
  firstCollectionSeconds: () => [0, 2_592_000],
  pendingSeconds: () => [1, 2_592_000],
  maxBatchDelaySeconds: ({ profile }: Core) => [0, sharesMessages(profile) ? 3_600 : 0],
} as const satisfies Record<string, (core: Core) => readonly [number, number]>;

function sharesMessages(profile: Profile): boolean {
  return (FORMATS[profile] ?? []).some((format) => format !== '2.3');
}

const CORE_BOOLEANS = ['unicastOnly', 'sendEmptyEvents'] as const;
const CORE_TEXTS = ['operatingSystem', 'kernel', 'networkStack', 'hardware'] as const;
const SETTINGS = ['configuration', 'layers', 'host'] as const;
const CORE_OTHERS = ['localAddresses', 'intervalSeconds', 'collectors', 'protocols', 'format'] as const;
const OBJECTS = [
  'core',
  'clock',
  'wallClock',
  'entropy',
  'random',
  'signal',
  'spool',
  'indicators',
  'assignments',
] as const;
const WAYS = ['connectionString', 'transport', 'connections'] as const;
/** Of one of `connections`. */
const SECURITY = ['ca', 'protocol', 'certificate', 'privateKey'] as const;
const CONNECTION_WAYS = ['connectionString', 'dps', 'transport'] as const;
const CONNECTION_NAMES = ['enabled', ...CONNECTION_WAYS, ...SECURITY] as const;
const PROVISIONING_TEXTS = ['host', 'idScope', 'registrationId', 'key', 'groupKey'] as const;
const PROVISIONING_NAMES = [...PROVISIONING_TEXTS, 'certificate', 'privateKey'] as const;

/** Every option there is. */
export const OPTION_NAMES: readonly string[] = [
  ...OBJECTS,
  ...WAYS,
  ...SECURITY,
  ...SETTINGS,
  ...Object.keys(CONNECTION_OPTIONS),
  ...CORE_OTHERS,
  ...Object.keys(CORE_NUMBERS),
  ...CORE_BOOLEANS,
  ...CORE_TEXTS,
];

const NO_ADDRESSES = "localAddresses is needed: the device's addresses, at least one";
const SECONDS_MAX = 2_592_000;
/** Characters of a refused value that are repeated. */
const SHOWN_MAX = 40;

/** The options meant for the core. */
export function coreOptions(options: AgentOptions): ConfiguredOptions {
  const names: readonly string[] = [
    ...CORE_OTHERS,
    ...Object.keys(CORE_NUMBERS),
    ...CORE_BOOLEANS,
    ...CORE_TEXTS,
  ];
  const chosen = Object.entries(options).filter(
    ([name, value]) => names.includes(name) && value !== undefined,
  );
  return Object.fromEntries(chosen) as ConfiguredOptions;
}

export function connectionSettings(options: AgentOptions): Partial<ConnectionSettings> {
  const chosen = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(CONNECTION_OPTIONS, name) && value !== undefined,
  );
  return Object.fromEntries(chosen) as Partial<ConnectionSettings>;
}

/**
 * Nothing is changed by it. The connection string is for its own parser to judge.
 * @throws WardletError WL_BAD_OPTION with every fault: option, value, reason
 */
export function checkOptions(options: AgentOptions): void {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const faults = [...unknownNames(given), ...wrongObjects(given), ...wrongCore(given)];
  if (faults.length > 0) throw badOptions(faults);
}

/** @throws WardletError WL_BAD_OPTION: neither option nor setting says who the device is */
export function checkAddresses(addresses: readonly string[]): void {
  if (addresses.length === 0) throw badOptions([NO_ADDRESSES]);
}

function badOptions(faults: readonly string[]): WardletError {
  return new WardletError('WL_BAD_OPTION', faults.join('; '), {
    hint: 'docs/agent.md lists the options with their ranges and defaults',
  });
}

function* unknownNames(given: Readonly<Record<string, unknown>>): Generator<string> {
  for (const name of Object.keys(given)) {
    if (!OPTION_NAMES.includes(name)) yield `there is no option ${shown(name)}`;
  }
}

function* wrongObjects(given: Readonly<Record<string, unknown>>): Generator<string> {
  if (!isObject(given.core) || typeof given.core.observe !== 'function') yield 'core is no core of loadCore';
  for (const name of ['clock', 'wallClock']) {
    const clock = given[name];
    if (clock === undefined) continue;
    if (!isObject(clock) || typeof clock.now !== 'function' || typeof clock.setTimer !== 'function') {
      yield `${name} is no clock: it needs now and setTimer`;
    }
  }
  for (const name of ['entropy', 'random']) {
    if (given[name] !== undefined && typeof given[name] !== 'function') yield `${name} is no function`;
  }
  for (const name of ['configuration', 'host']) {
    if (given[name] !== undefined && (!isObject(given[name]) || Array.isArray(given[name]))) {
      yield `${name} is no object of keys and values`;
    }
  }
  const { layers } = given;
  if (layers !== undefined && !(Array.isArray(layers) && layers.every(isLayer))) {
    yield 'layers is no list of documents: each needs source and values';
  }
  if (given.signal !== undefined && !(given.signal instanceof AbortSignal)) yield 'signal is no AbortSignal';

  yield* wrongWays(given);
  const { spool } = given;
  if (spool !== undefined && typeof spool !== 'function' && !isOf(spool, ['append', 'read', 'limit'])) {
    yield 'spool is no spool, and nothing that opens one';
  }
  const { indicators } = given;
  const isList = isObject(indicators) && indicators.entries instanceof Uint8Array;
  if (indicators !== undefined && typeof indicators !== 'function' && !isList) {
    yield 'indicators is no list of parseIndicators, and nothing that reads one';
  }
  if (given.assignments !== undefined && !isOf(given.assignments, ['load', 'save'])) {
    yield 'assignments keeps none: it needs load and save';
  }
  for (const [name, { min, max }] of Object.entries(CONNECTION_OPTIONS))
    yield* wrongNumber(given, name, min, max);
  const { retrySeconds, maxRetrySeconds } = given;
  if (Number(retrySeconds ?? 0) > Number(maxRetrySeconds ?? CONNECTION_OPTIONS.maxRetrySeconds.default)) {
    yield 'retrySeconds is more than maxRetrySeconds';
  }
}

function* wrongWays(given: Readonly<Record<string, unknown>>): Generator<string> {
  const { connections, ...others } = given;
  const ways = WAYS.filter((name) => given[name] !== undefined).length;
  // Settings may hold Connections.
  if (ways > 1 || (ways === 0 && !hasSettings(given))) {
    yield 'either connectionString or transport or connections is needed';
  }
  if (connections === undefined) {
    yield* wrongConnection(Object.fromEntries(CONNECTION_NAMES.map((name) => [name, others[name]])), '');
  } else if (!Array.isArray(connections)) {
    yield 'connections is no list';
  } else {
    for (const [index, connection] of connections.entries()) {
      const place = `connections, ${index + 1}: `;
      if (!isObject(connection)) {
        yield `${place}is no object`;
        continue;
      }
      for (const name of Object.keys(connection)) {
        if (!CONNECTION_NAMES.some((known) => known === name))
          yield `${place}there is no option ${shown(name)}`;
      }
      if (CONNECTION_WAYS.filter((name) => connection[name] !== undefined).length !== 1) {
        yield `${place}either connectionString or dps or transport is needed`;
      }
      yield* wrongConnection(connection, place);
    }
  }
  if (given.transport === undefined) return;
  for (const name of Object.keys(CONNECTION_OPTIONS)) {
    if (given[name] !== undefined)
      yield `${name} goes with connectionString, not with a transport of your own`;
  }
}

/** What is wrong with the values of one connection; place: begins each fault. */
export function* wrongConnection(given: Readonly<Record<string, unknown>>, place: string): Generator<string> {
  const { enabled, transport, connectionString, ca, protocol, certificate, privateKey } = given;
  if (enabled !== undefined && typeof enabled !== 'boolean') yield `${place}enabled is not true or false`;
  if (connectionString !== undefined && typeof connectionString !== 'string') {
    yield `${place}connectionString is no text`;
  }
  if (ca !== undefined && !isPem(ca, 'CERTIFICATE')) yield `${place}ca is no certificate in PEM text`;
  if (protocol !== undefined && protocol !== 'mqtt' && protocol !== 'mqtt-ws') {
    yield `${place}protocol is ${shown(protocol)}, not mqtt or mqtt-ws`;
  }
  if (certificate !== undefined && !isPem(certificate, 'CERTIFICATE')) {
    yield `${place}certificate is no certificate in PEM text`;
  }
  if (privateKey !== undefined && !isPem(privateKey, '[A-Z ]*PRIVATE KEY')) {
    yield `${place}privateKey is no private key in PEM text`;
  }
  if ((certificate === undefined) !== (privateKey === undefined)) {
    yield `${place}certificate and privateKey go together`;
  }
  if (given.dps !== undefined)
    yield* wrongProvisioning(given.dps, certificate !== undefined, `${place}dps: `);
  if (transport === undefined) return;
  if (!isOf(transport, ['open', 'send', 'close'])) {
    yield `${place}transport is no transport: it needs open, send and close`;
  }
  for (const name of SECURITY) {
    if (given[name] !== undefined)
      yield `${place}${name} goes with connectionString, not with a transport of your own`;
  }
}

function* wrongProvisioning(dps: unknown, hasCertificate: boolean, place: string): Generator<string> {
  if (!isObject(dps)) {
    yield `${place}is no object`;
    return;
  }
  for (const name of Object.keys(dps)) {
    if (!PROVISIONING_NAMES.some((known) => known === name))
      yield `${place}there is no option ${shown(name)}`;
  }
  for (const name of PROVISIONING_TEXTS) {
    const isNeeded = name === 'idScope' || name === 'registrationId';
    if (dps[name] === undefined ? isNeeded : typeof dps[name] !== 'string' || dps[name] === '') {
      yield `${place}${name} is no text`;
    }
  }
  for (const [name, form] of [
    ['idScope', /^[A-Za-z0-9]{1,64}$/],
    ['registrationId', /^[A-Za-z0-9\-._:]{1,128}$/],
  ] as const) {
    const text = dps[name];
    if (typeof text === 'string' && text !== '' && !form.test(text))
      yield `${place}${name} is none that a provisioning service would give`;
  }
  yield* wrongConnection({ certificate: dps.certificate, privateKey: dps.privateKey }, place);
  const proofs = ['key', 'groupKey', 'certificate'].filter((name) => dps[name] !== undefined);
  if (hasCertificate) yield `${place}the certificate goes inside`;
  if (proofs.length !== 1) yield `${place}key, or groupKey, or certificate and privateKey is needed`;
}

function* wrongCore(given: Readonly<Record<string, unknown>>): Generator<string> {
  const core = given.core as Core;
  for (const [name, range] of Object.entries(CORE_NUMBERS)) {
    const [min, max] = range(core ?? { flowMax: Number.MAX_SAFE_INTEGER });
    yield* wrongNumber(given, name, min, max);
  }
  for (const name of CORE_BOOLEANS) {
    if (given[name] !== undefined && typeof given[name] !== 'boolean') {
      yield `${name} is ${shown(given[name])}, not true or false`;
    }
  }
  for (const name of CORE_TEXTS) {
    if (given[name] !== undefined && typeof given[name] !== 'string') yield `${name} is no text`;
  }
  // With settings, only they tell whether there is an address.
  if (given.localAddresses !== undefined || !hasSettings(given)) yield* wrongAddresses(given.localAddresses);
  yield* wrongIntervals(given.intervalSeconds);
}

function* wrongAddresses(addresses: unknown): Generator<string> {
  if (!Array.isArray(addresses) || addresses.length === 0) {
    yield NO_ADDRESSES;
    return;
  }
  for (const address of addresses) {
    try {
      parsePrefix(String(address));
    } catch (error) {
      yield `localAddresses: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

function* wrongIntervals(intervals: unknown): Generator<string> {
  if (intervals === undefined) return;
  if (!isObject(intervals)) {
    yield 'intervalSeconds needs high, medium and low';
    return;
  }
  for (const name of ['high', 'medium', 'low']) {
    if (!isWhole(intervals[name], 1, SECONDS_MAX)) {
      yield `intervalSeconds.${name} is ${shown(intervals[name])}, not a whole number from 1 to ${SECONDS_MAX}`;
    }
  }
  const [high, medium, low] = [Number(intervals.high), Number(intervals.medium), Number(intervals.low)];
  if (high > medium || medium > low) yield 'intervalSeconds: high <= medium <= low must hold';
}

function* wrongNumber(
  given: Readonly<Record<string, unknown>>,
  name: string,
  min: number,
  max: number,
): Generator<string> {
  const value = given[name];
  if (value === undefined || isWhole(value, min, max)) return;
  yield `${name} is ${shown(value)}, not ${min === max ? String(min) : `a whole number from ${min} to ${max}`}`;
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

function hasSettings(given: Readonly<Record<string, unknown>>): boolean {
  return SETTINGS.some((name) => given[name] !== undefined);
}

function isPem(value: unknown, what: string): boolean {
  return typeof value === 'string' && new RegExp(`-----BEGIN ${what}-----`).test(value);
}

function isOf(value: unknown, methods: readonly string[]): boolean {
  return isObject(value) && methods.every((name) => typeof value[name] === 'function');
}

function isLayer(value: unknown): boolean {
  return isObject(value) && typeof value.source === 'string' && 'values' in value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, SHOWN_MAX);
}
