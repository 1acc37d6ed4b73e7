// Messages on their way: so many at once, the others in line, all in the order in which they came.

import type { OutgoingMessage } from './transport.ts';

/** Starts to send a message; done: acknowledged. */
export type Publish = (message: OutgoingMessage, done: () => void) => void;

interface Entry {
  readonly message: OutgoingMessage;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export class SendQueue {
  readonly #maxInFlight: number;
  #waiting: Entry[] = [];
  readonly #inFlight = new Set<Entry>();
  #publish: Publish | undefined;
  #quiet: Array<() => void> = [];

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  send(message: OutgoingMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
      this.#start();
    });
  }

  /** There is a connection. */
  resume(publish: Publish): void {
    this.#publish = publish;
    this.#start();
  }

  /** Nothing new is started. Resolves when what is in flight is acknowledged. */
  pause(): Promise<void> {
    this.#publish = undefined;
    if (this.#inFlight.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  /** The connection is gone: what was in flight stands first in line again. */
  takeBack(): void {
    this.#publish = undefined;
    this.#waiting = [...this.#inFlight, ...this.#waiting];
    this.#inFlight.clear();
    this.#sayQuiet();
  }

  /** Gives up everything. */
  rejectAll(reason: unknown): void {
    this.takeBack();
    const entries = this.#waiting;
    this.#waiting = [];
    for (const { reject } of entries) reject(reason);
  }

  #start(): void {
    while (this.#publish && this.#inFlight.size < this.#maxInFlight) {
      const entry = this.#waiting.shift();
      if (!entry) return;
      this.#inFlight.add(entry);
      this.#publish(entry.message, () => this.#acknowledged(entry));
    }
  }

  #acknowledged(entry: Entry): void {
    // Taken back meanwhile: the next connection will tell.
    if (!this.#inFlight.delete(entry)) return;
    entry.resolve();
    if (this.#inFlight.size === 0) this.#sayQuiet();
    this.#start();
  }

  #sayQuiet(): void {
    for (const resolve of this.#quiet.splice(0)) resolve();
  }
}
