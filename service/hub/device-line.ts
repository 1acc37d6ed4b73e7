// A connection as those see it who have something to say to its device.

import type { Subscription } from './topics.ts';

/** For messages that are acknowledged; those without are sent at QoS 0. */
export interface Delivery {
  readonly packetId: number;
  /** It was sent before, perhaps on another connection. */
  readonly isRepeated: boolean;
}

export interface DeviceLine {
  /** Undefined: not subscribed. */
  qosOf(subscription: Subscription): number | undefined;
  /** Written and not yet taken by the device. */
  readonly unreadBytes: number;
  push(topic: string, payload: string | Uint8Array, delivery?: Delivery): void;
}
