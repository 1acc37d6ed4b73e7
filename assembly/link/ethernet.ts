// EtherType and the VLAN tags before it: 802.1Q, 802.1ad (QinQ) and the older 0x9100 for it.

import { MALFORMED, NON_IP, TRUNCATED } from '../../schema/reasons';

// EtherTypes as a little-endian load reads them.
export const TYPE_IPV4: u32 = 0x0008;
export const TYPE_IPV6: u32 = 0xdd86;
const TYPE_VLAN: u32 = 0x0081;
const TYPE_QINQ: u32 = 0xa888;
const TYPE_QINQ_OLD: u32 = 0x0091;

/** Nobody stacks more; each costs an attacker four bytes and us a turn. */
const VLAN_MAX: u32 = 8;

/** typeAt: where the first EtherType stands, counted from `at`; tags: VLAN tags before it. */
export function stripEtherType(at: usize, typeAt: u32, tags: u32, captured: u32, original: u32): i32 {
  for (; tags <= VLAN_MAX; tags++, typeAt += 4) {
    if (captured < typeAt + 2) return original < typeAt + 2 ? -MALFORMED : -TRUNCATED;
    const type: u32 = load<u16>(at + typeAt);
    if (type === TYPE_IPV4) return (typeAt + 2) << 1;
    if (type === TYPE_IPV6) return ((typeAt + 2) << 1) | 1;
    if (!isVlan(type)) return -NON_IP;
  }
  return -MALFORMED;
}

/** EtherType as a little-endian load reads it. */
export function isVlan(type: u32): bool {
  return type === TYPE_VLAN || type === TYPE_QINQ || type === TYPE_QINQ_OLD;
}
