// Reports to several hubs at once: one message for each, delivered when every one of them has it.

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import { type Clock, systemClock } from '../agent/clock.ts';
import { DirectDelivery } from './direct-delivery.ts';
import { servicesOf } from './hub-services.ts';
import { HubSet } from './hub-set.ts';
import type { OutgoingMessage, Transport, TransportListener } from './transport.ts';

export class SeveralHubsTransport implements Transport {
  readonly #set: HubSet;
  readonly #delivery: DirectDelivery;

  /** transports: of distinct identities. */
  constructor(transports: readonly Transport[], clock: Clock = systemClock) {
    this.#set = new HubSet(transports);
    this.#delivery = new DirectDelivery(this.#set, clock);
  }

  get identity(): string {
    return this.#set.identity;
  }

  get ownConnections(): readonly OwnConnection[] {
    return this.#set.ownConnections;
  }

  open(listener: TransportListener): void {
    this.#set.open({
      ...servicesOf(listener),
      hubConnected: (hub) => this.#delivery.hubConnected(hub),
      connected: () => listener.connected(),
      disconnected: (reason) => {
        this.#delivery.rejectAll(reason);
        listener.disconnected(reason);
      },
      failed: (reason) => listener.failed(reason),
      moved: () => listener.moved?.(),
    });
  }

  send(message: OutgoingMessage): Promise<void> {
    return this.#delivery.send(message);
  }

  async close(): Promise<void> {
    await this.#set.close();
    this.#delivery.rejectAll(new Error('closed'));
  }
}
