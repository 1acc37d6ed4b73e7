// The indicator list: prefixes of addresses that a device should not speak to, sorted, none within another, so that a binary search
// finds the only one that may hold an address. Loaded by the host in pieces; all of a piece is looked at before any of it is kept, and
// the list in force is the one before until the last piece has come.

import { BAD_LENGTH, BAD_VALUE, LIST_FULL } from '../../schema/codes';
import {
  INDICATOR_BITS,
  INDICATOR_PLACES_V6,
  INDICATOR_SIZE,
  PIECE_FIRST,
  PIECE_LAST,
} from '../../schema/indicator-block';
import { INPUT, INPUT_SIZE } from '../memory';
import { isV4 } from './address';
import {
  BANK_SIZE,
  INDICATOR_BANKS,
  INDICATOR_MAX,
  INDICATORS,
  INDICATORS_BANK,
  INDICATORS_HEAD,
  INDICATORS_LAST,
  INDICATORS_OPEN,
  INDICATORS_V4,
  INDICATORS_V6,
} from './memory';

const ENTRY: usize = <usize>INDICATOR_SIZE;
/** Of an IPv4 address as IPv6 has it. */
const MAPPED_BITS: u32 = 96;

/** The piece stands in INPUT[0, length). Prefixes of the list so far, or a code: then the list that was begun is forgotten. */
export function loadPiece(length: i32, piece: u32): i32 {
  const wasOpen = load<u32>(INDICATORS, INDICATORS_OPEN) !== 0;
  store<u32>(INDICATORS, 0, INDICATORS_OPEN);
  if (length < 0 || length > INPUT_SIZE || <u32>length % <u32>INDICATOR_SIZE) return BAD_LENGTH;
  const isFirst = (piece & PIECE_FIRST) !== 0;
  if (piece > <u32>(PIECE_FIRST | PIECE_LAST) || !(isFirst || wasOpen)) return BAD_VALUE;
  if (INDICATOR_BANKS === 1 && piece !== <u32>(PIECE_FIRST | PIECE_LAST)) return BAD_VALUE;
  const bank = nextBank();
  let v4: u32 = isFirst ? 0 : count(INDICATORS_V4, bank);
  let v6: u32 = isFirst ? 0 : count(INDICATORS_V6, bank);
  if (isFirst) {
    store<u64>(INDICATORS, 0, INDICATORS_LAST);
    store<u64>(INDICATORS, 0, INDICATORS_LAST + 8);
  }
  const end = INPUT + <usize>length;
  if (!areSorted(end)) return BAD_VALUE;
  const before = v4 + v6;
  let more: u32 = 0;
  for (let at: usize = INPUT; at < end; at += ENTRY) {
    if (isV4(load<u64>(at), load<u64>(at, 8))) more++;
    else more += INDICATOR_PLACES_V6;
  }
  if (v4 + v6 * INDICATOR_PLACES_V6 + more > <u32>INDICATOR_MAX) return LIST_FULL;
  for (let at: usize = INPUT; at < end; at += ENTRY) {
    if (isV4(load<u64>(at), load<u64>(at, 8))) {
      store<u32>(addressV4(bank, v4), bswap<u32>(load<u32>(at, 12)));
      store<u8>(bitsV4(bank, v4), load<u8>(at, INDICATOR_BITS));
      v4++;
    } else {
      store<u64>(addressV6(bank, v6), bswap<u64>(load<u64>(at)));
      store<u64>(addressV6(bank, v6), bswap<u64>(load<u64>(at, 8)), 8);
      store<u8>(bitsV6(bank, v6), load<u8>(at, INDICATOR_BITS));
      v6++;
    }
  }
  setCount(INDICATORS_V4, bank, v4);
  setCount(INDICATORS_V6, bank, v6);
  if (v4 + v6 !== before) {
    const last = end - ENTRY;
    const bits: u32 = load<u8>(last, INDICATOR_BITS);
    keepEnd(last, isV4(load<u64>(last), load<u64>(last, 8)) ? bits + MAPPED_BITS : bits);
  }
  if (piece & PIECE_LAST) store<u32>(INDICATORS, bank, INDICATORS_BANK);
  else store<u32>(INDICATORS, 1, INDICATORS_OPEN);
  return v4 + v6;
}

/** Leading bits of the prefix that holds the address; 0: none does. */
export function indicatorOf(high: u64, low: u64): u32 {
  const bank = load<u32>(INDICATORS, INDICATORS_BANK);
  let from: u32 = 0;
  if (isV4(high, low)) {
    let to = count(INDICATORS_V4, bank);
    if (to === 0) return 0;
    const address = bswap<u32>(<u32>(low >> 32));
    // The last prefix that does not begin behind the address.
    while (from < to) {
      const middle = (from + to) >> 1;
      if (load<u32>(addressV4(bank, middle)) <= address) from = middle + 1;
      else to = middle;
    }
    if (from === 0) return 0;
    const bits: u32 = load<u8>(bitsV4(bank, from - 1));
    return (load<u32>(addressV4(bank, from - 1)) ^ address) >> (32 - bits) === 0 ? bits : 0;
  }
  let to = count(INDICATORS_V6, bank);
  if (to === 0) return 0;
  const first = bswap<u64>(high);
  const second = bswap<u64>(low);
  while (from < to) {
    const middle = (from + to) >> 1;
    const at = addressV6(bank, middle);
    if (isUpTo(load<u64>(at), load<u64>(at, 8), first, second)) from = middle + 1;
    else to = middle;
  }
  if (from === 0) return 0;
  const at = addressV6(bank, from - 1);
  const bits: u32 = load<u8>(bitsV6(bank, from - 1));
  const mask = hostHigh(bits);
  if ((load<u64>(at) | mask) !== (first | mask)) return 0;
  return (load<u64>(at, 8) | hostLow(bits)) === (second | hostLow(bits)) ? bits : 0;
}

/** Of the entries up to `end`: each a prefix, behind the one before it and not in it. */
function areSorted(end: usize): bool {
  let high = load<u64>(INDICATORS, INDICATORS_LAST);
  let low = load<u64>(INDICATORS, INDICATORS_LAST + 8);
  for (let at: usize = INPUT; at < end; at += ENTRY) {
    const first = bswap<u64>(load<u64>(at));
    const second = bswap<u64>(load<u64>(at, 8));
    const isMapped = isV4(load<u64>(at), load<u64>(at, 8));
    const given = load<u32>(at, INDICATOR_BITS);
    const bits = isMapped ? given + MAPPED_BITS : given;
    if (given === 0 || bits > 128) return false;
    if (first & hostHigh(bits) || second & hostLow(bits)) return false;
    // Nothing begins at or before the end of what came before; the address of all zeros is none.
    if (isUpTo(first, second, high, low)) return false;
    high = first | hostHigh(bits);
    low = second | hostLow(bits);
  }
  return true;
}

function keepEnd(at: usize, bits: u32): void {
  store<u64>(INDICATORS, bswap<u64>(load<u64>(at)) | hostHigh(bits), INDICATORS_LAST);
  store<u64>(INDICATORS, bswap<u64>(load<u64>(at, 8)) | hostLow(bits), INDICATORS_LAST + 8);
}

/** The bits beyond the prefix in the first half of an address, and in the second one. */
function hostHigh(bits: u32): u64 {
  return bits >= 64 ? 0 : u64.MAX_VALUE >> <u64>bits;
}

function hostLow(bits: u32): u64 {
  return bits <= 64 ? u64.MAX_VALUE : bits === 128 ? 0 : u64.MAX_VALUE >> <u64>(bits - 64);
}

function isUpTo(high: u64, low: u64, limitHigh: u64, limitLow: u64): bool {
  return high < limitHigh || (high === limitHigh && low <= limitLow);
}

function nextBank(): u32 {
  return INDICATOR_BANKS === 1 ? 0 : load<u32>(INDICATORS, INDICATORS_BANK) ^ 1;
}

function count(field: usize, bank: u32): u32 {
  return load<u32>(INDICATORS + ((<usize>bank) << 2) + field);
}

function setCount(field: usize, bank: u32, value: u32): void {
  store<u32>(INDICATORS + ((<usize>bank) << 2) + field, value);
}

function bankAt(bank: u32): usize {
  return INDICATORS + INDICATORS_HEAD + <usize>bank * BANK_SIZE;
}

function addressV4(bank: u32, number: u32): usize {
  return bankAt(bank) + ((<usize>number) << 2);
}

function bitsV4(bank: u32, number: u32): usize {
  return bankAt(bank) + ((<usize>INDICATOR_MAX) << 2) + number;
}

function addressV6(bank: u32, number: u32): usize {
  return bankAt(bank) + ((<usize>INDICATOR_MAX) << 2) - ((<usize>number + 1) << 4);
}

function bitsV6(bank: u32, number: u32): usize {
  return bankAt(bank) + BANK_SIZE - ((<usize>number + 1) << 2);
}
