// What one build of the core can hold: ranges of the configuration that differ from profile to profile.

import type { Core } from '../../bindings/js/core.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import { FORMATS, type Profile } from '../../bindings/js/profiles.ts';

export interface Limits {
  readonly profile: Profile;
  /** Flows per family. */
  readonly flows: number;
  /** Local addresses per family. */
  readonly localAddresses: number;
  /** UTF-8 bytes of each system information text. */
  readonly textBytes: number;
  /** Attacks are noticed. */
  readonly detects: boolean;
  /** The first one is what is written where nothing else is asked for. */
  readonly formats: readonly MessageFormat[];
}

/** What the build of this core can hold: flows, addresses, texts, detection, formats. */
export function limitsOf(core: Core): Limits {
  const { LOCAL_MAX, TEXT_MAX } = core.exports;
  return {
    profile: core.profile,
    flows: core.flowMax,
    localAddresses: LOCAL_MAX.value,
    textBytes: TEXT_MAX.value,
    detects: core.detectionChanges !== undefined,
    formats: FORMATS[core.profile],
  };
}
