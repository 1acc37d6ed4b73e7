// Colours where a person looks: on a terminal, each stream for itself. NO_COLOR switches them off, FORCE_COLOR on
// (no-color.org, force-color.org); a CI system's `CI` does not.

import { isatty } from 'node:tty';
import pc from 'picocolors';

export const out = pc.createColors(wanted(1));
export const err = pc.createColors(wanted(2));

function wanted(descriptor: number): boolean {
  const { NO_COLOR = '', FORCE_COLOR = '', TERM = '' } = process.env;
  if (NO_COLOR !== '') return false;
  return FORCE_COLOR !== '' ? FORCE_COLOR !== '0' : TERM !== 'dumb' && isatty(descriptor);
}
