// What an agent needs of a connection to a hub. It connects by itself, again and again, until it is closed.

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import type { WardletError } from '../../bindings/js/errors.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import type { HubServices } from './hub-services.ts';

export interface OutgoingMessage {
  /** UUID text, new at every start of the agent. */
  readonly bootId: string;
  /** Counts up from 0 in a boot. */
  readonly sequence: number;
  readonly format: MessageFormat;
  /** The sender's own copy: stays as it is while the message is on its way. */
  readonly bytes: Uint8Array;
}

export interface TransportListener extends HubServices {
  connected(): void;
  /** Only after connected. Sends under way have been rejected. */
  disconnected(reason: WardletError): void;
  /** The transport goes on: an attempt failed, and the next one comes after a delay; a spool failed, or gave something up. */
  failed(reason: WardletError): void;
  /** `ownConnections` are other ones now. */
  moved?(): void;
  /**
   * failed: nothing is kept for the moment, messages go to the hub as if there were no spool. trying: `keeps` again, to see whether it works.
   * kept: it does.
   */
  keeping?(spool: 'failed' | 'trying' | 'kept'): void;
}

export interface Transport {
  /** Host name and device id, as text: connections of the same identity report to the same place. */
  readonly identity: string;
  /** Its own TCP connections, as far as the host knows them; those of a lost one until the next. */
  readonly ownConnections?: readonly OwnConnection[];
  /** Takes messages without a connection too, and keeps them: there is a spool. Left out: no. */
  readonly keeps?: boolean;
  /** Begins to connect. Called once. */
  open(listener: TransportListener): void;
  /** Resolves when the hub has acknowledged, or it is kept; rejects with WL_DISCONNECTED when the connection was lost before. */
  send(message: OutgoingMessage): Promise<void>;
  /** Resolves when a hub has all that was kept. */
  delivered?(): Promise<void>;
  /** Ends the connection and every attempt to make one; no call of the listener comes afterwards. */
  close(): Promise<void>;
}
