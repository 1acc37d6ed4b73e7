import ipaddr from 'ipaddr.js';
import { Remembered } from './remembered.ts';

/** 192.0.2.1 or 2001:db8::1, or its 4 or 16 bytes. */
export type Address = string | Uint8Array;

const known = new Remembered(parse);

/** In network order; not to be written into: a text's bytes are kept. @throws RangeError for text that is no address */
export function addressBytes(address: Address): Uint8Array {
  return typeof address === 'string' ? known.get(address) : address;
}

function parse(address: string): Uint8Array {
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address);
  if (!isAddress) throw new RangeError(`${address} is no IPv4 or IPv6 address`);
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}
