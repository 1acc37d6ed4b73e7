// Small facts that hub and commands tell each other through hub.db.

import type { HubDatabase } from './database.ts';

export type SettingName =
  /** Host name and port of the last start: what a connection string names. */
  | 'hostName'
  | 'port'
  /** Of provisioning. */
  | 'idScope'
  /** Port of the REST side at the last start; 0: none. */
  | 'restPort'
  /** JSON. */
  | 'ipFilter'
  | 'diagnostics'
  /** Counts changes of the registry, so that a hub notices those of other processes. */
  | 'registryVersion'
  /** Bytes of all stored messages. */
  | 'messageBytes';

export class Settings {
  readonly #read;
  readonly #write;
  readonly #writeOnce;

  constructor(database: HubDatabase) {
    this.#read = database.prepare<[SettingName]>('SELECT value FROM settings WHERE name = ?');
    this.#write = database.prepare<[SettingName, string]>(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    );
    this.#writeOnce = database.prepare<[SettingName, string]>(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING',
    );
  }

  text(name: SettingName): string | undefined {
    const row = this.#read.get(name) as { value: string } | undefined;
    return row?.value;
  }

  /** 0 when it has never been set. */
  number(name: SettingName): number {
    return Number(this.text(name) ?? 0);
  }

  /** Unless it has been set. */
  setOnce(name: SettingName, value: string): void {
    this.#writeOnce.run(name, value);
  }

  set(name: SettingName, value: string | number): void {
    this.#write.run(name, String(value));
  }
}
