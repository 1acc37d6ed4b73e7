// The twins of devices and modules, kept in hub.db: each change of the service side is one transaction, and is told to the device
// afterwards. What devices report in one turn of the event loop shares one, so that a fleet which starts does not wait for the disk.

import { WardletError } from '../../bindings/js/errors.ts';
import { azureErrorOf } from './azure-errors.ts';
import type { Identity } from './client-identity.ts';
import { type HubDatabase, inTransaction } from './database.ts';
import type { DeviceHappening } from './device-happenings.ts';
import { bounded } from './hub-events.ts';
import { requireRegistered } from './modules.ts';
import type { Device } from './registry.ts';
import {
  faultOfPatch,
  isObject,
  MAX_SECTION_BYTES,
  merged,
  newSection,
  patchBetween,
  replaced,
  type SectionName,
  sectionView,
  type TwinObject,
  type TwinSection,
  twinBytes,
  withoutReadOnly,
} from './twin-document.ts';

/** A twin as IoT Hub shows it to the service side. */
export interface Twin {
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Another one with each change of tags or desired properties. */
  readonly etag: string;
  /** Counts every change. */
  readonly version: number;
  readonly status: 'enabled' | 'disabled';
  readonly connectionState: 'Connected' | 'Disconnected';
  readonly tags: TwinObject;
  /** With `$metadata` and `$version` each. */
  readonly properties: { readonly desired: TwinObject; readonly reported: TwinObject };
}

/** A document as `get` returns it will do: what is not named here is not looked at. */
export interface TwinChange {
  readonly tags?: TwinObject;
  readonly properties?: { readonly desired?: TwinObject };
}

export interface TwinCondition {
  /** The change is made only while the twin has this etag; `*`, like none: whatever it has. */
  readonly etag?: string;
}

export interface TwinsHost {
  registered(identity: Identity): Device | undefined;
  isConnected(identity: Identity): boolean;
  /** Desired properties have changed: what to tell the device. */
  desiredChanged(identity: Identity, patch: TwinObject, version: number): void;
  record(happening: DeviceHappening): void;
  now(): number;
}

/** The answer to a device. */
export type ReportAnswer =
  | { readonly status: 204; readonly version: number }
  | { readonly status: number; readonly errorCode: number; readonly message: string };

interface StoredTwin {
  readonly version: number;
  readonly etagVersion: number;
  readonly tags: TwinSection;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
}

interface Report {
  readonly identity: Identity;
  readonly payload: Uint8Array;
  readonly answered: (answer: ReportAnswer) => void;
}

/** A report as it was made, or what is wrong with it. */
interface Made {
  readonly report: Report;
  readonly answer: ReportAnswer;
  /** Of the twin as a whole. */
  readonly version: number;
}

type Merge = (section: TwinSection, values: TwinObject, timeMs: number) => TwinSection;

export class Twins {
  readonly #database: HubDatabase;
  readonly #host: TwinsHost;
  readonly #select;
  readonly #write;
  #waiting: Report[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  constructor(database: HubDatabase, host: TwinsHost) {
    this.#database = database;
    this.#host = host;
    this.#select = database.prepare<[string, string]>(
      'SELECT document FROM twins WHERE deviceId = ? AND moduleId = ?',
    );
    this.#write = database.prepare<[string, string, string]>(
      'INSERT OR REPLACE INTO twins (deviceId, moduleId, document) VALUES (?, ?, ?)',
    );
  }

  /** Throws WL_NO_SUCH_DEVICE, WL_NO_SUCH_MODULE. */
  get(identity: Identity): Twin {
    this.flush();
    return this.#view(identity, this.#registered(identity), this.#load(identity));
  }

  /**
   * Merges tags and desired properties into the twin; null deletes. All of the change is made, or none.
   * Throws WL_NO_SUCH_DEVICE, WL_NO_SUCH_MODULE, WL_BAD_TWIN, WL_TOO_LARGE, WL_TWIN_CHANGED.
   */
  update(identity: Identity, change: TwinChange, condition: TwinCondition = {}): Twin {
    return this.#change(identity, change, condition, merged);
  }

  /** Puts these tags and desired properties, where given, in the place of those there are. Throws as `update`. */
  replace(identity: Identity, change: TwinChange, condition: TwinCondition = {}): Twin {
    return this.#change(identity, change, condition, replaced);
  }

  /** What a device reads: JSON. */
  readByDevice(identity: Identity): string {
    this.flush();
    const { desired, reported } = this.#load(identity);
    return JSON.stringify({
      desired: sectionView(desired, 'device'),
      reported: sectionView(reported, 'device'),
    });
  }

  /** Merges what a device reports, JSON, and says what to answer, once it is durable. */
  reportByDevice(identity: Identity, payload: Uint8Array, answered: (answer: ReportAnswer) => void): void {
    this.#waiting.push({ identity, payload, answered });
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** Stores what has been reported, and answers. */
  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#waiting.length === 0) return;
    const reports = this.#waiting;
    this.#waiting = [];
    let made: readonly Made[];
    try {
      made = inTransaction(this.#database, () => reports.map((report) => this.#make(report)));
    } catch (error) {
      made = reports.map((report) => ({ report, answer: answerTo(error), version: 0 }));
    }
    for (const { report, answer, version } of made) {
      const { identity, answered } = report;
      if ('message' in answer) this.#recordRefusal(identity, 'device', answer.status, answer.message);
      else this.#recordUpdate(identity, 'device', ['reported'], version);
      answered(answer);
    }
  }

  /** Throws where the others of the transaction cannot be stored either. */
  #make(report: Report): Made {
    const { identity, payload } = report;
    try {
      this.#registered(identity);
      const before = this.#load(identity);
      const reported = changed(before.reported, parsed(payload), 'reported', this.#host.now(), merged);
      const { version } = this.#store(identity, { ...before, reported, version: before.version + 1 });
      return { report, answer: { status: 204, version: reported.version }, version };
    } catch (error) {
      if (!(error instanceof WardletError)) throw error;
      return { report, answer: answerTo(error), version: 0 };
    }
  }

  #change(identity: Identity, change: TwinChange, { etag = '*' }: TwinCondition, merge: Merge): Twin {
    const { tags } = change;
    const desired = change.properties?.desired;
    if (tags === undefined && desired === undefined) return this.get(identity);
    const timeMs = this.#host.now();
    this.flush();
    try {
      const { device, before, next } = inTransaction(this.#database, () => {
        const device = this.#registered(identity);
        const before = this.#load(identity);
        if (etag !== '*' && etag !== etagOf(before.etagVersion))
          throw twinChanged(etagOf(before.etagVersion));
        const next = this.#store(identity, {
          ...before,
          ...(tags === undefined ? {} : { tags: changed(before.tags, tags, 'tags', timeMs, merge) }),
          ...(desired === undefined
            ? {}
            : { desired: changed(before.desired, withoutReadOnly(desired), 'desired', timeMs, merge) }),
          version: before.version + 1,
          etagVersion: before.etagVersion + 1,
        });
        return { device, before, next };
      });
      const sections = [tags && 'tags', desired && 'desired'].filter((name) => name !== undefined);
      this.#recordUpdate(identity, 'service', sections, next.version);
      if (desired !== undefined) {
        const patch =
          merge === merged
            ? withoutReadOnly(desired)
            : patchBetween(before.desired.values, next.desired.values);
        this.#host.desiredChanged(identity, patch, next.desired.version);
      }
      return this.#view(identity, device, next);
    } catch (error) {
      const { status, message } = answerTo(error);
      this.#recordRefusal(identity, 'service', status, message);
      throw error;
    }
  }

  #recordUpdate(
    identity: Identity,
    by: 'device' | 'service',
    sections: readonly string[],
    version: number,
  ): void {
    this.#host.record({ kind: 'twin_updated', by, sections, version, ...identity });
  }

  #recordRefusal(identity: Identity, by: 'device' | 'service', status: number, message: string): void {
    this.#host.record({ kind: 'twin_refused', by, status, detail: bounded(message), ...identity });
  }

  #registered(identity: Identity): Device {
    return requireRegistered(identity, (wanted) => this.#host.registered(wanted));
  }

  /** A twin that nobody has changed is stored nowhere. */
  #load({ deviceId, moduleId = '' }: Identity): StoredTwin {
    const row = this.#select.get(deviceId, moduleId) as { document: string } | undefined;
    if (row) return JSON.parse(row.document) as StoredTwin;
    const section = newSection(0);
    return { version: 1, etagVersion: 1, tags: section, desired: section, reported: section };
  }

  #store({ deviceId, moduleId = '' }: Identity, twin: StoredTwin): StoredTwin {
    this.#write.run(deviceId, moduleId, JSON.stringify(twin));
    return twin;
  }

  #view(identity: Identity, device: Device, twin: StoredTwin): Twin {
    const { version, etagVersion, tags, desired, reported } = twin;
    return {
      ...identity,
      etag: etagOf(etagVersion),
      version,
      status: device.isEnabled ? 'enabled' : 'disabled',
      connectionState: this.#host.isConnected(identity) ? 'Connected' : 'Disconnected',
      tags: tags.values,
      properties: {
        desired: sectionView(desired, 'service'),
        reported: sectionView(reported, 'service'),
      },
    };
  }
}

/** Base64 of the number in eight bytes, as IoT Hub's are. */
function etagOf(version: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(version));
  return bytes.toString('base64');
}

function changed(
  section: TwinSection,
  patch: TwinObject,
  name: SectionName,
  timeMs: number,
  merge: Merge,
): TwinSection {
  const fault = faultOfPatch(patch);
  if (fault !== undefined) {
    throw new WardletError('WL_BAD_TWIN', fault, {
      hint: 'IoT Hub refuses it too: docs/hub.md has the rules',
    });
  }
  const next = merge(section, patch, timeMs);
  const bytes = twinBytes(next.values);
  if (bytes > MAX_SECTION_BYTES[name]) {
    throw new WardletError(
      'WL_TOO_LARGE',
      `${name} would have ${bytes} bytes, at most ${MAX_SECTION_BYTES[name]}`,
      { hint: 'delete properties by setting them to null' },
    );
  }
  return next;
}

function parsed(payload: Uint8Array): TwinObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (cause) {
    throw new WardletError('WL_BAD_TWIN', 'the reported properties are no JSON', {
      cause,
      hint: 'send a JSON object in UTF-8',
    });
  }
  if (isObject(value)) return value;
  throw new WardletError('WL_BAD_TWIN', 'reported properties are a JSON object', { hint: 'send an object' });
}

function twinChanged(etag: string): WardletError {
  return new WardletError('WL_TWIN_CHANGED', `the twin has another etag by now: ${etag}`, {
    hint: 'read it again, and make the change anew',
  });
}

function answerTo(error: unknown): Exclude<ReportAnswer, { status: 204 }> {
  const { status, errorCode } = azureErrorOf(error);
  const message = error instanceof WardletError ? error.message : 'the hub could not store the change';
  return { status, errorCode, message };
}
