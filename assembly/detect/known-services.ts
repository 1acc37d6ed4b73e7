// Services that have answered: failing at one is an outage, not a scan. Two Bloom filters (Bloom 1970), three bits a service; the older
// one goes when the younger is half full of marks, or a week old. Whoever fills them on purpose has to be answered, and then
// at worst a scan loses the few hosts that seem known.

import { nowSeconds } from './clock';
import { DETECT, HEAD_KNOWN, HEAD_KNOWN_SINCE, KNOWN, KNOWN_SIZE } from './memory';

const BITS: u32 = <u32>KNOWN_SIZE * 8;
const WEEK: u32 = 604_800;

/** service: hash of address, protocol and port. */
export function isKnown(service: u32): bool {
  return isIn(KNOWN, service) || isIn(KNOWN + KNOWN_SIZE, service);
}

export function remember(service: u32): void {
  if (isIn(KNOWN, service)) return;
  const now = nowSeconds();
  const marks = load<u32>(DETECT, HEAD_KNOWN);
  if (marks === 0) store<u32>(DETECT, now, HEAD_KNOWN_SINCE);
  if (marks > BITS / 6 || now - load<u32>(DETECT, HEAD_KNOWN_SINCE) > WEEK) {
    memory.copy(KNOWN + KNOWN_SIZE, KNOWN, KNOWN_SIZE);
    memory.fill(KNOWN, 0, KNOWN_SIZE);
    store<u32>(DETECT, 0, HEAD_KNOWN);
    store<u32>(DETECT, now, HEAD_KNOWN_SINCE);
  }
  store<u32>(DETECT, load<u32>(DETECT, HEAD_KNOWN) + 1, HEAD_KNOWN);
  for (let part: u32 = 0; part < 3; part++) {
    const bit = bitOf(service, part);
    const at = KNOWN + (bit >> 3);
    store<u8>(at, <u32>load<u8>(at) | (1 << (bit & 7)));
  }
}

function isIn(filter: usize, service: u32): bool {
  for (let part: u32 = 0; part < 3; part++) {
    const bit = bitOf(service, part);
    if (!((load<u8>(filter + (bit >> 3)) >> <u8>(bit & 7)) & 1)) return false;
  }
  return true;
}

/** Three places out of one hash: double hashing (Kirsch and Mitzenmacher 2006). */
function bitOf(service: u32, part: u32): u32 {
  return (service + part * ((service >> 16) | 1)) & (BITS - 1);
}
