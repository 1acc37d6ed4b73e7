// Whose detection has ended, or lost its record, begins anew.

import { freeBeacon } from './beacon-rows';
import { freeRows } from './tally';

export function release(detection: u32): void {
  freeRows(detection);
  freeBeacon(detection);
}
