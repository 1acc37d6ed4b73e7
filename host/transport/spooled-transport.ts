// Hubs behind a spool: a message is safe when it is on the disk, and leaves the disk when every hub has it. What waits there from before a
// restart goes first. A spool that fails is no reason to be silent: messages go to the hubs directly then, as if there were none.

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import { type Clock, systemClock } from '../agent/clock.ts';
import type { Spool, SpooledMessage, SpoolOptions, SpoolStatistics } from '../spool/spool.ts';
import { BackOff } from './back-off.ts';
import { DirectDelivery } from './direct-delivery.ts';
import { HubMarks } from './hub-marks.ts';
import { servicesOf } from './hub-services.ts';
import { type Hub, HubSet } from './hub-set.ts';
import { SpoolReader } from './spool-reader.ts';
import type { OutgoingMessage, Transport, TransportListener } from './transport.ts';

/** After a failure the spool is tried again. */
const AGAIN_MS = 60_000;
/** One that does not open is tried again after a random wait of up to this, then twice it, and so on to the one above. */
const REOPEN_MS = 3_000;
/** What a hub has is written down so much later. */
const SAVE_MS = 1_000;
/** So often at least the spool looks for what has become too old. */
const LOOK_MS = 600_000;

export interface SpooledTransportOptions {
  readonly spool: Spool | Promise<Spool>;
  /** Opens it once more, where that failed. Left out: what does not open at first stays away. */
  readonly reopen?: () => Promise<Spool>;
  /** Of distinct identities. */
  readonly hubs: readonly Transport[];
  readonly clock?: Clock;
  /** In [0, 1): spreads what is tried again. Default: Math.random. */
  readonly random?: () => number;
}

export class SpooledTransport implements Transport {
  #opening: Promise<Spool>;
  readonly #reopen: (() => Promise<Spool>) | undefined;
  readonly #backOff: BackOff;
  readonly #set: HubSet;
  readonly #direct: DirectDelivery;
  readonly #clock: Clock;
  #spool: Spool | undefined;
  #readers: readonly SpoolReader[] = [];
  #listener: TransportListener | undefined;
  #keeps = true;
  /** The last append did. */
  #failed = false;
  /** Of the losses that have been told. */
  #told: SpoolStatistics | undefined;
  #limits: Required<SpoolOptions> | undefined;
  #cancelLook: (() => void) | undefined;
  #cancelAgain: (() => void) | undefined;
  /** Of several hubs, where the spool keeps notes. */
  #marks: HubMarks | undefined;
  #cancelSave: (() => void) | undefined;
  #empty: Array<() => void> = [];

  constructor(options: SpooledTransportOptions) {
    const { spool, reopen, hubs, clock = systemClock, random = Math.random } = options;
    this.#opening = Promise.resolve(spool);
    this.#reopen = reopen;
    this.#backOff = new BackOff({ baseMs: REOPEN_MS, capMs: AGAIN_MS, random });
    // Heard of when the transport is opened.
    this.#opening.catch(() => {});
    this.#clock = clock;
    this.#set = new HubSet(hubs);
    this.#direct = new DirectDelivery(this.#set, clock);
  }

  get identity(): string {
    return this.#set.identity;
  }

  get keeps(): boolean {
    return this.#keeps;
  }

  /** undefined: not open yet, or not at all. */
  statistics(): SpoolStatistics | undefined {
    return this.#spool?.statistics();
  }

  /** From now on; a smaller spool gives up what is too much with its next message. */
  limit(limits: Required<SpoolOptions>): void {
    this.#limits = limits;
    this.#spool?.limit(limits);
  }

  get ownConnections(): readonly OwnConnection[] {
    return this.#set.ownConnections;
  }

  open(listener: TransportListener): void {
    this.#listener = listener;
    this.#open();
    this.#set.open({
      ...servicesOf(listener),
      hubConnected: (hub) => {
        this.#direct.hubConnected(hub);
        this.#readers[this.#set.hubs.indexOf(hub)]?.begin();
      },
      connected: () => this.#listener?.connected(),
      disconnected: (reason) => {
        this.#direct.rejectAll(reason);
        this.#listener?.disconnected(reason);
      },
      failed: (reason) => this.#listener?.failed(reason),
      moved: () => listener.moved?.(),
    });
  }

  async send(message: OutgoingMessage): Promise<void> {
    let spool: Spool | undefined;
    try {
      spool = this.#keeps ? await this.#opening : undefined;
      await spool?.append(message, this.#clock.now());
      if (spool) this.#works();
    } catch (error) {
      spool = undefined;
      this.#fail(error);
    }
    if (!spool) {
      // Without a connection the agent hands it out again.
      if (!this.#set.isConnected) throw closed();
      return this.#direct.send(message);
    }
    this.#compare();
    for (const reader of this.#readers) reader.wake();
  }

  /** Resolves when nothing waits in the spool. */
  delivered(): Promise<void> {
    if (!this.#spool || this.#spool.statistics().messages === 0) return Promise.resolve();
    return new Promise((resolve) => this.#empty.push(resolve));
  }

  async close(): Promise<void> {
    this.#listener = undefined;
    this.#cancelLook?.();
    this.#cancelAgain?.();
    for (const reader of this.#readers) reader.stop();
    await this.#set.close();
    this.#direct.rejectAll(closed());
    this.#cancelSave?.();
    const spool = await this.#opening.catch(() => undefined);
    if (spool) await this.#saveMarks(spool);
    await spool?.close();
  }

  #open(): void {
    this.#opening.then(
      async (spool) => {
        await this.#readMarks(spool);
        this.#opened(spool);
      },
      (error: unknown) => this.#notOpened(error),
    );
  }

  async #readMarks({ notes }: Spool): Promise<void> {
    if (!notes || this.#set.hubs.length < 2) return;
    const marks = new HubMarks();
    marks.load(await notes.load().catch(() => ''));
    this.#marks = marks;
  }

  #opened(spool: Spool): void {
    if (!this.#listener) return;
    this.#spool = spool;
    if (this.#limits) spool.limit(this.#limits);
    this.#readers = this.#set.hubs.map(
      (hub) =>
        new SpoolReader(hub, spool, this.#clock, {
          had: (message) => this.#marks?.has(hub.transport.identity, message) === true,
          acknowledged: (message) => this.#acknowledged(hub, spool, message),
          failed: (error) => this.#listener?.failed(asError(error)),
        }),
    );
    const { repaired, damagedMessages } = spool.statistics();
    if (repaired.skippedBytes > 0) {
      this.#listener.failed(
        gaveUp(
          `${repaired.skippedBytes} bytes of the spool are damaged; ${damagedMessages} messages were lost to damage since it was made`,
          'the disk may be failing',
        ),
      );
    }
    this.#told = spool.statistics();
    this.#look();
    for (const reader of this.#readers) reader.begin();
    if (!this.#keeps) this.#tryAgain();
  }

  /** A folder that is mounted late, a lock of an agent that has not quite ended: it may work the next time. */
  #notOpened(error: unknown): void {
    this.#fail(error);
    const reopen = this.#reopen;
    if (!this.#listener || !reopen || asError(error).code === 'WL_BAD_OPTION') return;
    this.#cancelAgain = this.#clock.setTimer(() => {
      this.#opening = reopen();
      this.#open();
    }, this.#backOff.next());
  }

  #acknowledged(hub: Hub, spool: Spool, message: SpooledMessage): void {
    const { id } = message;
    this.#marks?.add(hub.transport.identity, message);
    this.#saveSoon(spool);
    if (!this.#readers.every((reader) => reader.has(id))) return;
    spool.delivered(id);
    this.#marks?.forget(message);
    if (spool.statistics().messages > 0) return;
    this.#marks?.clear();
    for (const resolve of this.#empty.splice(0)) resolve();
  }

  #saveSoon(spool: Spool): void {
    if (!this.#marks || this.#cancelSave) return;
    this.#cancelSave = this.#clock.setTimer(() => {
      this.#cancelSave = undefined;
      void this.#saveMarks(spool);
    }, SAVE_MS);
  }

  /** What is not written costs a message twice. */
  async #saveMarks({ notes }: Spool): Promise<void> {
    if (!this.#marks?.isChanged) return;
    await notes?.save(this.#marks.text()).catch(() => {});
  }

  #look(): void {
    this.#spool?.giveUpOld(this.#clock.now());
    this.#compare();
    this.#cancelLook = this.#clock.setTimer(() => this.#look(), LOOK_MS);
  }

  /** What was lost since it was last told. */
  #compare(): void {
    const now = this.#spool?.statistics();
    const before = this.#told;
    if (!now || !before) return;
    this.#told = now;
    const old = now.givenUp.age.messages - before.givenUp.age.messages;
    const many = now.givenUp.size.messages - before.givenUp.size.messages;
    const damaged = now.damagedMessages - before.damagedMessages;
    if (old > 0) this.#listener?.failed(gaveUp(`${count(old)} waited too long`, 'see Spool_MaxAge'));
    if (many > 0) this.#listener?.failed(gaveUp(`${count(many)} had no room`, 'see Spool_MaxBytes'));
    if (damaged > 0)
      this.#listener?.failed(gaveUp(`${count(damaged)} cannot be read`, 'the disk may be failing'));
  }

  /** Said once until the spool works again. */
  #fail(error: unknown): void {
    if (!this.#keeps) return;
    this.#keeps = false;
    if (!this.#failed) this.#listener?.failed(asError(error));
    this.#failed = true;
    this.#listener?.keeping?.('failed');
    if (!this.#spool) return;
    this.#cancelAgain = this.#clock.setTimer(() => this.#tryAgain(), AGAIN_MS);
  }

  #tryAgain(): void {
    this.#keeps = true;
    this.#listener?.keeping?.('trying');
  }

  #works(): void {
    if (!this.#failed) return;
    this.#failed = false;
    this.#listener?.keeping?.('kept');
  }
}

function count(messages: number): string {
  return messages === 1 ? '1 message' : `${messages} messages`;
}

function gaveUp(what: string, hint: string): WardletError {
  return new WardletError('WL_GIVEN_UP', `the spool gave up: ${what}`, { hint });
}

function closed(): WardletError {
  return new WardletError('WL_DISCONNECTED', 'there is no connection', {
    hint: 'the agent connects again by itself; what was not acknowledged is sent again',
  });
}

function asError(error: unknown): WardletError {
  if (error instanceof WardletError) return error;
  return new WardletError('WL_BAD_SPOOL', `the spool failed: ${String(error)}`, {
    hint: 'messages go to the hub without it',
    cause: error,
  });
}
