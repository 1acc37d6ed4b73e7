// Indicator lists: addresses that a device should not speak to, from text to the entries that a core takes (schema/indicator-block.ts).

import {
  INDICATOR_ADDRESS,
  INDICATOR_BITS,
  INDICATOR_PLACES_V6,
  INDICATOR_SIZE,
} from '../../schema/indicator-block.ts';
import { type AddressPrefix, parsePrefix } from './address.ts';
import { WardletError } from './errors.ts';

/** Characters of the longest list that is read. */
const TEXT_MAX = 16_000_000;
const MAPPED = 96;
const HINT = 'one address or prefix a line, comments behind #';

export interface IndicatorList {
  /** In order, none within another; for Core.loadIndicators. */
  readonly entries: Uint8Array;
  /** Prefixes that are left: what another one holds is none of its own. */
  readonly count: number;
  /** Places of INDICATOR_MAX that they take. */
  readonly places: number;
}

/**
 * Reads a list as text: one address or prefix a line (`198.51.100.7`, `203.0.113.0/24`, `2001:db8:bad::/48`), what stands behind it or behind
 * `#` is a comment. Bits beyond a prefix are ignored.
 *
 * @example core.loadIndicators(parseIndicators('203.0.113.0/24 # botnet\n2001:db8:bad::/48\n'));
 *
 * @throws WardletError WL_BAD_INDICATORS naming the line
 */
export function parseIndicators(text: string): IndicatorList {
  if (text.length > TEXT_MAX) {
    throw badIndicators(`a list of ${text.length} characters`, 'split it, or leave comments out');
  }
  const found = text.split('\n').flatMap((line, index) => {
    const [word = ''] = line
      .replace(/#.*/s, '')
      .trim()
      .split(/[\s,;]+/);
    return word === '' ? [] : [entryOf(word, `line ${index + 1}`)];
  });
  return indicatorList(found);
}

/**
 * The same of addresses and prefixes that are apart already.
 * @throws WardletError WL_BAD_INDICATORS naming the entry
 */
export function indicatorsOf(words: readonly string[]): IndicatorList {
  return indicatorList(words.map((word, index) => entryOf(word, `entry ${index + 1}`)));
}

/** One entry as the core has it; place: where it stands. */
function entryOf(word: string, place: string): Uint8Array {
  let prefix: AddressPrefix;
  try {
    prefix = parsePrefix(word);
  } catch (cause) {
    const why = cause instanceof WardletError ? cause.message : 'is no address';
    throw badIndicators(`${place}: ${why}`, HINT, cause);
  }
  const { bytes } = prefix;
  const bits = word.includes('/') ? prefix.prefixLength : bytes.length * 8;
  if (bits === 0) throw badIndicators(`${place}: a prefix of no bits is everybody`, 'write /1 or longer');
  const entry = new Uint8Array(INDICATOR_SIZE);
  if (bytes.length === 4) entry.fill(0xff, 10, 12);
  entry.set(bytes, 16 - bytes.length);
  // ::ffff:a.b.c.d is IPv4 to a core, its prefix too.
  const isMapped = bytes.length === 4 || isMappedAt(entry);
  const whole = bytes.length === 4 ? bits + MAPPED : bits;
  if (isMapped && whole <= MAPPED) {
    throw badIndicators(`${place}: ${word} holds all of IPv4`, 'write IPv4 prefixes as IPv4');
  }
  for (let bit = whole; bit < 128; bit++) entry[bit >> 3] = (entry[bit >> 3] ?? 0) & ~(0x80 >> (bit & 7));
  entry[INDICATOR_BITS] = isMapped ? whole - MAPPED : whole;
  return entry;
}

/** In order, without what another one holds. */
function indicatorList(found: Uint8Array[]): IndicatorList {
  found.sort((one, other) => compareAddresses(one, other) || wholeBits(one) - wholeBits(other));
  const kept: Uint8Array[] = [];
  let places = 0;
  for (const entry of found) {
    const before = kept.at(-1);
    if (before && holds(before, entry)) continue;
    if (isZero(entry)) continue;
    kept.push(entry);
    places += isMappedAt(entry) ? 1 : INDICATOR_PLACES_V6;
  }
  const entries = new Uint8Array(kept.length * INDICATOR_SIZE);
  for (const [index, entry] of kept.entries()) entries.set(entry, index * INDICATOR_SIZE);
  return { entries, count: kept.length, places };
}

function compareAddresses(one: Uint8Array, other: Uint8Array): number {
  for (let at = INDICATOR_ADDRESS; at < 16; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function holds(outer: Uint8Array, inner: Uint8Array): boolean {
  const bits = wholeBits(outer);
  for (let at = 0; at * 8 < bits; at++) {
    const mask = bits - at * 8 >= 8 ? 0xff : (0xff00 >> (bits - at * 8)) & 0xff;
    if ((((outer[at] ?? 0) ^ (inner[at] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

/** Of all 128. */
function wholeBits(entry: Uint8Array): number {
  return (entry[INDICATOR_BITS] ?? 0) + (isMappedAt(entry) ? MAPPED : 0);
}

function isMappedAt(entry: Uint8Array): boolean {
  return entry[10] === 0xff && entry[11] === 0xff && entry.subarray(0, 10).every((byte) => byte === 0);
}

function isZero(entry: Uint8Array): boolean {
  return entry.subarray(0, 16).every((byte) => byte === 0);
}

function badIndicators(message: string, hint: string, cause?: unknown): WardletError {
  return new WardletError('WL_BAD_INDICATORS', message, { hint, ...(cause === undefined ? {} : { cause }) });
}
