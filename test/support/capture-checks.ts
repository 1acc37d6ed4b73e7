// Readings of captures, and what tests ask of them.

import * as assert from 'uvu/assert';
import { WardletError } from '../../bindings/js/errors.ts';
import { type ByteSource, bytesSource } from '../../host/capture/index.ts';
import { difference, type Reading, readCapture } from './capture-model.ts';

/** Hands out at most `largest` bytes at a time; later: as promises. */
export function slowSource(file: Uint8Array, largest: number, later: boolean): ByteSource {
  const source = bytesSource(file, 'slow');
  const read = (target: Uint8Array) => source.read(target.subarray(0, largest));
  return { name: 'slow', read: later ? async (target) => read(target) : read, close: () => source.close() };
}

export function read(file: Uint8Array, targetSize = 65536): Promise<Reading> {
  return readCapture(bytesSource(file), targetSize);
}

export function same(is: Reading, should: Reading, where: string): void {
  const found = difference(is, should);
  assert.is(found, '', `${where}: ${found}`);
}

export async function failure(action: () => unknown): Promise<WardletError> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof WardletError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}
