// Thousands of calls in any order: what hosts do, and what none should. Seeded; each answer steers what comes next.

import type { CallRecorder } from '../../bench/mcu/calls.ts';
import { eventBlock, eventItems } from '../../bindings/js/event-block.ts';
import {
  COLLECTOR_COUNT,
  KEY_CACHE_SIZE,
  KEY_COLLECTORS,
  KEY_FORMAT,
  KEY_HARDWARE,
  KEY_KERNEL,
  KEY_NETWORK_STACK,
  KEY_OS,
  KEY_PENDING_TIME,
  KEY_PROTOCOLS,
  KEY_SEED,
  KEY_SEND_EMPTY,
  KEY_SPOOL,
  KEY_UNICAST_ONLY,
} from '../../schema/configuration-block.ts';
import { STATUS_DUE } from '../../schema/status.ts';
import {
  block,
  type Entry,
  intervals,
  localAddresses,
  numbers,
  ownConnections,
  seed,
} from '../support/configuration-block.ts';
import { v4, v6 } from '../support/device.ts';
import { batchedSize, writeFrameAt } from '../support/frame-batch.ts';
import { neighbourhood, RandomFrames, randomOwn } from '../support/random-frames.ts';
import { randomReport } from '../support/reported-events.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

const BEGIN = 1_700_000_000_000n;
const LOCALS = [
  { address: v4('10.0.0.5'), prefix: 24 },
  { address: v4('192.168.1.50'), prefix: 0 },
  { address: v6('2001:db8::5'), prefix: 64 },
  { address: v6('fe80::1'), prefix: 64 },
];
/** Of one batch at most: the gateway's input would take thousands. */
const BATCH_MAX = 4096;

export class RandomCalls {
  readonly #recorder: CallRecorder;
  readonly #random: SeededRandom;
  readonly #formats: readonly number[];
  /** A home with few peers, then a scan of many. */
  readonly #frames: readonly RandomFrames[];
  readonly #unacknowledged: number[] = [];
  #now = BEGIN;

  /** formats: those the core writes, as FORMAT_. */
  constructor(recorder: CallRecorder, random: SeededRandom, formats: readonly number[]) {
    this.#recorder = recorder;
    this.#random = random;
    this.#formats = formats;
    const locals = LOCALS.map(({ address }) => address);
    const snap = Math.min(recorder.inputSize - 16, 200);
    this.#frames = [
      new RandomFrames(random, neighbourhood(locals, 4, 3, 3, snap)),
      new RandomFrames(random, neighbourhood(locals, 200, 65_535, 3, snap)),
    ];
  }

  /** Calls before anything is configured, then a start, then `steps` of anything. The memory is hashed now and then. */
  record(steps: number, hashes: number): void {
    for (let step = 0; step < 12; step++) this.#step();
    this.#configure([seed(this.#random.u32()), ...localAddresses(LOCALS)]);
    this.#recorder.start(this.#now);
    for (let step = 1; step <= steps; step++) {
      this.#step();
      if (step % Math.ceil(steps / hashes) === 0) this.#recorder.hash();
    }
  }

  #step(): void {
    const random = this.#random;
    const kind = random.below(100);
    if (kind < 60) this.#observeBatch();
    else if (kind < 70) this.#tick();
    else if (kind < 85) this.#takeMessages();
    else if (kind < 88) this.#recorder.collect(random.below(1 << COLLECTOR_COUNT), this.#now);
    else if (kind < 90) this.#recorder.connect();
    else if (kind < 92) this.#recorder.disconnect(this.#now);
    else if (kind < 96) this.#configure(this.#settings());
    else if (kind < 97) this.#recorder.acknowledge(random.below(50));
    else if (kind < 98) this.#clockJump();
    else if (kind < 99 && this.#recorder.takesEvents) this.#report();
    else this.#nonsense();
  }

  /** Frames of the present, some a little late or early; ticks where observe stops, as a host does. */
  #observeBatch(): void {
    const random = this.#random;
    const frames = random.pick(this.#frames);
    const bytes = new Uint8Array(Math.min(this.#recorder.inputSize, BATCH_MAX));
    const view = new DataView(bytes.buffer);
    const times = new Map<number, bigint>();
    let end = 0;
    for (let left = random.between(1, 40); left > 0; left--) {
      const frame = frames.next();
      if (end + batchedSize(frame) > bytes.length) break;
      if (random.once(4)) this.#now += BigInt(random.below(800));
      const time = this.#now - (random.once(10) ? BigInt(random.below(50_000)) : 0n);
      times.set(end, time);
      end = writeFrameAt(view, end, frame, time);
    }
    this.#recorder.input(bytes.subarray(0, end));
    let at = 0;
    for (let stops = 0; at < end && stops < 4; ) {
      const next = this.#recorder.observe(at, end - at);
      if (next < 0) return;
      stops = next === at ? stops + 1 : 0;
      at = next;
      if (at < end) this.#recorder.tick(times.get(at) ?? this.#now);
    }
  }

  #tick(): void {
    const due = this.#recorder.u64(STATUS_DUE);
    // To the due time, where it is near; or a little on.
    if (this.#random.once(2) && due > this.#now && due < this.#now + 120_000n) this.#now = due;
    else this.#now += BigInt(this.#random.below(15_000));
    this.#recorder.tick(this.#now);
  }

  /** Some are acknowledged at once, some later and in any order, some never. */
  #takeMessages(): void {
    const random = this.#random;
    for (let left = random.below(4); left > 0; left--) {
      const sequence = this.#recorder.next();
      if (sequence !== undefined) this.#unacknowledged.push(sequence);
    }
    for (let left = random.below(4); left > 0 && this.#unacknowledged.length > 0; left--) {
      const [sequence = 0] = this.#unacknowledged.splice(random.below(this.#unacknowledged.length), 1);
      this.#recorder.acknowledge(sequence);
    }
  }

  /** An event, whole or broken somewhere; again where it found no room. */
  #report(): void {
    const random = this.#random;
    for (let left = random.between(1, 12); left > 0; left--) {
      const timeMs = Math.max(0, Number(this.#now));
      const { block } = eventBlock(
        eventItems(randomReport(random, timeMs, '3.0'), timeMs),
        0,
        this.#recorder.inputSize,
      );
      if (random.once(6)) block[random.below(block.length)] = random.u32() & 0xff;
      this.#recorder.input(block);
      this.#recorder.report(block.length, this.#now);
    }
  }

  #clockJump(): void {
    const random = this.#random;
    const far = BigInt(random.below(1_000_000_000));
    this.#now += random.once(2) ? far : -far;
    this.#recorder.tick(random.once(8) ? random.pick([-1n, 0n, 2n ** 63n - 1n, -(2n ** 63n)]) : this.#now);
  }

  #settings(): Entry[] {
    const random = this.#random;
    const flag = random.below(2);
    const text = new TextEncoder().encode('x'.repeat(random.below(50)));
    const all: readonly Entry[] = [
      seed(random.u32()),
      intervals(random.between(1, 10), random.between(10, 30), random.between(30, 90)),
      [
        KEY_COLLECTORS,
        Uint8Array.of(random.below(COLLECTOR_COUNT), random.once(8) ? 0 : 1, random.below(3), 0),
      ],
      numbers(KEY_CACHE_SIZE, random.between(1, 64)),
      numbers(KEY_PROTOCOLS, random.once(2) ? 7 : random.below(8)),
      numbers(KEY_UNICAST_ONLY, flag),
      numbers(KEY_SEND_EMPTY, flag),
      numbers(KEY_SPOOL, flag),
      numbers(KEY_FORMAT, random.pick(this.#formats)),
      numbers(KEY_PENDING_TIME, random.between(1, 600)),
      ...[KEY_OS, KEY_KERNEL, KEY_NETWORK_STACK, KEY_HARDWARE].map((key): Entry => [key, text]),
      ...localAddresses(random.once(4) ? LOCALS.slice(2) : LOCALS),
      ownConnections(randomOwn(random, 2)),
    ];
    return all.filter(() => random.once(6));
  }

  /** A valid block, or one that is broken somewhere. */
  #configure(entries: readonly Entry[]): void {
    const random = this.#random;
    const bytes = block(entries);
    const broken = entries[0]?.[0] !== KEY_SEED && random.once(4);
    if (broken) bytes[random.below(bytes.length)] = random.u32() & 0xff;
    this.#recorder.input(bytes.subarray(0, this.#recorder.inputSize));
    this.#recorder.configure(broken && random.once(4) ? random.below(bytes.length + 8) : bytes.length);
  }

  /** Noise for frames, lengths and offsets of any value. */
  #nonsense(): void {
    const random = this.#random;
    this.#recorder.input(random.bytes(Math.min(this.#recorder.inputSize, 300)));
    const any = (): number =>
      random.pick([0, 1, 15, 16, 17, 300, -1, 0x7fffffff, -0x80000000, random.u32() | 0]);
    if (random.once(3)) this.#recorder.configure(any());
    else this.#recorder.observe(any(), any());
  }
}
