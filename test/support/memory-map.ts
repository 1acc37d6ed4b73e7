// Every region of a core's memory, and canaries in every byte that belongs to none.

import type { CoreExports } from '../../bindings/js/exports.ts';
import { STATUS_SIZE } from '../../schema/status.ts';
import { layout } from './layout.ts';

export interface Region {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Of one flow index: a quarter full at most, half full in `lean`. */
export function slotsOf(core: CoreExports): number {
  return 2 ** Math.ceil(Math.log2((core.PROFILE.value === 0 ? 2 : 4) * core.FLOW_MAX.value));
}

/** In order of address. */
export function memoryMap(core: CoreExports): Region[] {
  const flows = core.FLOW_MAX.value;
  // A slot holds a record number + 1.
  const index = slotsOf(core) * (flows < 256 ? 1 : 2);
  const locals = core.LOCAL_MAX.value;
  const plan = core.PLAN.value + layout('PLAN_SIZE');
  // The profiles with schema 3.0: classes of flows, columns, and who follows for each flow.
  const classes = flows > 256 ? 127 : core.PROFILE.value === 0 ? 16 : 32;
  const tables =
    core.PROFILE.value === 1
      ? 0
      : 2 * (classes * layout('CLASS_SIZE') + layout('COLUMNS_SIZE') + flows * (flows < 256 ? 1 : 2));
  // The profile that looks ahead: what it noted.
  const notes = flows < 256 ? 0 : layout('NOTES_MAX') * layout('NOTE_SIZE');
  const sizes: ReadonlyArray<readonly [string, WebAssembly.Global<'i32'>, number]> = [
    ['STATUS', core.STATUS, STATUS_SIZE],
    ['AGENT', core.AGENT, core.AGENT_SIZE.value],
    ['LOCALS_V4', core.LOCALS_V4, locals * 8],
    ['LOCALS_V6', core.LOCALS_V6, locals * 16],
    ['OWN_CONNECTIONS', core.OWN_CONNECTIONS, core.OWN_MAX.value * layout('OWN_SIZE')],
    ['TEXTS', core.TEXTS, 4 * (core.TEXT_MAX.value + 4)],
    ['FLOWS_V4', core.FLOWS_V4, flows * layout('FLOW_V4_SIZE')],
    ['FLOWS_V6', core.FLOWS_V6, flows * layout('FLOW_V6_SIZE')],
    ['INDEX_V4', core.INDEX_V4, index],
    ['INDEX_V6', core.INDEX_V6, index],
    ['EVERYTHING_ELSE', core.EVERYTHING_ELSE, 2 * layout('ELSE_PROTOCOLS') * layout('ELSE_SIZE')],
    ...(core.DETECT && core.DETECT_SIZE ? [['DETECT', core.DETECT, core.DETECT_SIZE.value] as const] : []),
    ['VTABLES', core.VTABLES, 2 * layout('VTABLE_MASKS')],
    ['PLAN', core.PLAN, layout('PLAN_SIZE')],
    ['INPUT', core.INPUT, core.INPUT_SIZE.value],
    ['OUTBOX', core.OUTBOX, core.OUTBOX_SIZE.value],
    ['SCORES', core.SCORES, layout('SCORES_SIZE')],
  ];
  return [
    // `lean` has no VTABLES: schema 2.3 is not in it.
    ...sizes
      .filter(([, global]) => global.value !== 0)
      .map(([name, global, size]) => ({ name, start: global.value, end: global.value + size })),
    // No export names it: behind the plan.
    ...(tables === 0 ? [] : [{ name: 'CLASSES, COLUMNS, FOLLOWERS', start: plan, end: plan + tables }]),
    // Nor this one: before the input.
    ...(notes === 0 ? [] : [{ name: 'NOTES', start: core.INPUT.value - notes, end: core.INPUT.value }]),
  ].sort((one, other) => one.start - other.start);
}

const CANARY = 0xa5;

/** Fills every byte outside the map; `check` says which of them was written to. */
export class Canaries {
  readonly #memory: Uint8Array;
  readonly #gaps: ReadonlyArray<{ start: number; expected: Uint8Array }>;

  constructor(core: CoreExports) {
    this.#memory = new Uint8Array(core.memory.buffer);
    const gaps: Array<{ start: number; expected: Uint8Array }> = [];
    let end = 0;
    for (const region of [...memoryMap(core), { start: this.#memory.length, end: this.#memory.length }]) {
      if (region.start > end) {
        // Constants the compiler placed keep their value: they are canaries too.
        const expected = this.#memory.slice(end, region.start).map((byte) => byte || CANARY);
        this.#memory.set(expected, end);
        gaps.push({ start: end, expected });
      }
      end = Math.max(end, region.end);
    }
    this.#gaps = gaps;
  }

  /** Throws at the first byte outside the map that is not as it was. */
  check(): void {
    for (const { start, expected } of this.#gaps) {
      const now = this.#memory.subarray(start, start + expected.length);
      if (Buffer.compare(now, expected) === 0) continue;
      const at = now.findIndex((byte, index) => byte !== expected[index]);
      throw new Error(`the core wrote outside its regions, at ${start + at}`);
    }
  }
}
