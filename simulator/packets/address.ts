import ipaddr from 'ipaddr.js';

/** 192.0.2.1 or 2001:db8::1, or its 4 or 16 bytes. */
export type Address = string | Uint8Array;

/** In network order. @throws RangeError for text that is no address */
export function addressBytes(address: Address): Uint8Array {
  if (typeof address !== 'string') return address;
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address);
  if (!isAddress) throw new RangeError(`${address} is no IPv4 or IPv6 address`);
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}
