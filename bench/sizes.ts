// Bytes of each core and of the memory it works in, held against budgets.json.

import { loadCore } from '../bindings/js/load.ts';
import type { Profile } from '../bindings/js/profiles.ts';
import type { CoreBytes } from './workload.ts';

export interface CoreSize {
  readonly profile: Profile;
  readonly wasmBytes: number;
  /** `__heap_base`: all the memory the core uses. */
  readonly memoryBytes: number;
}

export async function measureSizes(cores: CoreBytes): Promise<CoreSize[]> {
  const profiles = ['lean', 'lean-strict', 'standard', 'gateway'] as const;
  return Promise.all(
    profiles.map(async (profile) => {
      const core = await loadCore(cores[profile]);
      return {
        profile,
        wasmBytes: cores[profile].length,
        memoryBytes: Number(core.exports.__heap_base.value),
      };
    }),
  );
}
