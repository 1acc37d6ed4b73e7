// Diagnostic settings: what an operator has asked to be kept of the hub's own events. Kept and recorded; nothing is sent anywhere.

import { WardletError } from '../../bindings/js/errors.ts';
import { existingDataFolder } from './data-folder.ts';
import { type HubDatabase, inTransaction, openDatabase } from './database.ts';
import { recordOnce } from './event-log.ts';
import type { HubHappening } from './hub-events.ts';
import { Settings } from './settings.ts';

export interface DiagnosticSetting {
  readonly name: string;
  readonly categories: readonly string[];
}

const MAX_SETTINGS = 20;
const NAME = /^[\w.-]{1,128}$/;

/** The diagnostic settings of a hub's database. */
export class DiagnosticSettings {
  readonly #database: HubDatabase;
  readonly #settings: Settings;
  readonly #record: (happening: HubHappening) => void;

  constructor(database: HubDatabase, record: (happening: HubHappening) => void) {
    this.#database = database;
    this.#settings = new Settings(database);
    this.#record = record;
  }

  /** Every setting, the latest last. */
  list(): readonly DiagnosticSetting[] {
    return JSON.parse(this.#settings.text('diagnostics') ?? '[]') as DiagnosticSetting[];
  }

  /** Adds one, or edits the one of that name. Throws WL_BAD_OPTION. */
  set(name: string, categories: unknown): DiagnosticSetting {
    const isList = Array.isArray(categories) && categories.length <= 50;
    if (
      !NAME.test(name) ||
      !isList ||
      !categories.every((one) => typeof one === 'string' && NAME.test(one))
    ) {
      throw wrong(`name or categories of ${JSON.stringify(name.slice(0, 140))} are none`);
    }
    const setting = { name, categories: categories as string[] };
    const isNew = inTransaction(this.#database, () => {
      const others = this.list().filter((one) => one.name !== name);
      if (others.length >= MAX_SETTINGS) throw wrong(`there are ${MAX_SETTINGS} already`);
      const added = others.length === this.list().length;
      this.#write([...others, setting]);
      return added;
    });
    this.#record({ kind: isNew ? 'diagnostics_added' : 'diagnostics_edited', name });
    return setting;
  }

  /** Throws WL_BAD_OPTION where there is none of that name. */
  remove(name: string): void {
    inTransaction(this.#database, () => {
      const others = this.list().filter((one) => one.name !== name);
      if (others.length === this.list().length)
        throw wrong(`none is called ${JSON.stringify(name.slice(0, 140))}`);
      this.#write(others);
    });
    this.#record({ kind: 'diagnostics_deleted', name });
  }

  #write(settings: readonly DiagnosticSetting[]): void {
    this.#settings.set('diagnostics', JSON.stringify(settings));
  }
}

/** Reads or changes the settings of a folder, whether its hub runs or not. Throws WL_BAD_DATA_FOLDER. */
export function withDiagnosticSettings<T>(
  dataFolder: string,
  action: (settings: DiagnosticSettings) => T,
): T {
  const database = openDatabase(existingDataFolder(dataFolder));
  try {
    return action(new DiagnosticSettings(database, (happening) => recordOnce(database, happening)));
  } finally {
    database.close();
  }
}

function wrong(message: string): WardletError {
  return new WardletError('WL_BAD_OPTION', `diagnostic settings: ${message}`, {
    hint: 'a name and a list of categories: letters, digits, - _ and .',
  });
}
