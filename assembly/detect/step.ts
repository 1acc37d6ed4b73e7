// The step: what waits is judged, what is over its limit is raised, what is quiet ends. Only while there is something to do.

import { clockWasSet, lookFrom } from './beacon';
import { attendDetections } from './detections';
import { learnAnew } from './first-contact';
import { judgeMeters } from './floods';
import { judgeTallies } from './judge-tallies';
import { DETECT, DETECTION_MAX, HEAD_DUE, HEAD_NEVER, HEAD_WAITING } from './memory';
import { judgeWaiting } from './outcomes';
import { release } from './release';
import { judgeTunnels } from './tunnel-verdicts';

/** STATUS_NOW is the time. always: the clock has jumped, whatever was due when. */
export function detect(always: bool, time: i64): void {
  if (!always && time < load<i64>(DETECT, HEAD_DUE)) return;
  store<i64>(DETECT, HEAD_NEVER, HEAD_DUE);
  if (always && clockWasSet()) {
    lookFrom(time);
    learnAnew();
  }
  if (load<u32>(DETECT, HEAD_WAITING)) judgeWaiting();
  judgeMeters();
  judgeTunnels();
  judgeTallies();
  const ended = attendDetections();
  for (let index: u32 = 0; ended >> index !== 0 && index < <u32>DETECTION_MAX; index++) {
    if ((ended >> index) & 1) release(index);
  }
}
