// Chance, for places that are given away at random. The generator of event ids is left alone.

import { DETECT, HEAD_DICE } from './memory';

/** xorshift32 (Marsaglia 2003). */
export function throwDice(): u32 {
  let x = load<u32>(DETECT, HEAD_DICE);
  if (x === 0) x = 0x9e37_79b9;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  store<u32>(DETECT, x, HEAD_DICE);
  return x;
}
