// Mutated messages of schema 3.0: refused with WL_BAD_MESSAGE or read, never anything else, and never at more than their
// length allows.

import * as assert from 'uvu/assert';
import { WardletError } from '../../bindings/js/errors.ts';
import { decodeMessage } from '../../bindings/js/messages/decode.ts';
import { explainMessage } from '../../bindings/js/messages/explain.ts';
import { visitFlows } from '../../bindings/js/messages/flow-visitor.ts';
import type { SecurityMessage } from '../../bindings/js/messages/security-message.ts';
import { encodeFlatBuffers } from './encode-3.0-flatbuffers.ts';
import { encodeProtobuf } from './encode-3.0-protobuf.ts';
import { randomMessage } from './random-message-3.0.ts';
import { SeededRandom } from './seeded-random.ts';
import { errorOf } from './thrown-error.ts';
import { decodedFlows, visitedFlows } from './visited-flows.ts';

const MESSAGES = 60;
/** Longer ones are few, and slow a million rounds down. */
const LENGTH_MAX = 4096;
/** One message may not take longer. */
const MS_MAX = 1000;

export interface FuzzResult {
  readonly read: number;
  readonly refused: number;
}

export function fuzz(seed: number, rounds: number): FuzzResult {
  const random = new SeededRandom(seed);
  const originals = Array.from({ length: MESSAGES }, () => originalOf(random));
  let read = 0;
  for (let round = 0; round < rounds; round++) {
    const { bytes, format } = random.pick(originals);
    const mutant = mutated(random, bytes, random.pick(originals).bytes);
    const start = performance.now();
    try {
      const decoded = decodeMessage(mutant, format);
      read++;
      assert.ok(objectsIn(decoded) <= 64 + mutant.length / 2, 'more is made of a message than it holds');
      if (random.once(20)) explainMessage(mutant, format);
      if (random.once(10)) assert.equal(visitedFlows(mutant, format), decodedFlows(decoded));
    } catch (error) {
      if (error instanceof WardletError && random.once(10)) {
        assert.is(errorOf(() => visitFlows(mutant, format, () => {})).message, error.message);
      }
      if (!(error instanceof WardletError) || error.code !== 'WL_BAD_MESSAGE') {
        console.log(`${format} ${Buffer.from(mutant).toString('hex')}`);
        throw error;
      }
    }
    assert.ok(performance.now() - start < MS_MAX, `round ${round} took too long`);
  }
  return { read, refused: rounds - read };
}

function originalOf(random: SeededRandom) {
  for (;;) {
    const message = randomMessage(random);
    const format = random.pick(['3.0-protobuf', '3.0-flatbuffers'] as const);
    const bytes = format === '3.0-protobuf' ? encodeProtobuf(message) : encodeFlatBuffers(message);
    if (bytes.length <= LENGTH_MAX) return { format, bytes };
  }
}

function mutated(random: SeededRandom, original: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (let count = random.between(1, 4); count > 0; count--) {
    const at = random.below(bytes.length);
    switch (random.below(6)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff]);
        break;
      case 3:
        bytes = bytes.slice(0, at + 1);
        break;
      case 4:
        bytes = Uint8Array.of(
          ...bytes.subarray(0, at),
          ...random.bytes(random.below(8)),
          ...bytes.subarray(at),
        );
        break;
      default:
        bytes.set(other.subarray(0, Math.min(random.below(32), bytes.length - at)), at);
    }
  }
  return bytes;
}

/** Events, and what stands in lists in them. */
function objectsIn({ events }: SecurityMessage): number {
  let count = events.length;
  for (const { payload } of events) {
    if (payload.kind === 'NetworkActivity') count += payload.flows.length;
    if (payload.kind === 'ListeningPorts') count += payload.ports.length;
    if (payload.kind === 'Baseline') count += payload.checks.length;
    if (payload.kind === 'Log') count += payload.records.length;
    if (payload.kind === 'Detection') count += payload.peers.length + payload.ports.length;
  }
  return count;
}
