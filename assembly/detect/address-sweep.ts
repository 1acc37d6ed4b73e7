// Address sweep: echo requests to many hosts, answered or not. Neighbour discovery and errors are ICMP, too, and are none.

import { PROTOCOL_ICMP } from '../../schema/configuration-block';
import { DIRECTION_IN } from '../memory';
import { hashOf } from './address';
import { count, SWEEPS } from './tally';

export function hostEchoed(direction: u32, high: u64, low: u64, localLow: u64): void {
  const host = hashOf(high, low, direction === DIRECTION_IN ? localLow : 0);
  count(SWEEPS, direction, high, low, (PROTOCOL_ICMP + 1) << 16, host, 0, true);
}
