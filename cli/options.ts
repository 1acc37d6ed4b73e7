// Values of command-line options, checked: what is wrong with them, and what would be right.

import { WardletError } from '../bindings/js/errors.ts';

export function integer(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw badOption(option, text, `give a whole number from ${least} to ${most}`);
}

/** `count` whole numbers with commas between, none smaller than the one before. */
export function integers(option: string, text: string, count: number, least: number, most: number): number[] {
  const numbers = text.split(',').map((part) => part.trim());
  const values = numbers.map(Number);
  const isRising = values.every((value, index) => value >= (values[index - 1] ?? least) && value <= most);
  if (values.length === count && numbers.every((part) => /^\d+$/.test(part)) && isRising) return values;
  throw badOption(
    option,
    text,
    `give ${count} whole numbers from ${least} to ${most} with commas, none smaller than the one before`,
  );
}

/** 0.01 to 1,000, or max. */
export function speedFactor(text: string): number | 'max' {
  if (text === 'max') return text;
  const factor = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && factor >= 0.01 && factor <= 1000) return factor;
  throw badOption('--speed', text, 'give a number from 0.01 to 1000, or max');
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
