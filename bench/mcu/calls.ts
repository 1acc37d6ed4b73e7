// A script of calls to a core, for player/player.c, and the log of what V8 made of it. The core's answers are at hand
// while the script is written, so it can go on as a host would: acknowledge what came out, tick where observe stopped.
//
//   script | u32 operation | u32 a | u32 b | u32 0 | i64 time | after INPUT: b bytes for the input buffer, from a on | ...
//   log    | i64 result, after NEXT the record it points to | ... | the whole memory

import type { CoreExports } from '../../bindings/js/exports.ts';
import { RECORD_HEADER, RECORD_LENGTH, RECORD_SEQUENCE } from '../../schema/outbox-record.ts';

/** As in player/player.c, in this order. */
export const OPERATIONS = [
  'end',
  'input',
  'configure',
  'start',
  'tick',
  'observe',
  'collect',
  'connect',
  'disconnect',
  'next',
  'acknowledge',
  'report',
  'hash',
] as const;
export type Operation = (typeof OPERATIONS)[number];

const ENTRY = 24;

export class CallRecorder {
  readonly #core: CoreExports;
  readonly #view: DataView;
  readonly #script: Uint8Array[] = [];
  readonly #log: Uint8Array[] = [];
  /** What was called, and where its part of the log begins. */
  readonly #calls: Array<{ text: string; at: number }> = [];
  #logLength = 0;

  constructor(core: CoreExports) {
    this.#core = core;
    this.#view = new DataView(core.memory.buffer);
  }

  get inputSize(): number {
    return this.#core.INPUT_SIZE.value;
  }

  /** A field of the status block. */
  u32(field: number): number {
    return this.#view.getUint32(this.#core.STATUS.value + field, true);
  }

  u64(field: number): bigint {
    return this.#view.getBigUint64(this.#core.STATUS.value + field, true);
  }

  /** Puts bytes into the input buffer. */
  input(bytes: Uint8Array, offset = 0): void {
    new Uint8Array(this.#core.memory.buffer).set(bytes, this.#core.INPUT.value + offset);
    this.#call('input', offset, bytes.length);
    this.#script.push(bytes.slice());
  }

  configure(length: number): number {
    this.#call('configure', length);
    return this.#result(this.#core.configure(length));
  }

  start(time: bigint): number {
    this.#call('start', 0, 0, time);
    return this.#result(this.#core.start(time));
  }

  tick(time: bigint): bigint {
    this.#call('tick', 0, 0, time);
    return this.#result(this.#core.tick(time));
  }

  observe(offset: number, length: number): number {
    this.#call('observe', offset, length);
    return this.#result(this.#core.observe(offset, length));
  }

  collect(collectors: number, time: bigint): number {
    this.#call('collect', collectors, 0, time);
    return this.#result(this.#core.collect(collectors, time));
  }

  connect(): number {
    this.#call('connect');
    return this.#result(this.#core.connect());
  }

  disconnect(time: bigint): number {
    this.#call('disconnect', 0, 0, time);
    return this.#result(this.#core.disconnect(time));
  }

  /** The sequence number of the next message; undefined: there is none. */
  next(): number | undefined {
    this.#call('next');
    const record = this.#result(this.#core.next());
    if (record === 0) return undefined;
    const length = RECORD_HEADER + this.#view.getUint32(record + RECORD_LENGTH, true);
    this.#keep(new Uint8Array(this.#core.memory.buffer).slice(record, record + length));
    return this.#view.getUint32(record + RECORD_SEQUENCE, true);
  }

  acknowledge(sequence: number): number {
    this.#call('acknowledge', sequence);
    return this.#result(this.#core.acknowledge(sequence));
  }

  /** Whether the profile takes events. */
  get takesEvents(): boolean {
    return this.#core.report !== undefined;
  }

  report(length: number, time: bigint): number {
    this.#call('report', length, 0, time);
    return this.#result(this.#core.report?.(length, time) ?? 0);
  }

  /** Compares the whole memory at this point: a divergence is found where it begins. */
  hash(): void {
    this.#call('hash');
    let sum = 2166136261;
    for (const word of new Uint32Array(this.#core.memory.buffer, 0, this.#memorySize >> 2)) {
      sum = Math.imul(sum ^ word, 16777619);
    }
    this.#result(BigInt(sum >>> 0));
  }

  /** The script so far, complete. */
  script(): Uint8Array {
    return Buffer.concat([...this.#script, new Uint8Array(ENTRY)]);
  }

  /** The first difference between a player's log and V8's, in words; undefined: there is none. */
  difference(log: Uint8Array): string | undefined {
    const memory = new Uint8Array(this.#core.memory.buffer);
    const expected = Buffer.concat([...this.#log, memory.subarray(0, this.#memorySize)]);
    if (Buffer.compare(expected, log) !== 0) {
      const found = expected.findIndex((byte, index) => byte !== log[index]);
      const at = found < 0 ? expected.length : found;
      return `${this.#place(at)} differs: ${bytesAt(expected, at)} in V8, ${bytesAt(log, at)} here`;
    }
    // V8's memory is whole pages; a core compiled to C has none of the rest.
    const beyond = memory.subarray(this.#memorySize).findIndex((byte) => byte !== 0);
    return beyond < 0
      ? undefined
      : `in V8 the core wrote behind __heap_base, at ${this.#memorySize + beyond}`;
  }

  get #memorySize(): number {
    return this.#core.__heap_base.value;
  }

  #call(operation: Operation, a = 0, b = 0, time = 0n): void {
    const entry = new DataView(new ArrayBuffer(ENTRY));
    entry.setUint32(0, OPERATIONS.indexOf(operation), true);
    entry.setInt32(4, a, true);
    entry.setInt32(8, b, true);
    entry.setBigInt64(16, time, true);
    this.#script.push(new Uint8Array(entry.buffer));
    this.#calls.push({ text: `${operation}(${a}, ${b}, ${time})`, at: this.#logLength });
  }

  #result<T extends number | bigint>(result: T): T {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigInt64(0, BigInt(result), true);
    this.#keep(new Uint8Array(bytes.buffer));
    return result;
  }

  #keep(bytes: Uint8Array): void {
    this.#log.push(bytes);
    this.#logLength += bytes.length;
  }

  #place(at: number): string {
    if (at >= this.#logLength) return `byte ${at - this.#logLength} of the final memory`;
    const call = this.#calls.findLastIndex((one) => one.at <= at);
    const { text, at: begin } = this.#calls[call] ?? { text: 'nothing', at: 0 };
    return `byte ${at - begin} of what call ${call}, ${text}, gave`;
  }
}

function bytesAt(log: Uint8Array, at: number): string {
  if (at >= log.length) return 'nothing';
  return `${Buffer.from(log.subarray(at, at + 8)).toString('hex')}...`;
}
