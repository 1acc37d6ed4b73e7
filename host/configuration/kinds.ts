// Kinds of values: how each is read from whatever a file, a variable, a command line or a twin holds, and written back.
// Reading never throws, copies what it keeps, and is bounded. read(write(value)) is the value again.

import { formatAddress, parsePrefix } from '../../bindings/js/address.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import { formatRemedy } from '../../bindings/js/profiles.ts';
import { parseSeconds } from './duration.ts';
import type { Limits } from './limits.ts';
import { Refusal } from './refusal.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface Kind<Value> {
  /** What is taken, in the words of the documents. */
  readonly syntax: string;
  read(given: unknown, limits: Limits): Value | Refusal;
  write(value: Value): Json;
  /** What the host says of itself, as much of it as the build can hold: a machine with many addresses is no fault. */
  fit?(given: unknown, limits: Limits): unknown;
}

export interface Intervals {
  /** Seconds each. */
  readonly high: number;
  readonly medium: number;
  readonly low: number;
}

/** 30 days. */
export const LONGEST_SECONDS = 2_592_000;

export const flag: Kind<boolean> = {
  syntax: '`true` or `false`',
  read(given) {
    if (typeof given === 'boolean') return given;
    // Twins of old hold "true" and "True"; variables hold nothing but text.
    const text = typeof given === 'string' && given.length <= 8 ? given.trim().toLowerCase() : '';
    if (text === 'true') return true;
    return text === 'false' ? false : new Refusal('give true or false');
  },
  write: (value) => value,
};

/** most: a number, or what the build can hold. */
export function count(least: number, most: number | ((limits: Limits) => number), mostText = grouped(most)) {
  const kind: Kind<number> = {
    syntax: `${grouped(least)} to ${mostText}`,
    read(given, limits) {
      const bound = typeof most === 'number' ? most : most(limits);
      const number = typeof given === 'string' && /^\s*\d{1,15}\s*$/.test(given) ? Number(given) : given;
      if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= bound) {
        // -0 is 0.
        return number + 0;
      }
      return new Refusal(`give a whole number from ${grouped(least)} to ${grouped(bound)}`);
    },
    write: (value) => value,
  };
  return kind;
}

/** A duration; the value is a number of the unit. */
export function span(unit: 'seconds' | 'minutes', least: number, most: number): Kind<number> {
  const unitSeconds = unit === 'seconds' ? 1 : 60;
  return {
    syntax: `${grouped(least)} to ${grouped(most)} ${unit}; also ${unit === 'seconds' ? '`5m`, `PT5M`' : '`2h`, `PT2H`'}`,
    read(given) {
      const value = (parseSeconds(given, unitSeconds) ?? Number.NaN) / unitSeconds;
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      return new Refusal(
        `give whole ${unit} from ${grouped(least)} to ${grouped(most)}, or a duration such as ${unit === 'seconds' ? '5m' : '2h'}`,
      );
    },
    write: (value) => value,
  };
}

export function choice<Name extends string>(...names: readonly Name[]): Kind<Name> {
  return {
    syntax: names.map((name) => `\`${name}\``).join(', '),
    read: (given) => nameOf(given, names) ?? new Refusal(`one of ${names.join(', ')}`),
    write: (value) => value,
  };
}

const anyFormat = choice<MessageFormat>('2.3', '3.0-flatbuffers', '3.0-protobuf');

export const messageFormat: Kind<MessageFormat> = {
  ...anyFormat,
  read(given, limits) {
    const format = anyFormat.read(given, limits);
    if (format instanceof Refusal || limits.formats.includes(format)) return format;
    return new Refusal(formatRemedy(limits.profile, format));
  },
};

/** Some of the names, each once, in their own order. */
export function choices<Name extends string>(...names: readonly Name[]): Kind<readonly Name[]> {
  return {
    syntax: `any of ${names.map((name) => `\`${name}\``).join(', ')}, as a list or with commas`,
    read(given) {
      const items = listOf(given, names.length);
      const found = items?.map((item) => nameOf(item, names));
      if (!found?.length || found.includes(undefined)) {
        return new Refusal(`give at least one of ${names.join(', ')}`);
      }
      return Object.freeze(names.filter((name) => found.includes(name)));
    },
    write: (value) => [...value],
  };
}

export const intervals: Kind<Intervals> = {
  syntax:
    '"High,Medium,Low": minutes, or each with a unit (`10s,30s,60s`, `PT10S,PT1M,PT1H`); 1 s to 30 days, high <= medium <= low',
  read(given) {
    const items = isIntervals(given)
      ? // Of a program, where the unit is known.
        [given.high, given.medium, given.low].map((seconds) =>
          typeof seconds === 'number' ? `${seconds}s` : seconds,
        )
      : listOf(given, 3);
    const [high, medium, low] = (items ?? []).map((item) => parseSeconds(item, 60));
    if (items?.length !== 3 || high === undefined || medium === undefined || low === undefined) {
      return new Refusal(
        'give three durations, high, medium and low: "10s,30s,60s", or minutes without a unit',
      );
    }
    if (high < 1 || low > LONGEST_SECONDS)
      return new Refusal('each interval is at least 1 s and at most 30 days');
    if (high > medium || medium > low)
      return new Refusal('high must not be longer than medium, nor medium longer than low');
    return Object.freeze({ high, medium, low });
  },
  write: ({ high, medium, low }) => `${high}s,${medium}s,${low}s`,
};

/** Longest text of an address with its prefix, and some room for spaces. */
const ADDRESS_TEXT = 64;

export const addresses: Kind<readonly string[]> = {
  syntax: 'IPv4 and IPv6 addresses, with prefix if known (`192.0.2.50/24`), as a list or with commas',
  read(given, limits) {
    const most = limits.localAddresses;
    const items = given === '' ? [] : listOf(given, 2 * most);
    if (!items) return new Refusal(`give a list of at most ${most} addresses a family`);
    const found = new Set<string>();
    for (const item of items) {
      if (typeof item !== 'string' || item.length > ADDRESS_TEXT)
        return new Refusal('give addresses as text');
      try {
        const { bytes, prefixLength } = parsePrefix(item.trim());
        found.add(`${formatAddress(bytes)}${prefixLength > 0 ? `/${prefixLength}` : ''}`);
      } catch (error) {
        if (!(error instanceof WardletError)) throw error;
        return new Refusal(`${error.message}: ${error.hint}`);
      }
    }
    const texts = [...found];
    const v6 = texts.filter((text) => text.includes(':')).length;
    if (Math.max(v6, texts.length - v6) > most) {
      return new Refusal(`this build holds ${most} addresses a family`);
    }
    return Object.freeze(texts);
  },
  write: (value) => [...value],
  fit(given, { localAddresses }) {
    if (!Array.isArray(given)) return given;
    const isV6 = (address: unknown) => typeof address === 'string' && address.includes(':');
    return [given.filter((address) => !isV6(address)), given.filter(isV6)].flatMap((family) =>
      family.slice(0, localAddresses),
    );
  },
};

/** A text of the system information: what the core can keep. */
export const text: Kind<string> = {
  syntax: 'text, up to 128 UTF-8 bytes (48 in the lean profiles)',
  read(given, limits) {
    if (typeof given !== 'string') return new Refusal('give a text');
    if (given.length > limits.textBytes || utf8Length(given) > limits.textBytes) {
      return new Refusal(`this build keeps ${limits.textBytes} UTF-8 bytes`);
    }
    return isPlainText(given) ? given : new Refusal('give text without control characters');
  },
  write: (value) => value,
  fit: (given, { textBytes }) => (typeof given === 'string' ? cutUtf8(given, textBytes) : given),
};

const PATH_MAX = 1024;

/** A folder or name; undefined where there is none. */
export const path: Kind<string | undefined> = {
  syntax: `text, up to ${grouped(PATH_MAX)} characters`,
  read(given) {
    if (typeof given === 'string' && given !== '' && given.length <= PATH_MAX && isPlainText(given))
      return given;
    return new Refusal(`give a text of 1 to ${grouped(PATH_MAX)} characters`);
  },
  write: (value) => value ?? null,
};

export function utf8Length(value: string): number {
  return new TextEncoder().encode(value).length;
}

/** Whole characters, as many as fit. */
export function cutUtf8(value: string, bytes: number): string {
  return value.slice(0, new TextEncoder().encodeInto(value, new Uint8Array(bytes)).read);
}

export function isPlainText(value: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(value);
}

function nameOf<Name extends string>(given: unknown, names: readonly Name[]): Name | undefined {
  if (typeof given !== 'string' || given.length > ADDRESS_TEXT) return undefined;
  const wanted = given.trim().toLowerCase();
  return names.find((name) => name.toLowerCase() === wanted);
}

/** Items of a list, or of a text with commas; undefined for anything else and for more than `most`. */
function listOf(given: unknown, most: number): readonly unknown[] | undefined {
  if (typeof given === 'string') {
    if (given.length > most * ADDRESS_TEXT) return undefined;
    const items = given.split(',');
    return items.length <= most ? items : undefined;
  }
  return Array.isArray(given) && given.length <= most ? [...given] : undefined;
}

function isIntervals(given: unknown): given is Readonly<Record<keyof Intervals, unknown>> {
  return (
    typeof given === 'object' &&
    given !== null &&
    !Array.isArray(given) &&
    ['high', 'medium', 'low'].every((name) => Object.hasOwn(given, name)) &&
    Object.keys(given).length === 3
  );
}

function grouped(number: number | ((limits: Limits) => number)): string {
  return typeof number === 'number' ? number.toLocaleString('en-US') : "the build's table";
}
