// What serves a connection that is no device's.

import type { Packet } from 'mqtt-packet';
import type { Termination } from './hub-events.ts';

export interface Desk {
  /** PUBLISH, SUBSCRIBE and UNSUBSCRIBE; returns why the connection ends, if it does. */
  serve(
    packet: Packet,
    answer: (packet: Packet) => void,
  ): { readonly reason: Termination; readonly detail: string } | undefined;
}
