import type { Family } from '../hosts.ts';
import { echoBody, icmpMessage, icmpv6Message, type Transport } from '../packets/index.ts';

const TYPES_V4 = { request: 8, reply: 0 } as const;
const TYPES_V6 = { request: 128, reply: 129 } as const;

/** A ping, or what comes back. */
export function echo(
  family: Family,
  kind: 'request' | 'reply',
  identifier: number,
  sequence: number,
  payload: Uint8Array,
): Transport {
  const body = echoBody(identifier, sequence & 0xffff, payload);
  return family === 'IPv4'
    ? icmpMessage({ type: TYPES_V4[kind], body })
    : icmpv6Message({ type: TYPES_V6[kind], body });
}
