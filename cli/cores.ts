// The cores that come with the package.

import { readFileSync } from 'node:fs';
import type { Core } from '../bindings/js/core.ts';
import { WardletError } from '../bindings/js/errors.ts';
import { loadCore } from '../bindings/js/load.ts';
import type { Profile } from '../bindings/js/profiles.ts';
import { installed } from './installation.ts';

export const PROFILES: readonly Profile[] = ['gateway', 'standard', 'lean', 'lean-strict'];

/** The bytes of build/core.<profile>.wasm. Throws WL_BAD_FILE when the clone has not been built. */
export function readCore(profile: Profile): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(installed(`build/core.${profile}.wasm`)));
  } catch (cause) {
    throw new WardletError('WL_BAD_FILE', `the ${profile} core is not built`, {
      cause,
      hint: 'run: npm run build',
    });
  }
}

export function openCore(profile: Profile): Promise<Core> {
  return loadCore(readCore(profile));
}
