// Suspicious address: whoever is in the indicator list, whoever begins, answered or not. Looked up for new flows only, and for what a full
// table cannot name. The detection says the address, and as its limit how many leading bits of it the list holds.

import { KIND_SUSPICIOUS_ADDRESS, SEVERITY_MEDIUM } from '../../schema/detection-record';
import { nowMs, wakeAt } from './clock';
import { growDetection, ongoingWith } from './detections';
import { indicatorOf } from './indicators';
import { raise } from './raise';

/** port: of the service, 0 where there is none. */
export function addressMet(direction: u32, high: u64, low: u64, protocol: u32, port: u32): void {
  const bits = indicatorOf(high, low);
  if (bits === 0) return;
  const ongoing = ongoingWith(KIND_SUSPICIOUS_ADDRESS, direction, high, low);
  if (ongoing >= 0) {
    growDetection(ongoing, 256);
    return;
  }
  raise(KIND_SUSPICIOUS_ADDRESS, SEVERITY_MEDIUM, direction, protocol, 1, bits, nowMs(), high, low, port);
  wakeAt(nowMs() + 1);
}
