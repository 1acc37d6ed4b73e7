// Waiting for what a hub says.

import type { Hub } from '../../service/hub/hub.ts';
import type { HubEvent } from '../../service/hub/hub-events.ts';

const PATIENCE_MS = 8_000;

type OfKind<Kind> = Extract<HubEvent, { readonly kind: Kind }>;

/** Everything the hub has said since, and a way to wait for more. */
export class HeardEvents {
  readonly all: HubEvent[] = [];
  #wake: Array<() => void> = [];

  constructor(hub: Hub) {
    hub.on('event', (event) => {
      this.all.push(event);
      for (const resolve of this.#wake.splice(0)) resolve();
    });
  }

  /** Takes the first event of a kind out, as soon as there is one; rejects when none comes. */
  async next<Kind extends HubEvent['kind']>(
    kind: Kind,
    is: (event: OfKind<Kind>) => boolean = () => true,
  ): Promise<OfKind<Kind>> {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      const index = this.all.findIndex((event) => event.kind === kind && is(event as OfKind<Kind>));
      if (index >= 0) return this.all.splice(index, 1)[0] as OfKind<Kind>;
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
        setTimeout(resolve, PATIENCE_MS).unref();
      });
    }
    throw new Error(`no event ${kind}; there were ${JSON.stringify(this.all)}`);
  }
}
