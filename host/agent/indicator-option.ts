// The indicator list that an agent begins with: a list, or what reads the file that the settings name.

import { WardletError } from '../../bindings/js/errors.ts';
import type { IndicatorList } from '../../bindings/js/indicators.ts';
import type { Configuration } from '../configuration/keys.ts';

/** `readIndicators` of wardlet/configuration/node. */
export type IndicatorReader = (path: string) => IndicatorList;

/** undefined: there is none. @throws WardletError WL_BAD_OPTION; what the reader throws */
export function chosenIndicators(
  indicators: IndicatorList | IndicatorReader | undefined,
  { Detection_IndicatorFile: path }: Configuration,
): IndicatorList | undefined {
  if (typeof indicators === 'object') return indicators;
  if (path === undefined) return undefined;
  if (indicators) return indicators(path);
  throw new WardletError('WL_BAD_OPTION', 'Detection_IndicatorFile is set, and nothing reads it', {
    hint: 'give indicators: readIndicators of wardlet/configuration/node',
  });
}
