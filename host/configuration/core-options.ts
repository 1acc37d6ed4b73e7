// The options of a core as settings: createAgent takes both, and one schema judges them.

import type { CoreConfiguration } from '../../bindings/js/configuration.ts';
import type { KeyName, Settings } from './keys.ts';
import type { Layer } from './layer.ts';

/** Of a core's options, those that are settings: entropy and what follows from the spool are the host's. */
export type CoreOptions = Omit<CoreConfiguration, 'seed' | 'spool'>;

/** What a program gives createAgent: options of the core, and keys by their names, which win. */
export function optionsLayer(options: CoreOptions, settings: Settings = {}): Layer {
  const { collectors = {}, operatingSystem, kernel, networkStack, hardware } = options;
  const given: Partial<Record<KeyName, unknown>> = {
    CollectorsCore_PriorityIntervals: options.intervalSeconds,
    NetworkActivity_CacheSize: options.cacheSize,
    NetworkActivity_Protocols: options.protocols,
    NetworkActivity_UnicastOnly: options.unicastOnly,
    NetworkActivity_SendEmptyEvents: options.sendEmptyEvents,
    LocalAddresses: options.localAddresses,
    Agent_MessageFormat: options.format,
    Agent_MaxBatchDelay: options.maxBatchDelaySeconds,
    Agent_FirstCollectionInterval: options.firstCollectionSeconds,
    Agent_PendingTime: options.pendingSeconds,
    SystemInformation_Kernel: kernel,
    // A text given whole: what the host would add to it is not wanted.
    ...(operatingSystem === undefined
      ? {}
      : { SystemInformation_OsName: operatingSystem, SystemInformation_OsVersion: '' }),
    ...(networkStack === undefined
      ? {}
      : { SystemInformation_NetworkStack: networkStack, SystemInformation_NetworkStackVersion: '' }),
    ...(hardware === undefined
      ? {}
      : {
          SystemInformation_HardwareVendor: hardware,
          SystemInformation_HardwareModel: '',
          SystemInformation_HardwareSerialNumber: '',
          SystemInformation_FirmwareVendor: '',
          SystemInformation_FirmwareVersion: '',
        }),
  };
  const { detection } = options;
  if (detection) {
    if (detection.enabled !== undefined) given.Detection_Disabled = !detection.enabled;
    given.Detection_Window = detection.windowSeconds;
    given.Detection_LongWindow = detection.longWindowSeconds;
    given.Detection_HorizontalScanHosts = detection.horizontalScanHosts;
    given.Detection_VerticalScanPorts = detection.verticalScanPorts;
    given.Detection_AddressSweepHosts = detection.addressSweepHosts;
    given.Detection_BruteForceConnections = detection.bruteForceConnections;
    given.Detection_BeaconCalls = detection.beaconCalls;
    given.Detection_LearnTime = detection.learnSeconds;
    given.Detection_NetworkBits = detection.networkBits;
    given.Detection_SynFloodConnections = detection.synFloodConnections;
    given.Detection_UdpFloodDatagrams = detection.udpFloodDatagrams;
    given.Detection_IcmpFloodPings = detection.icmpFloodPings;
    given.Detection_ReflectionHosts = detection.reflectionHosts;
    given.Detection_DnsTunnelBytes = detection.dnsTunnelBytes;
    given.Detection_IcmpTunnelEchoes = detection.icmpTunnelEchoes;
  }
  for (const name of ['NetworkActivity', 'SystemInformation', 'Heartbeat'] as const) {
    const collector = collectors[name];
    if (!collector) continue;
    given[`${name}_Disabled`] = !collector.enabled;
    given[`${name}_MessageFrequency`] = collector.group;
  }
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { source: 'options', values: { ...Object.fromEntries(set), ...settings } };
}
