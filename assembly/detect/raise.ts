// A detection that no tally stands behind: a record of its own, or one more of those that go on.

import { addPeer, addPort, beginDetection, growDetection, placeForDetection, toJoin } from './detections';
import { release } from './release';

/** first: ms of the first evidence. port: 0 where there is none. The number of its record. */
export function raise(
  kind: u32,
  severity: u32,
  direction: u32,
  protocol: u32,
  count: u32,
  limit: u32,
  first: i64,
  high: u64,
  low: u64,
  port: u32,
): u32 {
  const joined = toJoin(kind, direction);
  let index: u32 = joined;
  if (joined < 0) {
    index = placeForDetection();
    release(index);
    beginDetection(index, kind, severity, direction, protocol, count, limit, first);
  } else {
    growDetection(index, count << 8);
  }
  addPeer(index, high, low);
  if (port !== 0) addPort(index, port);
  return index;
}
