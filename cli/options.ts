// Values of command-line options, checked: what is wrong with them, and what would be right.

import { WardletError } from '../bindings/js/errors.ts';

export function integer(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw badOption(option, text, `give a whole number from ${least} to ${most}`);
}

export function choice<Value extends string>(option: string, text: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw badOption(
    option,
    text,
    values.length === 1 ? `only ${values[0]} so far` : `one of ${values.join(', ')}`,
  );
}

/** 32 bytes from a number, the same ones every time. */
export async function numberedSeed(text: string): Promise<Uint8Array> {
  const number = integer('--seed', text, 0, Number.MAX_SAFE_INTEGER);
  return new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`wardlet seed ${number}`)),
  );
}

function badOption(option: string, text: string, hint: string): WardletError {
  return new WardletError('WL_BAD_USAGE', `${option} cannot be ${JSON.stringify(text.slice(0, 60))}`, {
    hint,
  });
}
