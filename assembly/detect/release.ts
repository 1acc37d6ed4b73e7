// Whose detection has ended, or lost its record, begins anew.

import { freeBeacon } from './beacon-rows';
import { freeMeters } from './meter';
import { freeRows } from './tally';
import { freeTunnels } from './tunnel';

export function release(detection: u32): void {
  freeRows(detection);
  freeBeacon(detection);
  freeMeters(detection);
  freeTunnels(detection);
}
