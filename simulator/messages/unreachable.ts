// "Port unreachable", "host unreachable" and "time exceeded": RFC 792, RFC 4443 3.1 and 3.3. They quote what could not be delivered.
import { type Address, icmpMessage, icmpv6Message, ipPacket, type Transport } from '../packets/index.ts';

/** Bytes of an IPv4 packet that are quoted: its header and 8 more. */
const QUOTED_V4 = 28;
/** The error must fit the least MTU of IPv6. */
const QUOTED_V6 = 1280 - 48;

/** hops: it has passed as many routers as it may. */
export type Unreachable = 'port' | 'host' | 'hops';
type TypeAndCode = readonly [type: number, code: number];
const V4: Readonly<Record<Unreachable, TypeAndCode>> = { host: [3, 1], port: [3, 3], hops: [11, 0] };
const V6: Readonly<Record<Unreachable, TypeAndCode>> = { host: [1, 3], port: [1, 4], hops: [3, 0] };

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
  const [type, code] = (isV6 ? V6 : V4)[what];
  return isV6 ? icmpv6Message({ type, code, body }) : icmpMessage({ type, code, body });
}
