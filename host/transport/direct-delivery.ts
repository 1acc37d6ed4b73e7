// A message to every hub of a set, from the sender's memory: it is delivered when the last of them has it. A hub that has it does not get
// it again, though the sender hands it out anew after a lost connection.

import type { Clock } from '../agent/clock.ts';
import type { Hub, HubSet } from './hub-set.ts';
import type { OutgoingMessage } from './transport.ts';

interface Delivery {
  readonly message: OutgoingMessage;
  /** Hubs that have not acknowledged it. */
  readonly missing: Set<Hub>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** A hub would not take a message and says no word of a lost connection: try again then. */
const RESEND_MS = 3_000;

export class DirectDelivery {
  readonly #set: HubSet;
  readonly #clock: Clock;
  readonly #underWay = new Set<Delivery>();
  /** By boot and sequence: hubs that lack a message, as long as one does. */
  readonly #missing = new Map<string, Set<Hub>>();
  readonly #timers = new Set<() => void>();

  constructor(set: HubSet, clock: Clock) {
    this.#set = set;
    this.#clock = clock;
  }

  send(message: OutgoingMessage): Promise<void> {
    const key = keyOf(message);
    const missing = this.#missing.get(key) ?? new Set(this.#set.hubs);
    if (missing.size === 0) {
      // The last one said so when the connection was given up already.
      this.#missing.delete(key);
      return Promise.resolve();
    }
    this.#missing.set(key, missing);
    return new Promise((resolve, reject) => {
      const delivery: Delivery = { message, missing, resolve, reject };
      this.#underWay.add(delivery);
      for (const hub of missing) if (hub.connected) this.#sendTo(hub, delivery);
    });
  }

  /** There is this one more to send to. */
  hubConnected(hub: Hub): void {
    for (const delivery of this.#underWay) if (delivery.missing.has(hub)) this.#sendTo(hub, delivery);
  }

  /** The last hub is gone: the sender hands everything out again. */
  rejectAll(reason: unknown): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    const given = [...this.#underWay];
    this.#underWay.clear();
    for (const { reject } of given) reject(reason);
  }

  #sendTo(hub: Hub, delivery: Delivery): void {
    hub.transport.send(delivery.message).then(
      () => this.#acknowledged(hub, delivery),
      () => this.#resendLater(hub, delivery),
    );
  }

  #acknowledged(hub: Hub, delivery: Delivery): void {
    delivery.missing.delete(hub);
    if (delivery.missing.size > 0 || !this.#underWay.delete(delivery)) return;
    this.#missing.delete(keyOf(delivery.message));
    delivery.resolve();
  }

  /** Where the connection is lost, the next one of this hub sends it. */
  #resendLater(hub: Hub, delivery: Delivery): void {
    if (!hub.connected || !this.#underWay.has(delivery)) return;
    const cancel = this.#clock.setTimer(() => {
      this.#timers.delete(cancel);
      if (hub.connected && this.#underWay.has(delivery) && delivery.missing.has(hub))
        this.#sendTo(hub, delivery);
    }, RESEND_MS);
    this.#timers.add(cancel);
  }
}

function keyOf({ bootId, sequence }: OutgoingMessage): string {
  return `${bootId}/${sequence}`;
}
