// System information: four texts the host gave; layout in memory.ts.

import { TEXT_SIZE, TEXTS } from '../memory';

export function textLength(text: i32): u32 {
  return load<u8>(TEXTS + text * TEXT_SIZE);
}

/** UTF-8, textLength bytes. */
export function textAt(text: i32): usize {
  return TEXTS + text * TEXT_SIZE + 1;
}
