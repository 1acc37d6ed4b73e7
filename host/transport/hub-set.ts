// Several hubs as one connection: the first that connects makes it, the last that is lost ends it.

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import type { WardletError } from '../../bindings/js/errors.ts';
import { servicesOf } from './hub-services.ts';
import type { Transport, TransportListener } from './transport.ts';

/** One of the hubs, and whether it is there. */
export class Hub {
  readonly transport: Transport;
  connected = false;

  constructor(transport: Transport) {
    this.transport = transport;
  }
}

export interface HubSetListener extends TransportListener {
  /** Before `connected` is said of a first one: there is this one more to send to. */
  hubConnected(hub: Hub): void;
}

export class HubSet {
  readonly hubs: readonly Hub[];

  constructor(transports: readonly Transport[]) {
    this.hubs = transports.map((transport) => new Hub(transport));
  }

  get isConnected(): boolean {
    return this.hubs.some(({ connected }) => connected);
  }

  get identity(): string {
    return this.hubs.map(({ transport }) => transport.identity).join(', ');
  }

  get ownConnections(): readonly OwnConnection[] {
    return this.hubs.flatMap(({ transport }) => transport.ownConnections ?? []);
  }

  open(listener: HubSetListener): void {
    const { desired, ...others } = servicesOf(listener);
    for (const [index, hub] of this.hubs.entries()) {
      hub.transport.open({
        ...others,
        // One twin is in charge: that of the first hub.
        ...(index === 0 && desired ? { desired } : {}),
        connected: () => {
          const wasConnected = this.isConnected;
          hub.connected = true;
          listener.hubConnected(hub);
          if (!wasConnected) listener.connected();
        },
        disconnected: (reason: WardletError) => {
          hub.connected = false;
          // One hub fewer is no end of the connection, but somebody may want to know.
          if (this.isConnected) listener.failed(reason);
          else listener.disconnected(reason);
        },
        failed: (reason) => listener.failed(reason),
        moved: () => listener.moved?.(),
      });
    }
  }

  async close(): Promise<void> {
    for (const hub of this.hubs) hub.connected = false;
    await Promise.all(this.hubs.map(({ transport }) => transport.close()));
  }
}
