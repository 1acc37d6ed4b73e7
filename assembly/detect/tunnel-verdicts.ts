// Peers whose place is full are tunnels, and stay it while more of it comes.

import { PROTOCOL_ICMP, PROTOCOL_UDP } from '../../schema/configuration-block';
import { SEVERITY_HIGH } from '../../schema/detection-record';
import { happened, msSince, nowMs } from './clock';
import { addPeer, addPort, beginDetection, growDetection, placeForDetection, seePeers } from './detections';
import {
  TUNNEL_ADDRESS,
  TUNNEL_DETECTION,
  TUNNEL_FIRST,
  TUNNEL_LAST,
  TUNNEL_LEVEL,
  TUNNEL_UNSAID,
  TUNNEL_USED,
  TUNNELS_MAX,
} from './memory';
import { release } from './release';
import { FIRST_TUNNEL, limitOfTunnel, placeAt, THROUGH_DNS, THROUGH_ICMP } from './tunnel';
import { DNS } from './watched';

/** The step. */
export function judgeTunnels(): void {
  for (let kind: u32 = THROUGH_DNS; kind <= THROUGH_ICMP; kind++) {
    for (let number: usize = 0; number < TUNNELS_MAX; number++) judgeTunnel(kind, placeAt(kind, number));
  }
}

function judgeTunnel(kind: u32, place: usize): void {
  const unsaid = load<u32>(place, TUNNEL_UNSAID);
  const limit = limitOfTunnel(kind);
  const level = load<u32>(place, TUNNEL_LEVEL);
  const detection: u32 = load<u8>(place, TUNNEL_DETECTION);
  if (detection !== 0) {
    if (unsaid === 0 || level < limit * 500) return;
    happened(load<u32>(place, TUNNEL_LAST));
    growDetection(detection - 1, min<u32>(unsaid, 0xff_ffff) << 8);
    store<u32>(place, 0, TUNNEL_UNSAID);
    return;
  }
  if (level < limit * 1000) return;
  happened(load<u32>(place, TUNNEL_LAST));
  const index = placeForDetection();
  release(index);
  const direction = <u32>load<u8>(place, TUNNEL_USED) - 1;
  const first = nowMs() - <i64>min<u32>(msSince(load<u32>(place, TUNNEL_FIRST)), 3_600_000);
  const protocol = kind === THROUGH_DNS ? PROTOCOL_UDP : PROTOCOL_ICMP;
  beginDetection(
    index,
    kind + FIRST_TUNNEL,
    SEVERITY_HIGH,
    direction,
    protocol,
    max<u32>(unsaid, limit),
    limit,
    first,
  );
  addPeer(index, load<u64>(place, TUNNEL_ADDRESS), load<u64>(place, TUNNEL_ADDRESS + 8));
  seePeers(index, 1);
  if (kind === THROUGH_DNS) addPort(index, DNS);
  store<u8>(place, index + 1, TUNNEL_DETECTION);
  store<u32>(place, 0, TUNNEL_UNSAID);
}
