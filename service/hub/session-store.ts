// What a client that asks for it finds again when it comes back: its subscriptions, of QoS 0 too. IoT Hub's own clients renew their
// token by connecting anew with clean=0 and do not subscribe again.

import type { Identity } from './client-identity.ts';
import type { HubDatabase } from './database.ts';
import type { Subscription } from './topics.ts';

export interface Session {
  readonly identity: Identity;
  /** It was there before: what the CONNACK says. */
  readonly isPresent: boolean;
  /** Outlives the connection. */
  readonly isKept: boolean;
  /** Each with its QoS. */
  readonly subscriptions: Map<Subscription, number>;
}

export class SessionStore {
  readonly #select;
  readonly #write;
  readonly #delete;

  constructor(database: HubDatabase) {
    this.#select = database.prepare<[string, string]>(
      'SELECT subscriptions FROM sessions WHERE deviceId = ? AND moduleId = ?',
    );
    this.#write = database.prepare<[string, string, string]>(
      'INSERT OR REPLACE INTO sessions (deviceId, moduleId, subscriptions) VALUES (?, ?, ?)',
    );
    this.#delete = database.prepare<[string, string]>(
      'DELETE FROM sessions WHERE deviceId = ? AND moduleId = ?',
    );
  }

  /** Finds the session of a client or begins one; a clean one forgets what there was. */
  open(identity: Identity, isClean: boolean): Session {
    const { deviceId, moduleId = '' } = identity;
    const stored = this.#select.get(deviceId, moduleId) as { subscriptions: string } | undefined;
    if (isClean) {
      if (stored) this.#delete.run(deviceId, moduleId);
      return { identity, isPresent: false, isKept: false, subscriptions: new Map() };
    }
    if (!stored) this.#write.run(deviceId, moduleId, '[]');
    const entries = JSON.parse(stored?.subscriptions ?? '[]') as Array<[Subscription, number]>;
    return { identity, isPresent: stored !== undefined, isKept: true, subscriptions: new Map(entries) };
  }

  /** Keeps the subscriptions as they are now. Writes nothing when nothing has changed. */
  save({ identity, isKept, subscriptions }: Session): void {
    if (!isKept) return;
    const { deviceId, moduleId = '' } = identity;
    const text = JSON.stringify([...subscriptions]);
    const stored = this.#select.get(deviceId, moduleId) as { subscriptions: string } | undefined;
    // A session that is gone went with its device: the connection ends in a moment.
    if (stored && stored.subscriptions !== text) this.#write.run(deviceId, moduleId, text);
  }
}
