// What must hold between keys. Each rule names the keys it is about: the last document that sets one of them is to blame.

import type { Configuration, KeyName } from './keys.ts';
import { utf8Length } from './kinds.ts';
import type { Limits } from './limits.ts';

export interface Breach {
  readonly keys: readonly KeyName[];
  readonly reason: string;
}

/** The texts that the core keeps as one, in this order. */
export const TEXTS = {
  operatingSystem: ['SystemInformation_OsName', 'SystemInformation_OsVersion'],
  kernel: ['SystemInformation_Kernel'],
  networkStack: ['SystemInformation_NetworkStack', 'SystemInformation_NetworkStackVersion'],
  hardware: [
    'SystemInformation_HardwareVendor',
    'SystemInformation_HardwareModel',
    'SystemInformation_HardwareSerialNumber',
    'SystemInformation_FirmwareVendor',
    'SystemInformation_FirmwareVersion',
  ],
} as const satisfies Readonly<Record<string, readonly KeyName[]>>;

/** isGiven: somebody set the key. What the host says of itself is cut to fit instead (core-changes.ts). */
export function breaches(
  configuration: Configuration,
  isGiven: (key: KeyName) => boolean,
  limits: Limits,
): readonly Breach[] {
  return [
    ...sendsAtOnce(configuration),
    ...windowsFit(configuration),
    ...textsFit(configuration, isGiven, limits),
  ];
}

function sendsAtOnce({ Agent_MessageFormat, Agent_MaxBatchDelay }: Configuration): readonly Breach[] {
  if (Agent_MessageFormat !== '2.3' || Agent_MaxBatchDelay === 0) return [];
  return [
    {
      keys: ['Agent_MaxBatchDelay', 'Agent_MessageFormat'],
      reason: `Agent_MaxBatchDelay is ${Agent_MaxBatchDelay}, but format 2.3 sends at once: 0`,
    },
  ];
}

function windowsFit({ Detection_Window, Detection_LongWindow }: Configuration): readonly Breach[] {
  if (Detection_LongWindow >= Detection_Window) return [];
  return [
    {
      keys: ['Detection_LongWindow', 'Detection_Window'],
      reason: `Detection_LongWindow is ${Detection_LongWindow}, less than Detection_Window, ${Detection_Window}`,
    },
  ];
}

function textsFit(
  configuration: Configuration,
  isGiven: (key: KeyName) => boolean,
  limits: Limits,
): readonly Breach[] {
  return Object.values(TEXTS).flatMap((keys) => {
    const given = keys.filter((key) => isGiven(key) && configuration[key] !== '');
    const length = utf8Length(given.map((key) => configuration[key]).join(' '));
    if (length <= limits.textBytes) return [];
    return [
      {
        keys: given,
        reason: `${given.join(', ')} are kept as one text: ${length} UTF-8 bytes together, this build keeps ${limits.textBytes}`,
      },
    ];
  });
}
