// Keys that were seen with one thing only. A tally's row is given at the second different thing: a flood from spoofed sources,
// or a scan that touches each of ten thousand ports once, makes marks here and no rows. Where marks run short they are
// given away at random, so that among any number of others a key that keeps coming gets through in the end.
//
//   | 16 bits of the key's hash, never 0 | 9 bits when, in 8 s | 7 bits of the thing |

import { nowSeconds } from './clock';
import { throwDice } from './dice';
import { SEEN, SEEN_MAX } from './memory';

/** In units of 8 s: 1 h. */
const AGE_MAX: u32 = 450;

/** key: hash; thing: 0 to 127. The other thing it was seen with, or -1: seen with none yet, or with the same one. */
export function otherThing(direction: u32, key: u32, thing: u32): i32 {
  const name = ((key >> 16) | 1) << 16;
  const when = (nowSeconds() >> 3) & 0x1ff;
  const table = SEEN + <usize>direction * (SEEN_MAX << 2);
  const home = <usize>key & (SEEN_MAX - 1);
  let place: usize = 0;
  for (let way: usize = 0; way < 2; way++) {
    const at = table + ((home ^ way) << 2);
    const mark = load<u32>(at);
    if (mark === 0 || ((when - (mark >> 7)) & 0x1ff) > AGE_MAX) {
      place = at;
    } else if ((mark & 0xffff_0000) === name) {
      if ((mark & 0x7f) === thing) return -1;
      store<u32>(at, 0);
      return mark & 0x7f;
    }
  }
  if (place === 0) {
    const dice = throwDice();
    if (dice & 7) return -1;
    place = table + ((home ^ ((dice >> 3) & 1)) << 2);
  }
  store<u32>(place, name | (when << 7) | thing);
  return -1;
}
