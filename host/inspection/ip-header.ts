// Where the IP header stands in a frame, by link type. Good enough to look at addresses; what counts is the core's reading.

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
} from '../../schema/frame.ts';

/** Bytes before the IP header or its EtherType tags, and whether there is an EtherType; by LINKTYPE_. */
const LINKS: ReadonlyMap<
  number,
  { readonly name: string; readonly header: number; readonly typeAt?: number }
> = new Map([
  [LINK_ETHERNET, { name: 'Ethernet', header: 14, typeAt: 12 }],
  [LINK_LINUX_SLL, { name: 'Linux cooked', header: 16, typeAt: 14 }],
  [LINK_LINUX_SLL2, { name: 'Linux cooked v2', header: 20, typeAt: 0 }],
  [LINK_RAW, { name: 'raw IP', header: 0 }],
  [LINK_RAW_DLT, { name: 'raw IP', header: 0 }],
  [LINK_RAW_OPENBSD, { name: 'raw IP', header: 0 }],
  [LINK_IPV4, { name: 'raw IPv4', header: 0 }],
  [LINK_IPV6, { name: 'raw IPv6', header: 0 }],
  [LINK_NULL, { name: 'BSD loopback', header: 4 }],
  [LINK_LOOP, { name: 'OpenBSD loopback', header: 4 }],
]);

/** Names of the link types that cores read, by LINKTYPE_. */
export const LINK_NAMES: ReadonlyMap<number, string> = new Map(
  [...LINKS].map(([link, { name }]) => [link, name]),
);

/** Offset of an IPv4 or IPv6 header in the frame, or -1. */
export function ipHeaderAt(link: number, frame: Uint8Array): number {
  const layout = LINKS.get(link);
  if (layout === undefined) return -1;
  let at = layout.header;
  if (layout.typeAt !== undefined) {
    let type = u16(frame, layout.typeAt);
    while (type === 0x8100 || type === 0x88a8 || type === 0x9100) {
      type = u16(frame, at + 2);
      at += 4;
    }
    if (type !== 0x0800 && type !== 0x86dd) return -1;
  }
  const version = (frame[at] ?? 0) >> 4;
  return version === 4 || version === 6 ? at : -1;
}

/** -1 where the frame ends before. */
function u16(frame: Uint8Array, at: number): number {
  const high = frame[at];
  const low = frame[at + 1];
  return high === undefined || low === undefined ? -1 : (high << 8) | low;
}
