// Several connections of one identity, a device and its modules: they report to the same place, so a message goes over one of them, the first
// that is there.

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import { servicesOf } from './hub-services.ts';
import { HubSet } from './hub-set.ts';
import type { OutgoingMessage, Transport, TransportListener } from './transport.ts';

export class AlternativesTransport implements Transport {
  readonly identity: string;
  readonly #set: HubSet;

  /** transports: of the same identity, the preferred one first. */
  constructor(transports: readonly Transport[]) {
    this.#set = new HubSet(transports);
    this.identity = transports[0]?.identity ?? '';
  }

  get ownConnections(): readonly OwnConnection[] {
    return this.#set.ownConnections;
  }

  open(listener: TransportListener): void {
    this.#set.open({
      ...servicesOf(listener),
      hubConnected: () => {},
      connected: () => listener.connected(),
      disconnected: (reason) => listener.disconnected(reason),
      failed: (reason) => listener.failed(reason),
      moved: () => listener.moved?.(),
    });
  }

  /** Over another connection where the one chosen was lost meanwhile. */
  async send(message: OutgoingMessage): Promise<void> {
    const tried = new Set<unknown>();
    for (;;) {
      const hub = this.#set.hubs.find((one) => one.connected && !tried.has(one)) ?? this.#set.hubs[0];
      if (!hub) return;
      tried.add(hub);
      try {
        return await hub.transport.send(message);
      } catch (error) {
        if (!this.#set.hubs.some((one) => one.connected && !tried.has(one))) throw error;
      }
    }
  }

  close(): Promise<void> {
    return this.#set.close();
  }
}
