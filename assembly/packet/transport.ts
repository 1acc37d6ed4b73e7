// What is read of TCP, UDP and ICMP headers.

import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../../schema/configuration-block';
import { HAS_DETECTION } from '../memory';

/** Stands for every protocol that is not counted: no bit of AGENT_COUNTED_PROTOCOLS is ever set for it. */
export const UNSUPPORTED: u32 = 31;

/** PROTOCOL_ of an IPv4 protocol number, or UNSUPPORTED. */
export function ipv4Protocol(number: u32): u32 {
  return number === 6
    ? PROTOCOL_TCP
    : number === 17
      ? PROTOCOL_UDP
      : number === 1
        ? PROTOCOL_ICMP
        : UNSUPPORTED;
}

/** PROTOCOL_ of an IPv6 next header, or UNSUPPORTED. ICMP proper is none over IPv6. */
export function ipv6Protocol(next: u32): u32 {
  return next === 6 ? PROTOCOL_TCP : next === 17 ? PROTOCOL_UDP : next === 58 ? PROTOCOL_ICMP : UNSUPPORTED;
}

/** Source and destination port; an ICMP message is at least as long. A packet that ends before is malformed. */
export const PORTS_SIZE: u32 = 4;

const TCP_FLAGS_AT: u32 = 13;

/** Above the eight bits that a flow record keeps, for detection: the TCP flags were captured; the message is an echo request. */
export const FLAGS_READ: u32 = HAS_DETECTION ? 0x100 : 0;
export const ECHO_REQUEST: u32 = 0x200;
export const ECHO_REPLY: u32 = 0x400;

/** TCP flags byte (RFC 9293 3.1), 0 where the segment or the capture ends before it. */
export function tcpFlags(at: usize, length: u32, captured: u32): u32 {
  return min<u32>(length, captured) > TCP_FLAGS_AT ? FLAGS_READ | <u32>load<u8>(at, TCP_FLAGS_AT) : 0;
}

/** request, reply: types of the two kinds of echo, RFC 792 or RFC 4443. */
export function echoFlags(at: usize, request: u32, reply: u32): u32 {
  const type: u32 = load<u8>(at);
  return type === request ? ECHO_REQUEST : type === reply ? ECHO_REPLY : 0;
}
