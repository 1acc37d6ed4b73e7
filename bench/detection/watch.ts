// One scenario through the real core, driven as an agent drives it: what the core notices, and when.

import type { Core } from '../../bindings/js/core.ts';
import { writeFrame } from '../../bindings/js/frames.ts';
import { parseIndicators } from '../../bindings/js/indicators.ts';
import { loadCore } from '../../bindings/js/load.ts';
import type { Profile } from '../../bindings/js/profiles.ts';
import { FrameFeed } from '../../host/frames/frame-feed.ts';
import type { Direction } from '../../simulator/attacks/attack.ts';
import type { Scenario } from '../../simulator/scenarios/index.ts';
import { type CoreBytes, takeMessages } from '../workload.ts';

/** Profiles that notice anything. */
export type NoticingProfile = Extract<Profile, 'standard' | 'gateway'>;

/** A detection as the table needs it. */
export interface Noticed {
  /** As DetectionKind of the schema names it. */
  readonly kind: string;
  readonly direction: Direction;
  /** ms since 1970: when the core raised it. */
  readonly raisedMs: number;
}

/** A scenario without its frames, and what was noticed in it. */
export interface Watched {
  readonly scenario: Omit<Scenario, 'frames'>;
  readonly frames: number;
  readonly noticed: readonly Noticed[];
}

/** Learning ends so long before what is new comes. */
const LEARNED_BEFORE_MS = 60_000;
/** After the last frame: what waits for answers is judged by then. */
const LAST_WAIT_MS = 10_000;

/** The device "gateway" has 33 addresses, more than `standard` holds. */
function profileFor({ device }: Pick<Scenario, 'device'>, profile: NoticingProfile): NoticingProfile {
  return device === 'gateway' ? 'gateway' : profile;
}

export async function watch(
  { frames, ...scenario }: Scenario,
  profile: NoticingProfile,
  cores: Pick<CoreBytes, NoticingProfile>,
): Promise<Watched> {
  const core = await loadCore(cores[profileFor(scenario, profile)]);
  configure(core, scenario);
  const noticed = new Map<number, Noticed>();
  const look = lookInto(core, noticed);
  const feed = new FrameFeed(core, (timeMs) => {
    look(timeMs);
    takeAll(core, timeMs);
  });
  let count = 0;
  let length = 0;
  const flush = () => {
    if (length > 0) feed.observeInput(length);
    length = 0;
  };
  core.start(scenario.period.startMs);
  core.connect();
  let learnUntilMs = learningEnd(scenario);
  if (learnUntilMs !== undefined) core.beginLearning();
  for (const { timeMs, bytes, originalLength = bytes.length } of frames) {
    count++;
    if (learnUntilMs !== undefined && timeMs >= learnUntilMs) {
      flush();
      core.endLearning();
      learnUntilMs = undefined;
    }
    let end = writeFrame(core.input, length, timeMs, bytes, { originalLength });
    if (end === length) {
      flush();
      end = writeFrame(core.input, 0, timeMs, bytes, { originalLength });
    }
    length = end;
  }
  flush();
  const endMs = Math.max(scenario.period.endMs, core.now) + LAST_WAIT_MS;
  for (let due = core.due; due <= endMs; due = core.due) {
    core.tick(due);
    look(due);
    takeAll(core, due);
    if (core.due <= due) break;
  }
  return { scenario, frames: count, noticed: [...noticed.values()] };
}

function configure(core: Core, { seed, localAddresses, indicators }: Omit<Scenario, 'frames'>): void {
  core.configure({
    seed: Uint8Array.from({ length: 32 }, (_, index) => (seed >>> ((index & 3) * 8)) & 0xff),
    localAddresses,
    format: '3.0-protobuf',
    firstCollectionSeconds: 0,
  });
  if (indicators.length > 0) core.loadIndicators(parseIndicators(indicators.join('\n')));
}

/** By command: a time to learn is counted from the first endpoint on, which a device that sleeps may meet hours later. */
function learningEnd({ kind, attackStartMs }: Omit<Scenario, 'frames'>): number | undefined {
  if (kind !== 'FIRST_CONTACT' || attackStartMs === undefined) return undefined;
  return attackStartMs - LEARNED_BEFORE_MS;
}

/** To be called after every tick: that is when detections begin. */
function lookInto(core: Core, noticed: Map<number, Noticed>): (timeMs: number) => void {
  let changes = 0;
  return (raisedMs) => {
    const { detectionChanges = 0 } = core;
    if (detectionChanges === changes) return;
    changes = detectionChanges;
    for (const { number, detection, direction } of core.detections()) {
      if (noticed.has(number)) continue;
      noticed.set(number, {
        kind: String(detection),
        direction: direction === 'OUTBOUND' ? 'out' : 'in',
        raisedMs,
      });
    }
  };
}

/** A hub that takes everything; a collection that waited for room goes on. */
function takeAll(core: Core, timeMs: number): void {
  for (;;) {
    takeMessages(core);
    if (core.due > core.now) return;
    core.tick(Math.max(timeMs, core.now));
  }
}
