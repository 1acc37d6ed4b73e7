// From a captured frame to its IP header, by link type. A verdict below zero is -reason (schema/reasons.ts);
// otherwise the length of the link header, times two, plus one for IPv6.

import {
  LINK_ETHERNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_LOOP,
  LINK_NULL,
  LINK_RAW,
  LINK_RAW_DLT,
  LINK_RAW_OPENBSD,
} from '../../schema/frame';
import { MALFORMED, NON_IP, TRUNCATED } from '../../schema/reasons';
import { stripAfFamily } from './bsd-loopback';
import { isVlan, stripEtherType, TYPE_IPV4, TYPE_IPV6 } from './ethernet';

/** at: first byte; captured <= original. */
export function stripLink(link: u32, at: usize, captured: u32, original: u32): i32 {
  switch (link) {
    case LINK_ETHERNET:
      return stripEtherType(at, 12, 0, captured, original);
    case LINK_LINUX_SLL:
      return stripEtherType(at, 14, 0, captured, original);
    case LINK_LINUX_SLL2:
      return stripSll2(at, captured, original);
    case LINK_IPV4:
      return 0;
    case LINK_IPV6:
      return 1;
    case LINK_RAW:
    case LINK_RAW_DLT:
    case LINK_RAW_OPENBSD:
      return stripRaw(at, captured, original);
    case LINK_NULL:
    case LINK_LOOP:
      return stripAfFamily(at, captured, original);
    default:
      return -NON_IP;
  }
}

/** Raw IP: the version nibble tells the family. The link promised IP, so any other version is malformed. */
function stripRaw(at: usize, captured: u32, original: u32): i32 {
  if (captured === 0) return original === 0 ? -MALFORMED : -TRUNCATED;
  const version = load<u8>(at) >> 4;
  return version === 4 ? 0 : version === 6 ? 1 : -MALFORMED;
}

/** Linux cooked v2: the EtherType comes first, the header is 20 bytes; a VLAN tag follows the header. */
function stripSll2(at: usize, captured: u32, original: u32): i32 {
  if (captured < 20) return original < 20 ? -MALFORMED : -TRUNCATED;
  const type: u32 = load<u16>(at);
  if (type === TYPE_IPV4) return 20 << 1;
  if (type === TYPE_IPV6) return (20 << 1) | 1;
  if (!isVlan(type)) return -NON_IP;
  const inner = stripEtherType(at + 20, 2, 1, captured - 20, original - 20);
  return inner < 0 ? inner : inner + (20 << 1);
}
