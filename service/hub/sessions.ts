// Every connection, and which of them is a device's: one each.

import { type Identity, identityKey } from './client-identity.ts';
import type { Connection, Moment } from './connection.ts';
import type { Credential } from './credential.ts';
import type { Revocation } from './hub-events.ts';

export class Sessions {
  readonly #connections = new Set<Connection>();
  readonly #byIdentity = new Map<string, Connection>();

  get size(): number {
    return this.#connections.size;
  }

  open(connection: Connection): void {
    this.#connections.add(connection);
  }

  /** The connection is the identity's from now on; the one before it gives way. */
  take(identity: Identity, connection: Connection): void {
    const key = identityKey(identity);
    this.#byIdentity.get(key)?.giveWay(connection.remoteAddress);
    this.#byIdentity.set(key, connection);
  }

  /** The connection that the identity has. */
  of(identity: Identity): Connection | undefined {
    return this.#byIdentity.get(identityKey(identity));
  }

  ended(connection: Connection): void {
    this.#connections.delete(connection);
    const key = connection.identity && identityKey(connection.identity);
    if (key !== undefined && this.#byIdentity.get(key) === connection) this.#byIdentity.delete(key);
  }

  sweep(moment: Moment): void {
    for (const connection of this.#connections) connection.sweep(moment);
  }

  /** The registry has changed. */
  reconsider(judge: (identity: Identity, credential: Credential) => Revocation | undefined): void {
    for (const connection of this.#byIdentity.values()) {
      const { identity } = connection;
      if (identity) connection.reconsider((credential) => judge(identity, credential));
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
