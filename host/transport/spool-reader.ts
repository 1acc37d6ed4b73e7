// Brings what waits in the spool to one hub, oldest first, at that hub's own pace.

import type { Clock } from '../agent/clock.ts';
import type { Spool, SpooledMessage } from '../spool/spool.ts';
import type { Hub } from './hub-set.ts';

/** Messages under way to a hub at once; its transport may send fewer at a time. */
const WINDOW = 64;
/** A hub that would not take a message, or a disk that would not give one: try again then. */
const AGAIN_MS = 3_000;

export interface SpoolReaderListener {
  /** This hub has had it before: in another run, say. */
  had(message: SpooledMessage): boolean;
  /** This hub has it now. */
  acknowledged(message: SpooledMessage): void;
  failed(reason: unknown): void;
}

export class SpoolReader {
  readonly #hub: Hub;
  readonly #spool: Spool;
  readonly #clock: Clock;
  readonly #listener: SpoolReaderListener;
  /** The hub has every message up to this id... */
  #upTo = -1;
  /** ...and these of the later ones. */
  readonly #beyond = new Set<number>();
  /** Read from the spool, in their order: whether the hub has it. */
  readonly #underWay = new Map<number, boolean>();
  #cursor = -1;
  /** Counts beginnings: what an earlier one still reads is not sent. */
  #round = 0;
  #reading = false;
  #more = false;
  #cancelTimer: (() => void) | undefined;

  constructor(hub: Hub, spool: Spool, clock: Clock, listener: SpoolReaderListener) {
    this.#hub = hub;
    this.#spool = spool;
    this.#clock = clock;
    this.#listener = listener;
  }

  has(id: number): boolean {
    return id <= this.#upTo || this.#beyond.has(id) || this.#underWay.get(id) === true;
  }

  /** The connection is a new one: what was under way is sent again. */
  begin(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#round++;
    for (const [id, isThere] of this.#underWay) if (isThere) this.#beyond.add(id);
    this.#underWay.clear();
    this.#cursor = this.#upTo;
    this.wake();
  }

  /** There may be more in the spool. */
  wake(): void {
    this.#more = true;
    if (!this.#reading) void this.#read();
  }

  stop(): void {
    this.#round++;
    this.#cancelTimer?.();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#more && this.#hub.connected && this.#underWay.size < WINDOW) {
        this.#more = false;
        const round = this.#round;
        const messages = await this.#spool.read({
          afterId: this.#cursor,
          limit: WINDOW - this.#underWay.size,
        });
        if (round !== this.#round) continue;
        for (const message of messages) this.#take(message);
        this.#more ||= messages.length > 0;
      }
    } catch (error) {
      this.#listener.failed(error);
      this.#beginLater();
    } finally {
      this.#reading = false;
    }
  }

  #take(message: SpooledMessage): void {
    const { id } = message;
    this.#cursor = id;
    this.#underWay.set(id, this.#beyond.delete(id));
    if (this.#underWay.get(id)) this.#advance();
    else if (this.#listener.had(message)) this.#acknowledged(message);
    else this.#send(message);
  }

  #send(message: SpooledMessage): void {
    const round = this.#round;
    this.#hub.transport.send(message).then(
      () => this.#acknowledged(message),
      () => {
        if (round === this.#round && this.#hub.connected) this.#beginLater();
      },
    );
  }

  #acknowledged(message: SpooledMessage): void {
    const { id } = message;
    if (this.has(id)) return;
    if (this.#underWay.has(id)) this.#underWay.set(id, true);
    else this.#beyond.add(id);
    this.#advance();
    this.#listener.acknowledged(message);
    this.wake();
  }

  #advance(): void {
    for (const [id, isThere] of this.#underWay) {
      if (!isThere) return;
      this.#underWay.delete(id);
      this.#upTo = id;
    }
  }

  #beginLater(): void {
    this.#cancelTimer ??= this.#clock.setTimer(() => {
      this.#cancelTimer = undefined;
      if (this.#hub.connected) this.begin();
    }, AGAIN_MS);
  }
}
