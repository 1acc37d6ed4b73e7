// One device: a core, the timers that drive it, and the transport that empties its outbox.
//
//   frames -> feed -> core -> outbox -> transport -> hub
//              ^ timer          ^----- acknowledged ---'
//
// Every message is copied out, sent, and leaves the outbox when the hub has acknowledged it. When the connection is lost, whatever is not
// acknowledged is handed out again on the next one. Several hubs or a spool are transports made of transports: nothing here changes.

import type { Core } from '../../bindings/js/core.ts';
import type { DetectionRecord } from '../../bindings/js/detections.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import type { ReportedEvent } from '../../bindings/js/event-block.ts';
import { type FrameOptions, writeFrame } from '../../bindings/js/frames.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import type { CoreState, CoreStatus } from '../../bindings/js/status.ts';
import { FRAME_HEADER } from '../../schema/frame.ts';
import { applyToCore, coreChanges } from '../configuration/core-changes.ts';
import type { Configuration, KeyName } from '../configuration/keys.ts';
import type { Json } from '../configuration/kinds.ts';
import type { Resolved } from '../configuration/resolve.ts';
import { applyDesired, type DesiredOutcome, reportedProperties } from '../configuration/twin.ts';
import { FrameFeed } from '../frames/frame-feed.ts';
import type { SpoolStatistics } from '../spool/spool.ts';
import { type CloudMessage, type MethodResult, noSuchMethod } from '../transport/hub-services.ts';
import type { OutgoingMessage, Transport } from '../transport/transport.ts';
import type { Clock } from './clock.ts';
import { learn, replaceIndicators } from './detection-methods.ts';
import { ReportQueue } from './report-queue.ts';
import { snapshot } from './snapshot.ts';
import { TypedEmitter } from './typed-emitter.ts';

export interface AgentMessage {
  /** Counts up from 0 at every start. */
  readonly sequence: number;
  readonly format: MessageFormat;
  /** The message itself: to read, not to change. */
  readonly bytes: Uint8Array;
  /** sent: handed to the transport, again after a lost connection; acknowledged: it is safe, every hub or the spool has it, said once. */
  readonly stage: 'sent' | 'acknowledged';
}

export interface AgentEvents {
  /** Once per change. */
  readonly state: (next: CoreState, previous: CoreState) => void;
  readonly message: (message: AgentMessage) => void;
  /** The core noticed something that begins, goes on and grows, or is over (`state`); `number` tells which. Not in the lean profiles. */
  readonly detection: (detection: DetectionRecord) => void;
  /** A message from the cloud to this device. */
  readonly cloudMessage: (message: CloudMessage) => void;
  /** Desired properties were applied or refused: what is reported of them. */
  readonly configuration: (reported: Readonly<Record<string, Json>>) => void;
  /** The agent goes on: a connection failed, was refused or lost; the spool failed or gave something up; a stop that the signal asked for left messages behind. */
  readonly warning: (error: WardletError) => void;
}

export interface ObserveOptions {
  /** ms since 1970 on the agent's clock; default: now. */
  readonly timeMs?: number;
  /** Bytes on the wire; default: as many as are given. */
  readonly originalLength?: number;
  /** LINKTYPE_ (`LINK_` of wardlet/bindings); default: Ethernet. */
  readonly linkType?: number;
}

export interface StopOptions {
  /** ms to wait for acknowledgements; default 10,000. */
  readonly timeoutMs?: number;
}

export interface AgentParts {
  /** Configured, not started. */
  readonly core: Core;
  readonly transport: Transport;
  /** What the core is configured with. */
  readonly resolved: Resolved;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Acts on settings that are not the core's: keys whose value is another one. */
  readonly applyToHost: (configuration: Configuration, keys: readonly KeyName[]) => void;
  readonly spoolStatistics: () => SpoolStatistics | undefined;
}

const STOP_TIMEOUT_MS = 10_000;
/** The clock is looked at so often at least: one that was set, or a machine that slept, is noticed. */
const LOOK_AGAIN_MS = 60_000;
/** The transport would not take a message and says no word of a lost connection: try again then. */
const RESEND_MS = 3_000;
/** Bytes of a frame that reach the core, as from a capture; enough for the longest extension chains in real traffic. */
const SNAP = 512;

/** What createAgent returns. Nothing of it shows keys or messages to util.inspect or JSON.stringify. */
export class Agent {
  readonly #core: Core;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #wallClock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #applyToHost: AgentParts['applyToHost'];
  readonly #spoolStatistics: AgentParts['spoolStatistics'];
  readonly #emitter = new TypedEmitter<AgentEvents>();
  readonly #feed: FrameFeed;
  #resolved: Resolved;
  readonly #snap: number;
  readonly #stopOnAbort = (): void => {
    this.stop().catch((error: unknown) => {
      if (error instanceof WardletError) this.#say(() => this.#emitter.emit('warning', error));
      this.#speak();
    });
  };
  /** Handed out and not acknowledged, by sequence. */
  readonly #underWay = new Set<number>();
  readonly #resends = new Set<() => void>();
  readonly #reports = new ReportQueue();
  /** Events in the order in which things happened, said when the core is not in the middle of something. */
  readonly #unsaid: Array<() => void> = [];
  #speaking = false;
  readonly #idle: Array<{ resolve: () => void; reject: (reason: unknown) => void }> = [];
  #state: CoreState = 'not initialised';
  /** Of the core's detections: what was said so far. */
  #detectionChanges = 0;
  #bootId = '';
  #connected = false;
  /** Counts how often everything was handed out anew. */
  #round = 0;
  #cancelTimer: (() => void) | undefined;
  #timerMs = Number.NaN;
  #stopping: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: AgentParts) {
    const { core, transport, resolved, clock, wallClock, signal, applyToHost, spoolStatistics } = parts;
    this.#applyToHost = applyToHost;
    this.#spoolStatistics = spoolStatistics;
    this.#core = core;
    this.#transport = transport;
    this.#resolved = resolved;
    this.#clock = clock;
    this.#wallClock = wallClock;
    this.#signal = signal;
    this.#snap = Math.min(SNAP, core.input.length - FRAME_HEADER);
    this.#feed = new FrameFeed(core, (timeMs) => {
      this.#settle(timeMs);
    });
  }

  /**
   * Calls `listener` at every event of that name. Returns what takes it off again. A listener may call the agent; one that throws
   * does not disturb it: the error is thrown again on its own, as an uncaught one of the program.
   *
   * @example agent.on('state', (next, previous) => console.log(`${previous} -> ${next}`));
   */
  on<Name extends keyof AgentEvents>(name: Name, listener: AgentEvents[Name]): () => void {
    return this.#emitter.on(name, listener);
  }

  /**
   * Begins to count, to collect and to connect. Once.
   * @throws WardletError WL_ALREADY_STARTED; the reason of the signal when it is aborted already
   */
  start(): void {
    this.#signal?.throwIfAborted();
    if (this.#stopping) throw stoppedError();
    this.#core.start(this.#clock.now());
    this.#bootId = this.#core.status().bootId;
    this.#signal?.addEventListener('abort', this.#stopOnAbort);
    this.#noteState();
    this.#arm();
    this.#transport.open({
      connected: () => this.#connectedTo(),
      disconnected: (reason) => this.#disconnectedFrom(reason),
      failed: (reason) => this.#warn(reason),
      keeping: (spool) => this.#keeping(spool),
      moved: () => this.#exclude(),
      desired: (document) => (this.#stopping ? undefined : this.applyDesired(document)),
      method: (name, payload) => (this.#stopping ? stoppedMethod() : this.#method(name, payload)),
      message: (message) => {
        this.#say(() => this.#emitter.emit('cloudMessage', message));
        this.#speak();
      },
    });
    this.#speak();
  }

  /**
   * Counts one frame, from its link layer on. 512 bytes of it are enough. Times run with the agent's clock: a frame from another time is a
   * jump of the clock.
   * @throws WardletError WL_NOT_STARTED before start and after stop
   */
  observe(frame: Uint8Array, options: ObserveOptions = {}): void {
    this.#check();
    const { timeMs = this.#clock.now(), originalLength = frame.length, linkType } = options;
    const written: FrameOptions = {
      originalLength,
      snap: this.#snap,
      ...(linkType === undefined ? {} : { linkType }),
    };
    this.#feed.observeInput(writeFrame(this.#core.input, 0, timeMs, frame, written));
    this.#arm();
    this.#speak();
  }

  /**
   * Counts whole frames laid out as schema/frame.ts says (what `Capture.fill` writes), as many as there are. What comes out does not
   * depend on how frames are batched.
   * @throws WardletError WL_NOT_STARTED, WL_BAD_FRAME when the last frame is cut: those before it are counted
   */
  observeBatch(frames: Uint8Array): void {
    this.#check();
    this.#feed.observe(frames);
    this.#arm();
    this.#speak();
  }

  /**
   * The same at the hub's pace: before every collection it waits until all that was collected before is acknowledged. So no collection
   * finds the outbox full, and the same frames make the same messages however slow the hub is. One call at a time.
   * @throws WardletError WL_NOT_STARTED, WL_BAD_FRAME; WL_UNDELIVERED when the agent is stopped meanwhile
   */
  async observeAcknowledged(frames: Uint8Array): Promise<void> {
    this.#check();
    const steps = this.#feed.observing(frames);
    while (!steps.next().done) {
      this.#speak();
      while (!this.#isIdle()) await this.idle();
      this.#check();
    }
    this.#speak();
  }

  /**
   * Reports what the host knows and the core does not: listening ports, baseline checks, processes, log records, detections (of severity
   * HIGH: sent at once). It has the time of the agent's clock, waits to share a message as collections do, and, where the outbox has no
   * room, in the agent.
   *
   * @example agent.report({ kind: 'Process', event: 'EXEC', processId: 7, parentProcessId: 1, userId: 0, hitCount: 1, executable: '/bin/sh' });
   *
   * @throws WardletError WL_NOT_STARTED before start and after stop; WL_BAD_EVENT, WL_BAD_ADDRESS, WL_UNSUPPORTED_EVENT, WL_EVENT_TOO_LARGE:
   * nothing of it was reported; WL_TOO_MANY_EVENTS
   */
  report(event: ReportedEvent): void {
    this.#check();
    const now = this.#clock.now();
    this.#settle(now);
    this.#reports.add(event, now, (one) => this.#core.report(one, now));
    this.#settle(this.#core.now);
    this.#arm();
    this.#speak();
  }

  /**
   * Applies a twin's desired properties, as a whole document: what it leaves out falls back to the device's own configuration. What was
   * counted so far goes out first; then all of it applies, or, where something is wrong with it, nothing. Returns what to report.
   *
   * @example report(agent.applyDesired({ CollectorsCore_PriorityIntervals: '5s,30s,60s', $version: 4 }));
   *
   * @throws WardletError WL_NOT_STARTED after stop. What the document holds is never thrown, but reported.
   */
  applyDesired(desired: unknown): Readonly<Record<string, Json>> {
    if (this.#stopping) throw stoppedError();
    const reported = reportedProperties(this.#adopt(applyDesired(this.#resolved, desired)));
    this.#say(() => this.#emitter.emit('configuration', reported));
    this.#speak();
    return reported;
  }

  #method(name: string, payload: unknown): MethodResult {
    const result = this.#methods.get(name)?.(payload);
    this.#arm();
    this.#speak();
    return result ?? noSuchMethod(name);
  }

  /** Direct methods, as a hub calls them. */
  readonly #methods: ReadonlyMap<string, (payload: unknown) => MethodResult> = new Map([
    ['wardlet.indicators', (payload: unknown) => replaceIndicators(this.#core, payload)],
    ['wardlet.learn', (payload: unknown) => learn(this.#core, payload)],
    ['wardlet.collect', () => ({ status: 200, payload: { messages: this.#collect() } })],
    ['wardlet.status', () => ({ status: 200, payload: { ...this.status(), spool: this.spool() ?? null } })],
    ['wardlet.snapshot', () => snapshot(this.#core)],
  ]);

  #collect(): number {
    const messages = this.#core.collect(this.#clock.now());
    this.#settle(this.#core.now);
    this.#arm();
    return messages;
  }

  #adopt(outcome: DesiredOutcome): DesiredOutcome {
    const core = this.#core;
    const changes = coreChanges(this.#resolved, outcome.resolved);
    const started = this.#state !== 'not initialised';
    if (started) {
      core.tick(this.#clock.now());
      this.#settle(core.now);
    }
    try {
      applyToCore(core, changes);
      this.#resolved = outcome.resolved;
      this.#applyToHost(outcome.resolved.configuration, changes.host);
      if (changes.host.includes('NetworkActivity_ExcludeOwnConnection')) this.#exclude();
      return outcome;
    } catch (error) {
      // The schema took it, this core does not: as the core goes on with what it had, so does the agent.
      if (!(error instanceof WardletError)) throw error;
      const fault = { key: '(document)', reason: error.message, source: 'twin' } as const;
      return { ...outcome, resolved: this.#resolved, faults: [...outcome.faults, fault] };
    } finally {
      if (started) {
        this.#settle(core.now);
        this.#arm();
      }
    }
  }

  /** Counters, state, boot id. At any time. */
  status(): CoreStatus {
    return this.#core.status();
  }

  /** What waits in the spool, and what it had to give up. undefined: there is none, or it is not open. */
  spool(): SpoolStatistics | undefined {
    return this.#spoolStatistics();
  }

  /** ms since 1970: the latest time the agent has seen, on its own clock. */
  get nowMs(): number {
    return this.#core.now;
  }

  /**
   * Resolves when nothing waits in the outbox: every message finished so far is acknowledged.
   * @throws WardletError WL_UNDELIVERED when the agent is stopped before
   */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    if (this.#stopped) return Promise.reject(this.#undelivered());
    return new Promise((resolve, reject) => this.#idle.push({ resolve, reject }));
  }

  /**
   * Collects what is left, waits until the hub has it, and ends the connection. Afterwards the agent takes no frames. Calling it again
   * gives the same promise.
   * @throws WardletError WL_UNDELIVERED when acknowledgements are missing at the deadline; the message says how many
   */
  stop(options: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(options.timeoutMs ?? STOP_TIMEOUT_MS);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#stopOnAbort);
    const started = this.#state !== 'not initialised';
    if (started) {
      // From now on nothing waits to share a message: also what has no room yet goes as soon as there is some.
      this.#core.configure({ maxBatchDelaySeconds: 0 });
      this.#core.collect(this.#clock.now());
      this.#settle(this.#core.now);
      this.#arm();
      this.#speak();
      await this.#idleWithin(timeoutMs);
    }
    this.#stopped = true;
    this.#cancelTimer?.();
    for (const cancel of this.#resends) cancel();
    const failure = await this.#transport.close().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (started) this.#forgetConnection();
    const left = this.#isIdle() ? undefined : this.#undelivered();
    for (const { resolve, reject } of this.#idle.splice(0)) left ? reject(left) : resolve();
    this.#speak();
    if (left ?? failure) throw left ?? failure;
  }

  async #idleWithin(timeoutMs: number): Promise<void> {
    let cancel = (): void => {};
    const deadline = new Promise<void>((resolve) => {
      cancel = this.#wallClock.setTimer(resolve, timeoutMs);
    });
    await Promise.race([this.idle().catch(() => {}), deadline]);
    // What a spool keeps is not lost; where a hub is there, it may have it yet.
    const delivered = this.#connected && this.#isIdle() ? this.#transport.delivered?.() : undefined;
    if (delivered) await Promise.race([delivered, deadline]);
    cancel();
  }

  // --- the transport's side ------------------------------------------------------------------------------------------

  #connectedTo(): void {
    if (this.#stopped || this.#connected) return;
    this.#connected = true;
    this.#core.connect();
    this.#settle(this.#clock.now());
    this.#arm();
    this.#speak();
  }

  #disconnectedFrom(reason: WardletError): void {
    if (this.#stopped || !this.#connected) return;
    this.#forgetConnection();
    this.#arm();
    this.#warn(reason);
  }

  #forgetConnection(): void {
    this.#connected = false;
    if (!this.#transport.keeps) this.#handOutAnew();
    this.#core.disconnect(this.#clock.now());
    this.#noteState();
  }

  /** What is under way counts for nothing: the core hands it out again. */
  #handOutAnew(): void {
    this.#underWay.clear();
    this.#round++;
  }

  /** The spool has failed, is tried again, or works again. */
  #keeping(spool: 'failed' | 'trying' | 'kept'): void {
    if (this.#stopped) return;
    const core = this.#core;
    if (spool !== 'trying') core.configure({ spool: spool === 'kept' });
    // Nobody is suspended who has a spool.
    if (spool === 'kept' && core.status().state === 'suspended') {
      core.connect();
      core.disconnect(this.#clock.now());
    }
    if (spool === 'failed' && !this.#connected) {
      this.#handOutAnew();
      core.disconnect(this.#clock.now());
    }
    this.#settle(core.now);
    this.#arm();
    this.#speak();
  }

  /** Leaves the agent's own connections out of the count, where that is wanted. The core holds some of them; of more, the first. */
  #exclude(): void {
    if (this.#stopped) return;
    const isWanted = this.#resolved.configuration.NetworkActivity_ExcludeOwnConnection;
    const own = isWanted ? (this.#transport.ownConnections ?? []) : [];
    this.#core.configure({ ownConnections: own.slice(0, this.#core.exports.OWN_MAX.value) });
  }

  #warn(reason: WardletError): void {
    if (this.#stopped) return;
    this.#say(() => this.#emitter.emit('warning', reason));
    this.#speak();
  }

  /** Sends all that is finished; a collection that waited for room goes on. */
  #settle(timeMs: number): void {
    const core = this.#core;
    this.#noteState();
    this.#noteDetections();
    this.#reports.handIn((event) => this.#reportOrWarn(event));
    this.#handOut();
    while (core.due <= Math.max(timeMs, core.now)) {
      core.tick(Math.max(timeMs, core.now));
      this.#noteState();
      this.#noteDetections();
      this.#handOut();
    }
  }

  /** Of an event that has waited: the configuration may have changed meanwhile. */
  #reportOrWarn(event: ReportedEvent): ReportedEvent | undefined {
    try {
      const rest = this.#core.report(event, this.#clock.now());
      if (rest) return rest;
    } catch (error) {
      if (!(error instanceof WardletError)) throw error;
      this.#say(() => this.#emitter.emit('warning', error));
    }
    // Nothing will come that it could share a message with.
    if (this.#stopping) this.#core.collect(this.#clock.now());
    return undefined;
  }

  get #canSend(): boolean {
    return this.#connected || this.#transport.keeps === true;
  }

  #handOut(): void {
    while (this.#canSend) {
      const next = this.#core.nextMessage();
      if (!next) return;
      const { sequence, format } = next;
      // A spool has it in hand, connection or not.
      if (this.#underWay.has(sequence)) continue;
      this.#underWay.add(sequence);
      this.#send({ bootId: this.#bootId, sequence, format, bytes: next.bytes.slice() });
    }
  }

  #send(message: OutgoingMessage): void {
    const round = this.#round;
    const { sequence, format, bytes } = message;
    this.#say(() => this.#emitter.emit('message', { sequence, format, bytes, stage: 'sent' }));
    this.#transport.send(message).then(
      () => this.#acknowledged(message, round),
      () => this.#resendLater(message, round),
    );
  }

  /** Where the connection is lost, the core hands the message out again by itself. */
  #resendLater(message: OutgoingMessage, round: number): void {
    if (this.#stopped || !this.#canSend || round !== this.#round) return;
    const cancel = this.#wallClock.setTimer(() => {
      this.#resends.delete(cancel);
      if (!this.#canSend || round !== this.#round) return;
      this.#send(message);
      this.#speak();
    }, RESEND_MS);
    this.#resends.add(cancel);
  }

  #acknowledged({ sequence, format, bytes }: OutgoingMessage, round: number): void {
    // An answer of an earlier connection: the message is on its way again, and this one will be told apart no more.
    if (this.#stopped || round !== this.#round || !this.#underWay.delete(sequence)) return;
    this.#core.acknowledge(sequence);
    this.#say(() => this.#emitter.emit('message', { sequence, format, bytes, stage: 'acknowledged' }));
    this.#settle(this.#core.now);
    this.#arm();
    if (this.#isIdle()) for (const { resolve } of this.#idle.splice(0)) resolve();
    this.#speak();
  }

  #isIdle(): boolean {
    return this.#core.status().messages.unacknowledged === 0;
  }

  #undelivered(): WardletError {
    const { messages, bytes } = this.#core.status();
    const count = messages.unacknowledged === 1 ? '1 message' : `${messages.unacknowledged} messages`;
    const left = bytes.observed - bytes.reported;
    const uncollected = left > 0 ? `, and ${left} bytes of traffic in no message` : '';
    return new WardletError(
      'WL_UNDELIVERED',
      `the agent stopped with ${count} that the hub has not acknowledged${uncollected}`,
      {
        hint: 'the warnings say why the hub did not answer; to wait longer: stop({ timeoutMs }), or --wait SECONDS',
      },
    );
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  #arm(): void {
    if (this.#stopped) return;
    const dueMs = this.#core.due;
    if (this.#cancelTimer && dueMs === this.#timerMs) return;
    this.#cancelTimer?.();
    this.#timerMs = dueMs;
    const delayMs = dueMs - this.#clock.now();
    // At least one: time that stands still keeps nobody busy. A clock that tells no number is looked at again later.
    const wait = Number.isFinite(delayMs) ? Math.min(Math.max(1, delayMs), LOOK_AGAIN_MS) : LOOK_AGAIN_MS;
    this.#cancelTimer = this.#clock.setTimer(() => this.#timeHasCome(), wait);
  }

  #timeHasCome(): void {
    this.#cancelTimer = undefined;
    const now = this.#clock.now();
    this.#core.tick(now);
    this.#settle(now);
    this.#arm();
    this.#speak();
  }

  // --- what is said --------------------------------------------------------------------------------------------------

  #noteState(): void {
    const { state } = this.#core.status();
    if (state === this.#state) return;
    const previous = this.#state;
    this.#state = state;
    this.#say(() => this.#emitter.emit('state', state, previous));
  }

  /** After every tick: that is when detections begin and end. */
  #noteDetections(): void {
    const changes = this.#core.detectionChanges ?? 0;
    if (changes === this.#detectionChanges) return;
    const news = this.#core.detections().filter((detection) => detection.changes > this.#detectionChanges);
    this.#detectionChanges = changes;
    for (const detection of news.sort((one, other) => one.changes - other.changes)) {
      this.#say(() => this.#emitter.emit('detection', detection));
    }
  }

  #say(event: () => void): void {
    this.#unsaid.push(event);
  }

  /** Never from within the core: a listener may hand in frames. */
  #speak(): void {
    if (this.#speaking) return;
    this.#speaking = true;
    for (let event = this.#unsaid.shift(); event; event = this.#unsaid.shift()) event();
    this.#speaking = false;
  }

  #check(): void {
    if (this.#stopping) throw stoppedError();
    if (this.#state === 'not initialised') {
      throw new WardletError('WL_NOT_STARTED', 'the agent is not started', { hint: 'call start() first' });
    }
  }
}

function stoppedError(): WardletError {
  return new WardletError('WL_NOT_STARTED', 'the agent has stopped', {
    hint: 'make a new agent with a new core',
  });
}

function stoppedMethod(): MethodResult {
  const { code, message, hint } = stoppedError();
  return { status: 409, payload: { error: { code, message, hint } } };
}
