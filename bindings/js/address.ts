// IPv4 and IPv6 addresses between text and network-order bytes. One spelling only: no octal, hex, short forms or zones.

import ipaddr from 'ipaddr.js';
import { WardletError } from './errors.ts';

const V4_BYTES = 4;
const V6_BYTES = 16;
/** Characters of the longest address: ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255. */
const TEXT_MAX = 45;
/** Characters of a refused text that the error repeats. */
const QUOTED_MAX = 60;

/** A local address, or the network it is in. */
export interface AddressPrefix {
  /** 4 or 16 bytes, network order; host bits are kept. */
  readonly bytes: Uint8Array;
  /** 0 to 32 or 128; 0 where none was given. */
  readonly prefixLength: number;
}

/**
 * Reads `192.0.2.1` or `2001:db8::1` into 4 or 16 bytes, network order. `::ffff:192.0.2.1` is IPv6: 16 bytes.
 * @throws WardletError WL_BAD_ADDRESS
 */
export function parseAddress(text: string): Uint8Array {
  if (text.length <= TEXT_MAX) {
    const bytes = text.includes(':') ? parseV6(text) : parseV4(text);
    if (bytes) return bytes;
  }
  throw badAddress(
    text,
    'is no IPv4 or IPv6 address',
    text.includes('%')
      ? 'leave the zone (%...) out: flows carry none'
      : 'write four decimal numbers without leading zeros (192.0.2.1), or IPv6 (2001:db8::1)',
  );
}

/**
 * Reads an address with or without its prefix: `192.0.2.1/24`, `2001:db8::1/64`, `192.0.2.1`.
 * @throws WardletError WL_BAD_ADDRESS
 */
export function parsePrefix(text: string): AddressPrefix {
  const slash = text.indexOf('/');
  if (slash < 0) return { bytes: parseAddress(text), prefixLength: 0 };
  const bytes = parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  const max = bytes.length * 8;
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > max) {
    throw badAddress(
      text,
      'has no valid prefix length',
      `write /0 to /${max}, or leave the prefix out when it is not known`,
    );
  }
  return { bytes, prefixLength: Number(length) };
}

/**
 * Writes 4 or 16 network-order bytes at `offset` as text: dotted IPv4, or IPv6 as RFC 5952 says, with an IPv4 tail where
 * a well-known prefix of RFC 4291 says there is one (`::ffff:192.0.2.1`), as inet_ntop does.
 * @throws WardletError WL_BAD_ADDRESS when there are not 4 or 16 bytes
 */
export function formatAddress(bytes: Uint8Array, offset = 0, length = bytes.length - offset): string {
  const fits = offset >= 0 && offset + length <= bytes.length;
  if (fits && length === V4_BYTES) return dotted(bytes, offset);
  if (fits && length === V6_BYTES) return formatV6(bytes, offset);
  throw new WardletError('WL_BAD_ADDRESS', `${length} bytes at ${offset} of ${bytes.length} are no address`, {
    hint: 'give 4 bytes for IPv4, 16 for IPv6',
  });
}

function parseV4(text: string): Uint8Array | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  return Uint8Array.from(ipaddr.IPv4.parse(text).octets);
}

function parseV6(text: string): Uint8Array | undefined {
  const native = withoutDottedTail(text);
  // ipaddr.js also takes zones, and reads ::1.2.3.4 as ::ffff:1.2.3.4: neither reaches it.
  if (native === undefined || !/^[0-9a-f:]+$/i.test(native) || !ipaddr.IPv6.isValid(native)) return undefined;
  return Uint8Array.from(ipaddr.IPv6.parse(native).toByteArray());
}

/** RFC 4291 2.2, form 3: x:x:x:x:x:x:d.d.d.d with its tail as two hexadecimal groups. */
function withoutDottedTail(text: string): string | undefined {
  if (!text.includes('.')) return text;
  const tail = text.lastIndexOf(':') + 1;
  const octets = parseV4(text.slice(tail));
  if (!octets) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return `${text.slice(0, tail)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function formatV6(bytes: Uint8Array, offset: number): string {
  const groups: number[] = [];
  for (let at = offset; at < offset + V6_BYTES; at += 2)
    groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0)) {
    const [mark = 0, high = 0] = groups.slice(5);
    if (mark === 0xffff) return `::ffff:${dotted(bytes, offset + 12)}`;
    // ::/96, but for :: and ::1 and their like.
    if (mark === 0 && high !== 0) return `::${dotted(bytes, offset + 12)}`;
  }
  return new ipaddr.IPv6(groups).toRFC5952String();
}

function dotted(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function badAddress(text: string, fault: string, hint: string): WardletError {
  return new WardletError('WL_BAD_ADDRESS', `${quoted(text)} ${fault}`, { hint });
}

/** Text from outside: cut, and nothing in it that a terminal or a log would obey. */
function quoted(text: string): string {
  const cut = text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}...` : text;
  return `"${cut.replace(/[^ !#-[\]-~]/g, (unit) => `\\u{${unit.charCodeAt(0).toString(16)}}`)}"`;
}
