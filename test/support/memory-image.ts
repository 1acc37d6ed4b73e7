// Comparing whole memories, byte for byte, but for what is allowed to differ.

import type { CoreExports } from '../../bindings/js/exports.ts';

export type ByteRange = readonly [start: number, end: number];

/** The first byte at which two memories differ outside `except`; undefined where none does. */
export function firstDifference(
  one: Uint8Array,
  other: Uint8Array,
  except: readonly ByteRange[] = [],
): number | undefined {
  let start = 0;
  for (const [from, to] of [...except].sort(([a], [b]) => a - b).concat([[one.length, one.length]])) {
    if (from > start && Buffer.compare(one.subarray(start, from), other.subarray(start, from)) !== 0) {
      return one.findIndex((byte, at) => at >= start && at < from && byte !== other[at]);
    }
    start = Math.max(start, to);
  }
  return undefined;
}

/** Frames and configuration blocks: the host's own bytes. */
export function inputRange({ INPUT, INPUT_SIZE }: CoreExports): ByteRange {
  return [INPUT.value, INPUT.value + INPUT_SIZE.value];
}
