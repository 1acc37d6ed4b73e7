// Changes of who may connect. Each counts, so that a hub notices those of other processes and looks at its connections again.

import { type HubDatabase, inTransaction } from './database.ts';
import { Settings } from './settings.ts';

/** Runs the action in a transaction that a running hub notices within a second. */
export function changeRegistry<T>(database: HubDatabase, action: () => T): T {
  const settings = new Settings(database);
  return inTransaction(database, () => {
    const result = action();
    settings.set('registryVersion', settings.number('registryVersion') + 1);
    return result;
  });
}
