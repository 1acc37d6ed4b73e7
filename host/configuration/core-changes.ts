// From a configuration to the core: the options it is made of, what differs between two, and how a change is applied.

import type { CoreConfiguration, DetectionConfiguration } from '../../bindings/js/configuration.ts';
import type { Core } from '../../bindings/js/core.ts';
import { type Configuration, DEFINITIONS, KEY_NAMES, type KeyName } from './keys.ts';
import { cutUtf8 } from './kinds.ts';
import type { Limits } from './limits.ts';
import type { Resolved } from './resolve.ts';
import { TEXTS } from './rules.ts';

export interface Changes {
  /** For `core.configure`, as one block: all of it or nothing. Empty when the core is not concerned. */
  readonly core: CoreConfiguration;
  /** Keys whose value changed and that the host itself acts on: connections, spool, retry and so on. */
  readonly host: readonly KeyName[];
}

/** Everything, where nothing was in force before. */
export function coreChanges(previous: Resolved | undefined, next: Resolved): Changes {
  const wanted = coreConfiguration(next.configuration, next.surroundings.limits);
  const before: CoreConfiguration = previous
    ? coreConfiguration(previous.configuration, previous.surroundings.limits)
    : {};
  const core = Object.entries(wanted).filter(
    ([option, value]) => !isSame(value, before[option as keyof CoreConfiguration]),
  );
  return {
    core: Object.fromEntries(core),
    host: KEY_NAMES.filter(
      (name) =>
        isTheHosts(name) &&
        !(previous && isSame(written(previous.configuration, name), written(next.configuration, name))),
    ),
  };
}

/**
 * Applies the core's part of a change: what was counted so far goes out first, under the configuration it was counted by.
 * @throws WardletError WL_BAD_CONFIGURATION: the core refuses, and goes on as before
 */
export function applyToCore(core: Core, changes: Changes): void {
  if (Object.keys(changes.core).length === 0) return;
  // An outbox without room, or no hub: it waits, and is counted on.
  if (core.status().state !== 'not initialised') core.collect(core.now, ['NetworkActivity']);
  core.configure(changes.core);
}

/** Every option of the core but the seed. */
export function coreConfiguration(configuration: Configuration, limits: Limits): CoreConfiguration {
  const collector = (name: 'NetworkActivity' | 'SystemInformation' | 'Heartbeat') => ({
    enabled: !configuration[`${name}_Disabled`],
    group: configuration[`${name}_MessageFrequency`],
  });
  const text = (keys: readonly (keyof Configuration & `SystemInformation_${string}`)[]) =>
    // Only what the host says of itself may be too long (rules.ts).
    cutUtf8(
      keys
        .map((key) => String(configuration[key]))
        .filter((part) => part !== '')
        .join(' '),
      limits.textBytes,
    );
  return {
    intervalSeconds: configuration.CollectorsCore_PriorityIntervals,
    collectors: {
      NetworkActivity: collector('NetworkActivity'),
      SystemInformation: collector('SystemInformation'),
      Heartbeat: collector('Heartbeat'),
    },
    cacheSize: configuration.NetworkActivity_CacheSize,
    protocols: configuration.NetworkActivity_Protocols,
    unicastOnly: configuration.NetworkActivity_UnicastOnly,
    sendEmptyEvents: configuration.NetworkActivity_SendEmptyEvents,
    localAddresses: configuration.LocalAddresses,
    operatingSystem: text(TEXTS.operatingSystem),
    kernel: text(TEXTS.kernel),
    networkStack: text(TEXTS.networkStack),
    hardware: text(TEXTS.hardware),
    firstCollectionSeconds: configuration.Agent_FirstCollectionInterval,
    pendingSeconds: configuration.Agent_PendingTime,
    spool: configuration.Spool_Path !== undefined,
    ...(limits.detects ? { detection: detectionOf(configuration) } : {}),
    format: configuration.Agent_MessageFormat,
    maxBatchDelaySeconds: configuration.Agent_MaxBatchDelay,
  };
}

function detectionOf(configuration: Configuration): DetectionConfiguration {
  return {
    enabled: !configuration.Detection_Disabled,
    windowSeconds: configuration.Detection_Window,
    longWindowSeconds: configuration.Detection_LongWindow,
    horizontalScanHosts: configuration.Detection_HorizontalScanHosts,
    verticalScanPorts: configuration.Detection_VerticalScanPorts,
    addressSweepHosts: configuration.Detection_AddressSweepHosts,
    bruteForceConnections: configuration.Detection_BruteForceConnections,
    beaconCalls: configuration.Detection_BeaconCalls,
    learnSeconds: configuration.Detection_LearnTime,
    networkBits: configuration.Detection_NetworkBits,
    synFloodConnections: configuration.Detection_SynFloodConnections,
    udpFloodDatagrams: configuration.Detection_UdpFloodDatagrams,
    icmpFloodPings: configuration.Detection_IcmpFloodPings,
    reflectionHosts: configuration.Detection_ReflectionHosts,
    dnsTunnelBytes: configuration.Detection_DnsTunnelBytes,
    icmpTunnelEchoes: configuration.Detection_IcmpTunnelEchoes,
  };
}

/** A path goes to both: to the core that there is a spool, to the host where. */
function isTheHosts(name: KeyName): boolean {
  return DEFINITIONS[name].core === undefined || name === 'Spool_Path';
}

function written(configuration: Configuration, name: KeyName): unknown {
  return DEFINITIONS[name].kind.write(configuration[name]);
}

/** Plain data in the same order, as this room makes it. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
