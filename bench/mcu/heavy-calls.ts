// The heaviest work a core can be given, in a fixed order: full tables, a full outbox, every kind of frame, broken ones,
// collections of everything. What the deepest stack is measured with; `check` says whether the script did all that.

import { type CoreConfiguration, encodeConfiguration } from '../../bindings/js/configuration.ts';
import { eventBlock, eventItems, type ReportedEvent } from '../../bindings/js/event-block.ts';
import type { CoreExports } from '../../bindings/js/exports.ts';
import { writeFrame } from '../../bindings/js/frames.ts';
import { FORMATS, PROFILES } from '../../bindings/js/profiles.ts';
import { REASON_NAMES } from '../../bindings/js/status.ts';
import { FRAME_HEADER, LINK_IPV4 } from '../../schema/frame.ts';
import { OWN, VERDICT_COUNT } from '../../schema/reasons.ts';
import {
  STATE_SUSPENDED,
  STATUS_BYTES,
  STATUS_CLOCK_JUMPS,
  STATUS_DUE,
  STATUS_EVICTED,
  STATUS_FLOWS_V4,
  STATUS_FLOWS_V6,
  STATUS_MERGED,
  STATUS_OUTBOX_WAITS,
  STATUS_REPORTED_BYTES,
  STATUS_STATE,
  STATUS_VERDICTS,
} from '../../schema/status.ts';
import { CallRecorder } from './calls.ts';
import { EveryFrame } from './every-frame.ts';

const BEGIN = 1_700_000_000_000;
/** LARGEST_UDP with its header. */
const OVERFLOW_FRAME = FRAME_HEADER + 24;
/** Of one batch: the gateway's input would take thousands. */
const BATCH_MAX = 4096;

const ROWS = 200;
const TEXT = 'y'.repeat(90);

const HEAVY_EVENTS: readonly ReportedEvent[] = [
  {
    kind: 'ListeningPorts',
    ports: Array.from({ length: ROWS }, (_, port) => ({
      family: port % 2 ? 6 : 4,
      protocol: 'TCP',
      localAddress: port % 2 ? '2001:db8::5' : '10.0.0.5',
      localPort: port,
    })),
  },
  {
    kind: 'Baseline',
    checks: Array.from({ length: ROWS }, (_, check) => ({
      id: `check ${check}`,
      result: 'FAIL',
      severity: 'WARNING',
      ...(check % 2 ? { error: TEXT } : { description: TEXT, remediation: TEXT }),
    })),
  },
  {
    kind: 'Log',
    records: Array.from({ length: ROWS }, (_, line) => ({
      level: 'INFO',
      message: TEXT,
      fileName: TEXT,
      line,
      timestamp: BEGIN,
    })),
  },
  {
    kind: 'Process',
    event: 'EXEC',
    processId: 1,
    parentProcessId: 2,
    userId: 3,
    hitCount: 4,
    executable: TEXT,
    commandLine: TEXT,
    userName: TEXT,
  },
  { kind: 'Statistics', counters: { messagesLost: 1 } },
  {
    kind: 'Detection',
    detection: 'BEACON',
    severity: 'HIGH',
    direction: 'OUTBOUND',
    state: 'ENDED',
    number: 1,
    protocol: 'UDP',
    peers: ['2001:db8::1', '2001:db8::2', '2001:db8::3'],
    peerCount: 3,
    ports: [1, 2, 3, 4],
    portCount: 4,
    count: 2 ** 40,
    limit: 2 ** 33,
    firstSeen: BEGIN / 1_000,
    lastSeen: BEGIN / 1_000,
  },
];

export class HeavyCalls {
  readonly recorder: CallRecorder;
  readonly #core: CoreExports;
  readonly #whole: EveryFrame;
  readonly #broken: EveryFrame;
  readonly #reached = new Set<string>();
  #now = BEGIN;

  constructor(core: CoreExports) {
    this.#core = core;
    this.recorder = new CallRecorder(core);
    const locals = Array.from({ length: core.LOCAL_MAX.value }, (_, i) => [
      Uint8Array.of(10, 0, i, 5),
      Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, i + 1),
    ]).flat();
    this.#whole = new EveryFrame(1, { locals, remotes: 10_000, brokenOnce: 0 });
    this.#broken = new EveryFrame(2, { locals, remotes: 3, brokenOnce: 2 });
  }

  record(): void {
    const flowMax = this.#core.FLOW_MAX.value;
    const text = 'x'.repeat(this.#core.TEXT_MAX.value);
    this.#configure({
      seed: new Uint8Array(32).fill(7),
      sendEmptyEvents: true,
      localAddresses: Array.from({ length: this.#core.LOCAL_MAX.value }, (_, i) => [
        `10.0.${i}.5/24`,
        `2001:db8::${(i + 1).toString(16)}/64`,
      ]).flat(),
      operatingSystem: text,
      kernel: text,
      networkStack: text,
      hardware: text,
    });
    this.recorder.start(BigInt(this.#now));
    this.recorder.connect();

    this.#observe(this.#broken, 500);
    this.#observe(this.#whole, flowMax * 8);
    // What is counted changes while tables are full: collected on the spot.
    this.#configure({ protocols: ['UDP'] });
    this.#observe(this.#whole, 100);
    this.#configure({ protocols: ['TCP', 'UDP', 'ICMP'] });
    this.#takeAll();
    // Nobody takes messages: the outbox fills up, flows go on.
    this.#observe(this.#whole, flowMax * 8);
    for (let interval = 0; interval < 40; interval++) {
      this.#toDue();
      this.#observe(this.#whole, 40);
    }
    this.#configure({ cacheSize: Math.max(1, flowMax >> 1) });
    this.#configure({ cacheSize: flowMax });
    this.#takeAll();
    this.#observe(this.#whole, flowMax * 8);
    // Idle flows make room for new ones.
    for (let interval = 0; interval < 10; interval++) {
      this.#toDue();
      this.#takeAll();
      this.#observe(this.#whole, 60);
    }
    this.#overflowCounters();
    this.recorder.collect(0, BigInt(this.#now));
    this.#takeAll();

    // Without a hub for too long, then a clock that jumps, then a hub again.
    this.recorder.disconnect(BigInt(this.#now));
    for (let interval = 0; interval < 60; interval++) this.#toDue();
    if (this.recorder.u32(STATUS_STATE) === STATE_SUSPENDED) this.#reached.add('suspended');
    this.#observe(this.#whole, flowMax * 4);
    this.#now += 10_000_000;
    this.recorder.tick(BigInt(this.#now));
    this.recorder.connect();
    this.#toDue();
    this.#takeAll();
    this.#observe(this.#broken, 2000);
    this.#observe(this.#whole, flowMax * 8);
    if (this.#isFull()) this.#reached.add('full tables');
    this.recorder.collect(0, BigInt(this.#now));
    this.#takeAll();

    const profile = PROFILES[this.#core.PROFILE.value];
    for (const format of profile === undefined ? [] : FORMATS[profile]) {
      this.#configure({ format });
      this.#observe(this.#whole, flowMax * 8);
      this.recorder.collect(0, BigInt(this.#now));
      this.#takeAll();
      if (this.recorder.takesEvents) this.#reportAll();
    }
  }

  /** Of each kind as much as one call takes. */
  #reportAll(): void {
    for (const event of HEAVY_EVENTS) {
      const items = eventItems(event, this.#now);
      const { block } = eventBlock(items, 0, Math.min(this.recorder.inputSize, BATCH_MAX));
      this.recorder.input(block);
      if (this.recorder.report(block.length, BigInt(this.#now)) > 0) this.#reached.add(event.kind);
      this.#takeAll();
    }
  }

  /** @throws Error naming what the script did not reach: the stack it shows would not be the deepest */
  check(): void {
    const recorder = this.recorder;
    const goals: ReadonlyArray<readonly [string, boolean]> = [
      ['full tables', this.#reached.has('full tables')],
      ['suspended', this.#reached.has('suspended')],
      ['packets merged', recorder.u64(STATUS_MERGED) > 0n],
      ['flows evicted', recorder.u64(STATUS_EVICTED) > 0n],
      ['a full outbox', recorder.u32(STATUS_OUTBOX_WAITS) > 0],
      ['a clock jump', recorder.u32(STATUS_CLOCK_JUMPS) > 0],
      ['4 GiB of one flow', recorder.u64(STATUS_BYTES) > 1n << 32n],
      ...HEAVY_EVENTS.map(
        ({ kind }) => [`a ${kind} event`, !recorder.takesEvents || this.#reached.has(kind)] as const,
      ),
      ['every byte reported', recorder.u64(STATUS_REPORTED_BYTES) === recorder.u64(STATUS_BYTES)],
      ...Array.from({ length: VERDICT_COUNT }, (_, verdict) => verdict)
        // The hub connection of these scripts is imaginary.
        .filter((verdict) => verdict !== OWN)
        .map(
          (verdict) =>
            [
              verdict === 0 ? 'counted' : (REASON_NAMES[verdict - 1] ?? String(verdict)),
              recorder.u64(STATUS_VERDICTS + 8 * verdict) > 0n,
            ] as const,
        ),
    ];
    const missed = goals.filter(([, reached]) => !reached).map(([goal]) => goal);
    if (missed.length > 0) throw new Error(`the heavy script no longer reaches: ${missed.join(', ')}`);
  }

  #isFull(): boolean {
    const flows = this.#core.FLOW_MAX.value;
    return this.recorder.u32(STATUS_FLOWS_V4) === flows && this.recorder.u32(STATUS_FLOWS_V6) === flows;
  }

  #configure(configuration: CoreConfiguration): void {
    const block = encodeConfiguration(configuration);
    this.recorder.input(block);
    const code = this.recorder.configure(block.length);
    if (code !== 0) throw new Error(`configure gave ${code} for ${JSON.stringify(configuration)}`);
  }

  #observe(frames: EveryFrame, count: number): void {
    const batch = new Uint8Array(Math.min(this.recorder.inputSize, BATCH_MAX));
    const snap = batch.length - FRAME_HEADER;
    let end = 0;
    for (let left = count; left > 0; left--) {
      const { bytes, originalLength, linkType } = frames.next();
      const options = { originalLength, linkType, snap };
      let next = writeFrame(batch, end, this.#now, bytes, options);
      if (next === end) {
        this.#observeBatch(batch.subarray(0, end));
        next = writeFrame(batch, 0, this.#now, bytes, options);
      }
      end = next;
    }
    this.#observeBatch(batch.subarray(0, end));
  }

  #observeBatch(batch: Uint8Array): void {
    this.recorder.input(batch);
    for (let at = 0, stops = 0; at < batch.length && stops < 3; stops++) {
      at = this.recorder.observe(at, batch.length - at);
      if (at < batch.length) this.recorder.tick(BigInt(this.#now));
    }
  }

  #toDue(): void {
    this.#now = Number(this.recorder.u64(STATUS_DUE));
    this.recorder.tick(BigInt(this.#now));
  }

  /** Taken, lost by the connection, taken again; acknowledged newest first. */
  #takeAll(): void {
    for (let round = 0; round < 100; round++) {
      const sequences = [];
      for (let one = this.recorder.next(); one !== undefined; one = this.recorder.next()) sequences.push(one);
      if (sequences.length === 0) return;
      if (round === 0) {
        this.recorder.disconnect(BigInt(this.#now));
        this.recorder.connect();
        this.recorder.next();
      }
      for (const sequence of sequences.reverse()) this.recorder.acknowledge(sequence);
      // What waited for room.
      this.recorder.tick(BigInt(this.#now));
    }
  }

  /** More bytes than 32 bits count, of one flow within one interval: the same batch over and over. */
  #overflowCounters(): void {
    const batch = new Uint8Array(Math.min(this.recorder.inputSize, 640));
    let end = 0;
    for (let frames = batch.length / OVERFLOW_FRAME; frames >= 1; frames--) {
      end = writeFrame(batch, end, this.#now, LARGEST_UDP, { originalLength: 0xffff, linkType: LINK_IPV4 });
    }
    this.recorder.input(batch.subarray(0, end));
    const before = this.recorder.u64(STATUS_BYTES);
    while (this.recorder.u64(STATUS_BYTES) - before <= 1n << 32n) {
      if (this.recorder.observe(0, end) !== end) throw new Error('a batch of one moment was not taken whole');
    }
  }
}

/** 10.0.0.5 to 192.0.2.1, as long as IPv4 allows; captured up to the ports. */
const LARGEST_UDP = Uint8Array.of(
  ...[0x45, 0, 0xff, 0xff, 0, 0, 0x40, 0, 64, 17, 0, 0],
  ...[10, 0, 0, 5, 192, 0, 2, 1, 0x12, 0x34, 0, 53],
);
