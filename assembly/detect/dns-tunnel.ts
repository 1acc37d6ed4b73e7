// DNS tunnel: more in questions than a name takes, more in answers than a lookup needs, to one server. By length alone, since captures
// may be cut to headers. Ordinary questions have 30 to 70 bytes; what is above 96 is data's (Paxson et al. 2013 bound the same by
// bytes a name carries), and above 512 an answer is longer than RFC 1035 4.2.1 lets it be. On a flow that goes on, question
// after question from one port, as the tools have it and resolvers of our days do not (RFC 5452 9.2), each byte counts four times.

import { DIRECTION_OUT, FLOW_PACKETS } from '../memory';
import { addOddity, claimTunnel, findTunnel, THROUGH_DNS } from './tunnel';

const UDP_HEADER: u32 = 8;
const QUESTION_MOST: u32 = 96;
const ANSWER_MOST: u32 = 512;
/** Questions of one flow, this interval. */
const MANY: u32 = 8;
const WEIGHT: u32 = 4;

/** bytes: UDP header and payload. */
export function nameAsked(record: usize, high: u64, low: u64, bytes: u32): void {
  add(record, high, low, bytes, QUESTION_MOST);
}

export function nameAnswered(record: usize, high: u64, low: u64, bytes: u32): void {
  add(record, high, low, bytes, ANSWER_MOST);
}

function add(record: usize, high: u64, low: u64, bytes: u32, most: u32): void {
  if (bytes <= most + UDP_HEADER) return;
  const place = findTunnel(THROUGH_DNS, DIRECTION_OUT, high, low);
  const own = place !== 0 ? place : claimTunnel(THROUGH_DNS, DIRECTION_OUT, high, low);
  if (own === 0) return;
  const isLong = record !== 0 && load<u32>(record + ((<usize>DIRECTION_OUT) << 3), FLOW_PACKETS) > MANY;
  addOddity(THROUGH_DNS, own, (bytes - most - UDP_HEADER) * (isLong ? WEIGHT : 1));
}
