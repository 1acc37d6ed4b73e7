// The books of one run: what the model says was counted against what the core's status and messages say (invariant 4).

import { REASON_NAMES } from '../../bindings/js/status.ts';
import { STATUS_BYTES, STATUS_MERGED, STATUS_REPORTED_BYTES } from '../../schema/status.ts';
import type { DrivenCore } from './driven-core.ts';
import { bytesInTables } from './flow-table-reader.ts';
import { flowName, isEverythingElse, type ReadMessage } from './message-reader.ts';
import type { Judgement } from './packet-model.ts';

const VERDICTS = ['counted', ...REASON_NAMES];

export class Ledger {
  readonly #verdicts = new Map<string, number>();
  /** By five-tuple and direction, `name in` or `name out`. */
  readonly #counted = new Map<string, number>();
  readonly #reported = new Map<string, number>();
  /** By protocol, family and direction. */
  readonly #countedGroups = new Map<string, number>();
  readonly #reportedGroups = new Map<string, number>();
  #countedBytes = 0;
  #reportedBytes = 0;

  /** A frame was taken. */
  take(judgement: Judgement): void {
    add(this.#verdicts, judgement.verdict, 1);
    if (judgement.verdict !== 'counted') return;
    add(this.#counted, `${judgement.flow} ${judgement.direction}`, judgement.bytes);
    add(this.#countedGroups, judgement.group, judgement.bytes);
    this.#countedBytes += judgement.bytes;
  }

  /** A message was read. */
  report(message: ReadMessage): void {
    for (const flow of message.events.flatMap((event) => event.flows)) {
      const name = isEverythingElse(flow) ? '' : flowName(flow);
      for (const [direction, bytes] of [
        ['in', flow.bytesIn],
        ['out', flow.bytesOut],
      ] as const) {
        if (bytes === 0) continue;
        if (name) add(this.#reported, `${name} ${direction}`, bytes);
        add(this.#reportedGroups, `${flow.protocol}${flow.family} ${direction}`, bytes);
        this.#reportedBytes += bytes;
      }
    }
  }

  /** What must hold at any moment at which every message handed out has been reported here. */
  check(core: DrivenCore): void {
    core.verdicts().forEach((count, number) => {
      const name = VERDICTS[number] ?? '';
      same(count, this.#verdicts.get(name) ?? 0, `frames ${name}`);
    });
    same(core.u64(STATUS_BYTES), this.#countedBytes, 'STATUS_BYTES');
    same(
      core.u64(STATUS_BYTES),
      core.u64(STATUS_REPORTED_BYTES) + bytesInTables(core),
      'bytes observed = reported + in the tables',
    );
  }

  /** What must hold once the outbox has been emptied and all of it read. */
  checkRead(core: DrivenCore): void {
    same(core.u64(STATUS_REPORTED_BYTES), this.#reportedBytes, 'STATUS_REPORTED_BYTES');
  }

  /** What must hold once nothing is left in the tables. */
  close(core: DrivenCore): void {
    this.check(core);
    this.checkRead(core);
    same(bytesInTables(core), 0, 'bytes left in the tables');
    sameTotals(this.#reportedGroups, this.#countedGroups);
    if (core.u64(STATUS_MERGED) === 0) {
      sameTotals(this.#reported, this.#counted);
      return;
    }
    for (const [name, bytes] of this.#reported) {
      const counted = this.#counted.get(name) ?? 0;
      if (bytes > counted) throw new Error(`${name}: ${bytes} bytes reported, ${counted} counted`);
    }
  }

  get frames(): number {
    return [...this.#verdicts.values()].reduce((sum, count) => sum + count, 0);
  }
}

function add(totals: Map<string, number>, name: string, amount: number): void {
  totals.set(name, (totals.get(name) ?? 0) + amount);
}

function sameTotals(reported: ReadonlyMap<string, number>, counted: ReadonlyMap<string, number>): void {
  for (const name of new Set([...reported.keys(), ...counted.keys()])) {
    same(reported.get(name) ?? 0, counted.get(name) ?? 0, `bytes of ${name}`);
  }
}

function same(core: number, model: number, what: string): void {
  if (core !== model) throw new Error(`${what}: core ${core}, expected ${model}`);
}
