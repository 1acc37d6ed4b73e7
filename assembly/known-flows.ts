// The fast path: runs of plain frames (untagged Ethernet, IPv4 without options, TCP or UDP) of flows that are in the table.
// What it cannot vouch for it leaves to observe.ts, which must come to the same result (a test compares memory byte by byte).
//
// It calls nothing, so that compilers keep everything in registers, reads several fields to a load, and tests one thing
// a line (merged conditions cost 1.4 ns): 17 -> 8 ns a packet (V8, batches of 64). A record in the table vouches for what
// is checked only once a flow: that its local address is the device's and its remote one is not, that it is unicast, that
// its protocol is counted, and that it is none of the agent's own connections (one that became it is marked, and not found).
// known-flows-ahead.ts has the same checks and the same count: what changes here changes there.

import { PROTOCOL_TCP, PROTOCOL_UDP } from '../schema/configuration-block';
import {
  FRAME_CAPTURED,
  FRAME_HEADER,
  FRAME_LINK,
  FRAME_ORIGINAL,
  FRAME_TIME,
  LINK_ETHERNET,
} from '../schema/frame';
import { STATUS_BYTES, STATUS_DUE, STATUS_NOW, STATUS_VERDICTS } from '../schema/status';
import {
  AGENT,
  AGENT_MULTIPLIERS,
  AGENT_OLDEST,
  AGENT_SEEN_BASE,
  DIRECTION_IN,
  DIRECTION_OUT,
  FLOW_ADDRESSES,
  FLOW_FIRST_SEEN,
  FLOW_LAST_SEEN,
  FLOW_PACKETS,
  FLOW_PORTS,
  FLOW_TCP_FLAGS,
  FLOW_V4_SIZE,
  FLOWS_V4,
  INDEX_V4,
  LOCALS_V4,
  SLOT_BITS,
  SLOT_COUNT,
  SLOT_SHIFT,
  STATUS,
} from './memory';
import { setNow, TIME_MAX } from './schedule';

export const SLOT_MASK: u32 = SLOT_COUNT - 1;
export const IP: usize = FRAME_HEADER + 14;
export const TRANSPORT: usize = IP + 20;
export const TCP_FLAGS: usize = TRANSPORT + 13;
/** Every header up to the TCP flags: less is captured of no frame that Ethernet padded to 60 bytes. */
export const CAPTURED_MIN: u32 = <u32>(TCP_FLAGS + 1 - FRAME_HEADER);
/** Total length of the shortest TCP packet that has flags; the few UDP ones below it can wait. */
export const TOTAL_MIN: u32 = <u32>(TCP_FLAGS + 1 - IP);
/** EtherType IPv4, version 4 and a header of five words, as a little-endian load reads them. */
export const PLAIN_IPV4: u64 = 0x45_0008;

/** Counts frames in [at, end) until one is not for it; returns where that one stands, or end. */
export function observeKnown(at: usize, end: usize): usize {
  // Unsigned, so that times before 1970 are past it too: those that have to be clamped are not for here.
  const due = min<u64>(load<u64>(STATUS, STATUS_DUE), TIME_MAX + 1);
  const seenBase = load<i64>(AGENT, AGENT_SEEN_BASE);
  const window = load<i64>(STATUS, STATUS_NOW) - load<i64>(AGENT, AGENT_OLDEST);
  const addressMultiplier = load<u64>(AGENT, AGENT_MULTIPLIERS);
  const transportMultiplier = load<u64>(AGENT, AGENT_MULTIPLIERS + 8);
  const local = load<u32>(LOCALS_V4);
  let now = load<i64>(STATUS, STATUS_NOW);
  let packets: u64 = 0;
  let bytes: u64 = 0;

  while (at + FRAME_HEADER + CAPTURED_MIN <= end) {
    const captured: u32 = load<u16>(at, FRAME_CAPTURED);
    const next = at + FRAME_HEADER + captured;
    if (captured < CAPTURED_MIN) break;
    if (next > end) break;
    if (load<u16>(at, FRAME_LINK) !== LINK_ETHERNET) break;
    const time = load<i64>(at, FRAME_TIME);
    if (time < now - window) break;
    if (<u64>time >= due) break;
    if (<u64>(time - seenBase) > u32.MAX_VALUE) break;

    // EtherType, version and header length, type of service, total length.
    const head = load<u64>(at, IP - 2);
    const total: u32 = bswap<u16>(<u16>(head >> 32));
    const room = max<u32>(load<u32>(at, FRAME_ORIGINAL), captured) - 14;
    if ((head & 0xffffff) !== PLAIN_IPV4) break;
    if (total < TOTAL_MIN) break;
    if (total > room) break;
    // Fragment offset, time to live, protocol.
    const middle = load<u32>(at, IP + 6);
    const number = middle >> 24;
    if (middle & 0xff1f) break;
    // Protocol and direction change from packet to packet: selected, not branched on. 24 -> 20.5 ns (50,000 flows, shuffled).
    const isUdp = number === 17;
    if (!(<i32>isUdp | <i32>(number === 6))) break;
    const protocol = select<u32>(PROTOCOL_UDP, PROTOCOL_TCP, isUdp);
    const flags = select<u32>(0, load<u8>(at, TCP_FLAGS), isUdp);

    // As if the first local address had sent it, or else received it: no record is found where that is wrong.
    const sent = load<u64>(at, IP + 12);
    const sentPorts = load<u32>(at, TRANSPORT);
    const incoming = <u32>sent !== local;
    const addresses = select<u64>(rotl<u64>(sent, 32), sent, incoming);
    const ports = select<u32>(rotl<u32>(sentPorts, 16), sentPorts, incoming);
    const direction = select<usize>(DIRECTION_IN, DIRECTION_OUT, incoming);
    const transport = <u64>ports | ((<u64>protocol) << 32);
    let slot = <u32>((addresses * addressMultiplier + transport * transportMultiplier) >> (64 - SLOT_BITS));
    let record: usize = 0;
    while (true) {
      const place = SLOT_SHIFT ? <u32>load<u16>(INDEX_V4 + (slot << 1)) : <u32>load<u8>(INDEX_V4 + slot);
      if (place === 0) break;
      record = FLOWS_V4 + (place - 1) * <u32>FLOW_V4_SIZE;
      if (load<u64>(record, FLOW_ADDRESSES) === addresses && load<u64>(record, FLOW_PORTS) === transport)
        break;
      record = 0;
      slot = (slot + 1) & SLOT_MASK;
    }
    if (record === 0) break;

    const length = total - 20;
    const counter = record + (direction << 3);
    const added = ((<u64>length) << 32) | 1;
    const counts = load<u64>(counter, FLOW_PACKETS) + added;
    if (counts < added || <u32>counts === 0) break;
    store<u64>(counter, counts, FLOW_PACKETS);
    const seen = <u32>(time - seenBase);
    if (seen < load<u32>(record, FLOW_FIRST_SEEN)) store<u32>(record, seen, FLOW_FIRST_SEEN);
    if (seen > load<u32>(record, FLOW_LAST_SEEN)) store<u32>(record, seen, FLOW_LAST_SEEN);
    const flagsAt = record + direction;
    store<u8>(flagsAt, load<u8>(flagsAt, FLOW_TCP_FLAGS) | flags, FLOW_TCP_FLAGS);

    if (time > now) now = time;
    packets++;
    bytes += length;
    at = next;
  }

  if (packets !== 0) {
    setNow(now);
    store<u64>(STATUS, load<u64>(STATUS, STATUS_VERDICTS) + packets, STATUS_VERDICTS);
    store<u64>(STATUS, load<u64>(STATUS, STATUS_BYTES) + bytes, STATUS_BYTES);
  }
  return at;
}
