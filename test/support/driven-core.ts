// A core driven the way a host should: batches, ticks where observe stops, messages taken and acknowledged. It talks to
// the raw exports and complains when a call breaks what docs/abi.md promises.

import { eventBlock, eventItems, type ReportedEvent } from '../../bindings/js/event-block.ts';
import type { CoreExports } from '../../bindings/js/exports.ts';
import { FORMAT_3_0_FLATBUFFERS, FORMAT_3_0_PROTOBUF, KEY_FORMAT } from '../../schema/configuration-block.ts';
import { RECORD_FORMAT, RECORD_HEADER, RECORD_LENGTH, RECORD_SEQUENCE } from '../../schema/outbox-record.ts';
import { VERDICT_COUNT } from '../../schema/reasons.ts';
import { STATUS_VERDICTS } from '../../schema/status.ts';
import { readCompactMessage } from './compact-reader.ts';
import { block, type Entry, FIRST_AT_ONCE, intervals, plainFormat, seed } from './configuration-block.ts';
import { entriesOf, LAPTOP } from './device.ts';
import { batchedSize, writeFrameAt } from './frame-batch.ts';
import { type ReadMessage, readMessage } from './message-reader.ts';
import type { Frame } from './packet-model.ts';
import { newExports, type Profile } from './profiles.ts';

export interface TakenMessage {
  readonly sequence: number;
  /** A copy. */
  readonly bytes: Uint8Array;
  /** FORMAT_. */
  readonly format: number;
  /** Where the message itself stands in memory. */
  readonly at: number;
}

/** 14 November 2023, a whole minute. */
export const EPOCH = 1_700_000_040_000;

export class DrivenCore {
  readonly profile: Profile;
  readonly exports: CoreExports;
  readonly memory: Uint8Array;
  readonly view: DataView;
  readonly #input: DataView;
  /** Offsets and times of the frames put but not observed yet. */
  readonly #starts: number[] = [];
  readonly #times: bigint[] = [];
  #end = 0;

  constructor(profile: Profile) {
    this.profile = profile;
    this.exports = newExports(profile);
    this.memory = new Uint8Array(this.exports.memory.buffer);
    this.view = new DataView(this.exports.memory.buffer);
    this.#input = new DataView(
      this.exports.memory.buffer,
      this.exports.INPUT.value,
      this.exports.INPUT_SIZE.value,
    );
  }

  /** The code configure returned. */
  configure(...entries: readonly Entry[]): number {
    return this.configureBlock(block(entries));
  }

  configureBlock(bytes: Uint8Array): number {
    this.memory.set(bytes, this.exports.INPUT.value);
    return this.exports.configure(bytes.length);
  }

  start(time: number | bigint): number {
    return this.exports.start(BigInt(time));
  }

  /** When the core wants to be called again, ms; or a code. */
  tick(time: number | bigint): number {
    return Number(this.exports.tick(BigInt(time)));
  }

  collect(time: number | bigint, collectors = 0): number {
    return this.exports.collect(collectors, BigInt(time));
  }

  disconnect(time: number | bigint): number {
    return this.exports.disconnect(BigInt(time));
  }

  /** What the call returned; undefined: the profile takes no events. */
  report(event: ReportedEvent, time: number): number | undefined {
    const { block } = eventBlock(eventItems(event, time), 0, this.exports.INPUT_SIZE.value);
    this.memory.set(block, this.exports.INPUT.value);
    return this.exports.report?.(block.length, BigInt(time));
  }

  /** A field of the status block. */
  u32(field: number): number {
    return this.view.getUint32(this.exports.STATUS.value + field, true);
  }

  u64(field: number): number {
    return Number(this.view.getBigInt64(this.exports.STATUS.value + field, true));
  }

  /** By number of schema/reasons.ts. */
  verdicts(): number[] {
    return Array.from({ length: VERDICT_COUNT }, (_, verdict) => this.u64(STATUS_VERDICTS + 8 * verdict));
  }

  // --- frames --------------------------------------------------------------------------------------------------------

  /** Appends a frame to the batch; false when it does not fit. */
  put(frame: Frame, time: number | bigint): boolean {
    if (this.#end + batchedSize(frame) > this.#input.byteLength) return false;
    this.#starts.push(this.#end);
    this.#times.push(BigInt(time));
    this.#end = writeFrameAt(this.#input, this.#end, frame, BigInt(time));
    return true;
  }

  /**
   * Observes the batch, ticking with the time of each frame the core stops before. `stopped` is called after each such
   * tick with the number of frames taken until then. Returns how many frames there were.
   */
  flush(stopped: (taken: number) => void = () => {}): number {
    let offset = 0;
    let stops = 0;
    while (offset < this.#end) {
      const next = this.exports.observe(offset, this.#end - offset);
      if (next === this.#end) break;
      const taken = this.#starts.indexOf(next);
      if (next < offset || taken < 0)
        throw new Error(`observe(${offset}) stopped at ${next}, no frame's start`);
      stops = next === offset ? stops + 1 : 1;
      // Crossing a due time, then merging, then message by message of a waiting collection: more than that and the host would hang.
      if (stops > 12) throw new Error(`observe does not get past a frame of time ${this.#times[taken]}`);
      this.tick(this.#times[taken] ?? 0n);
      stopped(taken);
      offset = next;
    }
    const frames = this.#starts.length;
    this.discard();
    return frames;
  }

  /** Forgets what was put and not flushed. */
  discard(): void {
    this.#starts.length = 0;
    this.#times.length = 0;
    this.#end = 0;
  }

  /** One frame, alone. */
  observe(frame: Frame, time: number | bigint): void {
    if (!this.put(frame, time))
      throw new Error(`a frame of ${frame.bytes.length} bytes is longer than the input`);
    this.flush();
  }

  // --- messages ------------------------------------------------------------------------------------------------------

  take(): TakenMessage | undefined {
    const record = this.exports.next();
    if (record === 0) return undefined;
    const at = record + RECORD_HEADER;
    const bytes = this.memory.slice(at, at + this.view.getUint32(record + RECORD_LENGTH, true));
    const format = this.view.getUint16(record + RECORD_FORMAT, true);
    return { sequence: this.view.getUint32(record + RECORD_SEQUENCE, true), bytes, format, at };
  }

  /** Takes and acknowledges all there is. */
  drain(): Array<TakenMessage & { readonly message: ReadMessage }> {
    const messages = [];
    for (let taken = this.take(); taken; taken = this.take()) {
      if (this.exports.acknowledge(taken.sequence) !== 0) {
        throw new Error(`message ${taken.sequence} cannot be acknowledged`);
      }
      messages.push({ ...taken, message: readTaken(taken) });
    }
    return messages;
  }
}

/** As the format it was written in. */
export function readTaken({ format, bytes }: Pick<TakenMessage, 'format' | 'bytes'>): ReadMessage {
  if (format === FORMAT_3_0_PROTOBUF) return readCompactMessage(bytes);
  return readMessage(bytes, format === FORMAT_3_0_FLATBUFFERS ? '3.0' : '2.3');
}

/** Configured as LAPTOP, 10 s / 30 s / 60 s, first collection after one interval, and started at EPOCH. */
export function startedCore(profile: Profile, ...entries: readonly Entry[]): DrivenCore {
  const core = new DrivenCore(profile);
  const code = core.configure(
    seed(1),
    ...(entries.some(([key]) => key === KEY_FORMAT) ? [] : plainFormat(profile)),
    intervals(10, 30, 60),
    FIRST_AT_ONCE,
    ...entriesOf(LAPTOP),
    ...entries,
  );
  if (code !== 0 || core.start(EPOCH) !== 0) throw new Error(`the core does not start: ${code}`);
  return core;
}
