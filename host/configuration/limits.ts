// What one build of the core can hold: ranges of the configuration that differ from profile to profile.

import type { Core, Profile } from '../../bindings/js/core.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';

export interface Limits {
  /** Flows per family. */
  readonly flows: number;
  /** Local addresses per family. */
  readonly localAddresses: number;
  /** UTF-8 bytes of each system information text. */
  readonly textBytes: number;
  /** The first one is what is written where nothing else is asked for. */
  readonly formats: readonly MessageFormat[];
}

/** A test asks the cores. */
const FORMATS: Readonly<Record<Profile, readonly MessageFormat[]>> = {
  lean: ['3.0-protobuf'],
  'lean-strict': ['2.3'],
  standard: ['2.3'],
  gateway: ['2.3'],
};

/** What the build of this core can hold: flows, addresses, texts, formats. */
export function limitsOf(core: Core): Limits {
  const { LOCAL_MAX, TEXT_MAX } = core.exports;
  return {
    flows: core.flowMax,
    localAddresses: LOCAL_MAX.value,
    textBytes: TEXT_MAX.value,
    formats: FORMATS[core.profile],
  };
}
