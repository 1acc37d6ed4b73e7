// An indicator list from a file: text, one address or prefix a line.

import { readFile } from 'node:fs/promises';
import { WardletError } from '../../bindings/js/errors.ts';
import { type IndicatorList, parseIndicators } from '../../bindings/js/indicators.ts';

/** @throws WardletError WL_BAD_INDICATORS naming the line, WL_BAD_FILE where it cannot be read */
export async function readIndicators(file: string): Promise<IndicatorList> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new WardletError('WL_BAD_FILE', `the indicator list ${file} cannot be read`, {
      cause,
      hint: 'give the path of a text file, one address or prefix a line',
    });
  }
  return parseIndicators(text);
}
