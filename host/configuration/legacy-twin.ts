// The object that twins of the first Azure security agents hold, read as keys of today.
//
//   "ms_iotn:urn_azureiot_Security_SecurityAgentConfiguration": { "highPriorityMessageFrequency": { "value": "PT7M" }, ... }

import { parseSeconds } from './duration.ts';
import type { KeyName } from './keys.ts';
import type { Intervals } from './kinds.ts';
import { shown, shownName } from './refusal.ts';

export const LEGACY_OBJECT = 'ms_iotn:urn_azureiot_Security_SecurityAgentConfiguration';

/** eventPriority{Event}: the collectors that their events come from today. */
const COLLECTORS = {
  ConnectionCreate: 'NetworkActivity',
  NetworkActivity: 'NetworkActivity',
  SystemInformation: 'SystemInformation',
  Heartbeat: 'Heartbeat',
} as const;
const PRIORITIES = ['Off', 'Low', 'High'];
const SETTINGS_MAX = 64;
/** What the first agents took. */
const MESSAGE_SIZE = [8_192, 262_144] as const;
const CACHE_SIZE_MIN = 8_192;

export interface LegacySettings {
  readonly values: Readonly<Partial<Record<KeyName, unknown>>>;
  /** The old name each key was set by. */
  readonly where: ReadonlyMap<string, string>;
  readonly faults: readonly LegacyFault[];
  readonly ignored: readonly LegacyFault[];
}

export interface LegacyFault {
  readonly key: string;
  readonly value?: string;
  readonly reason: string;
}

/** @param below the intervals without this object: it knows no medium one */
export function legacySettings(object: unknown, below: Intervals): LegacySettings {
  const values: Partial<Record<KeyName, unknown>> = {};
  const where = new Map<string, string>();
  const faults: LegacyFault[] = [];
  const ignored: LegacyFault[] = [];
  const found = { values, where, faults, ignored };
  const refuse = (name: string, value: unknown, reason: string) =>
    faults.push({ key: shownName(name), value: shown(value), reason });
  const set = (key: KeyName, value: unknown, name: string) => {
    values[key] = value;
    where.set(key, name);
  };
  if (object === null || object === undefined) return found;
  const settings = isObject(object) ? Object.keys(object) : [];
  if (!isObject(object) || settings.length > SETTINGS_MAX) {
    refuse(LEGACY_OBJECT, object, `give an object of at most ${SETTINGS_MAX} settings`);
    return found;
  }

  let { high, low } = below;
  for (const name of settings) {
    const entry: unknown = Reflect.get(object, name);
    if (entry === null) continue;
    const value: unknown =
      isObject(entry) && Object.hasOwn(entry, 'value') ? Reflect.get(entry, 'value') : undefined;
    const event = /^eventPriority(\w{1,40})$/.exec(name)?.[1];
    if (value === undefined) refuse(name, entry, 'give {"value": ...}');
    else if (name === 'highPriorityMessageFrequency' || name === 'lowPriorityMessageFrequency') {
      const seconds = typeof value === 'string' && /^P/i.test(value) ? parseSeconds(value, 60) : undefined;
      if (seconds === undefined) refuse(name, value, 'give an ISO 8601 duration such as PT7M');
      else {
        if (name.startsWith('high')) high = seconds;
        else low = seconds;
        where.set('CollectorsCore_PriorityIntervals', name);
      }
    } else if (event !== undefined) {
      const priority = PRIORITIES.find((known) => known === value);
      if (priority === undefined) refuse(name, value, `one of ${PRIORITIES.join(', ')}`);
      else if (!isCollected(event))
        ignored.push({ key: name, reason: 'is not available: no collector of such events' });
      else {
        set(`${COLLECTORS[event]}_Disabled`, priority === 'Off', name);
        if (priority !== 'Off') set(`${COLLECTORS[event]}_MessageFrequency`, priority, name);
      }
    } else if (name === 'maxMessageSizeInBytes') {
      // Messages are a few KB whatever it says.
      if (!isWithin(value, MESSAGE_SIZE[0], MESSAGE_SIZE[1])) {
        refuse(name, value, `give a whole number from ${MESSAGE_SIZE[0]} to ${MESSAGE_SIZE[1]}`);
      }
    } else if (name === 'maxLocalCacheSizeInBytes') {
      if (isWithin(value, CACHE_SIZE_MIN + 1, 2 ** 40)) set('Spool_MaxBytes', Math.max(65_536, value), name);
      else refuse(name, value, `give a whole number above ${CACHE_SIZE_MIN}`);
    } else ignored.push({ key: shownName(name), reason: 'is no setting this agent knows' });
  }
  if (where.has('CollectorsCore_PriorityIntervals')) {
    // Judged as any other: too short, too long, high above low.
    const medium = Math.min(Math.max(below.medium, high), low);
    values.CollectorsCore_PriorityIntervals = `${high}s,${medium}s,${low}s`;
  }
  return found;
}

function isCollected(event: string): event is keyof typeof COLLECTORS {
  return Object.hasOwn(COLLECTORS, event);
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
