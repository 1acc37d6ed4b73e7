// Floods within one five-tuple: packets of a known flow come by nowhere but in its record, which is looked at when it is collected. Video and
// backups are one-sided, too; what no one ever answers and has thirty times the packets that the limit lets begin each second is neither
// (a camera's 25 Mbit/s are 2,300). A connection that is begun again and again and never finished needs no such patience.

import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../../schema/configuration-block';
import { isUnicastV4, isUnicastV6 } from '../local-addresses';
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  FLOW_ADDRESSES,
  FLOW_BYTES,
  FLOW_FIRST_SEEN,
  FLOW_LAST_SEEN,
  FLOW_OWN,
  FLOW_PACKETS,
  FLOW_PORTS,
  FLOW_PROTOCOL,
  FLOW_STATE,
  FLOW_TCP_FLAGS,
  FLOWS_V6,
} from '../memory';
import { ACK, SYN } from '../packet/tcp-flags';
import { lowOfV4 } from './address';
import { DETECT, HEAD_ENABLED } from './memory';
import { DATAGRAMS, feedMany, limitOfMeter, SYNS } from './meter';

/** Packets below which no flow is looked at. */
const FEW: u32 = 50;
const HEAVY: u64 = 30;

/** A record's counts are about to be cleared. */
export function weigh(record: usize): void {
  const packetsIn = load<u32>(record, FLOW_PACKETS);
  const packetsOut = load<u32>(record, FLOW_PACKETS + 8);
  if (packetsIn + packetsOut < FEW || load<u8>(record, FLOW_OWN)) return;
  const protocol: u32 = load<u8>(record, FLOW_PROTOCOL);
  if (protocol === PROTOCOL_ICMP || load<u32>(record, FLOW_PORTS) === 0) return;
  if (!load<u32>(DETECT, HEAD_ENABLED)) return;
  const isTcp = protocol === PROTOCOL_TCP;
  const direction = packetsOut > packetsIn ? DIRECTION_OUT : DIRECTION_IN;
  if (isTcp ? !isBegunOnly(record, direction) : isAnswered(record, direction)) return;
  const kind = isTcp ? SYNS : DATAGRAMS;
  const packets = direction === DIRECTION_OUT ? packetsOut : packetsIn;
  const lasted = max<u32>(load<u32>(record, FLOW_LAST_SEEN) - load<u32>(record, FLOW_FIRST_SEEN), 1000);
  const limit = <u64>limitOfMeter(kind) * (isTcp ? 1 : HEAVY);
  if (<u64>packets * 1000 < limit * lasted) return;
  let high: u64 = 0;
  let low: u64 = 0;
  if (record >= FLOWS_V6) {
    high = load<u64>(record, FLOW_ADDRESSES + 16);
    low = load<u64>(record, FLOW_ADDRESSES + 24);
    if (!isUnicastV6(record + FLOW_ADDRESSES + 16)) return;
  } else {
    const remote = load<u32>(record, FLOW_ADDRESSES + 4);
    low = lowOfV4(remote);
    if (!isUnicastV4(remote)) return;
  }
  const port: u32 = bswap<u16>(load<u16>(record + ((<usize>direction) << 1), FLOW_PORTS));
  const bytes = load<u32>(record + ((<usize>direction) << 3), FLOW_BYTES) / packets;
  feedMany(kind, direction, high, low, port, bytes, packets);
}

function isBegunOnly(record: usize, direction: u32): bool {
  return (<u32>load<u8>(record + direction, FLOW_TCP_FLAGS) & (SYN | ACK)) === SYN;
}

/** Ever. */
function isAnswered(record: usize, direction: u32): bool {
  const answers = load<u32>(record + ((<usize>(direction ^ 1)) << 3), FLOW_PACKETS);
  return answers !== 0 || (<u32>load<u8>(record, FLOW_STATE) & (1 << (direction ^ 1))) !== 0;
}
