// An indicator list from a file: text, one address or prefix a line.

import { readFileSync } from 'node:fs';
import { WardletError } from '../../bindings/js/errors.ts';
import { type IndicatorList, parseIndicators } from '../../bindings/js/indicators.ts';

/**
 * For the option `indicators` of an agent and for Core.loadIndicators.
 * @example createAgent({ core, connectionString, layers, indicators: readIndicators }); // the file that Detection_IndicatorFile names
 * @throws WardletError WL_BAD_INDICATORS naming the line, WL_BAD_FILE where it cannot be read
 */
export function readIndicators(file: string): IndicatorList {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WardletError('WL_BAD_FILE', `the indicator list ${file} cannot be read`, {
      cause,
      hint: 'give the path of a text file, one address or prefix a line',
    });
  }
  return parseIndicators(text);
}
