// "Port unreachable" and "host unreachable": RFC 792, RFC 4443 3.1. They quote what could not be delivered.
import { type Address, icmpMessage, icmpv6Message, ipPacket, type Transport } from '../packets/index.ts';

/** Bytes of an IPv4 packet that are quoted: its header and 8 more. */
const QUOTED_V4 = 28;
/** The error must fit the least MTU of IPv6. */
const QUOTED_V6 = 1280 - 48;

export type Unreachable = 'port' | 'host';
const CODES_V4 = { host: 1, port: 3 } as const;
const CODES_V6 = { host: 3, port: 4 } as const;

export function unreachable(
  what: Unreachable,
  source: Address,
  destination: Address,
  transport: Transport,
): Transport {
  const packet = ipPacket({ source, destination }, transport);
  const isV6 = (packet[0] ?? 0) >> 4 === 6;
  const quoted = packet.subarray(0, isV6 ? QUOTED_V6 : QUOTED_V4);
  const body = new Uint8Array(4 + quoted.length);
  body.set(quoted, 4);
  return isV6
    ? icmpv6Message({ type: 1, code: CODES_V6[what], body })
    : icmpMessage({ type: 3, code: CODES_V4[what], body });
}
