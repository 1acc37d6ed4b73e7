// A capture as if the device lived through it now: through an agent, to a hub, at a speed. Nothing of Node in here.

import { WardletError } from '../../bindings/js/errors.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_TIME } from '../../schema/frame.ts';
import type { Agent } from '../agent/agent.ts';
import type { Clock } from '../agent/clock.ts';
import type { Capture } from '../capture/capture.ts';
import { frameTime } from '../frames/frame-feed.ts';
import { FrameClock } from './frame-clock.ts';
import { PacedClock, steadyClock } from './paced-clock.ts';

export interface ReplayOptions {
  /** Makes the agent, not started, on the clock of the replay. Called once, before anything is read. */
  readonly agent: (clock: Clock) => Agent;
  /**
   * A number from 0.01 to 1,000: so many times as fast as it happened; the default, 1, also follows a live capture on standard input.
   * 'max': as fast as the hub acknowledges; the messages are the same then however fast that is.
   */
  readonly speed?: number | 'max';
  /** Aborted: no more is read; what was read is collected, sent, and the totals come back. */
  readonly signal?: AbortSignal;
  /** ms to wait for the last acknowledgements; default 10,000. */
  readonly timeoutMs?: number;
  /** Elapsed time, which the paced clock is a multiple of. Default: the machine's, which is never set. */
  readonly realClock?: Clock;
  /** Called after each batch of frames with the bytes of the capture read so far. */
  readonly onProgress?: (bytesRead: number) => void;
}

export interface ReplayTotals {
  /** frames = counted + ignored. */
  readonly frames: number;
  readonly counted: number;
  readonly ignored: number;
  /** Transport header and payload of the counted ones. */
  readonly bytes: number;
  /** Messages finished, and those of them that the hub has acknowledged. */
  readonly messages: number;
  readonly acknowledged: number;
}

const SPEED_MIN = 0.01;
const SPEED_MAX = 1_000;
/** Bytes of frames read at once. */
const BATCH = 65_536;
/** Sockets and timers get their turn so often at least, ms. */
const TURN_MS = 10;
/** A paced replay that is so far behind cannot keep up: real ms, but no more than so many of the capture's. */
const BEHIND_MS = 250;
const BEHIND_MAX_MS = 5_000;

/**
 * Replays `capture` through an agent of its own, and ends with a last collection that the hub has acknowledged. A damaged or cut capture
 * ends the same way, and then with its error. The capture stays open.
 *
 * @example
 * const totals = await replayCapture(await openCapture(fileSource('device.pcap')), {
 *   speed: 'max',
 *   agent: (clock) => createAgent({ core, connectionString, localAddresses, clock }),
 * });
 *
 * @throws WardletError WL_BAD_OPTION; WL_CUT_CAPTURE, WL_BAD_CAPTURE, WL_BAD_FILE after what came before is delivered;
 * WL_UNDELIVERED when the hub does not acknowledge in time
 */
export async function replayCapture(capture: Capture, options: ReplayOptions): Promise<ReplayTotals> {
  const replay = startReplay(options);
  let failure: unknown;
  try {
    await pump(capture, replay, options);
  } catch (error) {
    failure = error;
  }
  await replay.finish(options.timeoutMs);
  if (failure !== undefined) throw failure;
  return replay.totals();
}

async function pump(capture: Capture, replay: Replay, options: ReplayOptions): Promise<void> {
  const { signal, onProgress, realClock = steadyClock } = options;
  const target = new Uint8Array(BATCH);
  let turned = realClock.now();
  while (!signal?.aborted) {
    const filled = capture.fill(target);
    const waited = typeof filled !== 'number';
    const length = waited ? await orAborted(filled, signal) : filled;
    if (!length) return;
    await orAborted(replay.take(target.subarray(0, length), waited, signal), signal);
    onProgress?.(capture.bytesRead);
    if (realClock.now() - turned < TURN_MS) continue;
    await new Promise<void>((resolve) => void realClock.setTimer(resolve, 0));
    turned = realClock.now();
  }
}

/** One way to let the time of a capture pass. */
abstract class Replay {
  protected readonly agent: Agent;
  #started = false;

  constructor(agent: Agent) {
    this.agent = agent;
  }

  /** waited: the frames have only just come. They are gone when the promise is kept. */
  async take(frames: Uint8Array, waited: boolean, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#started) {
      this.#started = true;
      this.setClock(frameTime(viewOf(frames), 0));
      this.agent.start();
    }
    await this.observe(frames, waited, signal);
  }

  async finish(timeoutMs: number | undefined): Promise<void> {
    await this.agent.stop(timeoutMs === undefined ? {} : { timeoutMs });
  }

  totals(): ReplayTotals {
    const { packets, bytes, messages } = this.agent.status();
    return {
      frames: packets.seen,
      counted: packets.counted,
      ignored: packets.seen - packets.counted,
      bytes: bytes.observed,
      messages: messages.finished,
      acknowledged: messages.finished - messages.unacknowledged,
    };
  }

  protected abstract setClock(timeMs: number): void;
  protected abstract observe(frames: Uint8Array, waited: boolean, signal?: AbortSignal): Promise<void>;
}

class FastReplay extends Replay {
  readonly #clock: FrameClock;

  constructor(agent: (clock: Clock) => Agent) {
    const clock = new FrameClock();
    super(agent(clock));
    this.#clock = clock;
  }

  protected setClock(timeMs: number): void {
    this.#clock.set(timeMs);
  }

  protected async observe(frames: Uint8Array): Promise<void> {
    await this.agent.observeAcknowledged(frames);
    this.#clock.set(this.agent.nowMs);
  }
}

class PacedReplay extends Replay {
  readonly #clock: PacedClock;
  readonly #behindMs: number;

  constructor(agent: (clock: Clock) => Agent, realClock: Clock, speed: number) {
    const clock = new PacedClock(realClock, speed);
    super(agent(clock));
    this.#clock = clock;
    this.#behindMs = Math.min(BEHIND_MS * speed, BEHIND_MAX_MS);
  }

  protected setClock(timeMs: number): void {
    this.#clock.set(timeMs);
  }

  protected async observe(frames: Uint8Array, waited: boolean, signal?: AbortSignal): Promise<void> {
    const view = viewOf(frames);
    for (let from = 0; from < frames.length && !signal?.aborted; ) {
      const timeMs = frameTime(view, from);
      await this.#until(timeMs, signal);
      if (signal?.aborted) return;
      // Frames that were there and are late: the replay cannot keep up, and its time waits for it.
      const behind = this.#clock.now() - timeMs;
      if (!waited && behind > this.#behindMs) this.#clock.set(Math.max(timeMs, this.agent.nowMs));
      const to = this.#come(view, from);
      this.agent.observeBatch(frames.subarray(from, to));
      from = to;
    }
  }

  /** Where the first frame is whose time has not come yet. A frame that is late, as from a pipe, is seen when it comes. */
  #come(view: DataView, from: number): number {
    const now = this.#clock.now();
    const seenMs = this.agent.nowMs;
    let at = from;
    while (at < view.byteLength) {
      const timeMs = frameTime(view, at);
      if (at > from && timeMs > now) break;
      if (timeMs < seenMs) view.setBigUint64(at + FRAME_TIME, BigInt(seenMs), true);
      at += FRAME_HEADER + view.getUint16(at + FRAME_CAPTURED, true);
    }
    return at;
  }

  #until(timeMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      let cancel = (): void => {};
      const done = (): void => {
        cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const look = (): void => {
        const ahead = timeMs - this.#clock.now();
        if (ahead <= 0) done();
        else cancel = this.#clock.setTimer(look, ahead);
      };
      signal?.addEventListener('abort', done);
      look();
    });
  }
}

function startReplay({ agent, speed = 1, realClock = steadyClock }: ReplayOptions): Replay {
  if (speed === 'max') return new FastReplay(agent);
  if (typeof speed === 'number' && speed >= SPEED_MIN && speed <= SPEED_MAX) {
    return new PacedReplay(agent, realClock, speed);
  }
  throw new WardletError('WL_BAD_OPTION', `speed is ${JSON.stringify(speed)}`, {
    hint: `a number from ${SPEED_MIN} to ${SPEED_MAX}, or 'max'`,
  });
}

/** undefined once aborted: what comes later is nobody's business. */
async function orAborted<T>(pending: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (!signal) return pending;
  if (signal.aborted) return undefined;
  let stop = (): void => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([pending, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    pending.catch(() => {});
  }
}

function viewOf(frames: Uint8Array): DataView {
  return new DataView(frames.buffer, frames.byteOffset, frames.length);
}
