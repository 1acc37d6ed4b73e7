// The spool of an agent: one that is open already, or what opens the one that the settings name.

import { WardletError } from '../../bindings/js/errors.ts';
import type { Configuration } from '../configuration/keys.ts';
import type { Spool, SpoolOptions } from '../spool/spool.ts';

/** `openFileSpool` of wardlet/spool, `openIndexedDbSpool` of wardlet/spool/browser. */
export type SpoolOpener = (path: string, limits: SpoolOptions) => Promise<Spool>;

const MINUTE_MS = 60_000;

/** What is open, or being opened; and what opens it once more, where that fails. */
export interface ChosenSpool {
  readonly spool: Spool | Promise<Spool>;
  readonly reopen?: () => Promise<Spool>;
}

/** undefined: no spool. @throws WardletError WL_BAD_OPTION */
export function spoolOf(
  spool: Spool | SpoolOpener | undefined,
  configuration: Configuration,
): ChosenSpool | undefined {
  const { Spool_Path: path } = configuration;
  if (spool === undefined && path === undefined) return undefined;
  if (spool === undefined) {
    throw bad('Spool_Path is set, and nothing opens it', 'give spool: openFileSpool of wardlet/spool');
  }
  if (typeof spool !== 'function') return { spool };
  if (path === undefined) {
    throw bad('spool opens a path, and none is set', "give configuration: { Spool_Path: '...' }");
  }
  const reopen = () => spool(path, spoolLimits(configuration));
  return { spool: reopen(), reopen };
}

/** A message waits as long as both keys let it. */
export function spoolLimits(configuration: Configuration): Required<SpoolOptions> {
  const { Spool_MaxBytes, Spool_MaxAge, IothubModule_MessageTimeout } = configuration;
  return {
    maxBytes: Spool_MaxBytes,
    maxAgeMs: Math.min(Spool_MaxAge, IothubModule_MessageTimeout) * MINUTE_MS,
  };
}

function bad(message: string, hint: string): WardletError {
  return new WardletError('WL_BAD_OPTION', message, { hint });
}
