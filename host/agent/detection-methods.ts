// What a hub may ask of the detection on a device: another indicator list, and to learn its endpoints. All of it is done, or nothing.

import type { Core } from '../../bindings/js/core.ts';
import { type ErrorCode, WardletError } from '../../bindings/js/errors.ts';
import { indicatorsOf } from '../../bindings/js/indicators.ts';
import type { MethodResult } from '../transport/hub-services.ts';

/** More do not fit into the 128 KB of a request. */
const ENTRIES_MAX = 16_384;
/** Characters of the longest address with its prefix, and some. */
const ENTRY_MAX = 64;

/** wardlet.indicators: `{ indicators: ['203.0.113.0/24', ...] }` is the list from now on. */
export function replaceIndicators(core: Core, payload: unknown): MethodResult {
  return answered(() => {
    const words: unknown = isObject(payload) ? payload.indicators : undefined;
    if (!isWords(words)) {
      throw new WardletError(
        'WL_BAD_INDICATORS',
        `the payload has no list of up to ${ENTRIES_MAX} addresses and prefixes`,
        { hint: 'call it with {"indicators": ["203.0.113.0/24", ...]}; an empty list ends the search' },
      );
    }
    return { indicators: core.loadIndicators(indicatorsOf(words)) };
  });
}

/** wardlet.learn: `{ action: 'begin' }` learns anew, `{ action: 'end' }` puts in force what was learned. */
export function learn(core: Core, payload: unknown): MethodResult {
  return answered(() => {
    const action: unknown = isObject(payload) ? payload.action : undefined;
    if (action === 'begin') core.beginLearning();
    else if (action === 'end') core.endLearning();
    else {
      throw new WardletError('WL_BAD_OPTION', 'the payload has no action', {
        hint: 'call it with {"action": "begin"} or {"action": "end"}',
      });
    }
    return { learning: action === 'begin' };
  });
}

function answered(act: () => Readonly<Record<string, unknown>>): MethodResult {
  try {
    return { status: 200, payload: act() };
  } catch (error) {
    if (!(error instanceof WardletError)) throw error;
    const { code, message, hint } = error;
    return { status: statusOf(code), payload: { error: { code, message, hint } } };
  }
}

/** A build without detection: not implemented. */
function statusOf(code: ErrorCode): number {
  return code === 'WL_UNSUPPORTED_EVENT' ? 501 : 400;
}

function isWords(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= ENTRIES_MAX &&
    value.every((word) => typeof word === 'string' && word.length <= ENTRY_MAX)
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
