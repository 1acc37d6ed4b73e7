// What a core notices over a whole capture: its own table holds a few detections, each until its place is needed.

import type { Core } from '../../bindings/js/core.ts';
import type { DetectionRecord } from '../../bindings/js/detections.ts';

export class DetectionLog {
  readonly #core: Core;
  readonly #latest = new Map<number, DetectionRecord>();
  #changes = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** After every tick: that is when detections begin and end. */
  look(): void {
    const changes = this.#core.detectionChanges ?? 0;
    if (changes === this.#changes) return;
    this.#changes = changes;
    this.#take();
  }

  /** All of them, in order of their first evidence. */
  all(): DetectionRecord[] {
    this.#take();
    return [...this.#latest.values()].sort(
      (one, other) => one.firstMs - other.firstMs || one.number - other.number,
    );
  }

  #take(): void {
    for (const detection of this.#core.detections()) this.#latest.set(detection.number, detection);
  }
}
