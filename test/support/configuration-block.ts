// Configuration blocks byte by byte (schema/configuration-block.ts), valid or not: bindings/ would refuse to write some.

import {
  CONFIGURATION_VERSION,
  DETECT_ENABLED,
  FORMAT_2_3,
  FORMAT_3_0_PROTOBUF,
  KEY_BATCH_DELAY,
  KEY_COLLECTORS,
  KEY_DETECTION,
  KEY_FIRST_COLLECTION,
  KEY_FORMAT,
  KEY_INTERVALS,
  KEY_LOCAL_V4,
  KEY_LOCAL_V6,
  KEY_OWN_CONNECTIONS,
  KEY_SEED,
} from '../../schema/configuration-block.ts';
import type { Profile } from './profiles.ts';
import { SeededRandom } from './seeded-random.ts';

export type Entry = readonly [key: number, value: Uint8Array];

export function block(entries: readonly Entry[], version = CONFIGURATION_VERSION): Uint8Array {
  const length = entries.reduce((sum, [, value]) => sum + 4 + ((value.length + 3) & ~3), 4);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, version, true);
  let at = 4;
  for (const [key, value] of entries) {
    view.setUint16(at, key, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + ((value.length + 3) & ~3);
  }
  return bytes;
}

/** u32 each. */
export function numbers(key: number, ...values: number[]): Entry {
  return [key, new Uint8Array(Uint32Array.from(values).buffer)];
}

export function text(key: number, value: string): Entry {
  return [key, new TextEncoder().encode(value)];
}

/** For claims about when collections are due: detection wants to be called in between. */
export function detectionOff(profile: Profile): Entry[] {
  return profile === 'standard' || profile === 'gateway' ? [numbers(KEY_DETECTION, DETECT_ENABLED, 0)] : [];
}

/** 32 bytes that differ from number to number. */
export function seed(number: number): Entry {
  return [KEY_SEED, new SeededRandom(number).bytes(32)];
}

/** Seconds. */
export function intervals(high: number, medium: number, low: number): Entry {
  return numbers(KEY_INTERVALS, high, medium, low);
}

export function collectors(
  ...settings: ReadonlyArray<readonly [collector: number, enabled: number, group: number]>
): Entry {
  return [KEY_COLLECTORS, Uint8Array.from(settings.flatMap((setting) => [...setting, 0]))];
}

export interface Local {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** 0: unknown. */
  readonly prefix: number;
}

export function localAddresses(locals: readonly Local[]): Entry[] {
  return (
    [
      [KEY_LOCAL_V4, 4],
      [KEY_LOCAL_V6, 16],
    ] as const
  ).map(([key, size]) => [
    key,
    Uint8Array.from(
      locals
        .filter(({ address }) => address.length === size)
        .flatMap(({ address, prefix }) => [...address, prefix, 0, 0, 0]),
    ),
  ]);
}

export interface Own {
  /** 4 or 16 bytes. */
  readonly remote: Uint8Array;
  readonly remotePort: number;
  /** 0: any. */
  readonly localPort: number;
}

export function ownConnections(own: readonly Own[]): Entry {
  const value = new Uint8Array(20 * own.length);
  const view = new DataView(value.buffer);
  own.forEach(({ remote, remotePort, localPort }, index) => {
    const at = 20 * index;
    // ::ffff:a.b.c.d
    if (remote.length === 4) view.setUint16(at + 10, 0xffff);
    value.set(remote, at + 16 - remote.length);
    view.setUint16(at + 16, localPort);
    view.setUint16(at + 18, remotePort);
  });
  return [KEY_OWN_CONNECTIONS, value];
}

/** First collection after one interval, not at random. */
export const FIRST_AT_ONCE = numbers(KEY_FIRST_COLLECTION, 0);
export const STRICT = numbers(KEY_FORMAT, FORMAT_2_3);
export const COMPACT = numbers(KEY_FORMAT, FORMAT_3_0_PROTOBUF);

/** Schema 2.3, whose messages hold every event in full, where the profile has it; else 3.0, each collection in a message of its own. */
export function plainFormat(profile: Profile): readonly Entry[] {
  return profile === 'lean' ? [COMPACT, numbers(KEY_BATCH_DELAY, 0)] : [STRICT];
}
