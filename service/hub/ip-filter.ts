// Which addresses may connect: rules in order, the first that holds an address decides; one that none holds is let in, as at IoT Hub.

import { parseAddress, parsePrefix } from '../../bindings/js/address.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import { existingDataFolder } from './data-folder.ts';
import type { HubDatabase } from './database.ts';
import { openDatabase } from './database.ts';
import { recordOnce } from './event-log.ts';
import type { HubHappening } from './hub-events.ts';
import { changeRegistry } from './registry-change.ts';
import { Settings } from './settings.ts';

export interface IpFilterRule {
  readonly filterName: string;
  readonly action: 'accept' | 'reject';
  /** An address or CIDR range, IPv4 or IPv6. */
  readonly ipMask: string;
}

interface Range {
  readonly rule: IpFilterRule;
  readonly bytes: Uint8Array;
  readonly bits: number;
}

const MAX_RULES = 100;
const NAME = /^[\w.: -]{1,128}$/;

/** The IP filter of a hub's database. */
export class IpFilter {
  readonly #database: HubDatabase;
  readonly #settings: Settings;
  readonly #record: (happening: HubHappening) => void;
  #ranges: readonly Range[] = [];

  constructor(database: HubDatabase, record: (happening: HubHappening) => void) {
    this.#database = database;
    this.#settings = new Settings(database);
    this.#record = record;
    this.reload();
  }

  /** The rules, in order. */
  list(): readonly IpFilterRule[] {
    return JSON.parse(this.#settings.text('ipFilter') ?? '[]') as IpFilterRule[];
  }

  /** Puts these rules in the place of those there are; for connections that come from now on. Throws WL_BAD_OPTION. */
  replace(rules: unknown): readonly IpFilterRule[] {
    const checked = checkedRules(rules).map(({ rule }) => rule);
    changeRegistry(this.#database, () => this.#settings.set('ipFilter', JSON.stringify(checked)));
    this.reload();
    this.#record({ kind: 'ip_filter_changed', count: checked.length });
    return checked;
  }

  /** Another process may have changed them. */
  reload(): void {
    this.#ranges = checkedRules(this.list());
  }

  /** The rule that keeps an address out, if any. */
  rejecting(address: string): IpFilterRule | undefined {
    if (this.#ranges.length === 0) return undefined;
    const whole = parseAddress(address.replace(/%.*$/, ''));
    const bytes = isMapped(whole) ? whole.slice(12) : whole;
    const range = this.#ranges.find((candidate) => holds(candidate, bytes));
    return range?.rule.action === 'reject' ? range.rule : undefined;
  }
}

/** Reads or changes the filter of a folder, whether its hub runs or not: who has locked himself out of REST gets in here. Throws WL_BAD_DATA_FOLDER. */
export function withIpFilter<T>(dataFolder: string, action: (filter: IpFilter) => T): T {
  const database = openDatabase(existingDataFolder(dataFolder));
  try {
    return action(new IpFilter(database, (happening) => recordOnce(database, happening)));
  } finally {
    database.close();
  }
}

function checkedRules(rules: unknown): readonly Range[] {
  if (!Array.isArray(rules) || rules.length > MAX_RULES)
    throw wrong(`not a list of at most ${MAX_RULES} rules`);
  return rules.map((value: unknown) => {
    const { filterName, action, ipMask } = (value ?? {}) as Partial<Record<keyof IpFilterRule, unknown>>;
    if (typeof filterName !== 'string' || !NAME.test(filterName))
      throw wrong('a rule without a good filterName');
    const lower = typeof action === 'string' ? action.toLowerCase() : '';
    if (lower !== 'accept' && lower !== 'reject') throw wrong(`rule ${filterName} has no action`);
    return { rule: { filterName, action: lower, ipMask: String(ipMask) }, ...rangeOf(String(ipMask)) };
  });
}

function rangeOf(text: string): { readonly bytes: Uint8Array; readonly bits: number } {
  try {
    const { bytes, prefixLength } = parsePrefix(text);
    const bits = text.includes('/') ? prefixLength : bytes.length * 8;
    // Connections come with the IPv4 address itself.
    return isMapped(bytes) && bits >= 96 ? { bytes: bytes.slice(12), bits: bits - 96 } : { bytes, bits };
  } catch (cause) {
    throw wrong(cause instanceof WardletError ? cause.message : String(cause));
  }
}

/** ::ffff:192.0.2.1 */
function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes.every((byte, index) => index > 11 || byte === (index > 9 ? 0xff : 0));
}

function holds({ bytes, bits }: Range, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false;
  return address.every((byte, index) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - 8 * index))) & 0xff;
    return (byte & mask) === ((bytes[index] ?? 0) & mask);
  });
}

function wrong(message: string): WardletError {
  return new WardletError('WL_BAD_OPTION', `IP filter: ${message}`, {
    hint: 'rules are {"filterName","action":"accept" or "reject","ipMask":"192.0.2.0/24"}, in order',
  });
}
